"""Housekeeping: waking what waited for a service, clearing what is old."""

from datetime import timedelta

from django.apps import apps
from django.contrib.sessions.backends.db import SessionStore
from django.db.models import QuerySet

from integrations import clock
from integrations.accounts import signins
from integrations.models import AgentCall, Due, ServiceCall, StaffMail

CALLS_KEPT = timedelta(days=30)
AGENTS_KEPT = timedelta(days=400)  # what agents did is asked for after a season, too
BATCH = 1000


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
    """Delete old calls (outgoing, of agents), sign-ins and sessions; how many calls."""
    now = clock.now()
    deleted = _delete(ServiceCall.objects.filter(started_at__lt=now - CALLS_KEPT))
    deleted += _delete(AgentCall.objects.filter(at__lt=now - AGENTS_KEPT))
    StaffMail.objects.filter(sent_at__lt=now - CALLS_KEPT).delete()
    SessionStore.clear_expired()
    signins.tidy()
    return deleted


def _delete(old: QuerySet) -> int:
    """In small batches, so that nobody waits long for the table."""
    deleted = 0
    while batch := list(old.order_by("pk").values_list("pk", flat=True)[:BATCH]):
        deleted += old.model._default_manager.filter(pk__in=batch).delete()[0]
    return deleted
