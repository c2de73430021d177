"""Money on its way to the club and back: payouts, fees, refunds, retries, deliveries."""

from datetime import timedelta

import pytest
import requests
from gocardless_pro import errors

from tests.integrations.sandbox.gocardless_support import until

pytestmark = pytest.mark.usefixtures("own_clock")


def advance(payer, **step: int) -> None:
    """Move the sandbox's clock on."""
    seconds = timedelta(**step).total_seconds()
    answer = requests.post(
        f"{payer.url}/_sandbox/clock", json={"advance_seconds": seconds}, timeout=30
    )
    assert answer.status_code == 200


def _first_payment(payer) -> str:
    return payer.fulfilled()["links"]["payment_request_payment"]


def _collect(payer, given_name: str = "Ann", **changes):
    """A one-off Direct Debit on a new mandate."""
    mandate = payer.fulfilled(given_name=given_name)["links"]["mandate_request_mandate"]
    params = {"amount": 2750, "currency": "GBP", "links": {"mandate": mandate}}
    return payer.client.payments.create(params=params | changes)


def _items(payer, payout_id: str) -> list[tuple[str, str]]:
    listed = payer.client.payout_items.list(params={"payout": payout_id}).records
    return [(one.type, one.amount) for one in listed]


def test_what_is_paid_out_arrives_in_a_payout_less_the_fee(payer, site, sandbox):
    sandbox.send_webhooks_to(site.url)
    payment_id = _first_payment(payer)
    advance(payer, days=2)
    payment = payer.client.payments.get(payment_id)
    assert payment.status == "paid_out"
    payout = payer.client.payouts.get(payment.links.payout)
    assert (payout.status, payout.amount, payout.deducted_fees) == ("paid", 4435, 65)
    assert (payout.currency, payout.arrival_date) == ("GBP", "2026-09-10")
    assert sorted(_items(payer, payout.id)) == [
        ("gocardless_fee", "-65.0"),
        ("payment_paid_out", "4500.0"),
    ]
    [event] = until(lambda: site.named("payouts", "paid"))
    assert (event["links"], event["details"]["cause"]) == ({"payout": payout.id}, "payout_paid")
    listed = payer.client.events.list(params={"payout": payout.id}).records
    assert [one.action for one in listed] == ["paid"]


def test_one_payout_has_all_payments_of_its_day(payer):
    ids = {_first_payment(payer) for _ in range(3)}
    advance(payer, days=2)
    [payout] = payer.client.payouts.list().records
    items = payer.client.payout_items.list(params={"payout": payout.id, "limit": 4}).records
    assert len(items) == 4
    every = payer.client.payout_items.all(params={"payout": payout.id, "limit": 4})
    assert {one.attributes["links"]["payment"] for one in every} == ids
    assert payout.amount == 3 * (4500 - 65)


def test_the_items_of_no_payout_cannot_be_listed(payer):
    with pytest.raises(errors.InvalidApiUsageError):
        payer.client.payout_items.list()


def _refund(payer, payment_id: str, amount: int, total: int):
    params = {
        "amount": amount,
        "total_amount_confirmation": total,
        "links": {"payment": payment_id},
    }
    return payer.client.refunds.create(params=params)


def test_a_refund_is_paid_and_settled_with_a_payout(payer, site, sandbox):
    sandbox.send_webhooks_to(site.url)
    payment_id = _first_payment(payer)
    refund = _refund(payer, payment_id, 1500, 1500)
    assert refund.status == "created"
    assert payer.client.payments.get(payment_id).amount_refunded == 1500
    advance(payer, days=3)
    assert payer.client.refunds.get(refund.id).status == "paid"
    assert payer.client.refunds.list(params={"payment": payment_id}).records[0].id == refund.id
    _first_payment(payer)
    advance(payer, days=3)
    newest = payer.client.payouts.list().records[0]
    assert ("payment_refunded", "-1500.0") in _items(payer, newest.id)
    assert newest.amount == 4500 - 65 - 1500
    until(lambda: site.named("refunds", "refund_settled"))
    links = [site.named("refunds", name)[0]["links"] for name in ("created", "paid")]
    assert links == [{"refund": refund.id}] * 2


