"""Admin of sibling discounts: who belongs together, what each pays, and why."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, cast

from django import forms
from django.contrib import admin
from django.contrib.auth.base_user import AbstractBaseUser
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from integrations import clock
from integrations.office import OfficeForm, Reason, Worklist, button
from integrations.office.admins import OfficeAdmin, QueueAdmin
from payments import siblings
from payments.actions import discounts
from payments.admin.collecting import OfRegistration
from payments.models import LinkOpening, MonthlyPrice, PriceReason, SiblingCase
from registrations.models import Guardian, Registration
from registrations.wording import pounds

Standing = SiblingCase.Standing
SECRET = [
    f"{who}__{name}" for who in ("one", "other") for name in ("medical_notes", "not_to_collect")
]
EVIDENCE = ("parent", "mobile", "e-mail", "postcode", "house", "whole address")
PEOPLE = ["player", "guardian", "team__season", "season", "monthly_price"]


class SiblingForm(OfficeForm):
    """Two registrations that staff know to be of siblings, in either order, and how they know."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "reason" in self.fields:
            self.fields["reason"].required = True

    def clean(self) -> dict[str, Any]:
        values = super().clean() or {}
        one, other = values.get("one"), values.get("other")
        if not one or not other:
            return values
        if one.season_id != other.season_id:
            raise forms.ValidationError("These two registrations are of different seasons.")
        if one.player_id == other.player_id or one.child_key == other.child_key:
            raise forms.ValidationError("That is the same child twice.")
        if SiblingCase.objects.filter(one__in=[one, other], other__in=[one, other]).exists():
            raise forms.ValidationError("There is a case of these two already: decide it there.")
        low, high = sorted((one, other), key=lambda row: row.pk)
        return values | {"one": low, "other": high}


def _open(case: SiblingCase) -> bool:
    return case.standing == Standing.DOUBTFUL


def _may_be_approved(case: SiblingCase) -> bool:
    return case.standing in (Standing.DOUBTFUL, Standing.REJECTED)


def _linked(case: SiblingCase) -> bool:
    return case.standing in SiblingCase.LINKED


@admin.register(SiblingCase)
class SiblingCaseAdmin(OfficeAdmin):
    """Who is a brother or sister of whom: certain by the rule, doubtful, decided by staff."""

    form = SiblingForm
    list_display = ["children", "standing", "why", "fees", "opened_at", "decided_by"]
    list_filter = ["standing", "one__season"]
    search_fields = [
        f"{who}__{name}"
        for who in ("one", "other")
        for name in ("player__first_name", "player__last_name", "guardian__last_name")
    ]
    raw_id_fields = ["one", "other"]
    on_add = ["one", "other", "reason"]
    fields = [
        "standing",
        "why",
        "side_by_side",
        "effect",
        "opened_at",
        "decided_at",
        "decided_by",
        "reason",
    ]

    def has_add_permission(self, request: HttpRequest) -> bool:
        return self.has_press_permission(request)

    def get_queryset(self, request: HttpRequest) -> QuerySet:
        related = [f"{who}__{name}" for who in ("one", "other") for name in PEOPLE]
        return super().get_queryset(request).select_related(*related).defer(*SECRET)

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: Any) -> None:
        """A new case is staff's word that the two are siblings."""
        reason, by = form.cleaned_data["reason"], cast(AbstractBaseUser, request.user)
        made = discounts.add(obj.one, obj.other, reason=reason, by=by, at=clock.now())
        obj.pk = made.pk
        obj.refresh_from_db()

    def summary(self, row: SiblingCase) -> str:
        return self.children(row)

    @admin.display(description="children")
    def children(self, case: SiblingCase) -> str:
        return f"{case.one.player.full_name} and {case.other.player.full_name}"

    @admin.display(description="evidence")
    def why(self, case: SiblingCase) -> str:
        return "; ".join(case.evidence)

    @admin.display(description="monthly fees")
    def fees(self, case: SiblingCase) -> str:
        both = (case.one.monthly_fee_pence, case.other.monthly_fee_pence)
        return " and ".join(pounds(pence) for pence in both)

    @admin.display(description="the two of them")
    def side_by_side(self, case: SiblingCase) -> SafeString:
        """A table: what is known of each; what speaks for siblings and is alike is marked."""
        pairs = zip(_facts(case.one), _facts(case.other), strict=True)
        rows = (
            (name, mine, theirs, "same" if name in EVIDENCE and _same(mine, theirs) else "")
            for (name, mine), (_, theirs) in pairs
        )
        body = format_html_join(
            "",
            '<tr><th scope="row">{}</th><td>{}</td><td>{}</td><td>{}</td></tr>',
            rows,
        )
        return format_html(
            '<div class="office-scroll"><table class="office-pair">{}</table></div>', body
        )

    @admin.display(description="what a decision changes")
    def effect(self, case: SiblingCase) -> str:
        """The fees before and after, if the case were decided the other way."""
        linked = not _linked(case)
        ending = "if they are siblings" if linked else "if the discount is removed"
        changes = discounts.foresee(case, linked=linked)
        return _changes(changes) + f" ({ending})" if changes else "nothing: no fee changes"

    def _foreseen(self, case: SiblingCase, *, linked: bool) -> dict[str, Any]:
        changes = discounts.foresee(case, linked=linked)
        lines = [("Why it is asked", self.why(case)), ("Monthly fees", _changes(changes))]
        return {"lines": lines, "warning": ""}

    def approving(self, request: HttpRequest, case: SiblingCase) -> dict[str, Any]:
        """What approving does, for the page that asks."""
        return self._foreseen(case, linked=True)

    def refusing(self, request: HttpRequest, case: SiblingCase) -> dict[str, Any]:
        """What refusing or removing does, for the page that asks."""
        return self._foreseen(case, linked=False)

    @button("They are siblings", ask=Reason, shown=_may_be_approved, preview="approving")
    def approve(self, request: HttpRequest, case: SiblingCase, reason: str) -> str:
        """Give the discount."""
        self._decide(request, case, Standing.APPROVED, reason)
        return "They count as siblings; the fees follow within seconds."

    @button("They are not siblings", ask=Reason, shown=_open, preview="refusing")
    def reject(self, request: HttpRequest, case: SiblingCase, reason: str) -> str:
        """Leave the fees as they are, for good."""
        self._decide(request, case, Standing.REJECTED, reason)
        return "They do not count as siblings; nobody is told."

    @button("Remove the discount", ask=Reason, shown=_linked, preview="refusing", danger=True)
    def remove(self, request: HttpRequest, case: SiblingCase, reason: str) -> str:
        """Take the discount back; the parent is told of the new fee."""
        self._decide(request, case, Standing.REJECTED, reason)
        return "They count as siblings no longer; the fees follow within seconds."

    def _decide(
        self, request: HttpRequest, case: SiblingCase, standing: Standing, reason: str
    ) -> None:
        by = cast(AbstractBaseUser, request.user)
        discounts.decide(case.pk, standing, reason=reason, by=by, at=clock.now())

    def worklists(self) -> list[Worklist]:
        related = [f"{who}__player" for who in ("one", "other")]
        rows = SiblingCase.objects.to_decide().select_related(*related).defer(*SECRET)
        return [Worklist("Brothers and sisters?", rows, "opened_at", self.why)]


