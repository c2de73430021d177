"""Subscriptions: the rules of wire/gocardless_twilio 3.3 and the payments that they make."""

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from typing import Any

from integrations import clock
from integrations.sandbox.gocardless import bacs, events, payments, records
from integrations.sandbox.gocardless.checks import (
    boolean,
    checked,
    day_of_month,
    iso_date,
    metadata,
    one_of,
    text,
    whole,
)
from integrations.sandbox.gocardless.errors import invalid_field, invalid_state
from integrations.sandbox.gocardless.ids import moment
from integrations.sandbox.store import Store

LIVE = ("pending_customer_approval", "active", "paused")
_LARGEST_INTERVAL = {"weekly": 52, "monthly": 12, "yearly": 1}
_MOST_UPCOMING = 10
_MOST_AMENDMENTS = 10
_MONTHS = (
    "january february march april may june july august september october november december"
).split()
_CHANGES = {
    "amount": whole(1),
    "name": text(),
    "metadata": metadata,
    "payment_reference": text(10),
    "retry_if_possible": boolean,
    "app_fee": whole(0),
}
_SPEC = _CHANGES | {
    "currency": one_of("GBP"),
    "interval_unit": one_of("weekly", "monthly", "yearly"),
    "interval": whole(1, 52),
    "day_of_month": day_of_month,
    "month": one_of(*_MONTHS, None),
    "start_date": iso_date,
    "end_date": iso_date,
    "count": whole(1, 1000),
    "links": {"mandate": text()},
}
_REQUIRED = ("amount", "currency", "interval_unit", "links/mandate")


def create(store: Store, params: Any) -> dict:
    """A subscription; its start must not be before the mandate's next possible charge date."""
    values = checked("subscriptions", params, _SPEC, _REQUIRED)
    _check_rhythm(values)
    mandate = payments.usable_mandate(store, "subscriptions", values["links"]["mandate"])
    soonest = payments.soonest_charge(mandate, clock.now())
    subscription = _new(values)
    if not values.get("start_date"):
        subscription["start_date"] = bacs.first_start(soonest, subscription).isoformat()
    elif date.fromisoformat(values["start_date"]) < soonest:
        message = f"must be on or after mandate's next_possible_charge_date ({soonest})"
        raise invalid_field("subscriptions", "start_date", message)
    _count_by_end_date(subscription, values.get("end_date"))
    plan(subscription, date.min)
    records.save(store, "subscriptions", subscription)
    events.emit(store, "subscriptions", "created", subscription, origin="api")
    return subscription


def _new(values: dict[str, Any]) -> dict:
    return records.created("SB") | {
        "amount": values["amount"],
        "currency": "GBP",
        "status": "active",
        "name": values.get("name"),
        "start_date": values.get("start_date"),
        "end_date": None,
        "interval": values.get("interval", 1),
        "interval_unit": values["interval_unit"],
        "day_of_month": values.get("day_of_month"),
        "month": values.get("month"),
        "count": values.get("count"),
        "metadata": values.get("metadata") or {},
        "payment_reference": values.get("payment_reference"),
        "upcoming_payments": [],
        "app_fee": values.get("app_fee"),
        "retry_if_possible": values.get("retry_if_possible", False),
        "earliest_charge_date_after_resume": None,
        "parent_plan_paused": False,
        "links": {"mandate": values["links"]["mandate"]},
    }


def _check_rhythm(values: dict[str, Any]) -> None:
    unit = values["interval_unit"]
    if values.get("interval", 1) > _LARGEST_INTERVAL[unit]:
        message = "must be charged at least once a year"
        raise invalid_field("subscriptions", "interval", message)
    day, month = values.get("day_of_month"), values.get("month")
    if unit == "weekly" and day is not None:
        raise invalid_field("subscriptions", "day_of_month", "is not allowed with weekly")
    if unit != "yearly" and month is not None:
        raise invalid_field("subscriptions", "month", "is only allowed with yearly")
    if unit == "yearly" and (day is None) != (month is None):
        field = "month" if month is None else "day_of_month"
        raise invalid_field("subscriptions", field, "is required")
    if values.get("count") and values.get("end_date"):
        raise invalid_field("subscriptions", "end_date", "cannot be given with count")


def _count_by_end_date(subscription: dict, end: str | None) -> None:
    """Turn the deprecated `end_date` of a request into a count."""
    if not end:
        return
    before = 0
    for charge in bacs.charge_dates(subscription):
        if charge >= date.fromisoformat(end):
            break
        before += 1
    if before == 0:
        raise invalid_field("subscriptions", "end_date", "must be after start_date")
    subscription["count"] = before


