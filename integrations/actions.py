"""Housekeeping: the heartbeat, waking what waited for a service, clearing what is old."""

from datetime import timedelta

from django.apps import apps
from django.contrib.sessions.backends.db import SessionStore

from integrations import clock
from integrations.accounts import signins
from integrations.models import Due, ServiceCall, ServiceState

HEARTBEAT = "worker"
CALLS_KEPT = timedelta(days=30)
BATCH = 1000


def note_heartbeat() -> None:
    """Write down that a worker is alive now."""
    ServiceState.objects.update_or_create(
        pk=HEARTBEAT, defaults={"last_success_at": clock.now(), "away_since": None}
    )


def wake(service: str) -> int:
    """Make every row due now that waits because `service` was away; returns how many.

    Such a row's last error begins with the service's name (errors.OutsideError).
    """
    moment, woken = clock.now(), 0
    for model in apps.get_models():
        if issubclass(model, Due):
            waiting = model._default_manager.waiting().filter(due_at__gt=moment)
            woken += waiting.filter(last_error__startswith=f"{service}:").update(due_at=moment)
    return woken


def tidy() -> int:
    """Delete calls older than 30 days and sessions that have ended,
    and sign-ins older than a year; returns how many calls."""
    oldest, deleted = clock.now() - CALLS_KEPT, 0
    old = ServiceCall.objects.filter(started_at__lt=oldest).order_by("pk")
    # In small batches, so that nobody waits long for the table.
    while batch := list(old.values_list("pk", flat=True)[:BATCH]):
        deleted += ServiceCall.objects.filter(pk__in=batch).delete()[0]
    SessionStore.clear_expired()
    signins.tidy()
    return deleted
