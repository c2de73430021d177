"""Creating what collects each month: planned once, created once, then compared with the plan."""

from datetime import date

from django.db import transaction

from integrations import clock, gocardless
from integrations.errors import Rejected
from payments.actions import discounts, planning
from payments.actions.fulfilment import DEAD_MANDATE, withdraw
from payments.models import MonthlyCharge, Payment, Subscription
from registrations.actions import messages, states, sync
from registrations.models import TimelineEntry, note

Status = Subscription.Status
TO_CREATE = (Status.PLANNED, Status.FAILED)


def collect_due() -> None:
    """Create every subscription that is due; lease, key and constraint allow only one each."""
    for pk in Subscription.objects.due().values_list("pk", flat=True):
        row = Subscription.objects.claim(pk)
        if row is not None:
            with row.reporting():
                _collect(row)


def _collect(row: Subscription) -> None:
    if row.status not in TO_CREATE:
        row.settle()
    elif not _still_wanted(row):
        if row.settle():
            withdraw(row)
    else:
        try:
            _create(row)
        except Rejected as error:
            _give_up(row, f"GoCardless refused: {error.message or error.code}")


def _still_wanted(row: Subscription) -> bool:
    registration = row.registration
    alive = row.mandate.status not in DEAD_MANDATE
    return bool(alive and registration.fee_settled_at and not registration.cancelled_at)


def _create(row: Subscription) -> None:
    """Talk and write in turn; raises the four outcomes."""
    mandate = gocardless.get_mandate(row.mandate.gocardless_id)
    soonest = mandate.next_possible_charge_date
    if soonest is None:
        _give_up(row, f"the mandate is {mandate.status}")
        return
    unplanned = row.planned_at is None or _may_plan_again(row, soonest)
    if unplanned:
        discounts.price(row.registration_id)
    if unplanned and not planning.store_plan(row, soonest):
        return  # another worker has taken over
    _create_single(row)
    _finish(row, _create_subscription(row, row.count) if row.count else None)


def _may_plan_again(row: Subscription, soonest: date) -> bool:
    """A plan that waited too long is made anew, but only where nothing was created by it."""
    if not planning.is_stale(row, soonest) or row.payments.exists():
        return False
    return not gocardless.list_subscriptions(row.mandate.gocardless_id)


def _create_single(row: Subscription) -> None:
    single = row.payments.filter(purpose=Payment.Purpose.FIRST_MONTH).first()
    if single is None or single.gocardless_id:
        return
    made = gocardless.create_payment(
        mandate_id=row.mandate.gocardless_id,
        pence=single.pence,
        charge_on=single.charge_on,
        description="First month",
        metadata=_metadata(row),
        key=str(single.key),
    )
    _record_single(single, made)


@transaction.atomic
def _record_single(single: Payment, made: gocardless.Payment) -> None:
    states.locked(single.registration_id)
    moment = clock.now()
    Payment.objects.filter(pk=single.pk, gocardless_id="").update(
        gocardless_id=made.id, status=made.status, charge_on=made.charge_on, status_at=moment
    )
    change = {"charge_on": made.charge_on, "status": made.status, "status_at": moment}
    MonthlyCharge.objects.filter(payment=single).update(**change)


def _create_subscription(row: Subscription, count: int) -> gocardless.Subscription:
    season = row.registration.season
    return gocardless.create_subscription(
        mandate_id=row.mandate.gocardless_id,
        pence=row.pence,
        name=f"Monthly subscription {season.label}",
        day_of_month=row.day_of_month,
        start_on=row.start_on,
        count=count,
        metadata=_metadata(row),
        key=str(row.key),
    )


def _metadata(row: Subscription) -> dict[str, str]:
    return {"registration": str(row.registration.sync_id)}


@transaction.atomic
def _finish(row: Subscription, made: gocardless.Subscription | None) -> None:
    """Record what exists now, tell the parent, and leave a difference from the plan to a person."""
    registration = states.locked(row.registration_id)
    if not row.settle():
        return
    row.status = Status.ACTIVE if made else Status.NOT_NEEDED
    row.gocardless_id = made.id if made else ""
    row.first_charge_on = made.upcoming[0][0] if made and made.upcoming else None
    row.save(update_fields=["status", "gocardless_id", "first_charge_on"])
    words = "Monthly Direct Debit created" if made else "No monthly Direct Debit is needed"
    note(registration, TimelineEntry.Kind.PAYMENT, words, at=clock.now())
    if registration.monthly_fee_pence != row.pence:
        discounts.look_again(registration.pk, at=clock.now())  # changed since it was planned
    if made and row.first_charge_on != planning.expected_first(row):
        _report_difference(row)
    messages.queue_confirmation(registration, subscribed=made is not None, at=clock.now())
    sync.touch(registration)


def _report_difference(row: Subscription) -> None:
    planned, actual = planning.expected_first(row), row.first_charge_on
    first = f"{actual:%d-%m-%Y}" if actual else "no date"
    words = f"GoCardless collects first on {first}, planned was {planned:%d-%m-%Y}"
    row.hand_to_person(words)
    states.flag(row.registration_id, words, at=clock.now())


@transaction.atomic
def _give_up(row: Subscription, reason: str) -> None:
    """Staff see it and the parent is told the truth: paid, but no monthly collection yet."""
    registration = states.locked(row.registration_id)
    if not row.hand_to_person(reason):
        return
    row.status = Status.FAILED
    row.save(update_fields=["status"])
    note(
        registration,
        TimelineEntry.Kind.PAYMENT,
        f"No monthly Direct Debit: {reason}",
        at=clock.now(),
    )
    states.flag(registration.pk, f"monthly Direct Debit failed: {reason}", at=clock.now())
    messages.queue_confirmation(registration, subscribed=False, at=clock.now())
    sync.touch(registration)
