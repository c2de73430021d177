"""Two workers, twenty visitors, ten deliveries: money is asked for and collected once."""

from datetime import timedelta

import pytest
from django.test import Client

from integrations import clock, gocardless, inbox
from integrations.models import WebhookEvent
from payments.actions import asking, collecting
from payments.desk import Desk
from payments.models import BillingRequest, Mandate, MonthlyCharge, Payment, Subscription
from registrations.actions import sending
from registrations.models import Sms
from tests import factories
from tests.races.together import together

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("site"),
]
LEASE_AND_MORE = timedelta(minutes=6)


@pytest.fixture
def asked_for():
    """A registration whose payment is to be asked for; nothing has left the house."""
    registration = factories.registration()
    Desk().ask_for_payment(registration.pk)
    return registration


def paid(bank, **given):
    """A registration that is paid; the events lie at the bank."""
    registration = factories.registration(**given)
    bank.ask(registration)
    bank.pay(registration)
    return registration


def overtaken(monkeypatch, move_clock, name, job):
    """Let the worker that makes this call lose its lease on the way, and another one finish."""
    real, calls = getattr(gocardless, name), []

    def slow(**given):
        calls.append(given)
        if len(calls) == 1:
            move_clock(LEASE_AND_MORE)
            together(job)
        return real(**given)

    monkeypatch.setattr(gocardless, name, slow)
    return calls


def test_four_workers_ask_for_one_billing_request(bank, asked_for):
    together(*[asking.ask_due] * 4)
    [made] = bank.made("billing_requests")
    row = BillingRequest.objects.get()
    assert (row.gocardless_id, row.status, row.leased_until) == (made["id"], "pending", None)
    assert asked_for.timeline.filter(text="Payment request made at GoCardless").count() == 1


def test_a_worker_that_was_thought_dead_asks_for_the_same_billing_request(
    bank, asked_for, monkeypatch, move_clock
):
    calls = overtaken(monkeypatch, move_clock, "create_billing_request", asking.ask_due)
    together(asking.ask_due)
    assert len(calls) == 2
    [made] = bank.made("billing_requests")
    assert BillingRequest.objects.get().gocardless_id == made["id"]
    assert asked_for.timeline.filter(text="Payment request made at GoCardless").count() == 1


def test_registering_for_payment_twice_at_once_stores_one_request(bank):
    registration = factories.registration()
    together(*[lambda: Desk().ask_for_payment(registration.pk)] * 4)
    assert BillingRequest.objects.count() == 1


def test_a_link_opened_twenty_times_makes_one_request_and_one_page(bank, asked_for):
    path = f"/reg_setup/{asked_for.token}"
    answers = together(*[lambda: Client().get(path)] * 20)
    assert {answer.status_code for answer in answers} == {302}
    [request] = bank.made("billing_requests")
    [flow] = bank.made("billing_request_flows")
    assert flow["links"]["billing_request"] == request["id"]
    assert {answer["Location"] for answer in answers} == {flow["authorisation_url"]}
    assert BillingRequest.objects.get().gocardless_id == request["id"]


def test_a_link_opened_while_a_worker_asks_makes_one_request(bank, asked_for):
    visit = lambda: Client().get(f"/reg_setup/{asked_for.token}").status_code  # noqa: E731
    results = together(asking.ask_due, visit, visit, asking.ask_due, visit)
    assert results == [None, 302, 302, None, 302]
    assert len(bank.made("billing_requests")) == 1
    assert len(bank.made("billing_request_flows")) == 1


@pytest.mark.parametrize(("day", "singles"), [(15, 0), (10, 1)])
def test_four_workers_create_one_subscription(bank, sandbox, day, singles):
    registration = paid(bank, payment_day=day)
    bank.deliver()
    together(*[collecting.collect_due] * 4)
    [made] = bank.made("subscriptions")
    row = Subscription.objects.get()
    assert (row.status, row.gocardless_id, row.needs_person_at) == ("active", made["id"], None)
    assert len(bank.made("payments")) == 1 + singles
    assert Payment.objects.count() == 1 + singles
    assert MonthlyCharge.objects.count() == 9
    assert Sms.objects.filter(kind="confirmation").count() == 1
    together(*[sending.send_due] * 4)
    assert len(sandbox.store.all("twilio.messages")) == 1
    registration.refresh_from_db()
    assert registration.status == "active"


