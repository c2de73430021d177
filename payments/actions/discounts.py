"""Sibling discounts: every family is priced as a whole, from the list price, whoever came first.

One family at a time: the season's row is locked, so that two children who pay at the same moment
see each other. Facts decide, not their order, so looking again changes nothing.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import F

from integrations import clock, queue
from payments import siblings
from payments.actions import kinship
from payments.models import MonthlyPrice, PriceReason, SiblingCase, Subscription
from registrations.actions import messages, states, sync
from registrations.models import Registration, Season, TimelineEntry, note
from registrations.wording import pounds

RUNNING = (Subscription.Status.ACTIVE, Subscription.Status.PAUSED)
LEAST = 100  # pence: GoCardless collects no less (domain 5.5)


@dataclass(frozen=True)
class Price:
    """What a registration pays a month, and why; pence."""

    pence: int
    list_pence: int
    percent: int
    sibling: int | None
    words: str


def look_again(registration_id: int, *, at: datetime) -> None:
    """Facts have changed: this registration's family is to be priced again, soon.

    Call inside a transaction that has locked the registration.
    """
    row = MonthlyPrice.objects.filter(registration=registration_id).first()
    if row is None:
        agreed = Registration.objects.values_list("monthly_fee_pence", flat=True)
        MonthlyPrice.objects.create(
            registration_id=registration_id,
            list_pence=agreed.get(pk=registration_id),
            wishes=1,
            due_at=at,
        )
    else:
        change = {"wishes": F("wishes") + 1, "due_at": at, "needs_person_at": None}
        MonthlyPrice.objects.filter(pk=row.pk).update(**change)
    queue.ring("payments.price")


@transaction.atomic
def price(registration_id: int) -> None:
    """Find this registration's family and store what each of them pays a month."""
    registration = _alone(registration_id)
    moment = clock.now()
    before = kinship.family_ids({registration_id})
    kinship.seek(registration, at=moment)
    _price_family(before | kinship.family_ids({registration_id}), moment)


@transaction.atomic
def decide(
    case_id: int, standing: str, *, reason: str, by: states.Actor, at: datetime
) -> SiblingCase:
    """Staff say whether two children are siblings; both families are priced again at once."""
    case = SiblingCase.objects.get(pk=case_id)
    _alone(case.one_id)
    case.standing, case.reason, case.decided_at = standing, reason[:200], at
    case.decided_by = by if isinstance(by, User) else None
    case.save()
    words = f"Sibling discount, {case.get_standing_display()}: {reason}"
    for id in (case.one_id, case.other_id):
        row = Registration.objects.get(pk=id)
        note(row, TimelineEntry.Kind.STAFF, words, at=at, by=states.name_of(by))
    _price_family(kinship.family_ids({case.one_id, case.other_id}), at)
    return case


@transaction.atomic
def add(
    one: Registration, other: Registration, *, reason: str, by: states.Actor, at: datetime
) -> SiblingCase:
    """Staff know two children to be siblings whom nothing on file ties together."""
    low, high = sorted((one.pk, other.pk))
    case, _ = SiblingCase.objects.get_or_create(
        one_id=low, other_id=high, defaults={"opened_at": at, "evidence": ["added by staff"]}
    )
    return decide(case.pk, SiblingCase.Standing.APPROVED, reason=reason, by=by, at=at)


@transaction.atomic
def agree(
    registration_id: int, *, list_pence: int, reason: str, by: states.Actor, at: datetime
) -> None:
    """Another list price for one child, by staff; discounts come off it, and GoCardless follows.

    The family is told: here where nothing is collected yet, else when the bank has been told.
    """
    _alone(registration_id)
    registration = states.locked(registration_id)
    if registration.cancelled_at or registration.duplicate_of_id:
        raise ValidationError("This registration is no longer collected from.")
    if list_pence < LEAST:
        raise ValidationError("Less than £1 cannot be collected: say that no months are asked for.")
    look_again(registration_id, at=at)
    price = MonthlyPrice.objects.filter(registration=registration_id)
    before = price.get().list_pence
    if before == list_pence:
        raise ValidationError(f"The list price is {pounds(before)} already.")
    price.update(list_pence=list_pence)
    PriceReason.objects.create(
        registration=registration,
        pence=registration.monthly_fee_pence,
        list_pence=list_pence,
        words=reason[:300],
        agreed_by=states.name_of(by),
        at=at,
    )
    words = f"List price {pounds(list_pence)} a month instead of {pounds(before)}: {reason}"
    note(registration, TimelineEntry.Kind.PAYMENT, words, at=at, by=states.name_of(by))
    _price_family(kinship.family_ids({registration_id}), at)
    _expect(registration_id, at)


def _expect(registration_id: int, at: datetime) -> None:
    """Without a Direct Debit nobody else changes what is expected, or tells the family."""
    registration = states.locked(registration_id)
    if registration.subscriptions.exclude(gocardless_id="").filter(status__in=RUNNING).exists():
        return
    this_month = clock.today().replace(day=1)
    open_months = registration.monthly_charges.filter(payment=None, month__gte=this_month)
    open_months.exclude(status="confirmed").update(pence=registration.monthly_fee_pence)
    messages.queue_monthly_fee(registration, why=why_changed(registration_id), at=at)


