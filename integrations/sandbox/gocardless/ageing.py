"""What the calendar brings: every state change that is due by now, in order of time."""

import heapq
from collections.abc import Callable
from datetime import datetime
from typing import Any

from integrations import clock
from integrations.sandbox.gocardless import fulfilment, mandates, payments, records, subscriptions
from integrations.sandbox.store import Store

_NEXT: dict[str, Callable[[dict], datetime | None]] = {
    "mandates": mandates.next_step,
    "payments": payments.next_step,
    "subscriptions": subscriptions.next_step,
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
    resource = records.fetch(store, plural, id)
    if _NEXT[plural](resource) is None:  # cancelled by an earlier step
        return []
    if plural == "subscriptions":
        payment = subscriptions.age(store, resource, moment)
        return [(plural, records.find(store, plural, id)), ("payments", payment)]
    (mandates if plural == "mandates" else payments).age(store, resource, moment)
    return [(plural, records.find(store, plural, id))]
