"""Keeps what the services tell us, then applies it (design.md 4; style.md rule 8)."""

import logging
import traceback
from datetime import datetime
from typing import Any, Protocol

from django.conf import settings
from django.db import OperationalError, transaction
from django.db.models import F
from django.utils.dateparse import parse_datetime
from django.utils.module_loading import import_string

from integrations import clock, queue
from integrations.models import LEASE, WebhookEvent

log = logging.getLogger(__name__)

BATCH = 25


class Handler(Protocol):
    """What settings.WEBHOOK_HANDLERS names for each source."""

    def read(self, event: WebhookEvent) -> Any:
        """Read outside what must be read; no transaction is open."""

    def apply(self, event: WebhookEvent, reading: Any) -> str:
        """Apply the event inside the one open transaction; returns a WebhookEvent.Outcome."""


class _TakenOver(Exception):
    """The lease ran out and another worker has this event: undo ours."""


def store(source: str, events: list[dict[str, Any]]) -> int:
    """Keep every event of a delivery in one INSERT; those that we have already are left out.

    An event has `id`, and may have `resource_type`, `action` and `created_at`. Returns how many
    the delivery held.
    """
    received_at = clock.now()
    rows = [
        WebhookEvent(
            source=source,
            event_id=event["id"],
            resource_type=str(event.get("resource_type") or "")[:60],
            action=str(event.get("action") or "")[:80],
            body=event,
            happened_at=_moment(event.get("created_at")),
            received_at=received_at,
            due_at=received_at,
        )
        for event in events
    ]
    WebhookEvent.objects.bulk_create(rows, ignore_conflicts=True)
    queue.ring("integrations.process_events")
    return len(rows)


def process_due() -> int:
    """Process every event that is due, oldest first; returns how many were taken up."""
    taken = 0
    while batch := _claim():
        for event in batch:
            _process(event)
        taken += len(batch)
    return taken


def _claim() -> list[WebhookEvent]:
    """Take a batch of due events for a lease, in the order in which they happened."""
    moment = clock.now()
    with transaction.atomic():
        due = WebhookEvent.objects.due(moment).order_by(F("happened_at").asc(nulls_last=True), "pk")
        # SQLite has no row locks and needs none: its transactions write one at a time.
        batch = list(due.select_for_update(skip_locked=True)[:BATCH])
        mine = WebhookEvent.objects.filter(pk__in=[event.pk for event in batch])
        if batch:
            mine.update(leased_until=moment + LEASE, attempts=F("attempts") + 1)
    for event in batch:
        event.leased_until, event.attempts = moment + LEASE, event.attempts + 1
    return batch


def _process(event: WebhookEvent) -> None:
    try:
        with event.reporting():
            handler = _handler(event.source)
            reading = handler.read(event) if handler else None
            _apply(event, handler, reading)
    except _TakenOver:
        log.warning("webhook event %s was taken over by another worker", event.pk)
    except OperationalError as error:  # a lock or a lost connection, not the event's fault
        event.postpone(event.next_try(), type(error).__name__)
    except Exception as error:  # one poisoned event may hold up nothing else
        place = traceback.extract_tb(error.__traceback__)[-1]
        reason = f"{type(error).__name__} in {place.name}, line {place.lineno}"
        log.error("webhook event %s failed: %s", event.pk, reason)
        event.hand_to_person(reason)


def _apply(event: WebhookEvent, handler: Handler | None, reading: Any) -> None:
    with transaction.atomic():
        outcome = handler.apply(event, reading) if handler else WebhookEvent.Outcome.UNKNOWN
        mine = WebhookEvent.objects.filter(pk=event.pk, attempts=event.attempts)
        done = mine.update(
            outcome=outcome,
            processed_at=clock.now(),
            due_at=None,
            leased_until=None,
            uncertain_since=None,
            last_error="",
        )
        if not done:
            raise _TakenOver


def _handler(source: str) -> Handler | None:
    name = settings.WEBHOOK_HANDLERS.get(source)
    return import_string(name)() if name else None


def _moment(text: Any) -> datetime | None:
    try:
        moment = parse_datetime(text) if isinstance(text, str) else None
    except ValueError:
        return None
    return moment if moment and moment.tzinfo else None
