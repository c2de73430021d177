"""What becomes of payments and subscriptions afterwards, as GoCardless tells it.

Every word is added to a history, and how a thing stands is worked out from all of them
(payments.actions.history), so their order does not matter. The callers hold the one transaction;
the registration is locked first.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta

from integrations import clock, gocardless
from payments.actions import books, hearing, history, mandates
from payments.actions.fulfilment import (
    ENDED,
    LOST_PAYMENT,
    withdraw,
)
from payments.actions.history import Word
from payments.models import MonthlyCharge, Payment, Subscription
from registrations.actions import states, sync
from registrations.models import Registration

# A subscription makes its payment about three working days before it is charged (wire 3.4).
AHEAD = timedelta(days=14)
# What a word can change of a payment.
STANDING = ["history", "status", "charge_on", "status_at", "will_retry", "cause"]


def move_payment(payment: Payment, said: Word) -> bool:
    """Add a word about a payment; False where it was known or changes nothing."""
    registration = states.locked(payment.registration_id)
    payment = Payment.objects.select_for_update().get(pk=payment.pk)
    return _hear_payment(payment, registration, said, payment.charge_on)


def refresh_payment(payment: Payment, seen: gocardless.Payment, *, at: datetime) -> bool:
    """GoCardless was asked at `at`: what it showed is true, whatever was said before."""
    registration = states.locked(payment.registration_id)
    payment = Payment.objects.select_for_update().get(pk=payment.pk)
    before = [each["at"] for each in payment.history if each["read"]]
    said = hearing.reading(seen.status, at)
    charge_on = seen.charge_on if said["at"] >= max(before, default="") else payment.charge_on
    return _hear_payment(payment, registration, said, charge_on)


def learn_payment(seen: gocardless.Payment, *, at: datetime) -> bool:
    """Store a payment that one of our subscriptions made; False where it is not one of ours."""
    owner = Subscription.objects.filter(gocardless_id=seen.subscription_id).first()
    if not seen.subscription_id or owner is None:
        return False
    registration = states.locked(owner.registration_id)
    payment, made = Payment.objects.get_or_create(
        gocardless_id=seen.id,
        defaults={
            "registration": registration,
            "mandate_id": owner.mandate_id,
            "subscription": owner,
            "purpose": Payment.Purpose.MONTHLY,
            "pence": seen.pence,
            "created_at": clock.now(),
        },
    )
    if made:
        books.claim_lines(payment)
        _give_month(payment, seen)
    return refresh_payment(payment, seen, at=at) or made


def move_subscription(subscription: Subscription, said: Word) -> bool:
    """Add a word about a subscription: running, paused, finished, cancelled."""
    registration = states.locked(subscription.registration_id)
    row = Subscription.objects.select_for_update().get(pk=subscription.pk)
    kept = hearing.kept(row, said)
    if kept is None:
        return False
    status = history.fold(kept, history.SUBSCRIPTION).status
    before, row.history = row.status, kept
    # What we have ended ourselves, or because its mandate died, stays ended.
    if before not in ENDED:
        row.status, row.due_at = status, None if status in ENDED else row.due_at
    row.save(update_fields=["history", "status", "due_at"])
    if before == row.status:
        return False
    if row.status == Subscription.Status.CANCELLED and not registration.cancelled_at:
        words = "the monthly Direct Debit was cancelled at GoCardless"
        states.flag(registration.pk, words, at=clock.now())
    sync.touch(registration)
    return True


def take_in(payment: Payment, said: Word, charge_on: date | None) -> bool | None:
    """Add a word to a payment in memory; whether how it stands changed, None for a known word."""
    kept = hearing.kept(payment, said)
    if kept is None:
        return None
    before = (payment.status, payment.will_retry, payment.charge_on)
    standing = history.fold(kept, history.PAYMENT)
    lost = standing.status in LOST_PAYMENT
    payment.history, payment.status, payment.charge_on = kept, standing.status, charge_on
    payment.status_at = datetime.fromisoformat(standing.word["at"])
    payment.will_retry = standing.status == "failed" and standing.word["retry"]
    payment.cause = standing.word["cause"][:80] if lost else ""
    return before != (payment.status, payment.will_retry, payment.charge_on)


def _hear_payment(
    payment: Payment, registration: Registration, said: Word, charge_on: date | None
) -> bool:
    changed = take_in(payment, said, charge_on)
    if changed is None:
        return False
    payment.save(update_fields=STANDING)
    if payment.purpose == Payment.Purpose.SIGNING_ON_FEE:
        if changed:
            _judge_fee(payment)
    else:
        _keep_month(payment)
        if changed:
            sync.touch(registration)
    return changed


def _give_month(payment: Payment, seen: gocardless.Payment) -> None:
    """The month that a new payment is for, by charge date.

    One that was charged again later, before we heard of it, is for the month that it was made for.
    """
    free = MonthlyCharge.objects.filter(registration_id=payment.registration_id, payment=None)
    change = {"payment": payment}
    if seen.charge_on is None:
        return
    if free.filter(charge_on=seen.charge_on).update(**change):
        return
    if seen.made_on:
        meant = free.filter(charge_on__range=(seen.made_on, seen.made_on + AHEAD))
        first = meant.order_by("charge_on").first()
        if first:
            free.filter(pk=first.pk).update(**change)
            return
    month = seen.charge_on.replace(day=1)
    extra = {"pence": payment.pence, "charge_on": seen.charge_on}
    found, made = MonthlyCharge.objects.get_or_create(
        registration_id=payment.registration_id, month=month, defaults=change | extra
    )
    if made or free.filter(pk=found.pk).update(**change):
        return
    words = f"a second payment was collected for {month:%B %Y}"
    states.flag(payment.registration_id, words, at=clock.now())


def _keep_month(payment: Payment) -> None:
    months = MonthlyCharge.objects.filter(payment=payment)
    months.update(status=payment.status, status_at=payment.status_at)


def _judge_fee(payment: Payment) -> None:
    """A fee that failed is not settled, unless another payment settled it (wire 2.4.4)."""
    at = payment.status_at or clock.now()
    if payment.status not in LOST_PAYMENT:
        states.settle_fee(payment.registration_id, at=at)
        mandates.plan_again(payment.registration_id)
        return
    fees = Payment.objects.filter(
        registration_id=payment.registration_id, purpose=Payment.Purpose.SIGNING_ON_FEE
    )
    if fees.exclude(pk=payment.pk).exclude(status__in=LOST_PAYMENT).exists():
        return
    reason = f"payment {payment.status.replace('_', ' ')}"
    states.unsettle_fee(payment.registration_id, at=clock.now(), reason=reason)
    mandates.reopen(payment.registration_id)
    planned = Subscription.objects.filter(
        registration_id=payment.registration_id, status=Subscription.Status.PLANNED
    )
    for subscription in planned:
        withdraw(subscription)
