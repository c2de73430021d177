"""What goes wrong on demand: as the official clients meet it, and what was done all the same."""

import time

import pytest
import requests
from gocardless_pro import errors, webhooks
from twilio.base.exceptions import TwilioRestException
from twilio.http.http_client import TwilioHttpClient
from twilio.rest import Client

from integrations.sandbox import faults
from tests.integrations.sandbox.airtable_support import record, seed, stored, table
from tests.integrations.sandbox.gocardless_support import until

BROKEN = requests.exceptions.RequestException
DONE = ("drop_after", "error_after", "truncated", "half_json", "wrong_body")
NOT_DONE = ("drop_before", "error_500", "error_502", "error_503", "error_503_retry_after")


@pytest.fixture
def sms(sandbox) -> Client:
    """Twilio's client, pointed at the sandbox."""
    http = TwilioHttpClient(timeout=5)
    client = Client(
        sandbox.config.twilio_account_sid, sandbox.config.twilio_auth_token, http_client=http
    )
    client.api.base_url = f"{sandbox.url}/twilio"
    return client


def _send(sms: Client, **more: str):
    return sms.messages.create(to="+447700900123", from_="+447700900999", body="Hi", **more)


def _texts(sandbox) -> int:
    return sandbox.store.count("twilio.messages")


@pytest.mark.parametrize("mode", [*DONE, *NOT_DONE])
def test_airtable_fails_once_and_has_written_exactly_when_the_fault_comes_after(sandbox, mode):
    seed(sandbox)
    faults.set_mode(sandbox.store, "airtable", mode, count=1, operation="records.write")
    assert table(sandbox).all() == []
    with pytest.raises(BROKEN):
        table(sandbox).create({"sync_id": "reg-1"})
    assert len(stored(sandbox)) == (1 if mode in DONE else 0)
    assert faults.mode(sandbox.store, "airtable") == "up"
    table(sandbox).batch_upsert([{"fields": {"sync_id": "reg-1"}}], ["sync_id"])
    assert [one["fields"] for one in stored(sandbox)] == [{"sync_id": "reg-1"}]


@pytest.mark.parametrize("mode", [*DONE, *NOT_DONE])
def test_twilio_fails_once_and_has_sent_exactly_when_the_fault_comes_after(sandbox, sms, mode):
    faults.set_mode(sandbox.store, "twilio", mode, count=1, operation="messages.create")
    with pytest.raises((BROKEN, TwilioRestException, ValueError)):
        _send(sms)
    assert _texts(sandbox) == (1 if mode in DONE else 0)
    assert _send(sms).status == "queued"


@pytest.mark.parametrize("mode", ["drop_before", "drop_after", "error_502", "half_json"])
def test_gocardless_client_repeats_a_lost_create_with_its_key_and_makes_one(sandbox, payer, mode):
    operation = "billing_requests.create"
    faults.set_mode(sandbox.store, "gocardless", mode, count=1, operation=operation)
    made = payer.request()
    assert [one["id"] for one in sandbox.store.all("gocardless.billing_requests")] == [made.id]


def test_a_lost_flow_comes_back_as_a_conflict(sandbox, payer):
    request = payer.request()
    operation = "billing_request_flows.create"
    faults.set_mode(sandbox.store, "gocardless", "drop_after", count=1, operation=operation)
    with pytest.raises(errors.IdempotentCreationConflictError) as refused:
        payer.flow(request.id)
    [flow] = sandbox.store.all("gocardless.billing_request_flows")
    assert refused.value.conflicting_resource_id == flow["id"]


@pytest.mark.parametrize(
    ("mode", "error", "made"),
    [
        ("rate_limited", errors.RateLimitError, 0),
        ("error_500", errors.GoCardlessInternalError, 0),
        ("error_after", errors.GoCardlessInternalError, 1),
    ],
)
def test_gocardless_refuses_in_its_envelope(sandbox, payer, mode, error, made):
    faults.set_mode(sandbox.store, "gocardless", mode, count=1)
    with pytest.raises(error) as refused:
        payer.request()
    assert refused.value.errors[0]["reason"]
    assert sandbox.store.count("gocardless.billing_requests") == made


