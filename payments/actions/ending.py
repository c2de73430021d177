"""Ending a monthly collection: the subscription and the payments that it has made already.

Cancelling a subscription leaves its pending payment in place (wire 3.3), so both are ended, each
once; what the bank has already got is told to a person. Another collection may follow (a changed
payment day): it is planned only when the old one has ended, so no month is collected twice.
"""

from __future__ import annotations

from datetime import date, datetime, time

from django.db import transaction
from django.db.models import Q

from integrations import clock, gocardless, gocardless_books, queue
from integrations.errors import Rejected
from payments.actions import following, mandates, merging
from payments.actions.fulfilment import ENDED, plan_subscription
from payments.models import Ending, Payment, Subscription
from registrations.actions import states, sync
from registrations.models import Registration, TimelineEntry, note
from registrations.wording import pounds

_TOO_LATE = "cancellation_failed"
_STOPPABLE = "pending_submission"
_RUNNING = ("active", "paused", "pending_customer_approval")


def leave(registration: Registration, *, reason: str, by: str) -> None:
    """The registration is cancelled: nothing more is collected for it.

    Call inside a transaction that has locked the registration. One that has ended by itself may
    have left a payment that the bank has not got yet.
    """
    waiting = registration.payments.filter(status=_STOPPABLE).values("mandate")
    plans = registration.subscriptions.filter(~Q(status__in=ENDED) | Q(mandate__in=waiting))
    for subscription in plans:
        _owe(subscription, reason=reason, by=by, then_again=False)


@transaction.atomic
def collect_anew(registration_id: int, *, day: int, reason: str, by: str) -> None:
    """Collect on another day from now on: end the subscription, then start another.

    A subscription's day cannot be changed (wire 3.3). `day` is 1 to 28 or -1. Raises ValueError
    where no living mandate could collect.
    """
    registration = states.locked(registration_id)
    mandate = mandates.living_mandate(registration)
    if registration.cancelled_at or mandate is None:
        raise ValueError("There is no Direct Debit to collect by.")
    before, registration.payment_day = registration.payment_day, day
    registration.save(update_fields=["payment_day"])
    words = f"Monthly collection starts anew, day {before} becomes {day}: {reason}"
    note(registration, TimelineEntry.Kind.PAYMENT, words, at=clock.now(), by=by)
    sync.touch(registration)
    old = registration.subscriptions.exclude(status__in=ENDED).first()
    if old is None:
        _plan_next(registration, registration.subscriptions.first())
        return
    _owe(old, reason=reason, by=by, then_again=True)


def end_due() -> None:
    """End every collection that is due."""
    for pk in Ending.objects.due().values_list("pk", flat=True):
        row = Ending.objects.claim(pk)
        if row is not None:
            with row.reporting():
                _end(row)


def foresee(registration: Registration) -> list[tuple[str, str]]:
    """What leaving would end and leave, for staff to read before they press."""
    lines = []
    for plan in registration.subscriptions.exclude(status__in=ENDED):
        open_months = registration.monthly_charges.filter(payment=None, month__gte=_month())
        left = sum(open_months.values_list("pence", flat=True))
        words = f"{pounds(plan.pence)} a month ends; {pounds(left)} will not be collected"
        lines.append(("Monthly Direct Debit", words))
    for payment in registration.payments.filter(status=_STOPPABLE):
        day = f" on {payment.charge_on:%-d %B}" if payment.charge_on else ""
        lines.append(("Payment that is stopped", f"{pounds(payment.pence)}{day}"))
    for payment in registration.payments.filter(status="submitted"):
        words = f"{pounds(payment.pence)}: the bank has it already, so it can only be refunded"
        lines.append(("Payment that is not stopped", words))
    kept = registration.payments.filter(status__in=("confirmed", "paid_out"))
    total = sum(kept.values_list("pence", flat=True))
    lines.append(("Paid until now, and kept unless refunded", pounds(total)))
    if registration.shirt_number:
        lines.append(("Shirt that becomes free", str(registration.shirt_number)))
    return lines


def _month() -> date:
    return clock.today().replace(day=1)


def _owe(subscription: Subscription, *, reason: str, by: str, then_again: bool) -> None:
    moment = clock.now()
    row, made = Ending.objects.get_or_create(
        subscription=subscription,
        defaults={
            "reason": reason[:200],
            "asked_by": by,
            "then_again": then_again,
            "created_at": moment,
            "due_at": moment,
        },
    )
    if not made and not then_again:
        # Whoever leaves while the day is being changed gets no other collection.
        Ending.objects.filter(pk=row.pk).update(then_again=False)
        done = Ending.objects.filter(pk=row.pk, done_at__isnull=False)
        done.update(done_at=None, due_at=moment)
    queue.ring("payments.end")


