"""Proposals of agents: made once, decided by a person, carried out by the office's own actions."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.db import transaction

from registrations.actions import erasing, resends, states
from registrations.models import Player, Proposal, Registration, Team, TimelineEntry, note
from registrations.ports import desk

Kind = Proposal.Kind
Decision = Proposal.Decision


@transaction.atomic
def propose(
    kind: str,
    about: Registration | Team,
    *,
    reason: str,
    by: str,
    at: datetime,
    pence: int | None = None,
    depth: str = "",
) -> tuple[Proposal, bool]:
    """The open proposal of this kind about this child or team, and whether it is new."""
    registration = about if isinstance(about, Registration) else None
    team = registration.team if registration else about
    same: dict[str, Any] = (
        {"registration": registration} if registration else {"registration": None, "team": team}
    )
    given = {"reason": reason, "proposed_at": at, "proposed_by": by, "team": team}
    given |= {"pence": pence, "depth": depth}
    proposal, made = Proposal.objects.get_or_create(kind=kind, decision="", **same, defaults=given)
    if made and registration:
        words = f"Proposed: {proposal.get_kind_display()} ({reason})"
        note(registration, TimelineEntry.Kind.STAFF, words, at=at, by=by)
    return proposal, made


@transaction.atomic
def decide(proposal_id: int, *, approve: bool, reason: str, by: User, at: datetime) -> Proposal:
    """A person's word, carried out at once; ValidationError where it cannot be, or comes late."""
    proposal = Proposal.objects.select_for_update().get(pk=proposal_id)
    if proposal.decision:
        raise ValidationError("That is decided already.")
    if not by.has_perm(Proposal.RIGHTS[proposal.kind]):
        raise ValidationError("You may not decide this one: it needs somebody who may do it.")
    if approve:
        _carry_out(proposal, reason=reason, by=by, at=at)
    elif proposal.registration_id:
        words = f"Not done, as proposed: {proposal.get_kind_display()} ({reason})"
        owner = states.locked(proposal.registration_id)
        note(owner, TimelineEntry.Kind.STAFF, words, at=at, by=by.get_username())
    proposal.decision = Decision.APPROVED if approve else Decision.REJECTED
    proposal.decided_at, proposal.decided_by = at, by
    proposal.decision_reason = reason[:200]
    proposal.save(update_fields=["decision", "decided_at", "decided_by", "decision_reason"])
    return proposal


def _carry_out(proposal: Proposal, *, reason: str, by: User, at: datetime) -> None:
    """Do it, by the same action as the office's own button."""
    name, words = by.get_username(), f"{proposal.reason}: {reason}"
    if proposal.kind == Kind.LINKS:
        rows = owing(proposal.team)
        if not rows:
            raise ValidationError("Nobody of this team owes anything: there is nobody to write to.")
        key = uuid5(NAMESPACE_URL, f"proposal:{proposal.pk}")
        resends.order(rows, key=key, by=name, at=at)
    elif proposal.kind == Kind.ERASURE:
        # No lock before its own: erasing takes the family's first.
        player = Player.objects.get(registrations=proposal.registration_id)
        erasing.erase(player.family_id, depth=proposal.depth, reason=words, at=at, by=name)
    elif proposal.kind == Kind.SUSPENSION:
        registration = states.locked(proposal.registration_id or 0)
        if registration.cancelled_at:
            raise ValidationError("This registration was cancelled.")
        states.suspend(registration.pk, reason=words, at=at, by=by)
    else:
        owner = states.locked(proposal.registration_id or 0)
        desk().give_back(owner.pk, pence=proposal.pence or 0, reason=words, by=name)


def owing(team: Team) -> list[Registration]:
    """The team's registrations that have yet to pay or to set their Direct Debit up."""
    rows = Registration.objects.filter(
        team=team,
        status__in=[Registration.Status.PENDING_PAYMENT, Registration.Status.INCOMPLETE],
        duplicate_of=None,
    )
    related = rows.select_related("player", "guardian", "team__season", "season")
    return list(related.defer("medical_notes", "not_to_collect").order_by("pk"))