@pytest.mark.parametrize("status", [502, 503])
def test_gocardless_behind_a_proxy_answers_html_until_the_client_gives_up(sandbox, payer, status):
    faults.set_mode(sandbox.store, "gocardless", f"error_{status}")
    with pytest.raises(errors.MalformedResponseError):
        payer.request()
    assert sandbox.store.count("gocardless.billing_requests") == 0


def test_airtable_speaks_of_too_much_in_three_ways(sandbox):
    seed(sandbox)
    bodies = {}
    for mode in ("rate_limited", "rate_limited_errors", "quota"):
        faults.set_mode(sandbox.store, "airtable", mode, count=1)
        with pytest.raises(requests.HTTPError) as refused:
            table(sandbox).all()
        assert refused.value.response.status_code == 429
        bodies[mode] = refused.value.response.json()
    assert bodies["rate_limited"]["error"]["type"] == "RATE_LIMIT_REACHED"
    assert bodies["rate_limited_errors"]["errors"][0]["error"] == "RATE_LIMIT_REACHED"
    assert bodies["quota"]["error"]["type"] == "PUBLIC_API_BILLING_LIMIT_EXCEEDED"


def test_a_spent_quota_can_also_slow_everybody_down(sandbox):
    seed(sandbox)
    faults.set_mode(sandbox.store, "airtable", "quota_slow")
    table(sandbox).all()
    table(sandbox).all()
    with pytest.raises(requests.HTTPError) as refused:
        table(sandbox).all()
    assert refused.value.response.json()["error"]["type"] == "RATE_LIMIT_REACHED"
    faults.set_mode(sandbox.store, "airtable", "up")
    table(sandbox).all()


def test_a_429_on_demand_begins_the_penalty(sandbox):
    seed(sandbox, unlimited=False)
    faults.set_mode(sandbox.store, "airtable", "rate_limited", count=1)
    for _ in range(2):
        with pytest.raises(requests.HTTPError) as refused:
            table(sandbox).all()
        assert refused.value.response.status_code == 429
    until(lambda: requests.get(
        f"{sandbox.url}/airtable/v0/{sandbox.config.airtable_base_id}/registrations_2627",
        headers={"Authorization": f"Bearer {sandbox.config.airtable_pat}"}, timeout=5,
    ).ok)  # fmt: skip


def test_a_503_may_say_when_to_come_back(sandbox):
    seed(sandbox)
    seen = {}
    for mode in ("error_503", "error_503_retry_after"):
        faults.set_mode(sandbox.store, "airtable", mode, count=1)
        with pytest.raises(requests.HTTPError) as refused:
            table(sandbox).all()
        seen[mode] = refused.value.response.headers.get("Retry-After")
    assert seen == {"error_503": None, "error_503_retry_after": "1"}


def test_an_iterator_can_expire_in_the_middle_of_a_list(sandbox):
    seed(sandbox, *[record(number) for number in range(3)])
    faults.set_mode(sandbox.store, "airtable", "iterator_expired", count=1)
    pages = table(sandbox).iterate(page_size=2)
    assert len(next(pages)) == 2
    with pytest.raises(requests.HTTPError) as refused:
        next(pages)
    answer = refused.value.response
    assert answer.json()["error"]["type"] == "LIST_RECORDS_ITERATOR_NOT_AVAILABLE"
    assert len(table(sandbox).all(page_size=2)) == 3


@pytest.mark.parametrize(("mode", "made"), [("slow", 1), ("slow_before", 0)])
def test_a_slow_service_outlasts_the_client(sandbox, mode, made):
    seed(sandbox)
    faults.set_mode(sandbox.store, "airtable", mode, count=1, seconds=0.6)
    slow = table(sandbox)
    slow.api.timeout = (1, 0.2)
    with pytest.raises(requests.ReadTimeout):
        slow.create({"sync_id": "reg-1"})
    assert len(stored(sandbox)) == made
    until(lambda: len(stored(sandbox)) == 1)


def test_a_slow_answer_is_still_the_answer(sandbox, payer):
    faults.set_mode(sandbox.store, "gocardless", "slow", count=1, seconds=0.3)
    began = time.monotonic()
    assert payer.request().status == "pending"
    assert time.monotonic() - began >= 0.3


