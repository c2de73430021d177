"""What agents propose: a person approves it or not, and that is when it happens."""

from __future__ import annotations

from typing import Any, cast

from django.contrib import admin
from django.contrib.auth.models import User
from django.db.models import QuerySet
from django.http import HttpRequest

from integrations import clock
from integrations.office import OfficeAdmin, Reason, Worklist, button
from registrations.actions import erasing, proposals
from registrations.admin import privacy
from registrations.models import Proposal
from registrations.wording import pounds

SECRET = "registration__medical_notes", "registration__not_to_collect"
WARNINGS: dict[str, str] = {Proposal.Kind.ERASURE: privacy.FOR_GOOD}


def _open(row: Proposal) -> bool:
    return not row.decision


def _why(row: Proposal) -> str:
    return f"{row.proposed_by}: {row.reason}"


@admin.register(Proposal)
class ProposalAdmin(OfficeAdmin):
    """Suspensions, money back, messages to a team and erasures, as agents propose them."""

    list_display = ["what", "about", "reason", "proposed_by", "proposed_at", "decision"]
    list_filter = ["kind", "decision"]
    list_select_related = ["registration__player", "team__season"]
    search_fields = [
        "registration__player__first_name",
        "registration__player__last_name",
        "proposed_by",
    ]
    icon = "approval"
    fields = [
        "what",
        "about",
        "registration",
        "team",
        "reason",
        "proposed_by",
        "proposed_at",
        "decision",
        "decided_by",
        "decided_at",
        "decision_reason",
    ]

    def get_queryset(self, request: HttpRequest) -> QuerySet:
        return super().get_queryset(request).defer(*SECRET)

    @admin.display(description="proposal", ordering="kind")
    def what(self, row: Proposal) -> str:
        much = pounds(row.pence) if row.pence else row.depth
        return f"{row.get_kind_display().capitalize()}{f': {much}' if much else ''}"

    @admin.display
    def about(self, row: Proposal) -> str:
        return row.registration.player.full_name if row.registration else str(row.team)

    def summary(self, row: Proposal) -> str:
        return f"{self.what(row)}, {self.about(row)}"

    def approving(self, request: HttpRequest, row: Proposal) -> dict[str, Any]:
        """What happens then."""
        lines = [("Proposed", self.what(row)), ("For", self.about(row)), ("Why", _why(row))]
        if row.kind == Proposal.Kind.LINKS:
            number = len(proposals.owing(row.team))
            lines.append(("Goes to", f"at most {number}; whoever got one lately is left out"))
        if row.registration and row.kind == Proposal.Kind.ERASURE:
            lines += erasing.foresee(row.registration.player.family, row.depth)
        return {"lines": lines, "warning": WARNINGS.get(row.kind, "")}

    @button("Approve", shown=_open, ask=Reason, preview="approving", danger=True)
    def approve(self, request: HttpRequest, row: Proposal, reason: str) -> str:
        """It is done now, by the same action as the office's own button."""
        self._decide(request, row, approve=True, reason=reason)
        return "Approved, and done."

    @button("Reject", shown=_open, ask=Reason)
    def reject(self, request: HttpRequest, row: Proposal, reason: str) -> str:
        """Nothing happens."""
        self._decide(request, row, approve=False, reason=reason)
        return "Rejected; the reason is kept."

    def _decide(self, request: HttpRequest, row: Proposal, *, approve: bool, reason: str) -> None:
        by = cast(User, request.user)
        proposals.decide(row.pk, approve=approve, reason=reason, by=by, at=clock.now())

    def worklists(self) -> list[Worklist]:
        rows = Proposal.objects.to_decide().select_related("registration__player", "team__season")
        return [Worklist("Proposed by agents", rows.defer(*SECRET), "proposed_at", _why)]
