"""Bringing a changed monthly fee to GoCardless: the subscription's amount, once, then the parent.

An amount is absolute, so asking twice does no harm. GoCardless allows ten changes of one
subscription (wire 3.3): instead of the eleventh it is ended and followed by another.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, time

from django.db import transaction
from django.db.models import F

from integrations import clock, gocardless
from integrations.errors import Rejected
from payments.actions import discounts, fulfilment
from payments.models import MonthlyCharge, MonthlyPrice, Subscription
from registrations.actions import messages, states, sync
from registrations.models import Registration, TimelineEntry, note
from registrations.wording import pounds

MOST_AMENDMENTS = 10
_TOO_MANY = "number_of_subscription_amendments_exceeded"
# Nothing is left to amend; the event that says so is on its way.
_OVER = ("subscription_already_ended", "subscription_not_active")


def price_due() -> None:
    """Price every family that is due, and amend what is collected by another amount."""
    for pk in MonthlyPrice.objects.due().order_by("due_at", "pk").values_list("pk", flat=True):
        row = MonthlyPrice.objects.claim(pk)
        if row is not None:
            with row.reporting():
                _attend(row)


def _attend(row: MonthlyPrice) -> None:
    """Raises the four outcomes."""
    if row.successor_from:
        _follow(row)
    discounts.price(row.registration_id)
    plan = _running(row)
    if plan is not None and plan.pence != plan.registration.monthly_fee_pence:
        _amend(row, plan, plan.registration.monthly_fee_pence)
    _settle(row)


def _running(row: MonthlyPrice) -> Subscription | None:
    """The subscription that collects now; one that is still to be made takes the new price."""
    plans = Subscription.objects.filter(
        registration=row.registration_id, status__in=discounts.RUNNING
    )
    return plans.exclude(gocardless_id="").select_related("registration").first()


def _settle(row: MonthlyPrice) -> None:
    """Done, unless there was another wish meanwhile."""
    mine = MonthlyPrice.objects.filter(pk=row.pk, attempts=row.attempts)
    done = {"due_at": None, "leased_until": None, "uncertain_since": None, "last_error": ""}
    if not mine.filter(wishes=row.wishes).update(**done):
        mine.update(leased_until=None, due_at=clock.now())


def _amend(row: MonthlyPrice, plan: Subscription, pence: int) -> None:
    made_before = row.amendments if row.amended == plan.gocardless_id else 0
    if made_before >= MOST_AMENDMENTS:
        _replace(row, plan)
        return
    try:
        seen = gocardless.amend_subscription(plan.gocardless_id, pence=pence)
    except Rejected as error:
        if error.code == _TOO_MANY:
            _replace(row, plan)
        elif error.code not in _OVER:
            raise
        return
    _record_amended(row, plan, pence, seen)


@transaction.atomic
def _record_amended(
    row: MonthlyPrice, plan: Subscription, pence: int, seen: gocardless.Subscription
) -> None:
    registration = states.locked(plan.registration_id)
    unchanged = Subscription.objects.filter(pk=plan.pk, pence=plan.pence)
    if not unchanged.update(pence=pence):
        return
    made_before = row.amendments if row.amended == plan.gocardless_id else 0
    row.amended, row.amendments = plan.gocardless_id, made_before + 1
    counted = MonthlyPrice.objects.filter(pk=row.pk)
    counted.update(amended=row.amended, amendments=row.amendments)
    if seen.upcoming:
        # What was created before stays as it was (wire 3.3).
        later = MonthlyCharge.objects.filter(registration=registration, payment=None)
        later.filter(month__gte=seen.upcoming[0][0].replace(day=1)).update(pence=pence)
    _tell(registration, plan.pence, pence)


def _tell(registration: Registration, before: int, pence: int) -> None:
    moment = clock.now()
    words = f"Monthly Direct Debit changed from {pounds(before)} to {pounds(pence)}"
    note(registration, TimelineEntry.Kind.PAYMENT, words, at=moment)
    why, discounted = discounts.why_changed(registration.pk), pence < before
    messages.queue_monthly_fee(registration, discounted=discounted, why=why, at=moment)
    sync.touch(registration)


def _replace(row: MonthlyPrice, plan: Subscription) -> None:
    """First what is left to collect is read and stored; then the old one is ended."""
    seen = gocardless.get_subscription(plan.gocardless_id)
    if seen.upcoming:
        _lay_down(row, plan, seen.upcoming[0][0].replace(day=1))
        _follow(row)


@transaction.atomic
def _lay_down(row: MonthlyPrice, plan: Subscription, successor_from: date) -> None:
    states.locked(plan.registration_id)
    Subscription.objects.filter(pk=plan.pk).update(status=Subscription.Status.CANCELLED)
    row.successor_from, row.amended = successor_from, plan.gocardless_id
    change = {"successor_from": successor_from, "amended": plan.gocardless_id}
    MonthlyPrice.objects.filter(pk=row.pk).update(**change)


def _follow(row: MonthlyPrice) -> None:
    """End the subscription at GoCardless, then plan the next one from the first open month on."""
    old = Subscription.objects.select_related("mandate").get(gocardless_id=row.amended)
    try:
        gocardless.cancel_subscription(old.gocardless_id)
    except Rejected as error:
        if error.code != "cancellation_failed":  # ended already
            raise
    _plan_successor(row, old)


@transaction.atomic
def _plan_successor(row: MonthlyPrice, old: Subscription) -> None:
    registration = states.locked(row.registration_id)
    waiting = MonthlyPrice.objects.filter(pk=row.pk, successor_from=row.successor_from)
    change = {"successor_from": None, "amendments": 0, "wishes": F("wishes") + 1}
    if row.successor_from is None or not waiting.update(**change):
        return
    joined = datetime.combine(row.successor_from, time(12), tzinfo=UTC)
    row.successor_from = None
    fulfilment.plan_subscription(registration.pk, old.mandate, at=joined)
    _tell(registration, old.pence, registration.monthly_fee_pence)