def test_a_fault_strikes_so_many_times_and_only_its_operation(sandbox, payer):
    request = payer.request()
    body = {
        "service": "gocardless",
        "mode": "error_500",
        "count": 2,
        "operation": "billing_requests.get",
    }
    switched = requests.post(f"{sandbox.url}/_sandbox/switches", json=body, timeout=5)
    assert switched.json()["gocardless"] == "error_500"
    payer.request()
    for _ in range(2):
        with pytest.raises(errors.GoCardlessInternalError):
            payer.client.billing_requests.get(request.id)
    assert payer.client.billing_requests.get(request.id).id == request.id


@pytest.mark.parametrize(
    "wrong",
    [
        {"mode": "quota"},
        {"mode": "split", "service": "airtable"},
        {"mode": "slow", "service": "s3"},
        {"mode": "slow", "count": 0},
        {"mode": "slow", "seconds": "long"},
        {"mode": "slow", "operation": "records.write"},
        {"mode": "slow", "operation": "everything"},
    ],
)
def test_a_fault_that_cannot_be_is_refused(sandbox, wrong):
    body = {"service": "gocardless"} | wrong
    answer = requests.post(f"{sandbox.url}/_sandbox/switches", json=body, timeout=5)
    assert (answer.status_code, bool(answer.json()["error"])) == (400, True)
    assert set(faults.switches(sandbox.store).values()) == {"up"}


def test_a_person_switches_a_fault_on_and_off_again(sandbox):
    form = {"service": "twilio", "mode": "rate_limited", "count": "3", "seconds": ""}
    form["operation"] = "messages.create"
    page = requests.post(f"{sandbox.url}/switches", data=form, timeout=5).text
    assert "429, too many requests, for messages.create only, 3 more times." in page
    page = requests.post(
        f"{sandbox.url}/switches", data={"service": "twilio", "mode": "up"}, timeout=5
    ).text
    assert "in trouble" not in page
    bad = requests.post(f"{sandbox.url}/switches", data=form | {"count": "x"}, timeout=5)
    assert bad.status_code == 400


def _ids(site) -> list[list[str]]:
    return [[event["id"] for event in one.get_json()["events"]] for one in site.deliveries]


def test_webhooks_are_split_doubled_delayed_shuffled_or_forged(sandbox, payer, site):
    for mode, form in (
        ("split", lambda: len(site.deliveries) == 20 and {len(ids) for ids in _ids(site)} == {1}),
        ("doubled", lambda: len(site.deliveries) == 2 and _ids(site)[0] == _ids(site)[1]),
        ("shuffled", lambda: site.deliveries and _ids(site)[0] != sorted(_ids(site)[0])),
        ("delayed", lambda: len(site.deliveries) == 1),
    ):
        site.deliveries.clear()
        with sandbox.store.lock:
            faults.set_mode(sandbox.store, "gocardless", mode, seconds=0.3)
            sandbox.send_webhooks_to(site.url)
            for number in range(20):
                event = {"id": f"EV{mode}{number:02d}", "links": {}}
                sandbox.store.put("gocardless.events", event["id"], event)
                sandbox.store.put("gocardless.outbox", event["id"], {"id": event["id"]})
        until(form)
        assert len({one.get_json()["meta"]["webhook_id"] for one in site.deliveries}) == len(
            site.deliveries
        )
    assert faults.mode(sandbox.store, "gocardless") == "up"


def test_a_wrongly_signed_webhook_does_not_verify(sandbox, payer, site):
    faults.set_mode(sandbox.store, "gocardless", "bad_signature", count=1)
    sandbox.send_webhooks_to(site.url)
    payer.request()
    [delivery] = until(lambda: site.deliveries)
    with pytest.raises(errors.InvalidSignatureError):
        webhooks.parse(
            delivery.data,
            sandbox.config.gocardless_webhook_secret,
            delivery.headers["Webhook-Signature"],
        )


@pytest.mark.parametrize(
    ("mode", "statuses"),
    [("doubled", ["sent", "sent", "delivered", "delivered"]), ("shuffled", ["delivered", "sent"])],
)
def test_a_status_is_told_twice_or_after_the_next_one(sandbox, sms, site, mode, statuses):
    faults.set_mode(sandbox.store, "twilio", mode)
    _send(sms, status_callback=f"{site.url}/status")
    until(lambda: len(site.deliveries) == len(statuses))
    assert [one.form["MessageStatus"] for one in site.deliveries] == statuses
