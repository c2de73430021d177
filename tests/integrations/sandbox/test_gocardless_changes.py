"""Subscriptions that pause, mandates that come back or move, and the scenario simulators."""

import pytest
from gocardless_pro import errors

from tests.integrations.sandbox.gocardless_support import until
from tests.integrations.sandbox.test_gocardless_payouts import advance

pytestmark = pytest.mark.usefixtures("own_clock")


def _mandate(payer, given_name: str = "Ann") -> str:
    return payer.fulfilled(given_name=given_name)["links"]["mandate_request_mandate"]


def _charges(subscription) -> list[str]:
    return [one["charge_date"] for one in subscription.attributes["upcoming_payments"]]


def _dates(payer, subscription_id: str) -> list[str]:
    listed = payer.client.payments.list(params={"subscription": subscription_id}).records
    return sorted(one.charge_date for one in listed)


def test_a_subscription_pauses_until_it_is_told(payer, site, sandbox):
    sandbox.send_webhooks_to(site.url)
    mine = payer.subscribe(_mandate(payer), day_of_month=20, count=3)
    assert (_charges(mine)[0], mine.end_date) == ("2026-09-21", "2026-11-21")
    paused = payer.client.subscriptions.pause(mine.id)
    assert (paused.status, _charges(paused), paused.end_date) == ("paused", [], None)
    assert paused.earliest_charge_date_after_resume == "2026-09-21"
    with pytest.raises(errors.InvalidStateError) as refused:
        payer.client.subscriptions.pause(mine.id, params={"pause_cycles": 2})
    assert refused.value.errors[0]["reason"] == "subscription_paused_cannot_update_cycles"
    advance(payer, days=40)
    assert _dates(payer, mine.id) == []
    resumed = payer.client.subscriptions.resume(mine.id)
    assert resumed.status == "active"
    assert _charges(resumed) == ["2026-11-20", "2026-12-21", "2027-01-20"]
    with pytest.raises(errors.InvalidStateError) as refused:
        payer.client.subscriptions.resume(mine.id)
    assert refused.value.errors[0]["reason"] == "subscription_not_paused"
    until(lambda: site.named("subscriptions", "resumed"))
    assert site.named("subscriptions", "paused")[0]["links"] == {"subscription": mine.id}
    assert not any(name.startswith("_") for name in resumed.attributes)


def test_a_subscription_pauses_for_some_cycles_and_goes_on_by_itself(payer, site, sandbox):
    sandbox.send_webhooks_to(site.url)
    mine = payer.subscribe(_mandate(payer), day_of_month=20, count=3)
    paused = payer.client.subscriptions.pause(mine.id, params={"pause_cycles": 2})
    assert paused.status == "paused"
    assert _charges(paused) == ["2026-11-20", "2026-12-21", "2027-01-20"]
    assert paused.end_date == "2027-01-21"
    advance(payer, days=160)
    assert payer.client.subscriptions.get(mine.id).status == "finished"
    assert _dates(payer, mine.id) == ["2026-11-20", "2026-12-21", "2027-01-20"]
    until(lambda: len(site.named("subscriptions", "resumed")) == 1)


def test_a_subscription_that_ended_does_not_pause(payer):
    mine = payer.subscribe(_mandate(payer))
    payer.client.subscriptions.cancel(mine.id)
    with pytest.raises(errors.InvalidStateError) as refused:
        payer.client.subscriptions.pause(mine.id)
    assert refused.value.errors[0]["reason"] == "subscription_already_ended"


def test_a_cancelled_mandate_is_reinstated_without_its_subscription(payer, site, sandbox):
    sandbox.send_webhooks_to(site.url)
    id = _mandate(payer)
    mine = payer.subscribe(id)
    with pytest.raises(errors.InvalidStateError) as refused:
        payer.client.mandates.reinstate(id)
    assert refused.value.errors[0]["reason"] == "mandate_not_inactive"
    payer.client.mandates.cancel(id)
    advance(payer, days=20)
    again = payer.client.mandates.reinstate(id)
    assert again.status == "pending_submission"
    assert again.next_possible_charge_date > "2026-09-28"
    advance(payer, days=7)
    assert payer.client.mandates.get(id).status == "active"
    assert payer.client.subscriptions.get(mine.id).status == "cancelled"
    until(lambda: site.named("mandates", "reinstated"))
    assert site.named("mandates", "resubmission_requested")[0]["links"] == {"mandate": id}


def test_a_mandate_that_nobody_uses_expires_after_thirteen_months(payer):
    idle, used = _mandate(payer), _mandate(payer)
    advance(payer, days=10)
    advance(payer, days=300)
    params = {"amount": 100, "currency": "GBP", "links": {"mandate": used}}
    payer.client.payments.create(params=params)
    advance(payer, days=120)
    assert payer.client.mandates.get(idle).status == "expired"
    assert payer.client.mandates.get(used).status == "active"


def test_a_payer_who_switches_banks_keeps_the_mandate(payer, site, sandbox):
    sandbox.send_webhooks_to(site.url)
    id = _mandate(payer, "Switching")
    before = payer.client.mandates.get(id).links.customer_bank_account
    advance(payer, days=8)
    mandate = payer.client.mandates.get(id)
    assert mandate.status == "active"
    assert mandate.links.customer_bank_account != before
    [event] = until(lambda: site.named("mandates", "transferred"))
    assert event["links"] == {
        "mandate": id,
        "previous_customer_bank_account": before,
        "new_customer_bank_account": mandate.links.customer_bank_account,
    }
    assert event["details"]["cause"] == "bank_account_transferred"


