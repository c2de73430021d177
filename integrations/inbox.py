"""Keeps what the services tell us, then applies it (design.md 4; style.md rule 8)."""

import logging
import re
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

# What is kept of an event: ids and codes. Somebody else's metadata may name a child.
KEPT = ("id", "created_at", "resource_type", "action", "details", "links")
_UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
BATCH = 250  # what GoCardless puts into one delivery at the most (wire 4.1)


class Handler(Protocol):
    """What settings.WEBHOOK_HANDLERS names for each source."""

    def read(self, event: WebhookEvent) -> Any:
        """Read outside what must be read; no transaction is open."""

    def apply(self, event: WebhookEvent, reading: Any) -> str:
        """Apply the event inside the one open transaction; returns a WebhookEvent.Outcome."""

    def apply_together(self, events: list[WebhookEvent]) -> dict[int, str]:
        """Apply, inside the open transaction, those of the events that need no reading.

        Returns their outcomes by primary key; the others are taken one by one.
        """


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
            body=_kept(event),
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
        done = _apply_together(batch) if len(batch) > 1 else set()
        for event in batch:
            if event.pk not in done and _still_ours(event):
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


def _apply_together(batch: list[WebhookEvent]) -> set[int]:
    """Apply what can be applied in one transaction; a surprise undoes it and leaves all to be
    taken one by one. Returns the primary keys of what is done."""
    done: set[int] = set()
    for source in {event.source for event in batch}:
        events = [event for event in batch if event.source == source]
        handler = _handler(source)
        try:
            with transaction.atomic():
                outcomes = handler.apply_together(events) if handler else {}
                _mark_processed([event for event in events if event.pk in outcomes], outcomes)
        except _TakenOver:
            log.warning("a batch of %s events was taken over by another worker", source)
        except Exception as error:  # whichever of them it was will say so by itself
            log.warning("a batch of %s events: %s", source, type(error).__name__)
        else:
            done |= outcomes.keys()
    return done


def _still_ours(event: WebhookEvent) -> bool:
    """Renew the lease: the events before this one may have waited for a slow service."""
    event.leased_until = clock.now() + LEASE
    mine = WebhookEvent.objects.filter(pk=event.pk, attempts=event.attempts)
    return bool(mine.update(leased_until=event.leased_until))


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
        _mark_processed([event], {event.pk: outcome})


def _mark_processed(events: list[WebhookEvent], outcomes: dict[int, str]) -> None:
    """Note what became of the events; raises where another worker has taken one of them over."""
    alike: dict[tuple[str, int], list[int]] = {}
    for event in events:
        alike.setdefault((outcomes[event.pk], event.attempts), []).append(event.pk)
    for (outcome, attempts), keys in alike.items():
        mine = WebhookEvent.objects.filter(pk__in=keys, attempts=attempts)
        done = mine.update(
            outcome=outcome,
            processed_at=clock.now(),
            due_at=None,
            leased_until=None,
            uncertain_since=None,
            last_error="",
        )
        if done != len(keys):
            raise _TakenOver


def _handler(source: str) -> Handler | None:
    name = settings.WEBHOOK_HANDLERS.get(source)
    return import_string(name)() if name else None


def _kept(event: dict[str, Any]) -> dict[str, Any]:
    """The event without what may be personal; of its resource's metadata only ids."""
    body = {name: event[name] for name in KEPT if name in event}
    metadata = event.get("resource_metadata")
    if metadata and isinstance(metadata, dict):
        ids = ((name, id) for name, id in metadata.items() if isinstance(id, str))
        body["resource_metadata"] = {name: id for name, id in ids if _UUID.fullmatch(id)}
    return body


def _moment(text: Any) -> datetime | None:
    try:
        moment = parse_datetime(text) if isinstance(text, str) else None
    except ValueError:
        return None
    return moment if moment and moment.tzinfo else None