@pytest.mark.parametrize("day", [15, 10])
def test_a_worker_that_was_thought_dead_creates_the_same_subscription(
    bank, monkeypatch, move_clock, day
):
    paid(bank, payment_day=day)
    bank.deliver()
    name = "create_payment" if day == 10 else "create_subscription"
    calls = overtaken(monkeypatch, move_clock, name, collecting.collect_due)
    together(collecting.collect_due)
    assert len(calls) == 2
    [made] = bank.made("subscriptions")
    assert len(bank.made("payments")) == (2 if day == 10 else 1)
    row = Subscription.objects.get()
    assert (row.status, row.gocardless_id) == ("active", made["id"])
    assert Sms.objects.filter(kind="confirmation").count() == 1


def facts(registration) -> dict:
    """All that a fulfilment leaves behind."""
    registration.refresh_from_db()
    return {
        "status": registration.status,
        "fee": registration.fee_settled_by,
        "collection": registration.collection_arranged_by,
        "flags": registration.flags,
        "requests": list(BillingRequest.objects.values_list("status", "closed_at", "due_at")),
        "payments": list(Payment.objects.values_list("purpose", "pence", "status")),
        "mandates": Mandate.objects.count(),
        "subscriptions": Subscription.objects.count(),
    }


EXPECTED = {
    "status": "active",
    "fee": "paid",
    "collection": "mandate",
    "flags": [],
    "requests": [("fulfilled", None, None)],
    "payments": [("signing_on_fee", 4500, "confirmed")],
    "mandates": 1,
    "subscriptions": 1,
}


def test_one_delivery_to_ten_doors_and_ten_workers_counts_once(bank):
    registration = paid(bank)
    events = bank.events()
    deliver = lambda: bank.post({"events": events}, client=Client()).status_code  # noqa: E731
    works = [work for _ in range(10) for work in (deliver, inbox.process_due)]
    results = together(*works)
    assert results[::2] == [204] * 10
    inbox.process_due()
    assert WebhookEvent.objects.count() == len(events)
    assert not WebhookEvent.objects.filter(outcome="waiting").exists()
    assert not WebhookEvent.objects.needs_person().exists()
    assert facts(registration) == EXPECTED


def test_each_event_to_a_worker_of_its_own_counts_once(bank):
    """What belongs to one registration is locked in one order, so no two wait for each other."""
    registration = paid(bank)
    events = bank.events()
    together(*[lambda e=event: bank.post({"events": [e]}, client=Client()) for event in events])
    together(*[inbox.process_due] * 8)
    assert not WebhookEvent.objects.filter(outcome="waiting").exists()
    assert facts(registration) == EXPECTED


def test_a_lost_webhook_and_its_late_arrival_at_the_same_moment_count_once(bank, move_clock):
    registration = paid(bank)
    assert bank.post({"events": bank.events()}).status_code == 204
    BillingRequest.objects.update(due_at=clock.now())
    back = lambda: Client().get(f"/reg_setup/{registration.token}/return")  # noqa: E731
    together(inbox.process_due, asking.ask_due, inbox.process_due, asking.ask_due, back)
    inbox.process_due()
    collecting.collect_due()
    asking.ask_due()
    assert facts(registration) == EXPECTED
    assert len(bank.made("subscriptions")) == 1
    assert Sms.objects.filter(kind="confirmation").count() == 1


def test_a_collection_day_told_to_four_workers_is_taken_in_once(bank):
    registrations = [paid(bank) for _ in range(3)]
    bank.deliver()
    move = {"status": "submitted", "purpose": "monthly"}
    for n, registration in enumerate(registrations):
        row = {"registration": registration, "pence": 2750, "created_at": clock.now()}
        made = Payment.objects.create(gocardless_id=f"PMDAY{n}", **row, **move)
        month = clock.today().replace(year=2027, day=1)
        MonthlyCharge.objects.create(registration=registration, month=month, payment=made, pence=1)
    words = [
        {
            "id": f"EVDAY-{action}-{n}",
            "created_at": clock.now().isoformat(),
            "resource_type": "payments",
            "action": action,
            "links": {"payment": f"PMDAY{n}"},
        }
        for action in ("submitted", "confirmed")
        for n in range(3)
    ]
    inbox.store("gocardless", words)
    together(*[inbox.process_due] * 4)
    assert not WebhookEvent.objects.filter(processed_at=None).exists()
    days = Payment.objects.filter(gocardless_id__startswith="PMDAY")
    assert [payment.status for payment in days] == ["confirmed"] * 3
    assert {len(payment.history) for payment in days} == {3}