@pytest.mark.parametrize(
    ("amount", "total", "reason"),
    [
        (1000, 2500, "total_amount_confirmation_invalid"),
        (4000, 5000, "available_refund_amount_insufficient"),
    ],
)
def test_a_second_refund_needs_the_total_and_money_left(payer, amount, total, reason):
    payment_id = _first_payment(payer)
    _refund(payer, payment_id, 1000, 1000)
    with pytest.raises(errors.InvalidStateError) as refused:
        _refund(payer, payment_id, amount, total)
    assert refused.value.errors[0]["reason"] == reason
    assert payer.client.payments.get(payment_id).amount_refunded == 1000


def test_a_payment_that_has_not_arrived_is_not_refunded(payer):
    with pytest.raises(errors.InvalidStateError):
        _refund(payer, _collect(payer).id, 100, 100)
    assert payer.client.refunds.list().records == []


def test_refunds_may_be_switched_off(payer, sandbox):
    payment_id = _first_payment(payer)
    [creditor] = sandbox.store.all("gocardless.creditors")
    creditor["can_create_refunds"] = False
    sandbox.store.put("gocardless.creditors", creditor["id"], creditor)
    with pytest.raises(errors.PermissionsError):
        _refund(payer, payment_id, 100, 100)


def test_a_failed_payment_is_retried_by_hand_three_times(payer, site, sandbox):
    sandbox.send_webhooks_to(site.url)
    payment = _collect(payer, "Penniless")
    for attempt in range(3):
        advance(payer, days=12)
        failed = payer.client.payments.get(payment.id)
        assert failed.status == "failed"
        again = payer.client.payments.retry(payment.id)
        assert (again.id, again.status) == (payment.id, "pending_submission")
        assert again.charge_date > failed.charge_date
        with pytest.raises(errors.InvalidStateError):
            payer.client.payments.retry(payment.id)
        until(lambda n=attempt: len(site.named("payments", "resubmission_requested")) == n + 1)
    advance(payer, days=12)
    with pytest.raises(errors.InvalidStateError) as refused:
        payer.client.payments.retry(payment.id)
    assert refused.value.errors[0]["reason"] == "retry_failed"
    event = site.named("payments", "resubmission_requested")[0]
    assert (event["details"]["origin"], event["details"]["cause"]) == ("api", "payment_retried")
    failures = site.named("payments", "failed")
    assert {one["details"]["will_attempt_retry"] for one in failures} == {False}


def test_gocardless_retries_by_itself_where_it_may_and_says_so(payer, site, sandbox):
    sandbox.send_webhooks_to(site.url)
    payment = _collect(payer, "Penniless", retry_if_possible=True)
    advance(payer, days=9)
    assert payer.client.payments.get(payment.id).status == "failed"
    with pytest.raises(errors.InvalidStateError):
        payer.client.payments.retry(payment.id)
    advance(payer, days=60)
    assert payer.client.payments.get(payment.id).status == "failed"
    until(lambda: len(site.named("payments", "failed")) == 4)
    listed = payer.client.events.list(params={"payment": payment.id, "limit": 50}).records
    told = [
        (one.action, one.attributes["details"].get("will_attempt_retry"))
        for one in reversed(listed)
        if one.action in ("failed", "resubmission_requested")
    ]
    asked = ("resubmission_requested", None)
    assert told == [("failed", True), asked] * 3 + [("failed", False)]


def test_a_late_failure_is_taken_from_a_later_payout(payer, site, sandbox):
    sandbox.send_webhooks_to(site.url)
    payment = _collect(payer, "Late")
    advance(payer, days=14)
    assert payer.client.payments.get(payment.id).status == "failed"
    _first_payment(payer)
    advance(payer, days=3)
    [event] = until(lambda: site.named("payments", "late_failure_settled"))
    assert event["links"] == {"payment": payment.id}
    newest = payer.client.payouts.list().records[0]
    assert ("payment_failed", "-2750.0") in _items(payer, newest.id)
    assert payer.client.payments.get(payment.id).status == "failed"


def test_deliveries_are_listed_and_sent_again_on_demand(payer, site, sandbox):
    sandbox.send_webhooks_to(site.url)
    site.statuses = [500]
    payer.request()
    until(lambda: len(site.deliveries) == 2)
    [delivery] = until(lambda: payer.client.webhooks.list(params={"successful": "true"}).records)
    assert (delivery.response_code, delivery.url) == (204, f"{site.url}/webhooks/gocardless")
    assert delivery.request_body == site.deliveries[0].data.decode()
    assert payer.client.webhooks.list(params={"successful": "false"}).records == []
    payer.client.webhooks.retry(delivery.id)
    until(lambda: len(site.deliveries) == 3)
    assert site.deliveries[2].data == site.deliveries[0].data
