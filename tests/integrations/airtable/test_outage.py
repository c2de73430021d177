"""Airtable is away for a day while both sides go on; then everything is there."""

import json
import os
from datetime import timedelta

import pytest
from django.db import transaction
from django.urls import reverse

from integrations import clock, guard, jobs
from integrations.models import AirtableConflict, AirtableRow, ServiceState
from registrations.actions import sync
from registrations.models import Guardian, Registration
from tests import factories
from tests.integrations.airtable.test_pull import ENTERED

pytestmark = [pytest.mark.django_db, pytest.mark.slow]
# Registrations of the day, and edits on either side; a third of the edits meet.
NEW, EDITS = (500, 200) if os.environ.get("SOAK") else (60, 24)
BOTH = EDITS // 3
AN_HOUR = timedelta(hours=1)


def work() -> None:
    """What beat rings for; the half minute after a refusal passes in real seconds."""
    ServiceState.objects.update(next_slot=0)
    jobs.pull_airtable()
    jobs.push_airtable()


def edit_here(registration: Registration, town: str) -> None:
    """Staff correct an address."""
    with transaction.atomic():
        Guardian.objects.filter(pk=registration.guardian_id).update(town=town)
        sync.touch(registration)


def test_a_day_without_airtable_loses_nothing(club, move_clock, settings, admin_client):
    settings.PUBLIC_URL = "https://127.0.0.1:9"
    old = [factories.registration() for _ in range(2 * EDITS - BOTH)]
    club.fill()
    work()
    here, there = old[:EDITS], old[EDITS - BOTH :]
    club.sandbox.down("airtable")
    new = []
    for hour in range(24):
        move_clock(AN_HOUR)
        for number in range(hour, EDITS, 24):
            edit_here(here[number], f"Here {number}")
            club.edit(there[number], parent_town=f"There {number}")
        for _ in range(hour, NEW, 24):
            with transaction.atomic():
                new.append(factories.registration())
                sync.touch(new[-1])
        work()
    club.enter(**ENTERED)
    assert not guard.available("airtable") or AirtableRow.objects.waiting().count() > NEW
    club.sandbox.up("airtable")
    while AirtableRow.objects.waiting().exists() or not club.pull(full=True).quiet:
        move_clock(timedelta(minutes=2))
        work()
    _everything_is_there(club, here, there, new)
    conflicts = list(AirtableConflict.objects.filter(settled_at=None))
    assert len(conflicts) == BOTH
    moments = [one.edited_at for one in conflicts]
    assert moments == sorted(moments)
    assert moments[-1] - moments[0] > timedelta(hours=min(BOTH, 24) // 2)
    page = admin_client.get(reverse("admin:needs_a_person")).content.decode()
    assert "Changed here and in Airtable" in page
    before = club.requests().get("write", 0)
    for _ in range(3):
        move_clock(AN_HOUR)
        work()
    assert club.requests().get("write", 0) == before


def _everything_is_there(club, here, there, new) -> None:
    cells = {record["fields"]["sync_id"]: record["fields"] for record in club.records()}
    assert len(cells) == len(club.records()) == Registration.objects.count()
    assert {str(one.sync_id) for one in new} <= set(cells)
    assert Registration.objects.filter(player__last_name="Shah").count() == 1
    town = dict(Registration.objects.values_list("sync_id", "guardian__town"))
    assert {str(id): name for id, name in town.items()} == {
        id: one.get("parent_town", "") for id, one in cells.items()
    }
    # Where both edited one row the base's word counts until staff decide; ours is kept.
    for number, one in enumerate(there):
        assert town[one.sync_id] == f"There {number}"
    for number, one in enumerate(here[: EDITS - BOTH]):
        assert town[one.sync_id] == f"Here {number}"
    kept = {json.loads(one.ours) for one in AirtableConflict.objects.filter(why="both")}
    assert kept == {f"Here {number}" for number in range(EDITS - BOTH, EDITS)}
    assert clock.now() > max(one.submitted_at for one in new)
