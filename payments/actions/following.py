"""What becomes of payments, mandates and subscriptions afterwards, as GoCardless tells it.

Every word is added to a history, and how a thing stands is worked out from all of them
(payments.actions.history), so their order does not matter. The callers hold the one transaction;
the registration is locked first.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import TypeVar

from integrations import clock, gocardless
from payments.actions import history, requests
from payments.actions.fulfilment import (
    DEAD_MANDATE,
    ENDED,
    LOST_PAYMENT,
    SKEW,
    plan_subscription,
    withdraw,
)
from payments.actions.history import Word
from payments.models import BillingRequest, Mandate, MonthlyCharge, Payment, Subscription
from registrations.actions import states, sync
from registrations.models import Registration, TimelineEntry, note

# A subscription makes its payment about three working days before it is charged (wire 3.4).
AHEAD = timedelta(days=14)
# What a word can change of a payment.
STANDING = ["history", "status", "charge_on", "status_at", "will_retry", "cause"]
Historic = TypeVar("Historic", Payment, Mandate, Subscription)


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
    said = reading(seen.status, at)
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
        _give_month(payment, seen)
    return refresh_payment(payment, seen, at=at) or made


def move_mandate(mandate: Mandate, said: Word) -> bool:
    """Add a word about a mandate; a dead one ends monthly collection, a revived one restores it."""
    owner = _owner(mandate)
    if owner:
        states.locked(owner.pk)
    mandate = Mandate.objects.select_for_update().get(pk=mandate.pk)
    kept = _kept(mandate, said)
    if kept is None:
        return False
    standing = history.fold(kept, history.MANDATE, dead=DEAD_MANDATE)
    before = (mandate.status, _last_death(mandate))
    mandate.history, mandate.status = kept, standing.status
    mandate.status_at = datetime.fromisoformat(standing.word["at"])
    if standing.status in DEAD_MANDATE:
        mandate.next_possible_charge_date = None
    mandate.save(update_fields=["history", "status", "status_at", "next_possible_charge_date"])
    if owner and before != (standing.status, standing.died_at):
        _judge_mandate(mandate, owner, standing)
    return before != (standing.status, standing.died_at)


def replace_mandate(
    mandate: Mandate, seen: gocardless.Mandate, moved: list[str], *, at: datetime
) -> bool:
    """GoCardless put another mandate in its place; `moved` are subscriptions that went along."""
    owner = _owner(mandate)
    if owner:
        states.locked(owner.pk)
    new, made = Mandate.objects.get_or_create(
        gocardless_id=seen.id,
        defaults={
            "guardian": mandate.guardian,
            "billing_request": mandate.billing_request,
            "customer_id": seen.customer_id or mandate.customer_id,
            "status": seen.status,
            "next_possible_charge_date": seen.next_possible_charge_date,
            "created_at": clock.now(),
            "status_at": at - SKEW,
        },
    )
    Mandate.objects.filter(pk=mandate.pk).update(replaced_by=new)
    mandate.subscriptions.filter(gocardless_id__in=moved).update(mandate=new)
    left = mandate.subscriptions.exclude(status__in=ENDED)
    left.filter(gocardless_id="").update(mandate=new)
    if owner and made:
        words = "GoCardless replaced the mandate by another"
        note(owner, TimelineEntry.Kind.PAYMENT, words, at=clock.now())
        if left.exclude(gocardless_id="").exists():
            states.flag(owner.pk, f"{words}; the subscription stayed behind", at=clock.now())
    return made


def move_subscription(subscription: Subscription, said: Word) -> bool:
    """Add a word about a subscription: running, paused, finished, cancelled."""
    registration = states.locked(subscription.registration_id)
    row = Subscription.objects.select_for_update().get(pk=subscription.pk)
    kept = _kept(row, said)
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


def reading(status: str, at: datetime) -> Word:
    """What GoCardless showed when it was asked at `at`."""
    moment = at - SKEW
    return history.word(status, moment, id=f"read {moment.isoformat()}", read=True)


def _kept(row: Historic, said: Word) -> list[Word] | None:
    """The row's history and one word more; it begins with what was read when the row was made."""
    kept = row.history
    if not kept and row.status:
        began = getattr(row, "status_at", None) or row.created_at
        kept = [history.word(row.status, began, id="known", read=True)]
    return history.added(kept, said)


def take_in(payment: Payment, said: Word, charge_on: date | None) -> bool | None:
    """Add a word to a payment in memory; whether how it stands changed, None for a known word."""
    kept = _kept(payment, said)
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
        _plan_again(payment.registration_id)
        return
    fees = Payment.objects.filter(
        registration_id=payment.registration_id, purpose=Payment.Purpose.SIGNING_ON_FEE
    )
    if fees.exclude(pk=payment.pk).exclude(status__in=LOST_PAYMENT).exists():
        return
    reason = f"payment {payment.status.replace('_', ' ')}"
    states.unsettle_fee(payment.registration_id, at=clock.now(), reason=reason)
    _reopen(payment.registration_id)
    planned = Subscription.objects.filter(
        registration_id=payment.registration_id, status=Subscription.Status.PLANNED
    )
    for subscription in planned:
        withdraw(subscription)


def _judge_mandate(mandate: Mandate, owner: Registration, standing: history.Standing) -> None:
    """GoCardless cancels the subscriptions of a mandate that dies, for good (wire 3.1)."""
    moment = clock.now()
    if standing.died_at:
        for subscription in mandate.subscriptions.exclude(status__in=ENDED):
            withdraw(subscription)
    if standing.status not in DEAD_MANDATE:
        states.arrange_collection(owner.pk, at=moment)
        if standing.died_at:
            states.flag(owner.pk, "the mandate came back to life: look at its months", at=moment)
            _plan_again(owner.pk)
        return
    others = Mandate.objects.filter(billing_request__registration=owner)
    if others.exclude(status__in=DEAD_MANDATE).exists():
        return
    cause = standing.word["cause"] or standing.status
    reason = f"mandate {standing.status}: {cause.replace('_', ' ')}"[:150]
    states.collection_lost(owner.pk, at=moment, reason=reason)
    _reopen(owner.pk)


def _plan_again(registration_id: int) -> None:
    """What was withdrawn before anything was made by it is planned anew once all is well again."""
    registration = states.locked(registration_id)
    last = registration.subscriptions.first()
    alive = living_mandate(registration)
    if not (alive and last and registration.fee_settled_at):
        return
    if last.status == Subscription.Status.CANCELLED and not last.gocardless_id:
        joined = datetime.combine(last.joined_on, datetime.min.time(), tzinfo=clock.LONDON)
        plan_subscription(registration_id, alive, at=joined)


def living_mandate(registration: Registration) -> Mandate | None:
    """The newest mandate by which this registration can be collected."""
    mandates = Mandate.objects.filter(billing_request__registration=registration)
    return mandates.exclude(status__in=DEAD_MANDATE).filter(replaced_by=None).first()


def _last_death(mandate: Mandate) -> str:
    return history.fold(mandate.history, history.MANDATE, dead=DEAD_MANDATE).died_at


def _reopen(registration_id: int) -> None:
    """The used billing request makes room, so that the parent's link asks for what is missing."""
    used = BillingRequest.objects.filter(
        registration_id=registration_id, closed_at=None, status=BillingRequest.Status.FULFILLED
    )
    for row in used:
        requests.close(row, at=clock.now())


def _owner(mandate: Mandate) -> Registration | None:
    return mandate.billing_request.registration if mandate.billing_request else None
