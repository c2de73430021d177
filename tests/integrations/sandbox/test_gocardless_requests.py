"""Billing requests, flows and the hosted page, through the official client."""

import gocardless_pro
import pytest
import requests
from gocardless_pro import errors

from tests.integrations.sandbox.gocardless_support import METADATA, until


def test_a_paid_request_is_fulfilled_a_moment_later_with_its_records(payer):
    asked = payer.request()
    assert (asked.status, asked.links.customer[:2]) == ("pending", "CU")
    flow = payer.flow(asked.id, given_name="Ann", family_name="Lee", email="ann@example.com")
    assert flow.authorisation_url == f"{payer.url}/pay/{flow.id}"

    answer = payer.finish(flow.authorisation_url, "pay")

    assert (answer.status_code, answer.headers["Location"]) == (303, "http://club.example/return")
    at_once = payer.client.billing_requests.get(asked.id).attributes
    assert at_once["status"] == "fulfilling"
    assert "mandate_request_mandate" not in at_once["links"]
    done = until(lambda: _fulfilled(payer, asked.id))
    assert done["actions"] == []
    assert "mandate" not in done["links"]
    assert done["resources"]["customer"]["family_name"] == "Lee"
    mandate = payer.client.mandates.get(done["links"]["mandate_request_mandate"])
    assert (mandate.status, mandate.scheme, mandate.metadata) == (
        "pending_submission",
        "bacs",
        METADATA,
    )
    payment = payer.client.payments.get(done["links"]["payment_request_payment"])
    assert (payment.amount, payment.scheme, payment.metadata) == (4500, "faster_payments", METADATA)
    assert "billing_request" not in payment.attributes["links"]
    until(lambda: payer.client.payments.get(payment.id).status == "confirmed")


def _fulfilled(payer, id):
    request = payer.client.billing_requests.get(id).attributes
    return request if request["status"] == "fulfilled" else None


def test_a_refused_first_payment_takes_the_mandate_and_its_subscription_with_it(
    payer, site, sandbox
):
    sandbox.send_webhooks_to(site.url)
    done = payer.fulfilled("fail")
    payment = payer.client.payments.get(done["links"]["payment_request_payment"])
    mandate = payer.client.mandates.get(done["links"]["mandate_request_mandate"])
    assert (payment.status, mandate.status) == ("failed", "cancelled")
    assert mandate.next_possible_charge_date is None
    [event] = until(lambda: site.named("mandates", "cancelled"))
    assert event["details"]["cause"] == "initial_one_off_payment_failed"
    [event] = until(lambda: site.named("payments", "failed"))
    assert event["links"] == {"payment": payment.id}
    assert event["details"]["reason_code"] == "FAILED"


def test_leaving_the_page_pays_nothing_and_leaves_the_request_open(payer):
    asked = payer.request()
    answer = payer.finish(payer.flow(asked.id).authorisation_url, "cancel")
    assert (answer.status_code, answer.headers["Location"]) == (303, "http://club.example/exit")
    assert payer.client.billing_requests.get(asked.id).status == "pending"
    assert payer.client.payments.list().records == []


def test_a_page_filled_in_badly_says_so_and_pays_nothing(payer):
    asked = payer.request()
    page = payer.flow(asked.id).authorisation_url
    answer = payer.finish(page, "pay", account_number="12")
    assert answer.status_code == 422
    assert "Account number is invalid." in answer.text
    assert payer.finish(page, "pay", email="").status_code == 422
    assert payer.client.billing_requests.get(asked.id).status == "pending"


def test_a_payer_whose_name_is_longer_than_a_bank_has_room_for_can_pay(payer):
    asked = payer.request()
    page = payer.flow(asked.id, given_name="Siân", family_name="O'Neil-Kowalska", email="s@e.org")
    assert payer.finish(page.authorisation_url, "pay").status_code == 303


def test_a_page_is_closed_after_payment_after_seven_days_and_when_it_never_was(payer, own_clock):
    paid = payer.flow(payer.request().id).authorisation_url
    payer.finish(paid, "pay")
    assert payer.finish(paid, "pay").status_code == 410
    waiting = payer.flow(payer.request().id).authorisation_url
    requests.post(f"{payer.url}/_sandbox/clock", json={"advance_seconds": 7 * 86400}, timeout=5)
    answer = requests.get(waiting, timeout=5)
    assert (answer.status_code, "has expired" in answer.text) == (410, True)
    assert requests.get(f"{payer.url}/pay/BRF0", timeout=5).status_code == 404


def test_a_cancelled_request_takes_no_flow_and_no_second_cancel(payer):
    asked = payer.request()
    assert payer.client.billing_requests.cancel(asked.id).status == "cancelled"
    with pytest.raises(errors.InvalidStateError):
        payer.flow(asked.id)
    with pytest.raises(errors.InvalidStateError):
        payer.client.billing_requests.cancel(asked.id)


def test_a_mandate_alone_can_be_collected_and_fulfilled_through_the_api(payer):
    asked = payer.request(payment_request=None)
    assert asked.attributes["payment_request"] is None
    service = payer.client.billing_requests
    with pytest.raises(errors.InvalidStateError):
        service.fulfil(asked.id)
    details = {
        "customer": {"given_name": "Ann", "family_name": "Lee", "email": "ann@example.com"},
        "customer_billing_detail": {
            "address_line1": "1 Example Street",
            "city": "Manchester",
            "postal_code": "M41 0AA",
            "country_code": "GB",
        },
    }
    service.collect_customer_details(asked.id, params=details)
    account = {
        "account_holder_name": "Ann Lee",
        "account_number": "55779911",
        "branch_code": "200000",
        "country_code": "GB",
    }
    service.collect_bank_account(asked.id, params=account)
    ready = service.confirm_payer_details(asked.id)
    assert ready.status == "ready_to_fulfil"
    assert service.fulfil(asked.id).status == "fulfilling"
    done = until(lambda: _fulfilled(payer, asked.id))
    assert "payment_request_payment" not in done["links"]
    assert done["resources"]["customer_bank_account"]["account_number_ending"] == "11"