def _end(row: Ending) -> None:
    """Talk, then write; raises the four outcomes. Repeating it changes nothing."""
    plan = row.subscription
    if plan.leased_until and plan.leased_until > clock.now():
        row.postpone(plan.leased_until, "it is being created at this moment")
        return
    _hold(plan)
    mandate = plan.mandate.gocardless_id
    at = clock.now()
    for seen in gocardless_books.subscriptions_of(mandate):
        if seen.status in _RUNNING and not _of_another(plan, seen.id):
            _cancelled(seen.id)
    theirs = gocardless_books.payments_of(mandate)
    payments = [_stopped(seen) for seen in theirs if not _for_another(plan, seen)]
    _record(row, plan, payments, at)


def _hold(plan: Subscription) -> None:
    """Nobody creates it any more: no job takes it up, and an outcome that is late is not kept."""
    rows = Subscription.objects.filter(pk=plan.pk).exclude(status__in=ENDED)
    rows.filter(gocardless_id="").update(due_at=None, attempts=plan.attempts + 1)


def _of_another(plan: Subscription, id: str) -> bool:
    """A family's mandate collects for several children; one that we do not know was made by a
    lost answer, and is this plan's where nobody else uses the mandate."""
    known = Subscription.objects.filter(gocardless_id=id).first()
    if known is None:
        return _is_shared(plan)
    return known.pk != plan.pk and known.status not in ENDED


def _for_another(plan: Subscription, seen: gocardless.Payment) -> bool:
    """A payment of another child by the same mandate stays as it is."""
    known = Payment.objects.filter(gocardless_id=seen.id).first()
    if known is not None:
        return known.registration_id != plan.registration_id
    maker = Subscription.objects.filter(gocardless_id=seen.subscription_id or "-").first()
    if maker is not None:
        return maker.registration_id != plan.registration_id
    return _is_shared(plan)


def _is_shared(plan: Subscription) -> bool:
    others = Subscription.objects.filter(mandate=plan.mandate_id)
    return others.exclude(registration=plan.registration_id).exists()


def _stopped(seen: gocardless.Payment) -> gocardless.Payment:
    if seen.status != _STOPPABLE:
        return seen
    try:
        return gocardless_books.cancel_payment(seen.id)
    except Rejected as error:
        if error.code != _TOO_LATE:
            raise
        return gocardless.get_payment(seen.id)


def _cancelled(subscription_id: str) -> None:
    try:
        gocardless.cancel_subscription(subscription_id)
    except Rejected as error:
        if error.code != _TOO_LATE:  # ended already
            raise


@transaction.atomic
def _record(
    row: Ending, plan: Subscription, payments: list[gocardless.Payment], at: datetime
) -> None:
    registration = merging.lock(plan.registration_id)
    current = Ending.objects.get(pk=row.pk)
    if not row.settle():
        return
    Ending.objects.filter(pk=row.pk).update(done_at=clock.now())
    for seen in payments:
        ours = Payment.objects.filter(gocardless_id=seen.id).first()
        if ours:
            following.refresh_payment(ours, seen, at=at)
        else:
            following.learn_payment(seen, at=at)
    rows = Subscription.objects.filter(pk=plan.pk).exclude(status__in=ENDED)
    change = {"status": Subscription.Status.CANCELLED, "due_at": None, "needs_person_at": None}
    if rows.update(**change):
        words = f"Monthly Direct Debit ended: {current.reason}"
        note(registration, TimelineEntry.Kind.PAYMENT, words, at=clock.now(), by=current.asked_by)
    _say_what_is_left(registration, payments)
    if current.then_again:
        _plan_next(registration, plan)
    merging.follow(registration.pk)
    sync.touch(registration)


def _say_what_is_left(registration: Registration, payments: list[gocardless.Payment]) -> None:
    """A payment that the bank has already, or will try again, of a child that has left or was
    taken off the family's Direct Debit, needs a person."""
    retried = registration.payments.filter(will_retry=True).exists()
    over = registration.cancelled_at or not registration.collection_arranged_at
    if over and (retried or any(p.status == "submitted" for p in payments)):
        what = "registration was cancelled" if registration.cancelled_at else "collection has ended"
        words = f"a payment is still on its way although the {what}: refund it"
        states.flag(registration.pk, words, at=clock.now())


def _plan_next(registration: Registration, old: Subscription | None) -> None:
    mandate = mandates.living_mandate(registration)
    if mandate is None or registration.cancelled_at:
        return
    joined_on = old.joined_on if old else clock.today()
    joined = datetime.combine(joined_on, time(12), tzinfo=clock.LONDON)
    plan_subscription(registration.pk, mandate, at=joined)