def _run(payer, name: str, id: str) -> None:
    params = {"links": {"resource": id}}
    assert payer.client.scenario_simulators.run(name, params=params).id == name


def _payment(payer) -> str:
    mandate = _mandate(payer)
    _run(payer, "mandate_activated", mandate)
    params = {"amount": 2750, "currency": "GBP", "links": {"mandate": mandate}}
    return payer.client.payments.create(params=params).id


@pytest.mark.parametrize(
    ("name", "status", "actions"),
    [
        ("payment_submitted", "submitted", ["submitted"]),
        ("payment_confirmed", "confirmed", ["submitted", "confirmed"]),
        ("payment_paid_out", "paid_out", ["submitted", "confirmed", "paid_out"]),
        ("payment_failed", "failed", ["submitted", "failed"]),
        (
            "payment_charged_back",
            "charged_back",
            ["submitted", "confirmed", "paid_out", "charged_back"],
        ),
        (
            "payment_chargeback_settled",
            "charged_back",
            ["submitted", "confirmed", "paid_out", "charged_back", "chargeback_settled"],
        ),
        ("payment_late_failure", "failed", ["submitted", "confirmed", "paid_out", "failed"]),
        (
            "payment_late_failure_settled",
            "failed",
            ["submitted", "confirmed", "paid_out", "failed", "late_failure_settled"],
        ),
    ],
)
def test_a_payment_is_taken_to_any_end(payer, name, status, actions):
    id = _payment(payer)
    _run(payer, name, id)
    assert payer.client.payments.get(id).status == status
    listed = payer.client.events.list(params={"payment": id}).records
    assert [one.action for one in reversed(listed)] == ["created", *actions]


@pytest.mark.parametrize(
    ("name", "status"),
    [
        ("mandate_activated", "active"),
        ("mandate_failed", "failed"),
        ("mandate_expired", "expired"),
        ("mandate_transferred", "active"),
        ("mandate_transferred_with_resubmission", "pending_submission"),
    ],
)
def test_a_mandate_is_taken_to_any_end(payer, name, status):
    id = _mandate(payer)
    _run(payer, name, id)
    assert payer.client.mandates.get(id).status == status


@pytest.mark.parametrize(
    ("name", "status", "left"),
    [
        ("refund_paid", "paid", 500),
        ("refund_settled", "paid", 500),
        ("refund_bounced", "bounced", 0),
        ("refund_returned", "funds_returned", 0),
    ],
)
def test_a_refund_is_taken_to_any_end(payer, name, status, left):
    payment_id = _payment(payer)
    _run(payer, "payment_paid_out", payment_id)
    params = {"amount": 500, "total_amount_confirmation": 500, "links": {"payment": payment_id}}
    refund = payer.client.refunds.create(params=params)
    _run(payer, name, refund.id)
    assert payer.client.refunds.get(refund.id).status == status
    assert payer.client.payments.get(payment_id).amount_refunded == left


def test_a_payout_bounces(payer):
    _run(payer, "payment_paid_out", _payment(payer))
    [payout] = payer.client.payouts.list(params={"status": "paid"}).records
    _run(payer, "payout_bounced", payout.id)
    assert payer.client.payouts.get(payout.id).status == "bounced"


@pytest.mark.parametrize(
    ("ending", "status"),
    [
        ("", "confirmed"),
        ("_and_payment_failed", "failed"),
        ("_and_payment_confirmed_to_failed", "failed"),
        ("_and_payment_paid_out", "paid_out"),
    ],
)
def test_a_billing_request_is_fulfilled_without_the_page(payer, ending, status):
    id = payer.request().id
    with pytest.raises(errors.InvalidStateError):
        _run(payer, f"billing_request_fulfilled{ending}", id)
    service = payer.client.billing_requests
    person = {"given_name": "Ann", "family_name": "Bee", "email": "ann@example.com"}
    address = {
        "address_line1": "1 Station Road",
        "city": "Urmston",
        "postal_code": "M41 0AA",
        "country_code": "GB",
    }
    details = {"customer": person, "customer_billing_detail": address}
    service.collect_customer_details(id, params=details)
    account = {
        "account_number": "55779911",
        "branch_code": "200000",
        "account_holder_name": "ANN BEE",
        "country_code": "GB",
    }
    service.collect_bank_account(id, params=account)
    service.confirm_payer_details(id)
    _run(payer, f"billing_request_fulfilled{ending}", id)
    request = service.get(id).attributes
    assert request["status"] == "fulfilled"
    payment = payer.client.payments.get(request["links"]["payment_request_payment"])
    assert payment.status == status


@pytest.mark.parametrize("name", ["payment_exploded", "payment_confirmed"])
def test_an_unknown_scenario_or_resource_is_not_found(payer, name):
    with pytest.raises(errors.InvalidApiUsageError):
        _run(payer, name, "PM404")


def test_a_scenario_begins_only_where_it_may(payer):
    id = _payment(payer)
    _run(payer, "payment_confirmed", id)
    with pytest.raises(errors.InvalidStateError):
        _run(payer, "payment_submitted", id)
    assert payer.client.payments.get(id).status == "confirmed"
