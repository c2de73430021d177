"""The plan of a subscription: stored whole, months included, before anything is created."""

from datetime import date, timedelta

from django.db import transaction
from django.db.models import Q

from integrations import clock
from payments import schedule
from payments.actions.fulfilment import LOST_PAYMENT
from payments.models import MonthlyCharge, Payment, Subscription
from registrations.actions import states
from registrations.models import Registration, TimelineEntry, note

Purpose = Payment.Purpose


@transaction.atomic
def store_plan(subscription: Subscription, next_possible: date) -> bool:
    """Decide by the rule of domain 5.6 and store it: the dates, the single payment, the months.

    False, and nothing stored, where another worker has taken the subscription over.
    """
    registration = states.locked(subscription.registration_id)
    mine = Subscription.objects.filter(pk=subscription.pk, attempts=subscription.attempts)
    if not mine.exists():
        return False
    plan = _plan(subscription, registration, next_possible)
    subscription.planned_at = clock.now()
    subscription.start_on, subscription.count = plan.start_on, plan.count
    subscription.pence = registration.monthly_fee_pence
    subscription.save(update_fields=["planned_at", "start_on", "count", "pence"])
    if plan.single_month and plan.single_on:
        single = _store_single(subscription, plan.single_on)
        _expect(subscription, plan.single_month, plan.single_on, single)
    for month in plan.months:
        chosen = schedule.chosen_day(month, subscription.day_of_month)
        expected = schedule.charged_on(chosen, subscription.day_of_month)
        _expect(subscription, month, expected, None)
    note(registration, TimelineEntry.Kind.PAYMENT, _words(plan), at=clock.now())
    if plan.missed:
        months = ", ".join(f"{month:%B}" for month in plan.missed)
        words = f"could no longer be collected by the plan: {months}"
        states.flag(registration.pk, words, at=clock.now())
    return True


def is_stale(subscription: Subscription, next_possible: date) -> bool:
    """Whether so much time has passed since planning that the bank would refuse the start."""
    return bool(subscription.start_on and subscription.start_on < next_possible)


def expected_first(subscription: Subscription) -> date | None:
    """The date on which the plan expects the subscription's first collection."""
    if subscription.start_on is None:
        return None
    return schedule.charged_on(subscription.start_on, subscription.day_of_month)


def _plan(
    subscription: Subscription, registration: Registration, next_possible: date
) -> schedule.Plan:
    season = registration.season
    return schedule.plan(
        joined_on=subscription.joined_on,
        day=subscription.day_of_month,
        next_possible=next_possible,
        first_month=max(season.first_month, _first_free_month(registration)),
        last_month=season.last_month,
    )


def _first_free_month(registration: Registration) -> date:
    """The month after the last one that an earlier mandate has collected, or is collecting."""
    lost = Q(status__in=LOST_PAYMENT, payment__will_retry=False)
    taken = registration.monthly_charges.exclude(payment=None).exclude(lost)
    latest = taken.order_by("-month").values_list("month", flat=True).first()
    return (latest + timedelta(days=32)).replace(day=1) if latest else date.min


def _store_single(subscription: Subscription, charge_on: date) -> Payment:
    single, _ = Payment.objects.get_or_create(
        subscription=subscription,
        purpose=Purpose.FIRST_MONTH,
        defaults={
            "registration_id": subscription.registration_id,
            "mandate_id": subscription.mandate_id,
            "pence": subscription.pence,
            "charge_on": charge_on,
            "created_at": clock.now(),
        },
    )
    return single


def _expect(
    subscription: Subscription, month: date, charge_on: date, payment: Payment | None
) -> None:
    expected = {"pence": subscription.pence, "charge_on": charge_on, "payment": payment}
    MonthlyCharge.objects.update_or_create(
        registration_id=subscription.registration_id,
        month=month,
        defaults=expected | {"status": "", "status_at": None},
    )


def _words(plan: schedule.Plan) -> str:
    parts = []
    if plan.single_on:
        parts.append(f"one payment for {plan.single_month:%B} on {plan.single_on:%d-%m-%Y}")
    if plan.start_on:
        parts.append(f"{plan.count} monthly payments from {plan.start_on:%d-%m-%Y}")
    if not parts:
        return "No monthly payment: no month is left to collect this season"
    return f"Planned: {', then '.join(parts)}"
