"""Our own parts: the database, the broker, the worker."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from celery import current_app
from django.db import DatabaseError, connection

from integrations import clock
from integrations.models import ServiceState

# The beat rings every half minute; three missed ones are a stopped worker.
SILENCE = timedelta(seconds=95)
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
