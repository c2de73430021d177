"""A fulfilment's events in every order, doubled and replayed, end in the same facts (wire 4.5)."""

import copy
from itertools import permutations

import pytest
from django.db import transaction

from integrations import clock, guard, inbox
from integrations.models import AirtableRow, WebhookEvent
from payments.actions import collecting
from payments.models import BillingRequest, Mandate, MonthlyCharge, Payment, Subscription
from registrations.models import Registration, Sms
from tests import factories

pytestmark = pytest.mark.django_db
MOVES_US = {
    ("billing_requests", "fulfilled"),
    ("mandates", "created"),
    ("payments", "created"),
    ("payments", "confirmed"),
}


@pytest.fixture(autouse=True)
def unhurried(monkeypatch):
    """GoCardless's pace is another test's subject."""
    monkeypatch.setitem(guard.SPACING, "gocardless", 0)


@pytest.fixture
def paid(bank) -> Registration:
    """A registration that is paid at the bank; we have heard nothing yet."""
    registration = factories.registration(payment_day=15)
    bank.ask(registration)
    bank.pay(registration)
    return registration


def hear(events: list[dict]) -> None:
    """Each event in a delivery of its own, processed before the next one comes."""
    for event in events:
        inbox.store("gocardless", [event])
        inbox.process_due()
    collecting.collect_due()


def facts(registration: Registration) -> dict:
    """All that is left behind, without what names a moment or a row."""
    registration.refresh_from_db()
    request = BillingRequest.objects.get()
    subscriptions = Subscription.objects.values_list("status", "start_on", "count")
    return {
        "status": registration.status,
        "sources": (registration.fee_settled_by, registration.collection_arranged_by),
        "flags": registration.flags,
        "request": (request.status, request.closed_at, request.due_at),
        "payments": list(Payment.objects.values_list("purpose", "pence", "status")),
        "mandates": list(Mandate.objects.values_list("status", "customer_id")),
        "subscriptions": [(status, str(start), count) for status, start, count in subscriptions],
        "months": MonthlyCharge.objects.count(),
        "texts": list(Sms.objects.values_list("kind", "resend")),
        "left": WebhookEvent.objects.filter(outcome="waiting").count(),
    }


def outcome_of(bank, registration: Registration, events: list[dict]) -> tuple[dict, int]:
    """The facts after these events, and the subscriptions made there; all is undone afterwards."""
    kinds = ("subscriptions", "events", "outbox", "payments", "mandates")
    before = {kind: {doc["id"] for doc in bank.made(kind)} for kind in kinds}
    block = transaction.atomic()
    block._from_testcase = True  # the test's wrapping, as far as the guard is concerned
    with block:
        hear(events)
        seen, made = facts(registration), len(bank.made("subscriptions"))
        transaction.set_rollback(True)
    for kind in kinds:
        for doc in copy.copy(bank.made(kind)):
            if doc["id"] not in before[kind]:
                bank.sandbox.store.delete(f"gocardless.{kind}", doc["id"])
    registration.refresh_from_db()
    return seen, made


def moving(events: list[dict]) -> list[dict]:
    return [each for each in events if (each["resource_type"], each["action"]) in MOVES_US]


def test_every_order_of_a_fulfilment_ends_in_the_same_facts(bank, paid):
    batch = bank.events()
    first, made = outcome_of(bank, paid, batch)
    assert made == 1
    assert first["status"] == "active"
    assert first["request"] == ("fulfilled", None, None)
    assert first["payments"] == [("signing_on_fee", 4500, "confirmed")]
    assert len(first["mandates"]) == 1
    assert first["subscriptions"] == [("active", "2026-09-15", 9)]
    assert first["texts"] == [("confirmation", 0)]
    assert (first["flags"], first["left"], first["months"]) == ([], 0, 9)

    told = moving(batch)
    assert len(told) == 4
    rest = [each for each in batch if each not in told]
    for number, order in enumerate(permutations(told)):
        names = [f"{each['resource_type']}.{each['action']}" for each in order]
        events = [*order, *rest] if number % 2 else [*reversed(rest), *order]
        assert outcome_of(bank, paid, events) == (first, 1), names


