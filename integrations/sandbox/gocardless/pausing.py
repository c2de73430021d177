"""Pausing and resuming a subscription, for some cycles or until told (wire section 3.3).

What a pause leaves out is kept in the field `_skipped`; fields that begin so are never answered.
"""

from datetime import date, datetime
from typing import Any

from integrations import clock
from integrations.sandbox.gocardless import bacs, events, payments, records, subscriptions
from integrations.sandbox.gocardless.checks import checked, metadata, whole
from integrations.sandbox.gocardless.errors import invalid_state
from integrations.sandbox.store import Store

_SPEC = {"metadata": metadata, "pause_cycles": whole(1, 100)}


def pause(store: Store, id: str, params: Any) -> dict:
    """Make no more payments: for `pause_cycles`, or until it is resumed."""
    subscription = records.fetch(store, "subscriptions", id)
    values = checked("data", params, _SPEC)
    cycles = values.pop("pause_cycles", None)
    _check(subscription, cycles)
    subscription |= {"status": "paused", **values}
    _, coming = _upcoming(store, subscription)
    if cycles is None:
        subscription |= {"upcoming_payments": [], "end_date": None, "_resumes": None}
    else:
        subscription["_skipped"] = [*subscription.get("_skipped", []), *coming[:cycles]]
        subscriptions.plan(subscription, _last(store, subscription))
        resumes = [one["charge_date"] for one in subscription["upcoming_payments"]][:1]
        subscription["_resumes"] = resumes[0] if resumes else None
    subscription["earliest_charge_date_after_resume"] = _earliest(store, subscription)
    records.save(store, "subscriptions", subscription)
    events.emit(store, "subscriptions", "paused", subscription, origin="api")
    return subscription


def _check(subscription: dict, cycles: int | None) -> None:
    if subscription["status"] not in ("active", "paused"):
        raise invalid_state("subscription_already_ended", "Subscription already ended")
    if subscription["status"] == "active" and not subscription["upcoming_payments"]:
        raise invalid_state("subscription_cannot_be_paused", "Subscription cannot be paused")
    if subscription["status"] == "paused":
        if cycles is not None:
            reason = "subscription_paused_cannot_update_cycles"
            raise invalid_state(reason, "Subscription is already paused for a number of cycles")
        if not subscription.get("_resumes"):
            raise invalid_state("subscription_cannot_be_paused", "Subscription is already paused")


def resume(store: Store, id: str, params: Any) -> dict:
    """Collect again, from the first day of its rhythm that can still be charged."""
    subscription = records.fetch(store, "subscriptions", id)
    values = checked("data", params, {"metadata": metadata})
    if subscription["status"] != "paused":
        raise invalid_state("subscription_not_paused", "Subscription is not paused")
    _resume(store, subscription | values)
    events.emit(store, "subscriptions", "resumed", subscription, origin="api")
    return records.fetch(store, "subscriptions", id)


def _resume(store: Store, subscription: dict) -> None:
    """Leave out what could not be charged any more during an indefinite pause."""
    if not subscription.get("_resumes"):
        missed, _ = _upcoming(store, subscription)
        subscription["_skipped"] = [*subscription.get("_skipped", []), *missed]
    subscription |= {"status": "active", "earliest_charge_date_after_resume": None}
    subscription |= {"_resumes": None}
    subscriptions.plan(subscription, _last(store, subscription))
    records.save(store, "subscriptions", subscription)


def wake(store: Store, subscription: dict, at: datetime) -> None:
    """The cycles of a pause are over: GoCardless resumes it."""
    _resume(store, subscription)
    events.emit(store, "subscriptions", "resumed", subscription, at=at)


def _earliest(store: Store, subscription: dict) -> str | None:
    if subscription["_resumes"]:
        return subscription["_resumes"]
    _, coming = _upcoming(store, subscription)
    return coming[0] if coming else None


def _last(store: Store, subscription: dict) -> date:
    """The charge date of its last payment, or the beginning of time."""
    made = [
        one["charge_date"]
        for one in records.every(store, "payments")
        if one["links"].get("subscription") == subscription["id"]
    ]
    return date.fromisoformat(max(made)) if made else date.min


def _upcoming(store: Store, subscription: dict) -> tuple[list[str], list[str]]:
    """Charge dates that were missed, and the next hundred that can still be charged."""
    mandate = records.fetch(store, "mandates", subscription["links"]["mandate"])
    soonest = payments.soonest_charge(mandate, clock.now())
    last = _last(store, subscription)
    missed: list[str] = []
    coming: list[str] = []
    for charge in subscriptions.charge_dates(subscription):
        if charge <= last:
            continue
        (missed if charge < soonest else coming).append(charge.isoformat())
        if len(coming) == 100:
            break
    return missed, coming


def next_step(subscription: dict) -> datetime | None:
    """When a pause of some cycles ends: as its next payment is about to be made."""
    if subscription["status"] != "paused" or not subscription.get("_resumes"):
        return None
    charge = date.fromisoformat(subscription["_resumes"])
    return bacs.at(bacs.add_working_days(charge, -bacs.ACTIVE_LEAD - 1), bacs.CREATES_AT)