@admin.register(MonthlyPrice)
class MonthlyPriceAdmin(OfRegistration, QueueAdmin):
    """What each registration pays a month, and how its subscription follows."""

    list_display = ["child", "listed", "pays", "why", "amendments", "queue"]
    search_fields = ["registration__player__first_name", "registration__player__last_name"]
    actions = ["look_again", *QueueAdmin.actions]

    @admin.display(description="list price", ordering="list_pence")
    def listed(self, row: MonthlyPrice) -> str:
        return pounds(row.list_pence)

    @admin.display(description="pays", ordering="registration__monthly_fee_pence")
    def pays(self, row: MonthlyPrice) -> str:
        return pounds(row.registration.monthly_fee_pence)

    def get_queryset(self, request: HttpRequest) -> QuerySet:
        return super().get_queryset(request).prefetch_related("registration__price_reasons")

    @admin.display(description="because")
    def why(self, row: MonthlyPrice) -> str:
        return discounts.why(row.registration)

    @admin.action(description="Work out the chosen fees again", permissions=["press"])
    def look_again(self, request: HttpRequest, queryset: QuerySet) -> None:
        """After the season's discount was changed, for instance."""
        for row in queryset:
            discounts.look_again(row.registration_id, at=clock.now())
        self.message_user(request, f"{len(queryset)} are worked out again within seconds.")


@admin.register(PriceReason)
class PriceReasonAdmin(OfRegistration):
    """Why each monthly fee became what it is."""

    list_display = ["child", "amount", "percent", "words", "at"]
    search_fields = ["registration__player__first_name", "registration__player__last_name"]


@admin.register(LinkOpening)
class LinkOpeningAdmin(OfRegistration):
    """From where payment links were opened: what proves a phone number."""

    list_display = ["child", "sent_to", "first_at"]
    search_fields = ["registration__player__first_name", "registration__player__last_name"]


def _facts(row: Registration) -> Iterator[tuple[str, str]]:
    player, guardian = row.player, row.guardian
    yield "child", player.full_name
    yield "born", f"{player.dob:%-d %B %Y}"
    yield "team", f"{row.team} {row.season.label}"
    yield "status", row.get_status_display()
    yield "parent", guardian.full_name
    yield "mobile", str(guardian.phone)
    yield "mobile proved", _proved(guardian, "phone_proven_at")
    yield "e-mail", guardian.email
    yield "e-mail proved", _proved(guardian, "email_proven_at")
    # What the comparison looks at, and then the whole of it.
    yield "postcode", guardian.postcode
    yield "house", guardian.house_number or guardian.address_line_1
    yield "whole address", guardian.full_address
    yield "monthly fee", pounds(row.monthly_fee_pence)
    kept = getattr(row, "monthly_price", None)
    yield "list price", pounds(kept.list_pence if kept else row.monthly_fee_pence)


def _same(mine: str, theirs: str) -> bool:
    return bool(mine) and siblings.letters(mine) == siblings.letters(theirs)


def _proved(guardian: Guardian, field: str) -> str:
    moment = getattr(guardian, field)
    return f"yes, {clock.london(moment):%-d %B %Y}" if moment else "no"


def _changes(changes: list[tuple[Registration, int, int]]) -> str:
    lines = [
        f"{row.player.full_name}: {pounds(before)} becomes {pounds(after)}"
        for row, before, after in changes
    ]
    return "; ".join(lines) or "nothing changes"
