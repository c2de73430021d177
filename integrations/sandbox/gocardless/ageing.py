"""What the calendar brings: every state change that is due by now, in order of time."""

import heapq
from collections.abc import Callable
from datetime import datetime
from functools import partial
from typing import Any

from integrations import clock
from integrations.sandbox.gocardless import (
    fulfilment,
    mandates,
    pausing,
    payments,
    payouts,
    records,
    refunds,
    retries,
    revival,
    subscriptions,
)
from integrations.sandbox.store import Store


def _subscription(store: Store, subscription: dict, at: datetime) -> dict | None:
    """Its next payment, or the end of its pause, which makes none."""
    if subscription["status"] == "paused":
        pausing.wake(store, subscription, at)
        return None
    return subscriptions.age(store, subscription, at)


_NEXT: dict[str, Callable[[dict], datetime | None]] = {
    "mandates": mandates.next_step,
    "payments": payments.next_step,
    "subscriptions": lambda one: pausing.next_step(one) or subscriptions.next_step(one),
    "refunds": refunds.next_step,
    "payouts": payouts.next_step,
    "retries": retries.next_step,
}
_STEP: dict[str, Callable[[Store, dict, datetime], Any]] = {
    "mandates": partial(mandates.age, activated=revival.activated),
    "payments": partial(payments.age, plan_retry=retries.plan),
    "subscriptions": _subscription,
    "refunds": refunds.age,
    "payouts": payouts.age,
    "retries": retries.age,
}


def tick(store: Store) -> None:
    """Bring everything up to the clock: fulfilments first, then the bank's calendar."""
    with store.lock:
        fulfilment.run_due(store)
        now = clock.now()
        waiting: list[tuple[datetime, str, str]] = []
        for plural in _NEXT:
            for resource in records.every(store, plural):
                _plan(waiting, plural, resource, now)
        while waiting:
            moment, plural, id = heapq.heappop(waiting)
            for kind, resource in _age(store, plural, id, moment):
                _plan(waiting, kind, resource, now)


def _plan(waiting: list, plural: str, resource: dict | None, now: datetime) -> None:
    moment = _NEXT[plural](resource) if resource else None
    if resource and moment and moment <= now:
        heapq.heappush(waiting, (moment, plural, resource["id"]))


def _age(store: Store, plural: str, id: str, moment: datetime) -> list[tuple[str, Any]]:
    """Take one step; returns what may have a next one."""
    resource = records.find(store, plural, id)
    if resource is None or _NEXT[plural](resource) != moment:  # an earlier step changed it
        return []
    made = _STEP[plural](store, resource, moment)
    following = [(plural, records.find(store, plural, id))]
    if plural == "subscriptions":
        following.append(("payments", made))
    if plural == "payments":
        following.append(("retries", records.find(store, "retries", id)))
        following += [("payouts", payout) for payout in payouts.pending(store)]
    if plural == "retries":
        following.append(("payments", records.find(store, "payments", id)))
    return following
