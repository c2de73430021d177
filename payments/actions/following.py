"""What becomes of payments, mandates and subscriptions afterwards, as GoCardless's events tell it.

A status moves with the order of things, never back to an older word (wire 4.5). The callers hold
the one transaction; the registration is locked first.
"""

from datetime import date, datetime

from integrations import clock, gocardless
from payments.actions import requests
from payments.actions.fulfilment import DEAD_MANDATE, ENDED, LOST_PAYMENT, SKEW, withdraw
from payments.models import BillingRequest, Mandate, MonthlyCharge, Payment, Subscription
from registrations.actions import states, sync
from registrations.models import Registration

_PENDING = "pending_submission"
_PAYMENT_MOVES = {
    "": {_PENDING, "submitted", "confirmed", "paid_out", *LOST_PAYMENT},
    "pending_customer_approval": {_PENDING, "submitted", "confirmed", "paid_out", *LOST_PAYMENT},
    _PENDING: {"submitted", "confirmed", "paid_out", *LOST_PAYMENT},
    "submitted": {"confirmed", "paid_out", *LOST_PAYMENT},
    "confirmed": {"paid_out", "failed", "charged_back", "cancelled"},
    "paid_out": {"failed", "charged_back"},
    "failed": {_PENDING, "submitted", "confirmed", "paid_out", "cancelled"},
    "charged_back": {"confirmed", "paid_out"},
}
_MANDATE_RANK = ["", "pending_customer_approval", _PENDING, "submitted", "active"]


def move_payment(payment: Payment, status: str, *, at: datetime) -> bool:
    """An event says that the payment has this status since `at`; False where it is old news."""
    registration = states.locked(payment.registration_id)
    payment = Payment.objects.select_for_update().get(pk=payment.pk)
    if _older(payment.status_at, at) or status not in _PAYMENT_MOVES.get(payment.status, ()):
        return False
    _keep_payment(payment, registration, status, payment.charge_on, at)
    return True


def refresh_payment(payment: Payment, seen: gocardless.Payment, *, at: datetime) -> bool:
    """GoCardless was asked at `at`: what it showed is true, whatever the order of events."""
    registration = states.locked(payment.registration_id)
    payment = Payment.objects.select_for_update().get(pk=payment.pk)
    if _older(payment.status_at, at - SKEW):
        return False
    _keep_payment(payment, registration, seen.status, seen.charge_on, at - SKEW)
    return True


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
    return refresh_payment(payment, seen, at=at) or made


def move_mandate(mandate: Mandate, status: str, *, at: datetime, reason: str) -> bool:
    """An event says how the mandate stands since `at`; a dead one ends monthly collection."""
    owner = _owner(mandate)
    if owner:
        states.locked(owner.pk)
    mandate = Mandate.objects.select_for_update().get(pk=mandate.pk)
    if not _mandate_may_move(mandate, status, at):
        return False
    mandate.status, mandate.status_at = status, at
    if status in DEAD_MANDATE:
        mandate.next_possible_charge_date = None
    mandate.save(update_fields=["status", "status_at", "next_possible_charge_date"])
    if status in DEAD_MANDATE and owner:
        _lose_collection(mandate, owner, reason)
    return True


def end_subscription(subscription: Subscription, status: str) -> bool:
    """GoCardless says that it was cancelled or has finished; neither is ever taken back."""
    registration = states.locked(subscription.registration_id)
    rows = Subscription.objects.filter(pk=subscription.pk).exclude(status__in=ENDED)
    if not rows.update(status=status, due_at=None):
        return False
    if status == Subscription.Status.CANCELLED and not registration.cancelled_at:
        words = "the monthly Direct Debit was cancelled at GoCardless"
        states.flag(registration.pk, words, at=clock.now())
    sync.touch(registration)
    return True


def _older(known_at: datetime | None, at: datetime) -> bool:
    return known_at is not None and at < known_at


def _mandate_may_move(mandate: Mandate, status: str, at: datetime) -> bool:
    if _older(mandate.status_at, at) or mandate.status in DEAD_MANDATE:
        return False
    if status in DEAD_MANDATE or status == "suspended_by_payer":
        return True
    if mandate.status not in _MANDATE_RANK:
        return True
    return _MANDATE_RANK.index(status) > _MANDATE_RANK.index(mandate.status)


def _keep_payment(
    payment: Payment,
    registration: Registration,
    status: str,
    charge_on: date | None,
    at: datetime,
) -> None:
    payment.status, payment.charge_on, payment.status_at = status, charge_on, at
    payment.save(update_fields=["status", "charge_on", "status_at"])
    if payment.purpose == Payment.Purpose.SIGNING_ON_FEE:
        _judge_fee(payment, at)
    else:
        _keep_month(payment, at)
        sync.touch(registration)


def _keep_month(payment: Payment, at: datetime) -> None:
    """The month that the payment is for: the one planned for that day, else that of the day."""
    months = MonthlyCharge.objects.filter(registration_id=payment.registration_id)
    change = {"payment": payment, "status": payment.status, "status_at": at}
    if months.filter(payment=payment).update(**change) or payment.charge_on is None:
        return
    if months.filter(payment=None, charge_on=payment.charge_on).update(**change):
        return
    month = payment.charge_on.replace(day=1)
    extra = {"pence": payment.pence, "charge_on": payment.charge_on}
    found, made = MonthlyCharge.objects.get_or_create(
        registration_id=payment.registration_id, month=month, defaults=change | extra
    )
    if made:
        return
    if found.payment_id is None:
        months.filter(pk=found.pk).update(**change)
    else:
        words = f"a second payment was collected for {month:%B %Y}"
        states.flag(payment.registration_id, words, at=clock.now())


def _judge_fee(payment: Payment, at: datetime) -> None:
    """A fee that failed is not settled, unless another payment settled it (wire 2.4.4)."""
    if payment.status not in LOST_PAYMENT:
        states.settle_fee(payment.registration_id, at=at)
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


def _lose_collection(mandate: Mandate, registration: Registration, reason: str) -> None:
    """GoCardless cancels the subscriptions of a dead mandate (wire 3.1); a newer mandate stays."""
    for subscription in mandate.subscriptions.exclude(status__in=ENDED):
        withdraw(subscription)
    others = Mandate.objects.filter(billing_request__registration=registration)
    if others.exclude(status__in=DEAD_MANDATE).exists():
        return
    states.collection_lost(registration.pk, at=clock.now(), reason=reason)
    _reopen(registration.pk)


def _reopen(registration_id: int) -> None:
    """The used billing request makes room, so that the parent's link asks for what is missing."""
    used = BillingRequest.objects.filter(
        registration_id=registration_id, closed_at=None, status=BillingRequest.Status.FULFILLED
    )
    for row in used:
        requests.close(row, at=clock.now())


def _owner(mandate: Mandate) -> Registration | None:
    return mandate.billing_request.registration if mandate.billing_request else None


def report_mandate(mandate: Mandate, action: str) -> bool:
    """A mandate was replaced or came back to life: staff look, nothing is collected twice."""
    owner = _owner(mandate)
    if owner:
        states.flag(owner.pk, f"the mandate was {action} at GoCardless", at=clock.now())
    return owner is not None