def charge_dates(subscription: dict) -> Iterator[date]:
    """Its charge dates without those that a pause left out; as many as its count all the same."""
    skipped = set(subscription.get("_skipped", []))
    count = subscription.get("count")
    longer = {"count": count + len(skipped)} if count is not None else {}
    for charge in bacs.charge_dates(subscription | longer):
        if charge.isoformat() not in skipped:
            yield charge


def plan(subscription: dict, after: date) -> None:
    """Work out its coming payments after that day, and its end, in place."""
    subscription["upcoming_payments"] = _upcoming(subscription, after)
    if subscription.get("count") is not None:
        last = list(charge_dates(subscription))[-1] + timedelta(days=1)
        subscription["end_date"] = last.isoformat()


def _upcoming(subscription: dict, after: date) -> list[dict]:
    upcoming: list[dict] = []
    for charge in charge_dates(subscription):
        if len(upcoming) == _MOST_UPCOMING:
            break
        if charge > after:
            upcoming.append({"charge_date": charge.isoformat(), "amount": subscription["amount"]})
    return upcoming


def update(store: Store, id: str, params: Any) -> dict:
    """Change amount (at most ten times), name, metadata, reference or retry."""
    subscription = records.fetch(store, "subscriptions", id)
    values = checked("subscriptions", params, _CHANGES)
    if subscription["status"] not in LIVE:
        raise invalid_state("subscription_already_ended", "Subscription already ended")
    new_amount = values.get("amount", subscription["amount"]) != subscription["amount"]
    if new_amount:
        _count_amendment(store, id)
    subscription |= values
    for payment in subscription["upcoming_payments"]:
        payment["amount"] = subscription["amount"]
    records.save(store, "subscriptions", subscription)
    if new_amount:
        cause = "subscription_amended"
        events.emit(store, "subscriptions", "amended", subscription, origin="api", cause=cause)
    return subscription


def _count_amendment(store: Store, id: str) -> None:
    made = (store.get("gocardless.amendments", id) or {"count": 0})["count"]
    if made >= _MOST_AMENDMENTS:
        reason = "number_of_subscription_amendments_exceeded"
        raise invalid_state(reason, "Number of subscription amendments exceeded")
    store.put("gocardless.amendments", id, {"count": made + 1})


def cancel(store: Store, id: str, params: Any) -> dict:
    """Stop it; a payment that exists already stays."""
    subscription = records.fetch(store, "subscriptions", id)
    values = checked("data", params, {"metadata": metadata})
    if subscription["status"] not in LIVE:
        raise invalid_state("cancellation_failed", "Subscription could not be cancelled")
    return end(store, subscription | values, origin="api", cause="subscription_cancelled")


def end(store: Store, subscription: dict, *, cause: str, **event: Any) -> dict:
    """Mark it cancelled, with its event."""
    subscription |= {"status": "cancelled", "upcoming_payments": []}
    records.save(store, "subscriptions", subscription)
    events.emit(store, "subscriptions", "cancelled", subscription, cause=cause, **event)
    return subscription


def next_step(subscription: dict) -> datetime | None:
    """When its next payment is made: three working days before the charge, early."""
    upcoming = subscription["upcoming_payments"]
    if subscription["status"] != "active" or not upcoming:
        return None
    charge = date.fromisoformat(upcoming[0]["charge_date"])
    planned = bacs.at(bacs.add_working_days(charge, -bacs.ACTIVE_LEAD), bacs.CREATES_AT)
    return max(planned, moment(subscription["created_at"]))


def age(store: Store, subscription: dict, at: datetime) -> dict:
    """Make the next payment, and finish after the last; returns the payment."""
    due = subscription["upcoming_payments"][0]
    charge = date.fromisoformat(due["charge_date"])
    values = {
        "amount": due["amount"],
        "description": subscription["name"],
        "reference": subscription["payment_reference"],
        "retry_if_possible": subscription["retry_if_possible"],
        "links": {"mandate": subscription["links"]["mandate"], "subscription": subscription["id"]},
    }
    payment = payments.new(store, values, scheme="bacs", charge=charge, at=at)
    subscription["upcoming_payments"] = _upcoming(subscription, charge)
    if not subscription["upcoming_payments"]:
        subscription["status"] = "finished"
    records.save(store, "subscriptions", subscription)
    links = {"payment": payment["id"]}
    created = "payment_created"
    events.emit(store, "subscriptions", created, subscription, cause=created, at=at, links=links)
    links = {"subscription": subscription["id"]}
    events.emit(store, "payments", "created", payment, at=at, links=links)
    if subscription["status"] == "finished":
        events.emit(store, "subscriptions", "finished", subscription, at=at)
    return payment


FILTERS = records.by_field("created_at", "status") | records.by_link("mandate")