def test_doubled_and_replayed_events_change_nothing(bank, paid):
    batch = bank.events()
    first, _ = outcome_of(bank, paid, batch)
    backwards = batch[::-1]
    doubled = [each for event in batch for each in (event, event)]
    for events in (batch + batch, backwards + batch, doubled, batch + backwards + backwards):
        assert outcome_of(bank, paid, events) == (first, 1)


def test_the_same_news_under_new_event_ids_changes_nothing(bank, paid):
    """GoCardless may repeat itself; a replay may also be a forger's who has one real body."""
    batch = bank.events()
    first, _ = outcome_of(bank, paid, batch)
    again = [event | {"id": f"{event['id']}again"} for event in batch]
    assert outcome_of(bank, paid, batch + again) == (first, 1)
    assert outcome_of(bank, paid, again[::-1] + batch) == (first, 1)


def test_each_event_lost_in_turn_still_ends_in_an_active_child(bank, paid):
    """Whichever single event never comes, the others and what is read tell the same."""
    batch = bank.events()
    first, _ = outcome_of(bank, paid, batch)
    for missing in moving(batch):
        seen, made = outcome_of(bank, paid, [each for each in batch if each is not missing])
        assert (seen, made) == (first, 1), missing["action"]


def forged(bank, registration: Registration, request: BillingRequest) -> list[dict]:
    """What somebody who guesses ids might send."""
    base = {"created_at": clock.now().isoformat(), "details": {"cause": "x"}, "metadata": {}}
    whose = {"resource_metadata": {"registration": str(registration.sync_id)}}
    news = [
        ("billing_requests", "fulfilled", {"billing_request": request.gocardless_id}),
        ("mandates", "active", {"mandate": "MD0000"}),
        ("payments", "confirmed", {"payment": "PM0000"}),
        ("payments", "paid_out", {"payment": ""}),
        ("subscriptions", "payment_created", {"subscription": "SB0000", "payment": "PM0000"}),
    ]
    return [
        base | whose | {"id": f"EVforged{n}", "resource_type": kind, "action": what, "links": links}
        for n, (kind, what, links) in enumerate(news)
    ]


def test_forged_events_change_nothing(bank, client):
    registration = factories.registration()
    request = bank.ask(registration)
    events = forged(bank, registration, request)
    rows = AirtableRow.objects.count()
    assert bank.post({"events": events}, secret="another-secret").status_code == 498
    for signature in ("", "0" * 64, "é"):
        answer = client.post(
            "/webhooks/gocardless",
            b'{"events":[]}',
            content_type="application/json",
            headers={"Webhook-Signature": signature},
        )
        assert answer.status_code == 498
    assert WebhookEvent.objects.count() == 0
    inbox.process_due()
    registration.refresh_from_db()
    assert (registration.status, registration.fee_settled_at) == ("pending_payment", None)
    assert Payment.objects.count() + Mandate.objects.count() + Subscription.objects.count() == 0
    assert AirtableRow.objects.count() == rows


def test_what_an_event_claims_is_worth_nothing_until_it_is_read(bank):
    """Even well signed: the bank is asked, and the bank says that nobody has paid."""
    registration = factories.registration()
    request = bank.ask(registration)
    bank.deliver(forged(bank, registration, request))
    collecting.collect_due()
    registration.refresh_from_db()
    request.refresh_from_db()
    assert (registration.status, registration.fee_settled_at) == ("pending_payment", None)
    assert request.status == "pending"
    assert Payment.objects.count() + Mandate.objects.count() + Subscription.objects.count() == 0
    assert Sms.objects.count() == 0
    assert bank.made("subscriptions") == []
