"""Mandates, subscriptions and payments as the calendar passes, and the webhooks they send."""

import hashlib
import hmac
import json
from datetime import timedelta

import pytest
import requests
from gocardless_pro import errors, webhooks

from tests.integrations.sandbox.gocardless_support import METADATA, until

pytestmark = pytest.mark.usefixtures("own_clock")


@pytest.fixture
def mandate(payer):
    """The mandate of a paid request."""
    return _mandate(payer)


def _mandate(payer, given_name: str = "Ann"):
    done = payer.fulfilled(given_name=given_name)
    return payer.client.mandates.get(done["links"]["mandate_request_mandate"])


def _advance(payer, **step: int) -> None:
    seconds = timedelta(**step).total_seconds()
    answer = requests.post(
        f"{payer.url}/_sandbox/clock", json={"advance_seconds": seconds}, timeout=30
    )
    assert answer.status_code == 200


def test_a_subscription_without_dates_starts_at_the_next_possible_charge_date(payer, mandate):
    subscription = payer.subscribe(mandate.id, count=9, metadata=METADATA)
    assert subscription.status == "active"
    assert subscription.start_date == mandate.next_possible_charge_date == "2026-09-14"
    upcoming = subscription.attributes["upcoming_payments"]
    assert len(upcoming) == 9
    assert upcoming[0] == {"charge_date": subscription.start_date, "amount": 2750}
    assert payer.client.subscriptions.list(params={"mandate": mandate.id}).records[0].id == (
        subscription.id
    )


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"day_of_month": 29}, "day_of_month"),
        ({"day_of_month": 0}, "day_of_month"),
        ({"amount": "x"}, "amount"),
        ({"currency": "EUR"}, "currency"),
        ({"interval_unit": "daily"}, "interval_unit"),
        ({"interval": 13}, "interval"),
        ({"month": "june"}, "month"),
        ({"interval_unit": "yearly", "month": "june"}, "day_of_month"),
        ({"interval_unit": "weekly", "day_of_month": 1}, "day_of_month"),
        ({"start_date": "2020-01-01"}, "start_date"),
        ({"start_date": "soon"}, "start_date"),
        ({"links": {}}, "mandate"),
        ({"fee": 1}, "fee"),
    ],
)
def test_a_subscription_that_the_real_service_would_refuse_is_refused(
    payer, mandate, changes, field
):
    with pytest.raises(errors.ValidationFailedError) as refused:
        payer.subscribe(mandate.id, **changes)
    assert refused.value.errors[0]["field"] == field
    assert payer.client.subscriptions.list().records == []


def test_only_amount_name_and_the_like_change_and_the_amount_ten_times(payer, mandate):
    subscription = payer.subscribe(mandate.id)
    service = payer.client.subscriptions
    with pytest.raises(errors.ValidationFailedError):
        service.update(subscription.id, params={"day_of_month": 3})
    for amount in range(1, 11):
        service.update(subscription.id, params={"amount": amount})
    with pytest.raises(errors.InvalidStateError) as refused:
        service.update(subscription.id, params={"amount": 99})
    reason = "number_of_subscription_amendments_exceeded"
    assert refused.value.errors[0]["reason"] == reason
    kept = service.get(subscription.id).attributes
    assert kept["upcoming_payments"][0]["amount"] == kept["amount"] == 10


def test_a_cancelled_subscription_stays_cancelled_and_its_payment_stays(payer, mandate):
    subscription = payer.subscribe(mandate.id)
    _advance(payer, days=1)
    cancelled = payer.client.subscriptions.cancel(subscription.id)
    assert (cancelled.status, cancelled.upcoming_payments) == ("cancelled", [])
    with pytest.raises(errors.InvalidStateError) as refused:
        payer.client.subscriptions.cancel(subscription.id)
    assert refused.value.errors[0]["reason"] == "cancellation_failed"
    [payment] = payer.client.payments.list(params={"subscription": subscription.id}).records
    assert (payment.status, payment.charge_date) == ("pending_submission", "2026-09-14")


def test_a_cancelled_mandate_takes_subscriptions_and_pending_payments_with_it(
    payer, mandate, site, sandbox
):
    sandbox.send_webhooks_to(site.url)
    subscription = payer.subscribe(mandate.id)
    params = {
        "amount": 500,
        "currency": "GBP",
        "charge_date": "2026-10-14",
        "links": {"mandate": mandate.id},
    }
    payment = payer.client.payments.create(params=params)
    assert payer.client.mandates.cancel(mandate.id).status == "cancelled"
    assert payer.client.subscriptions.get(subscription.id).status == "cancelled"
    assert payer.client.payments.get(payment.id).status == "cancelled"
    [parent] = until(lambda: site.named("mandates", "cancelled"))
    [child] = until(lambda: site.named("subscriptions", "cancelled"))
    assert child["links"] == {"subscription": subscription.id, "parent_event": parent["id"]}
    with pytest.raises(errors.InvalidStateError) as refused:
        payer.client.mandates.cancel(mandate.id)
    assert refused.value.errors[0]["reason"] == "cancellation_failed"
    with pytest.raises(errors.InvalidStateError) as refused:
        payer.subscribe(mandate.id)
    assert refused.value.errors[0]["reason"] == "mandate_is_inactive"


def test_a_payment_is_not_charged_too_early_and_is_cancelled_only_in_time(payer, mandate):
    params = {"amount": 500, "currency": "GBP", "links": {"mandate": mandate.id}}
    with pytest.raises(errors.ValidationFailedError) as refused:
        payer.client.payments.create(params=params | {"charge_date": "2020-01-01"})
    assert refused.value.errors[0]["field"] == "charge_date"
    payment = payer.client.payments.create(params=params)
    assert payment.charge_date == mandate.next_possible_charge_date
    assert payer.client.payments.cancel(payment.id).status == "cancelled"
    with pytest.raises(errors.InvalidStateError):
        payer.client.payments.cancel(payment.id)


