"""Our own parts: the database, the broker, the clock, the worker."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from celery import current_app
from django.db import DatabaseError, connection
from django.db.models.functions import Now

from integrations import clock
from integrations.models import ServiceCall, ServiceState

# The beat rings every half minute; three missed ones are a stopped worker.
RINGS = timedelta(seconds=30)
SILENCE = timedelta(seconds=95)
DRIFT = timedelta(seconds=30)  # between our clock and the database's
LOOKS = timedelta(minutes=5)  # between two notes of how quick a part is
WORKER = "worker"


@dataclass(frozen=True)
class Part:
    """Whether a part works, and what is wrong in words."""

    works: bool
    problem: str = ""


def database() -> Part:
    """Whether the database answers."""
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except DatabaseError as error:
        return Part(False, type(error).__name__)
    return Part(True)


def broker() -> Part:
    """Whether the broker takes a connection."""
    try:
        with current_app.connection_for_write(connect_timeout=2) as link:
            link.ensure_connection(max_retries=1, timeout=2)
    except Exception as error:  # transports raise errors of their own libraries
        return Part(False, f"no connection ({type(error).__name__})")
    return Part(True)


def worker(state: ServiceState | None) -> Part:
    """Whether the worker's heartbeat is fresh; `state` is its row."""
    beat = state and state.last_success_at
    if not beat:
        return Part(False, "never seen: is the worker running?")
    if clock.now() - beat > SILENCE:
        return Part(False, f"last seen at {clock.london(beat):%H:%M on %-d %B}")
    return Part(True)


def ticking() -> Part:
    """Whether our clock and the database's agree; a demo's moved clock is no fault."""
    row = ServiceState.objects.annotate(there=Now()).values_list("there", flat=True).first()
    apart = abs(row - (clock.now() - clock.offset())) if row else timedelta()
    return Part(apart < DRIFT, f"{apart.total_seconds():.0f} s apart from the database's")


LOOK: dict[str, Callable[[], Part]] = {"database": database, "broker": broker, "clock": ticking}


def note_heartbeat() -> None:
    """Write down that a worker is alive; now and then, how quick each part of ours is.

    The worker's own time is how late it was rung for, in real seconds: moving the demo's clock is
    no silence.
    """
    now, pace = clock.now(), clock.pace()
    state, _ = ServiceState.objects.get_or_create(pk=WORKER)
    late = timedelta(seconds=max(pace - state.next_slot, 0) if state.next_slot else 0)
    ServiceState.objects.filter(pk=WORKER).update(
        last_success_at=now, away_since=None, next_slot=pace + RINGS.total_seconds()
    )
    rung = Part(late < SILENCE, f"silent for {late.total_seconds():.0f} s")
    lately = ServiceCall.objects.filter(service=WORKER, started_at__range=(now - LOOKS, now))
    if lately.exists() and rung.works:
        return
    _note(WORKER, "rung", now, late, rung)
    for name, look in LOOK.items():
        started = time.monotonic()
        part = look()
        _note(name, "looked at", now, timedelta(seconds=time.monotonic() - started), part)


def _note(name: str, operation: str, now: datetime, took: timedelta, part: Part) -> None:
    """As a call to a service is noted, so that the same charts and lists tell of it."""
    outcome = ServiceCall.Outcome.OK if part.works else ServiceCall.Outcome.UNAVAILABLE
    ServiceCall.objects.create(
        service=name,
        operation=operation,
        started_at=now,
        milliseconds=int(took / timedelta(milliseconds=1)),
        outcome=outcome,
        code="" if part.works else part.problem[:80],
    )
    said: dict[str, Any] = {"last_success_at": now}
    if not part.works:
        said = {"last_error_at": now, "last_error": part.problem}
    ServiceState.objects.update_or_create(pk=name, defaults=said)
