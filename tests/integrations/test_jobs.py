"""The bells of this app, as beat and the worker know them."""

from datetime import timedelta
from uuid import UUID

import pytest
from celery import current_app
from django.conf import settings as configured
from django.db import transaction
from django.db.models import F

from integrations import clock, jobs, outbox
from integrations.health.parts import WORKER
from integrations.models import AirtableRow, ServiceCall, ServiceState

pytestmark = pytest.mark.django_db
SYNC_ID = UUID(int=7)


def mark() -> None:
    """Mark one object as behind."""
    outbox.mark_behind("child", {7: SYNC_ID}, table="registrations_2627")


def test_every_job_that_beat_rings_for_is_there():
    current_app.loader.import_default_modules()
    ours = {name for name in configured.CELERY_BEAT_SCHEDULE if name.startswith("integrations.")}
    assert ours <= set(current_app.tasks)
    assert ours == {
        "integrations.beat",
        "integrations.mail_digests",
        "integrations.mail_resets",
        "integrations.mail_staff",
        "integrations.process_events",
        "integrations.pull_airtable",
        "integrations.push_airtable",
        "integrations.tidy",
        "integrations.watch_agents",
        "integrations.watch_services",
    }


def test_the_beat_leaves_a_heartbeat(move_clock):
    jobs.beat()
    first = ServiceState.objects.get(pk=WORKER).last_success_at
    move_clock(timedelta(seconds=30))
    jobs.beat()
    assert ServiceState.objects.get(pk=WORKER).last_success_at - first > timedelta(seconds=29)
    # Now and then it also says how quick each part is; at once where the worker was silent.
    noted = ServiceCall.objects.order_by("pk").values_list("service", "outcome")
    parts = [("worker", "ok"), ("database", "ok"), ("broker", "ok"), ("clock", "ok")]
    assert list(noted.all()) == parts
    ServiceState.objects.filter(pk=WORKER).update(next_slot=F("next_slot") - 150)
    jobs.beat()
    assert list(noted.all()) == [*parts, ("worker", "unavailable"), *parts[1:]]
    assert ServiceCall.objects.filter(service="worker").first().milliseconds >= 100_000
    state = ServiceState.objects.get(pk=WORKER)
    assert state.last_error.startswith("silent for ") and state.last_success_at > first


def test_jobs_with_nothing_to_do_do_nothing():
    for job in (jobs.process_events, jobs.push_airtable, jobs.tidy):
        job()
    jobs.service_back("airtable")
    assert AirtableRow.objects.count() == 0


def test_an_object_marked_three_times_is_one_row_with_three_changes(
    django_capture_on_commit_callbacks,
):
    with django_capture_on_commit_callbacks() as bells:
        for _ in range(3):
            mark()
    row = AirtableRow.objects.get()
    assert (row.changes, row.sync_id, row.record_id) == (3, SYNC_ID, "")
    assert timedelta(0) < row.due_at - clock.now() <= timedelta(seconds=2)
    assert len(bells) == 3


def test_what_is_rolled_back_is_not_behind():
    with pytest.raises(LookupError), transaction.atomic():
        mark()
        raise LookupError
    assert AirtableRow.objects.count() == 0


def test_a_change_makes_a_row_that_waited_for_a_person_due_again():
    mark()
    AirtableRow.objects.get().hand_to_person("airtable: INVALID_VALUE_FOR_COLUMN")
    mark()
    row = AirtableRow.objects.get()
    assert (row.needs_person_at, row.due_at is not None) == (None, True)
