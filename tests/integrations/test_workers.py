"""Several workers at once, each in a thread with its own connection."""

import threading
import uuid
from collections import Counter
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.db import connection

from integrations import clock, inbox
from integrations.airtable import push
from integrations.airtable.rows import RowFields
from integrations.models import AirtableRow, WebhookEvent
from tests.integrations.sandbox.airtable_support import seed, stored

pytestmark = pytest.mark.django_db(transaction=True)
applied: Counter[str] = Counter()


class Handler:
    """Counts what is applied."""

    def read(self, event):
        """Nothing is read."""

    def apply_together(self, events):
        """Nothing is applied together."""
        return {}

    def apply(self, event, reading):
        """Count it."""
        applied[event.event_id] += 1
        return WebhookEvent.Outcome.APPLIED


def child(object_id: int) -> RowFields:
    """A row for each object."""
    fields = {"player_first_name": f"Child {object_id}"}
    return RowFields("registrations_2627", uuid.UUID(int=object_id), fields)


def together(work: Callable[[], object], times: int = 4) -> None:
    """Do the same work in several threads at the same moment; an error fails the test."""
    start, errors = threading.Barrier(times), []

    def run() -> None:
        try:
            start.wait(10)
            work()
        except Exception as error:  # a thread's error is lost unless it is carried over
            errors.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=run) for _ in range(times)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert errors == []
    assert not any(thread.is_alive() for thread in threads)


def test_four_workers_apply_each_event_once(settings):
    settings.WEBHOOK_HANDLERS = {"gocardless": f"{__name__}.Handler"}
    applied.clear()
    inbox.store("gocardless", [{"id": f"EV{n}"} for n in range(120)])
    together(inbox.process_due)
    assert WebhookEvent.objects.filter(outcome="applied").count() == 120
    assert set(applied.values()) == {1}


def test_the_same_delivery_arriving_four_times_at_once_is_kept_once():
    together(lambda: inbox.store("gocardless", [{"id": f"EV{n}"} for n in range(40)]))
    assert WebhookEvent.objects.count() == 40


def test_four_workers_push_each_row_once(sandbox, settings):
    settings.AIRTABLE_ROWS = {"child": f"{__name__}.child"}
    seed(sandbox)
    AirtableRow.objects.bulk_create(
        AirtableRow(
            kind="child",
            object_id=number,
            sync_id=uuid.UUID(int=number),
            table="registrations_2627",
            changes=1,
            due_at=clock.now() - timedelta(seconds=1),
        )
        for number in range(1, 25)
    )
    together(push.push_due)
    assert len(stored(sandbox)) == 24
    assert (sandbox.store.get("requests", "airtable") or {}).get("write") == 3
    assert AirtableRow.objects.waiting().count() == 0