@pytest.mark.parametrize(
    ("changes", "pointer"),
    [
        ({"payment_request": {"amount": 0, "currency": "GBP"}}, "/payment_request/amount"),
        ({"payment_request": {"amount": 1, "currency": "EUR"}}, "/payment_request/currency"),
        ({"mandate_request": {"currency": "GBP", "colour": "x"}}, "/mandate_request/colour"),
        ({"metadata": {"a": "1", "b": "2", "c": "3", "d": "4"}}, "/metadata"),
        ({"metadata": {"a": 1}}, "/metadata"),
        ({"lock_amount": True}, "/lock_amount"),
    ],
)
def test_a_request_that_the_real_service_would_refuse_is_refused(payer, changes, pointer):
    with pytest.raises(errors.ValidationFailedError) as refused:
        payer.request(**changes)
    assert refused.value.code == 422
    assert refused.value.errors[0]["request_pointer"] == f"/billing_requests{pointer}"
    assert payer.client.billing_requests.list().records == []


def test_an_idempotency_key_used_twice_gives_the_first_object_back(payer):
    params = {"mandate_request": {"currency": "GBP", "scheme": "bacs"}}
    headers = {"Idempotency-Key": "registration:17"}
    service = payer.client.billing_requests
    first = service.create(params=params, headers=headers)
    assert service.create(params=params, headers=headers).id == first.id
    assert len(service.list().records) == 1
    strict = gocardless_pro.Client(
        access_token="sandbox_token_of_the_tests",
        base_url=payer.url,
        raise_on_idempotency_conflict=True,
    )
    with pytest.raises(errors.IdempotentCreationConflictError) as conflict:
        strict.billing_requests.create(params=params, headers=headers)
    assert conflict.value.conflicting_resource_id == first.id


def test_a_flow_is_not_recovered_by_its_key(payer):
    asked = payer.request()
    params = {"redirect_uri": "http://club.example/", "links": {"billing_request": asked.id}}
    headers = {"Idempotency-Key": "flow:1"}
    payer.client.billing_request_flows.create(params=params, headers=headers)
    with pytest.raises(errors.IdempotentCreationConflictError):
        payer.client.billing_request_flows.create(params=params, headers=headers)


def test_strangers_and_wrong_versions_are_turned_away(sandbox):
    stranger = gocardless_pro.Client(access_token="wrong", base_url=sandbox.url)
    with pytest.raises(errors.AuthenticationError):
        stranger.creditors.list()
    headers = {"Authorization": f"Bearer {sandbox.config.gocardless_token}"}
    answer = requests.get(f"{sandbox.url}/payments", headers=headers, timeout=5)
    assert (answer.status_code, answer.json()["error"]["type"]) == (400, "invalid_api_usage")


def test_what_does_not_exist_is_not_found(payer):
    with pytest.raises(errors.InvalidApiUsageError) as refused:
        payer.client.billing_requests.get("BRQ0")
    assert (refused.value.code, refused.value.errors[0]["reason"]) == (404, "resource_not_found")
    with pytest.raises(errors.InvalidApiUsageError) as refused:
        payer.client.payments.retry("PM0")
    assert refused.value.code == 404


def test_every_answer_tells_the_rate_limit(payer):
    creditors = payer.client.creditors.list().records
    assert len(creditors) == 1
    limit = payer.client.rate_limit
    assert limit["ratelimit-limit"] == 1000
    assert limit["ratelimit-remaining"] == 999


def test_more_than_a_thousand_requests_a_minute_are_refused(payer, sandbox):
    payer.client.creditors.list()
    used = sandbox.store.get("gocardless.limits", "token")
    sandbox.store.put("gocardless.limits", "token", used | {"used": 1000})
    with pytest.raises(errors.RateLimitError):
        payer.request()
    assert sandbox.store.all("gocardless.billing_requests") == []


def test_lists_are_paged_newest_first_and_filtered(payer):
    made = [payer.request().id for _ in range(5)]
    service = payer.client.billing_requests
    first = service.list(params={"limit": 2})
    assert [one.id for one in first.records] == [made[4], made[3]]
    assert [one.id for one in service.all(params={"limit": 2})] == made[::-1]
    service.cancel(made[0])
    cancelled = service.list(params={"status": "cancelled"}).records
    assert [one.id for one in cancelled] == [made[0]]
    assert service.list(params={"created_at[lt]": "2020-01-01T00:00:00Z"}).records == []
    with pytest.raises(errors.InvalidApiUsageError):
        service.list(params={"colour": "blue"})
    with pytest.raises(errors.InvalidApiUsageError):
        service.list(params={"limit": 501})


def test_a_service_that_is_down_closes_the_connection_and_does_nothing(payer, sandbox):
    sandbox.down("gocardless")
    with pytest.raises(requests.ConnectionError):
        payer.client.billing_requests.cancel("BRQ0")
    with pytest.raises(requests.ConnectionError):
        requests.get(f"{sandbox.url}/pay/BRF0", timeout=5)
    assert sandbox.store.all("gocardless.billing_requests") == []
    sandbox.up("gocardless")
    assert payer.request().status == "pending"
