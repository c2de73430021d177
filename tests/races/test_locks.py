"""Who holds a registration does not stop what points at it: PostgreSQL looks at references late."""

import threading

import pytest
from django.db import transaction

from integrations import clock
from integrations.models import AirtableRow
from registrations.actions import states, sync
from registrations.models import TimelineEntry, note
from tests import factories
from tests.races.together import PATIENCE, together

pytestmark = [pytest.mark.postgres, pytest.mark.django_db(transaction=True)]


def test_a_note_of_a_registration_that_somebody_changes_waits_for_nobody():
    registration = factories.registration()
    sync.touch(registration)
    held, noted = threading.Event(), threading.Event()

    def change() -> None:
        """What a turn of the conversation does: the registration first, then its row."""
        with transaction.atomic():
            locked = states.locked(registration.pk)
            held.set()
            assert noted.wait(PATIENCE)
            sync.touch(locked)

    def record() -> None:
        """What the exchange with Airtable does: the row first, then a line of the timeline."""
        assert held.wait(PATIENCE)
        with transaction.atomic():
            AirtableRow.objects.update(sync_error="")
            note(registration, TimelineEntry.Kind.STAFF, "Seen in Airtable", at=clock.now())
            noted.set()

    together(change, record)
    assert AirtableRow.objects.get().changes == 2
    assert TimelineEntry.objects.filter(registration=registration).count() == 1
