"""Refunds, another try of a failed payment, a late month on a new mandate: stored, then asked once.

Amounts are pence; what cannot be is refused with a ValidationError that staff or parents read.
"""

from __future__ import annotations

from datetime import date

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.db.models import QuerySet, Sum

from integrations import clock, gocardless, gocardless_books, queue
from integrations.errors import Rejected
from payments import lines
from payments.actions import books, following, mandates
from payments.actions.fulfilment import DEAD_MANDATE
from payments.models import Mandate, MonthlyCharge, Payment, PaymentOrder, Refund
from registrations.actions import states
from registrations.models import Registration, TimelineEntry, note
from registrations.wording import pounds

Kind = PaymentOrder.Kind
COLLECTED = ("confirmed", "paid_out")
MOST_TRIES = 3
_WRONG_TOTAL = "total_amount_confirmation_invalid"


@transaction.atomic
def owe_refund(payment_id: int, *, pence: int, reason: str, by: str) -> PaymentOrder:
    """Give back part or all of a payment that GoCardless has collected."""
    payment = _locked(payment_id)
    left = refundable(payment)
    if payment.status not in COLLECTED:
        raise ValidationError("Only what was collected can be given back.")
    if not 0 < pence <= left:
        raise ValidationError(f"Between 1p and {pounds(left)} can be given back.")
    total = payment.pence - left + pence
    return _owe(payment, Kind.REFUND, pence=pence, total_pence=total, reason=reason, by=by)


@transaction.atomic
def give_back(registration_id: int, *, pence: int, reason: str, by: str) -> None:
    """Refund an amount over as many payments as it takes, the newest first."""
    states.locked(registration_id)
    rows = Payment.objects.filter(registration=registration_id, status__in=COLLECTED)
    left = {payment: refundable(payment) for payment in rows.order_by("-charge_on", "-pk")}
    if pence > sum(left.values()):
        most = pounds(sum(left.values()))
        raise ValidationError(f"At the most {most} was collected and can be given back.")
    for payment, most_of_it in left.items():
        part = min(pence, most_of_it)
        if part:
            owe_refund(payment.pk, pence=part, reason=reason, by=by)
            pence -= part


@transaction.atomic
def owe_retry(payment_id: int, *, reason: str, by: str) -> PaymentOrder:
    """Ask the bank again for a payment that failed and that GoCardless leaves at that."""
    payment = _locked(payment_id)
    if not can_retry(payment):
        raise ValidationError("This payment cannot be tried again.")
    return _owe(payment, Kind.RETRY, pence=payment.pence, reason=reason, by=by)


@transaction.atomic
def owe_what_is_late(registration_id: int, *, by: str) -> int:
    """Collect every month that is late: try its payment again, or make one on the living mandate.

    What the bank already has or tries by itself is left alone. Returns how many were asked for.
    """
    registration = states.locked(registration_id)
    mandate = mandates.living_mandate(registration)
    late = late_months(registration)
    months = MonthlyCharge.objects.filter(registration=registration, month__in=late)
    asked = 0
    for month in months.select_related("payment__mandate").order_by("month"):
        pence, before = late[month.month], month.payment
        if _is_being_done(before):
            continue
        reason = f"{month.month:%B %Y} is late"
        whole = before is not None and before.pence == pence
        if before and whole and can_retry(before) and not _tried_often(before):
            _owe(before, Kind.RETRY, pence=pence, reason=reason, by=by)
        elif mandate:
            made = _on_the_mandate(registration, month, mandate, pence)
            _owe(made, Kind.COLLECT, pence=pence, reason=reason, by=by)
        else:
            continue
        asked += 1
    return asked


def late_months(registration: Registration) -> dict[date, int]:
    """What is lacking of each month that is late and that no bank is asked for; pence by month."""
    found = lines.entries(registration.season, today=clock.today(), registration=registration.pk)
    late = [line for line in found if line.is_month and line.outstanding and not line.retried]
    return {line.month: line.outstanding for line in late}


def _is_being_done(payment: Payment | None) -> bool:
    return bool(payment and payment.orders.open().exists())


def _tried_often(payment: Payment) -> bool:
    """GoCardless tries one payment three times again at the most (wire 3.2)."""
    return payment.orders.filter(kind=Kind.RETRY).count() >= MOST_TRIES


def _on_the_mandate(
    registration: Registration, month: MonthlyCharge, mandate: Mandate, pence: int
) -> Payment:
    """Another payment for the month; what was for it before stays in the books as it ended."""
    made = Payment.objects.create(
        registration=registration,
        mandate=mandate,
        purpose=Payment.Purpose.MONTHLY,
        pence=pence,
        created_at=clock.now(),
    )
    MonthlyCharge.objects.filter(pk=month.pk).update(payment=made)
    return made


def can_retry(payment: Payment) -> bool:
    """Failed for good, by a mandate that lives (wire 4.4: never while the bank tries by itself)."""
    alive = payment.mandate is not None and payment.mandate.status not in DEAD_MANDATE
    return payment.status == "failed" and not payment.will_retry and alive


