"""Making billing requests: once, with nothing personal, whatever the weather."""

from datetime import timedelta

import pytest

from integrations.errors import Rejected
from integrations.models import AirtableRow
from payments.actions import asking
from payments.desk import Desk
from payments.models import BillingRequest
from tests import factories

pytestmark = pytest.mark.django_db


def test_one_request_is_made_with_our_id_and_no_name(bank):
    registration = factories.registration()
    row = bank.ask(registration)
    [made] = bank.made("billing_requests")
    assert (row.gocardless_id, row.status, row.due_at) == (made["id"], "pending", None)
    assert made["payment_request"]["amount"] == 4500
    assert made["payment_request"]["description"] == "Signing-on fee"
    assert made["mandate_request"]["scheme"] == "bacs"
    ours = {"registration": str(registration.sync_id)}
    assert made["metadata"] == ours
    assert made["payment_request"]["metadata"] == made["mandate_request"]["metadata"] == ours
    assert registration.player.last_name not in str(made)


def test_the_base_is_told_of_the_request(bank):
    registration = factories.registration()
    bank.ask(registration)
    row = AirtableRow.objects.get()
    assert (row.kind, row.object_id) == ("registration", registration.pk)
    assert row in AirtableRow.objects.waiting()


def test_asking_twice_makes_one(bank):
    registration = factories.registration()
    bank.ask(registration)
    bank.ask(registration)
    assert len(bank.made("billing_requests")) == 1


def test_an_answer_that_got_lost_is_found_again_by_its_key(bank):
    registration = factories.registration()
    row = bank.ask(registration)
    BillingRequest.objects.update(gocardless_id="", status="waiting", due_at=row.created_at)
    asking.ask_due()
    row.refresh_from_db()
    assert row.gocardless_id == bank.made("billing_requests")[0]["id"]
    assert len(bank.made("billing_requests")) == 1


def test_an_outage_only_delays(bank, sandbox, move_clock):
    registration = factories.registration()
    sandbox.down("gocardless")
    row = bank.ask(registration)
    assert (row.gocardless_id, row.needs_person_at) == ("", None)
    assert row.due_at > row.created_at
    sandbox.up("gocardless")
    move_clock(timedelta(minutes=31))
    asking.ask_due()
    row.refresh_from_db()
    assert row.gocardless_id == bank.made("billing_requests")[0]["id"]


def test_a_refusal_waits_for_a_person(monkeypatch):
    def refuse(**asked):
        raise Rejected("gocardless", "amount is too high", code="validation_failed")

    monkeypatch.setattr("integrations.gocardless.create_billing_request", refuse)
    Desk().ask_for_payment(factories.registration().pk)
    asking.ask_due()
    row = BillingRequest.objects.get()
    assert row.needs_person_at is not None
    assert "amount is too high" in row.last_error
    assert row not in BillingRequest.objects.due()


def test_a_lost_webhook_is_made_good_by_looking_again(bank, move_clock):
    registration = factories.registration()
    bank.ask(registration)
    bank.pay(registration)
    registration.refresh_from_db()
    assert registration.status == "pending_payment"
    move_clock(timedelta(minutes=10))
    asking.ask_due()
    registration.refresh_from_db()
    row = registration.billing_requests.get()
    assert (registration.status, row.status, row.due_at) == ("active", "fulfilled", None)


def test_looks_grow_rarer_and_end(bank, move_clock):
    registration = factories.registration()
    bank.ask(registration)
    bank.open(registration)
    row = registration.billing_requests.get()
    assert row.due_at - row.visited_at == timedelta(minutes=10)
    gaps = []
    while row.due_at:
        move_clock(row.due_at - factories.clock.now())
        asking.ask_due()
        before = row.due_at
        row.refresh_from_db()
        gaps.append(row.due_at - before if row.due_at else None)
    assert gaps[-1] is None
    assert gaps[:-1] == sorted(gaps[:-1])
    assert 8 < len(gaps) < 20
