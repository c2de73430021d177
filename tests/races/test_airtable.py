"""Two processes bring both sides together at once: one writer, one pace (wire/airtable 1.10)."""

from datetime import timedelta

import pytest
from django.db import transaction

from integrations import clock, guard
from integrations.airtable import pull, push
from integrations.models import AirtableRow, ServiceCall, ServiceState
from integrations.sandbox.airtable import limits
from registrations.actions import sync
from registrations.airtable_tables import RegistrationTable
from registrations.models import Registration
from tests import factories
from tests.integrations.airtable.conftest import TABLE, Club
from tests.races.together import together

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("site"),
]


@pytest.fixture
def club(sandbox, move_clock):
    """Both sides in step; Airtable counts as strictly as the real one, and we pace ourselves."""
    factories.team()
    club = Club(sandbox, move_clock)
    made = [factories.registration() for _ in range(24)]
    club.fill()
    with pytest.MonkeyPatch.context() as quick:
        quick.setitem(guard.SPACING, "airtable", 0)
        club.pull(full=True)
    sandbox.store.delete("airtable.settings", "limits")
    return club, made


def both(club: Club) -> None:
    """One process's sync."""
    pull.pull(RegistrationTable(), TABLE)
    push.push_due()


def test_two_syncs_at_once_write_everything_once_at_most_five_a_second(club):
    club, made = club
    for number, one in enumerate(made[:12]):
        Registration.objects.filter(pk=one.pk).update(payment_day=number + 1)
    for number, one in enumerate(made[12:]):
        club.edit(one, parent_town=f"Town {number}")
    new = [factories.registration() for _ in range(11)]
    with transaction.atomic():
        sync.touch_all([*made[:12], *new])
    club.move_clock(timedelta(seconds=15))
    began = clock.now()
    together(lambda: both(club), lambda: both(club), lambda: both(club))
    while AirtableRow.objects.due().exists():
        push.push_due()
    counts = club.requests()
    assert counts.get("limited", 0) == 0
    assert len(club.records()) == 35
    ids = [record["fields"]["sync_id"] for record in club.records()]
    assert len(set(ids)) == 35
    for number, one in enumerate(made[:12]):
        assert club.cells(one)["preferred_payment_day"] == number + 1
    for number, one in enumerate(made[12:]):
        assert Registration.objects.get(pk=one.pk).guardian.town == f"Town {number}"
    calls = ServiceCall.objects.filter(started_at__gte=began).exclude(outcome="held")
    starts = sorted(calls.values_list("started_at", flat=True))
    most = max(sum(at <= other < at + timedelta(seconds=1) for other in starts) for at in starts)
    assert most <= limits.PER_SECOND
    writes = [call for call in calls if call.operation == "upsert"]
    assert len(writes) == 3  # twenty-three rows


def test_a_429_stops_everybody(club):
    club, made = club
    with transaction.atomic():
        Registration.objects.filter(pk=made[0].pk).update(payment_day=9)
        sync.touch(made[0])
    club.move_clock(timedelta(seconds=15))
    limits.penalise(club.sandbox.store, club.sandbox.config.airtable_base_id, 60)

    def quietly() -> None:
        try:
            both(club)
        except Exception as error:
            assert getattr(error, "service", "") == "airtable"  # noqa: PT017

    together(quietly, quietly, quietly)
    # Those that were on their way may still be refused; nobody begins another one.
    assert 1 <= club.requests()["limited"] <= 3
    assert ServiceState.objects.get(pk="airtable").next_slot - clock.pace() > 20
    assert AirtableRow.objects.filter(due_at__isnull=False).count() == 1