def refundable(payment: Payment) -> int:
    """How much of it has not been given back, nor is about to be."""
    back = Refund.objects.filter(payment=payment).exclude(status__in=Refund.BOUNCED)
    waiting = payment.orders.filter(kind=Kind.REFUND, due_at__isnull=False)
    return payment.pence - _sum(back) - _sum(waiting)


def _sum(rows: QuerySet) -> int:
    return rows.aggregate(sum=Sum("pence"))["sum"] or 0


def order_due() -> None:
    """Carry out every order that is due."""
    for pk in PaymentOrder.objects.due().values_list("pk", flat=True):
        row = PaymentOrder.objects.claim(pk)
        if row is not None:
            with row.reporting():
                _WORK[row.kind](row)


def _locked(payment_id: int) -> Payment:
    owner = Payment.objects.values_list("registration_id", flat=True).get(pk=payment_id)
    states.locked(owner)
    return Payment.objects.select_for_update().get(pk=payment_id)


def _owe(
    payment: Payment, kind: str, *, pence: int, reason: str, by: str, total_pence: int = 0
) -> PaymentOrder:
    moment = clock.now()
    try:
        with transaction.atomic():
            order = PaymentOrder.objects.create(
                payment=payment,
                kind=kind,
                pence=pence,
                total_pence=total_pence,
                reason=reason[:200],
                asked_by=by,
                created_at=moment,
                due_at=moment,
            )
    except IntegrityError as error:
        raise ValidationError("That was asked for already and is being done.") from error
    words = f"{order.get_kind_display().capitalize()} of {pounds(pence)} asked for: {reason}"
    note(payment.registration, TimelineEntry.Kind.PAYMENT, words, at=moment, by=by)
    queue.ring("payments.order")
    return order


def _refund(order: PaymentOrder) -> None:
    """Talk, then write; the key makes a second asking harmless."""
    try:
        seen = gocardless_books.create_refund(
            order.payment.gocardless_id,
            pence=order.pence,
            total_pence=order.total_pence,
            metadata={"registration": str(order.payment.registration.sync_id)},
            key=str(order.key),
        )
    except Rejected as error:
        if error.code == _WRONG_TOTAL:
            _say_the_total(order)
        raise
    with transaction.atomic():
        states.locked(order.payment.registration_id)
        if _is_done(order):
            books.keep_refund(seen, at=clock.now())


def _say_the_total(order: PaymentOrder) -> None:
    """Somebody gave money back at GoCardless itself: whoever tries again has seen it."""
    back = gocardless.get_payment(order.payment.gocardless_id).refunded_pence
    PaymentOrder.objects.filter(pk=order.pk).update(total_pence=back + order.pence)
    words = f"{pounds(back)} of this payment was given back already: look before you try again"
    raise Rejected("gocardless", words, code=_WRONG_TOTAL)


def _retry(order: PaymentOrder) -> None:
    """Look first: an answer may have been lost after the bank was asked."""
    if not _still_late(order):
        _is_done(order)
        return
    at = clock.now()
    seen = gocardless.get_payment(order.payment.gocardless_id)
    if seen.status == "failed":
        at = clock.now()
        seen = gocardless_books.retry_payment(order.payment.gocardless_id)
    with transaction.atomic():
        states.locked(order.payment.registration_id)
        if _is_done(order):
            following.refresh_payment(order.payment, seen, at=at)


def _still_late(order: PaymentOrder) -> bool:
    """Whether it is owed still: it may have been paid by hand, or the child have left, while
    GoCardless was away. What was asked once already is followed to its end."""
    if order.uncertain_since:
        return True
    registration = Registration.objects.get(pk=order.payment.registration_id)
    if registration.cancelled_at:
        return False
    months = set(order.payment.months.values_list("month", flat=True))
    found = lines.entries(registration.season, today=clock.today(), registration=registration.pk)
    open_months = [line for line in found if line.is_month and line.month in months]
    return not months or any(line.open >= order.pence for line in open_months)


def _collect(order: PaymentOrder) -> None:
    """The payment's own key makes a second asking harmless."""
    payment = order.payment
    if not _still_late(order):
        _is_done(order)
        return
    at = clock.now()
    seen = gocardless.create_payment(
        mandate_id=payment.mandate.gocardless_id if payment.mandate else "",
        pence=payment.pence,
        charge_on=None,
        description="A month that is late",
        metadata={"registration": str(payment.registration.sync_id)},
        key=str(payment.key),
    )
    with transaction.atomic():
        states.locked(payment.registration_id)
        if _is_done(order):
            Payment.objects.filter(pk=payment.pk, gocardless_id="").update(gocardless_id=seen.id)
            following.refresh_payment(payment, seen, at=at)


def _is_done(order: PaymentOrder) -> bool:
    """Settle the row, unless another worker has taken it over."""
    settled = order.settle()
    if settled:
        PaymentOrder.objects.filter(pk=order.pk).update(done_at=clock.now())
    return settled


_WORK = {Kind.REFUND: _refund, Kind.RETRY: _retry, Kind.COLLECT: _collect}
