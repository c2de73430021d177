"""Money that did not come through GoCardless, as the same facts (design 3.4): all amounts pence.

`by` is the user who records. What cannot be is refused with a ValidationError that staff read.
"""

from __future__ import annotations

from datetime import date, timedelta

from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.db.models import Q, QuerySet, Sum

from integrations import clock
from payments import lines
from payments.actions.fulfilment import ENDED, LOST_PAYMENT
from payments.actions.mandates import living_mandate
from payments.models import HandPayment, MonthlyCharge, OpeningBalance
from payments.schedule import chosen_day, months_between
from registrations.actions import states, sync
from registrations.models import Registration, TimelineEntry, note
from registrations.wording import pounds

Purpose = HandPayment.Purpose
Method = HandPayment.Method
FeeSource = Registration.FeeSource
CollectionSource = Registration.CollectionSource
A_YEAR = timedelta(days=366)
CONFIRMED = "confirmed"


@transaction.atomic
def record(
    registration_id: int,
    *,
    purpose: str,
    month: date | None,
    pence: int,
    method: str,
    received_on: date,
    reference: str,
    by: User,
) -> HandPayment:
    """Money received (above zero) or given back (below), or an amount that is waived."""
    registration = states.locked(registration_id)
    _check_day(received_on)
    month = _month(registration, purpose, month)
    entry = _entry(registration, purpose, month)
    _check_amount(entry, purpose, pence, method)
    try:
        with transaction.atomic():
            row = HandPayment.objects.create(
                registration=registration,
                purpose=purpose,
                month=month,
                pence=pence,
                method=method,
                received_on=received_on,
                reference=reference[:100],
                recorded_by=by,
                recorded_at=clock.now(),
            )
    except IntegrityError as error:
        raise ValidationError("Exactly this was recorded already.") from error
    words = f"{_in_words(row)}: {row.get_method_display()}, {received_on:%-d %B %Y}"
    note(registration, TimelineEntry.Kind.PAYMENT, words, at=clock.now(), by=by.get_username())
    _settle(registration, row, by)
    return row


@transaction.atomic
def undo(row_id: int, *, reason: str, by: User) -> None:
    """A mistake: it counts no more, and stays to be seen with the reason."""
    owner = HandPayment.objects.values_list("registration_id", flat=True).get(pk=row_id)
    registration = states.locked(owner)
    row = HandPayment.objects.select_for_update().get(pk=row_id)
    if row.undone_at:
        return
    row.undone_at, row.undone_by, row.undone_reason = clock.now(), by, reason[:200]
    row.save(update_fields=["undone_at", "undone_by", "undone_reason"])
    words = f"Undone: {_in_words(row)}: {reason}"
    note(registration, TimelineEntry.Kind.PAYMENT, words, at=clock.now(), by=by.get_username())
    _settle(registration, row, by)


@transaction.atomic
def arrange(registration_id: int, *, exempt: bool, reason: str, by: User) -> None:
    """The months are paid by hand, or none are asked for; a Direct Debit must have ended before."""
    registration = states.locked(registration_id)
    if registration.cancelled_at:
        raise ValidationError("This registration was cancelled.")
    running = registration.subscriptions.exclude(status__in=ENDED).exists()
    if running or (registration.collection_arranged_at and living_mandate(registration)):
        raise ValidationError("A Direct Debit is in place: it must be ended first.")
    source = CollectionSource.EXEMPT if exempt else CollectionSource.BY_HAND
    if registration.collection_arranged_by == source:
        return
    if registration.collection_arranged_at:
        registration.collection_arranged_by = source
        registration.save(update_fields=["collection_arranged_by"])
    states.arrange_collection(registration.pk, at=clock.now(), source=source, by=by)
    words = f"{registration.CollectionSource(source).label.capitalize()}, because: {reason}"
    note(registration, TimelineEntry.Kind.PAYMENT, words, at=clock.now(), by=by.get_username())
    if exempt:
        # A month for which something was recorded stays in the books.
        kept = registration.hand_payments.filter(purpose=Purpose.MONTH, undone_at=None)
        months = registration.monthly_charges.filter(payment=None, month__gte=_this_month())
        months.exclude(month__in=kept.values("month")).delete()
    else:
        _expect_months(registration)


@transaction.atomic
def open_with(registration_id: int, *, pence: int, as_of: date, words: str, by: User) -> None:
    """What was owed when the club began with this platform; a second one takes its place."""
    registration = states.locked(registration_id)
    _check_day(as_of)
    if pence <= 0:
        raise ValidationError("An opening balance is what is owed: more than nothing.")
    given = {"pence": pence, "as_of": as_of, "note": words[:200]}
    made = {"recorded_by": by, "recorded_at": clock.now()}
    OpeningBalance.objects.update_or_create(registration=registration, defaults=given | made)
    text = f"Brought forward: {pounds(pence)} owed since {as_of:%-d %B %Y}"
    note(registration, TimelineEntry.Kind.PAYMENT, text, at=clock.now(), by=by.get_username())