def foresee_fee(registration: Registration) -> list[tuple[str, str]]:
    """How the monthly fee is now and why, and what a change does outside, in lines for staff."""
    newest = registration.price_reasons.first()
    kept = MonthlyPrice.objects.filter(registration=registration).first()
    listed = kept.list_pence if kept else registration.monthly_fee_pence
    why = newest.words if newest else "as agreed when the child was registered"
    lines = [
        ("Now", f"{pounds(registration.monthly_fee_pence)} a month: {why}"),
        ("List price", f"{pounds(listed)}; a sibling discount comes off the new one too"),
    ]
    if plan := registration.subscriptions.filter(status__in=RUNNING).first():
        words = f"the Direct Debit of {pounds(plan.pence)} is changed from the next payment on"
        lines.append(("GoCardless", f"{words}; what is on its way stays as it is"))
    to = registration.guardian.phone or registration.guardian.email or "nobody: no contact is known"
    lines.append(("The family is told", f"the new fee and why, at {to}"))
    lines.append(("Airtable", "the row shows the new fee"))
    return lines


def why_changed(registration_id: int) -> str:
    """Staff's reason, where the newest change of the fee is theirs; "" where the rule made it."""
    newest = PriceReason.objects.filter(registration=registration_id).first()
    agreed = PriceReason.objects.filter(registration=registration_id).exclude(agreed_by="")
    found = agreed.filter(at=newest.at).first() if newest else None
    return found.words if found else ""


def why_agreed(registration_id: int) -> str:
    """Staff's reason for the list price as it is; "" where it is the season's."""
    agreed = PriceReason.objects.filter(registration=registration_id).exclude(agreed_by="")
    return agreed.values_list("words", flat=True).first() or ""


def foresee(case: SiblingCase, *, linked: bool) -> list[tuple[Registration, int, int]]:
    """Whose monthly fee would change if the two counted as siblings, or not: (who, from, to)."""
    ids = kinship.family_ids({case.one_id, case.other_id})
    pair = (case.one_id, case.other_id)
    links = [link for link in kinship.links(ids) if link != pair]
    rows = _rows(ids)
    prices = prices_of(rows, [*links, pair] if linked else links)
    return [
        (row, row.monthly_fee_pence, prices[row.pk].pence)
        for row in rows
        if row.pk in prices and row.monthly_fee_pence != prices[row.pk].pence
    ]


def why(registration: Registration) -> str:
    """Why the monthly fee is what it is, in words that a parent may read."""
    newest = next(iter(registration.price_reasons.all()), None)
    return newest.words if newest else f"the list price, {pounds(registration.monthly_fee_pence)}"


def prices_of(rows: Iterable[Registration], links: Iterable[tuple[int, int]]) -> dict[int, Price]:
    """What each registration should pay; whoever has left keeps what they had."""
    live = {row.pk: row for row in rows if not row.cancelled_at}
    paid = [row.pk for row in live.values() if kinship.counts(row)]
    prices = {id: _price(row, 0, None) for id, row in live.items()}
    for family in siblings.families(paid, links):
        members = [_member(live[id]) for id in family]
        found = siblings.places(members)
        first = min(members, key=lambda each: (each.settled_at, each.id)).id
        for id, place in found.items():
            prices[id] = _price(live[id], place, first if place else None)
    return prices


def _price_family(ids: set[int], moment: datetime) -> None:
    rows = [states.locked(id) for id in sorted(ids)]
    prices = prices_of(rows, kinship.links(ids))
    for row in rows:
        wanted = prices.get(row.pk)
        if wanted and wanted.pence != row.monthly_fee_pence:
            _change(row, wanted, moment)


def _change(row: Registration, wanted: Price, moment: datetime) -> None:
    before = row.monthly_fee_pence
    # First, since it keeps the list price where none is kept yet.
    look_again(row.pk, at=moment)
    row.monthly_fee_pence = wanted.pence
    row.save(update_fields=["monthly_fee_pence"])
    PriceReason.objects.create(
        registration=row,
        pence=wanted.pence,
        list_pence=wanted.list_pence,
        percent=wanted.percent,
        sibling_id=wanted.sibling,
        words=wanted.words,
        at=moment,
    )
    words = f"Monthly fee {pounds(wanted.pence)} instead of {pounds(before)}: {wanted.words}"
    note(row, TimelineEntry.Kind.PAYMENT, words, at=moment)
    sync.touch(row)


def _price(row: Registration, place: int, first: int | None) -> Price:
    kept = getattr(row, "monthly_price", None)
    listed = kept.list_pence if kept else row.monthly_fee_pence
    percent = siblings.percent_for(place, row.season.sibling_percents)
    agreed = why_agreed(row.pk) if kept else ""
    words = f"child {place + 1} of the family this season, {percent} % off {pounds(listed)}"
    if not percent:
        first, words = None, f"the list price, {pounds(listed)}"
    if agreed:
        words = f"{words}, agreed because: {agreed}"[:300]
    return Price(siblings.discounted(listed, percent), listed, percent, first, words)


def _member(row: Registration) -> siblings.Member:
    if row.fee_settled_at is None:
        raise ValueError("only what is paid counts")
    return siblings.Member(row.pk, row.child_key, row.fee_settled_at)


def _alone(registration_id: int) -> Registration:
    """The registration, while nobody else prices anything in its season."""
    related = Registration.objects.select_related(*kinship.RELATED).defer(*kinship.SECRET)
    season = related.get(pk=registration_id).season_id
    # Rows that point at the season may still be written meanwhile.
    Season.objects.select_for_update(no_key=True).get(pk=season)
    return related.get(pk=registration_id)


def _rows(ids: set[int]) -> list[Registration]:
    related = (*kinship.RELATED, "monthly_price")
    rows = Registration.objects.filter(pk__in=ids).select_related(*related)
    return list(rows.defer(*kinship.SECRET).order_by("pk"))
