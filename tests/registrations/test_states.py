"""A registration's status follows from its facts, in whatever order they come."""

from datetime import timedelta
from itertools import permutations

import pytest

from integrations import clock
from integrations.models import AirtableRow
from registrations.actions import messages, states
from registrations.models import Registration, TimelineEntry
from tests import factories


@pytest.fixture
def registration(lions):
    """Sent in, nothing paid."""
    return factories.registration()


def status(registration: Registration) -> str:
    return Registration.objects.get(pk=registration.pk).status


def test_every_order_of_the_facts_gives_the_same_status(lions):
    at = clock.now()
    facts = [
        lambda pk: states.settle_fee(pk, at=at),
        lambda pk: states.arrange_collection(pk, at=at),
        lambda pk: states.suspend(pk, reason="unpaid", at=at),
    ]
    for order in permutations(facts):
        row = factories.registration()
        for fact in order:
            fact(row.pk)
            fact(row.pk)
        assert status(row) == "suspended"
        states.reinstate(row.pk, reason="paid", at=at)
        assert status(row) == "active"
        assert row.suspensions.count() == 1


def test_a_fee_alone_is_incomplete_and_a_mandate_alone_is_pending(lions):
    one, two = factories.registration(), factories.registration()
    states.settle_fee(one.pk, at=clock.now())
    states.arrange_collection(two.pk, at=clock.now())
    assert (status(one), status(two)) == ("incomplete", "pending_payment")


def test_an_older_failure_undoes_nothing_and_a_newer_one_does(registration):
    at = clock.now()
    states.settle_fee(registration.pk, at=at)
    states.arrange_collection(registration.pk, at=at)
    states.unsettle_fee(registration.pk, at=at - timedelta(hours=1), reason="old")
    states.collection_lost(registration.pk, at=at - timedelta(hours=1), reason="old")
    assert status(registration) == "active"
    states.collection_lost(registration.pk, at=at + timedelta(hours=1), reason="cancelled")
    assert status(registration) == "incomplete"
    states.unsettle_fee(registration.pk, at=at + timedelta(hours=1), reason="failed")
    assert status(registration) == "pending_payment"
    registration.refresh_from_db()
    assert registration.flagged_at is not None


def test_a_fee_that_fails_is_told_to_the_parent_once_with_the_link(registration):
    moment = clock.now()
    messages.queue_payment_link(registration, at=moment)
    for number in range(2):
        at = moment + timedelta(minutes=number)
        states.settle_fee(registration.pk, at=at)
        states.unsettle_fee(registration.pk, at=at, reason="payment failed")
    link, *told = [text.body for text in registration.sms.order_by("resend")]
    assert "nearly complete" in link
    assert len(told) == 1
    assert "£45.00" in told[0] and "did not go through" in told[0]
    assert f"/reg_setup/{registration.token}" in told[0]


def test_what_staff_settled_by_hand_is_not_undone_by_a_bank(registration):
    states.settle_fee(registration.pk, at=clock.now(), source="waived")
    states.unsettle_fee(registration.pk, at=clock.now(), reason="failed")
    assert status(registration) == "incomplete"


def test_cancelled_stays_cancelled_and_late_money_is_flagged(registration):
    states.cancel(registration.pk, reason="moved away", at=clock.now())
    states.settle_fee(registration.pk, at=clock.now())
    registration.refresh_from_db()
    assert registration.status == "cancelled"
    assert registration.fee_settled_at is not None
    assert registration.flags == ["paid although cancelled"]
    states.resolve_flags(registration.pk, "registrar")
    registration.refresh_from_db()
    assert registration.flagged_at is None


def test_every_change_is_noted_and_puts_the_airtable_row_behind(registration):
    states.settle_fee(registration.pk, at=clock.now())
    row = AirtableRow.objects.get(kind="registration", object_id=registration.pk)
    assert (row.sync_id, row.table) == (registration.sync_id, "registrations_2627")
    assert TimelineEntry.objects.filter(registration=registration, kind="payment").count() == 1
    changes = row.changes
    states.settle_fee(registration.pk, at=clock.now())
    row.refresh_from_db()
    assert row.changes == changes