def test_a_month_later_the_first_payment_was_made_collected_and_paid_out(
    payer, mandate, site, sandbox
):
    sandbox.send_webhooks_to(site.url)
    subscription = payer.subscribe(mandate.id, count=2, name="Monthly fee")
    _advance(payer, days=28)
    [payment] = payer.client.payments.list(params={"subscription": subscription.id}).records
    assert (payment.status, payment.amount, payment.charge_date) == (
        "paid_out",
        2750,
        subscription.start_date,
    )
    assert payer.client.mandates.get(mandate.id).status == "active"
    until(
        lambda: [
            e for e in site.named("payments", "paid_out") if e["links"]["payment"] == payment.id
        ]
    )
    [made] = site.named("subscriptions", "payment_created")
    assert made["links"] == {"subscription": subscription.id, "payment": payment.id}
    own = [e for e in site.events() if e["links"].get("payment") == payment.id]
    links = {e["action"]: e["links"] for e in own if e["resource_type"] == "payments"}
    assert links == {
        "created": {"payment": payment.id, "subscription": subscription.id},
        "submitted": {"payment": payment.id},
        "confirmed": {"payment": payment.id},
        "paid_out": {"payment": payment.id},
    }
    _advance(payer, days=40)
    assert payer.client.subscriptions.get(subscription.id).status == "finished"
    assert len(payer.client.payments.list(params={"subscription": subscription.id}).records) == 2


def test_a_day_of_the_month_starts_at_its_first_possible_charge(payer, mandate):
    subscription = payer.subscribe(mandate.id, day_of_month=15, count=2)
    assert (subscription.start_date, subscription.end_date) == ("2026-09-15", "2026-10-16")
    last_day = payer.subscribe(mandate.id, day_of_month=-1).attributes["upcoming_payments"]
    assert [one["charge_date"] for one in last_day[:3]] == [
        "2026-09-30",
        "2026-10-30",
        "2026-11-30",
    ]
    assert len(last_day) == 10


@pytest.mark.parametrize(
    ("given_name", "status"),
    [("Penniless", "failed"), ("Fickle", "charged_back"), ("Late", "failed")],
)
def test_a_magic_name_decides_what_becomes_of_a_direct_debit(payer, given_name, status):
    mandate = _mandate(payer, given_name)
    subscription = payer.subscribe(mandate.id)
    _advance(payer, days=20)
    [payment] = payer.client.payments.list(params={"subscription": subscription.id}).records
    assert payment.status == status


@pytest.mark.parametrize(("given_name", "status"), [("Invalid", "failed"), ("Expired", "expired")])
def test_a_magic_name_decides_what_becomes_of_a_mandate(payer, given_name, status):
    mandate = _mandate(payer, given_name)
    subscription = payer.subscribe(mandate.id, day_of_month=-1)
    _advance(payer, days=10)
    assert payer.client.mandates.get(mandate.id).status == status
    assert payer.client.subscriptions.get(subscription.id).status == "cancelled"


def test_a_delivery_is_compact_signed_and_says_where_it_comes_from(payer, site, sandbox):
    sandbox.send_webhooks_to(site.url)
    payer.fulfilled()
    until(lambda: site.named("billing_requests", "fulfilled"))
    delivery = site.deliveries[0]
    assert delivery.path == "/webhooks/gocardless"
    compact = json.dumps(json.loads(delivery.data), separators=(",", ":"), ensure_ascii=False)
    assert delivery.data == compact.encode()
    secret = sandbox.config.gocardless_webhook_secret
    signature = hmac.new(secret.encode(), delivery.data, hashlib.sha256).hexdigest()
    assert delivery.headers["Webhook-Signature"] == signature
    assert webhooks.parse(delivery.data, secret, signature)
    assert delivery.headers["Origin"] == "https://api-sandbox.gocardless.com"
    [event] = site.named("billing_requests", "fulfilled")
    assert set(event["links"]) == {
        "billing_request",
        "customer",
        "customer_bank_account",
        "mandate_request_mandate",
        "payment_request_payment",
    }
    assert event["resource_metadata"] == METADATA
    [event] = until(lambda: site.named("mandates", "created"))
    assert set(event["links"]) == {"mandate"}
    assert event["resource_metadata"] == METADATA


def test_a_delivery_that_is_not_accepted_comes_again(payer, site, sandbox):
    site.statuses = [500, 302]
    sandbox.send_webhooks_to(site.url)
    payer.request()
    until(lambda: len(site.deliveries) >= 3)
    bodies = {delivery.data for delivery in site.deliveries[:3]}
    assert len(bodies) == 1


def test_many_events_come_in_batches_of_at_most_250(payer, site, sandbox):
    sandbox.down("gocardless")
    asked = {"id": "BRQ1", "metadata": {}}
    for number in range(260):
        event = {"id": f"EV{number}", "created_at": "2026-01-01T00:00:00.000Z", "links": asked}
        sandbox.store.put("gocardless.events", event["id"], event)
        sandbox.store.put("gocardless.outbox", event["id"], {"id": event["id"]})
    sandbox.send_webhooks_to(site.url)
    sandbox.up("gocardless")
    until(lambda: len(site.events()) == 260)
    assert len(site.deliveries) == 2


def test_events_can_be_listed_after_a_silence(payer, mandate):
    listed = payer.client.events.list(params={"resource_type": "mandates"}).records
    assert [(one.action, one.attributes["links"]) for one in listed] == [
        ("created", {"mandate": mandate.id})
    ]
    assert payer.client.events.list(params={"created_at[gt]": "2099-01-01T00:00:00Z"}).records == []