def _check_day(day: date) -> None:
    today = clock.today()
    if day > today:
        raise ValidationError("That day is still to come.")
    if day < today - A_YEAR:
        raise ValidationError("That day is more than a year ago.")


def _month(registration: Registration, purpose: str, month: date | None) -> date:
    """The month that it is for; the row that expects it is made where there is none yet."""
    if purpose != Purpose.MONTH:
        return clock.london(registration.submitted_at).date().replace(day=1)
    season = registration.season
    if month is None or not season.first_month <= month.replace(day=1) <= season.last_month:
        raise ValidationError("Please name a month of the season.")
    month = month.replace(day=1)
    expected = {"pence": registration.monthly_fee_pence, "charge_on": None}
    MonthlyCharge.objects.get_or_create(registration=registration, month=month, defaults=expected)
    return month


def _entry(registration: Registration, purpose: str, month: date) -> lines.Entry | None:
    """The line of the books that the money is for."""
    found = lines.entries(registration.season, today=clock.today(), registration=registration.pk)
    what = lines.what(purpose, month)
    return next((line for line in found if line.what == what), None)


def _check_amount(entry: lines.Entry | None, purpose: str, pence: int, method: str) -> None:
    if entry is None:
        raise ValidationError(f"Nothing is expected for {Purpose(purpose).label}.")
    if pence < 0:
        if method == Method.WAIVED:
            raise ValidationError("What is waived cannot be given back: undo it instead.")
        if -pence > entry.by_hand:
            raise ValidationError(f"Only {pounds(entry.by_hand)} was received by hand for this.")
        return
    if pence > entry.open:
        under_way = f"; {pounds(entry.under_way)} is on its way" if entry.under_way else ""
        raise ValidationError(f"Only {pounds(entry.open)} is open for this{under_way}.")


def _settle(registration: Registration, row: HandPayment, by: User) -> None:
    """The facts that follow from all that is recorded for the same thing."""
    if row.purpose == Purpose.SIGNING_ON_FEE:
        _settle_fee(registration, by)
    elif row.purpose == Purpose.MONTH:
        entry = _entry(registration, row.purpose, row.month)
        covered = entry is not None and entry.open <= 0
        mine = MonthlyCharge.objects.filter(registration=registration, month=row.month)
        lost = mine.filter(Q(payment=None) | Q(payment__status__in=LOST_PAYMENT)).first()
        if lost is not None:
            before = lost.payment
            lost.status = CONFIRMED if covered else (before.status if before else "")
            lost.status_at = clock.now() if covered else (before.status_at if before else None)
            lost.save(update_fields=["status", "status_at"])
    sync.touch(registration)


def _settle_fee(registration: Registration, by: User) -> None:
    kept = HandPayment.objects.filter(
        registration=registration, purpose=Purpose.SIGNING_ON_FEE, undone_at=None
    )
    paid = registration.payments.filter(purpose=Purpose.SIGNING_ON_FEE)
    through = paid.exclude(status__in=LOST_PAYMENT)
    covered = _sum(kept) + _sum(through) >= registration.signing_on_fee_pence
    if covered and kept.exists():
        waived = not kept.exclude(method=Method.WAIVED).exists()
        source = FeeSource.WAIVED if waived else FeeSource.BY_HAND
        states.settle_fee(registration.pk, at=clock.now(), source=source, by=by)
    elif not covered:
        reason = "what was recorded does not cover it"
        states.take_back_fee(registration.pk, reason=reason, at=clock.now(), by=by)


def _sum(rows: QuerySet) -> int:
    return rows.aggregate(sum=Sum("pence"))["sum"] or 0


def _this_month() -> date:
    return clock.today().replace(day=1)


def _expect_months(registration: Registration) -> None:
    """The months that are still to come, each due on the chosen day."""
    season = registration.season
    month = max(season.first_month, _this_month())
    for _ in range(months_between(month, season.last_month)):
        day = chosen_day(month, registration.payment_day or 1)
        given = {"pence": registration.monthly_fee_pence, "charge_on": day}
        MonthlyCharge.objects.get_or_create(registration=registration, month=month, defaults=given)
        month = (month + timedelta(days=32)).replace(day=1)


def _in_words(row: HandPayment) -> str:
    what = lines.what(row.purpose, row.month)
    if row.method == Method.WAIVED:
        return f"{pounds(row.pence)} waived of {what}"
    direction = "given back for" if row.pence < 0 else "received for"
    return f"{pounds(abs(row.pence))} {direction} {what}"
