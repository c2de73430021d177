"""The inbox: what is stored at the door, and what becomes of it."""

import hashlib
import hmac
import json
from datetime import timedelta

import pytest
from django.db import transaction

from integrations import clock, inbox
from integrations.errors import Rejected, Unavailable
from integrations.health import parts
from integrations.models import ServiceState, WebhookEvent

pytestmark = pytest.mark.django_db
URL = "/webhooks/gocardless"
seen: list[str] = []
trouble: dict[str, Exception] = {}


class Handler:
    """Notes what it is given; `trouble` makes it fail for one event."""

    def read(self, event):
        """Read outside, with no transaction open."""
        inside = transaction.get_connection().atomic_blocks
        assert all(block._from_testcase for block in inside)
        return event.event_id

    def apply_together(self, events):
        """Apply those whose name ends in a star, or fail."""
        stars = [event for event in events if event.event_id.endswith("*")]
        for event in stars:
            self.apply(event, event.event_id)
        return {event.pk: WebhookEvent.Outcome.RECORDED for event in stars}

    def apply(self, event, reading):
        """Apply it, or fail."""
        assert reading == event.event_id
        if event.event_id in trouble:
            raise trouble[event.event_id]
        seen.append(event.event_id)
        return WebhookEvent.Outcome.APPLIED


@pytest.fixture(autouse=True)
def handler(settings):
    settings.WEBHOOK_HANDLERS = {"gocardless": f"{__name__}.Handler"}
    seen.clear()
    trouble.clear()


def event(id: str, **given) -> dict:
    """An event as GoCardless sends it."""
    made = {"id": id, "resource_type": "payments", "action": "confirmed", "links": {}}
    return made | {"created_at": "2026-09-08T10:00:00.000Z"} | given


def deliver(client, events, *, secret="webhook-secret-of-the-tests", body=None, url=URL, **headers):
    """Post a delivery, signed with `secret`."""
    raw = body if body is not None else json.dumps({"events": events}).encode()
    signature = hmac.new(secret.encode(), raw, hashlib.sha256).hexdigest()
    headers = {"Webhook-Signature": signature} | headers
    return client.post(url, raw, content_type="application/json", headers=headers)


@pytest.mark.parametrize("url", [URL, f"/api{URL}"])
def test_a_signed_delivery_is_kept_in_one_statement_and_answered_204(
    client, django_assert_num_queries, url
):
    with django_assert_num_queries(1):
        response = deliver(client, [event(f"EV{n}") for n in range(50)], url=url)
    assert (response.status_code, response.content) == (204, b"")
    assert WebhookEvent.objects.count() == 50


def test_a_full_delivery_of_250_events_is_kept_whole(client):
    assert deliver(client, [event(f"EV{n}") for n in range(250)]).status_code == 204
    assert inbox.process_due() == 250
    assert len(set(seen)) == 250


def test_what_can_be_applied_together_is_and_the_rest_one_by_one(client):
    deliver(client, [event("EV1*"), event("EV2"), event("EV3*")])
    assert inbox.process_due() == 3
    assert seen == ["EV1*", "EV3*", "EV2"]
    outcomes = dict(WebhookEvent.objects.values_list("event_id", "outcome"))
    assert outcomes == {"EV1*": "recorded", "EV2": "applied", "EV3*": "recorded"}


def test_a_surprise_among_many_holds_up_only_itself(client):
    trouble["EV2*"] = KeyError("surprise")
    deliver(client, [event("EV1*"), event("EV2*"), event("EV3*")])
    assert inbox.process_due() == 3
    done = WebhookEvent.objects.filter(processed_at__isnull=False)
    assert set(done.values_list("event_id", flat=True)) == {"EV1*", "EV3*"}
    [poisoned] = WebhookEvent.objects.needs_person()
    assert (poisoned.event_id, poisoned.processed_at) == ("EV2*", None)


@pytest.mark.parametrize(
    "signature", ["", "0" * 64, "é", "A" * 64], ids=["empty", "wrong", "strange", "upper"]
)
def test_a_forged_webhook_is_refused_and_not_kept(client, signature):
    response = deliver(client, [event("EV1")], **{"Webhook-Signature": signature})
    assert response.status_code == 498
    assert WebhookEvent.objects.count() == 0


def test_a_webhook_without_a_signature_is_refused_and_not_kept(client):
    response = client.post(URL, b'{"events": []}', content_type="application/json")
    assert response.status_code == 498
    assert WebhookEvent.objects.count() == 0


def test_a_changed_body_is_refused(client):
    raw = json.dumps({"events": [event("EV1")]}).encode()
    key = b"webhook-secret-of-the-tests"
    signature = hmac.new(key, raw, hashlib.sha256).hexdigest()
    changed = raw.replace(b"confirmed", b"cancelled")
    headers = {"Webhook-Signature": signature}
    response = client.post(URL, changed, content_type="application/json", headers=headers)
    assert response.status_code == 498
    assert WebhookEvent.objects.count() == 0


def test_without_a_secret_nothing_is_accepted(client, settings):
    settings.GOCARDLESS_WEBHOOK_SECRET = " , "
    response = deliver(client, [event("EV1")], secret="")
    assert response.status_code == 503
    assert response.content == b"webhooks are not configured"
    assert WebhookEvent.objects.count() == 0


@pytest.mark.parametrize("secret", ["old-secret", "new-secret"])
def test_while_one_secret_replaces_another_both_count(client, settings, secret):
    settings.GOCARDLESS_WEBHOOK_SECRET = "old-secret, new-secret"
    assert deliver(client, [event("EV1")], secret=secret).status_code == 204


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"not json",
        b"[]",
        b"{}",
        b'{"events": {}}',
        b'{"events": [1]}',
        b'{"events": [{"resource_type": "payments", "action": "paid"}]}',
        b'{"events": [{"id": "EV1", "resource_type": "payments"}]}',
        b'{"events": [{"id": "", "resource_type": "payments", "action": "paid"}]}',
        b'{"events": [{"id": "EV1", "resource_type": "p", "action": "a", "links": []}]}',
        b'{"events": [{"id": "EV1", "resource_type": "p", "action": "a", "metadata": NaN}]}',
        b'{"events": [{"id": "EV\\u0000", "resource_type": "p", "action": "a"}]}',
        pytest.param(b"[" * 100_000, id="a hundred thousand brackets"),
    ],
)
def test_a_signed_body_that_is_no_delivery_is_a_400_and_nothing_is_kept(client, body):
    assert deliver(client, [], body=body).status_code == 400
    assert WebhookEvent.objects.count() == 0


def test_too_large_a_body_is_a_413(client):
    body = b'{"events": []}' + b" " * (5 * 512 * 1024)
    assert deliver(client, [], body=body).status_code == 413


def test_only_post_is_taken_and_the_test_address_answers(client):
    assert client.get(URL).status_code == 405
    answer = client.get(f"{URL}/test")
    assert answer.json() == {"status": "ok", "webhooks": "configured"}
    assert "secret" not in answer.content.decode()


def test_an_event_delivered_three_times_is_applied_once(client):
    deliver(client, [event("EV1"), event("EV1")])
    inbox.process_due()
    assert deliver(client, [event("EV1")]).status_code == 204
    inbox.process_due()
    assert seen == ["EV1"]
    assert WebhookEvent.objects.get().outcome == "applied"


def test_events_are_applied_in_the_order_in_which_they_happened(client):
    deliver(client, [event("EV3", created_at="2026-09-08T10:00:00.003Z"), event("EV2")])
    deliver(client, [event("EV1", created_at="2026-09-08T09:00:00.000Z")])
    deliver(client, [event("EV4", created_at="long ago"), event("EV5", created_at=None)])
    assert inbox.process_due() == 5
    assert seen == ["EV1", "EV2", "EV3", "EV4", "EV5"]


def test_a_poisoned_event_goes_to_a_person_and_holds_up_nothing(client):
    trouble["EV1"] = LookupError("Priya Okafor")
    deliver(client, [event("EV1"), event("EV2")])
    inbox.process_due()
    assert seen == ["EV2"]
    poisoned = WebhookEvent.objects.get(event_id="EV1")
    assert poisoned.needs_person_at is not None
    assert poisoned.last_error.startswith("LookupError in apply, line ")
    assert "Priya" not in poisoned.last_error
    assert (poisoned.due_at, poisoned.processed_at) == (None, None)


def test_an_event_whose_service_is_away_waits_and_is_applied_later(client, move_clock):
    trouble["EV1"] = Unavailable("gocardless", "away")
    deliver(client, [event("EV1")])
    assert inbox.process_due() == 1
    waiting = WebhookEvent.objects.get()
    assert (waiting.needs_person_at, waiting.outcome) == (None, "waiting")
    assert waiting.due_at > clock.now()
    trouble.clear()
    move_clock(timedelta(minutes=1))
    inbox.process_due()
    assert seen == ["EV1"]


def test_an_event_that_the_handler_refuses_goes_to_a_person(client):
    trouble["EV1"] = Rejected("gocardless", "resource_not_found")
    deliver(client, [event("EV1")])
    inbox.process_due()
    assert WebhookEvent.objects.get().last_error == "gocardless: resource_not_found"
    assert WebhookEvent.objects.needs_person().count() == 1


def test_an_event_that_another_worker_holds_is_left_alone(client, move_clock):
    deliver(client, [event("EV1")])
    assert WebhookEvent.objects.claim(WebhookEvent.objects.get().pk)
    assert inbox.process_due() == 0
    move_clock(timedelta(minutes=6))
    assert inbox.process_due() == 1
    assert seen == ["EV1"]


def test_a_worker_whose_lease_ran_out_undoes_what_it_applied(client, monkeypatch):
    deliver(client, [event("EV1")])

    def overtaken(self, event, reading):
        WebhookEvent.objects.filter(pk=event.pk).update(attempts=9)
        ServiceState.objects.create(service="mark")
        return "applied"

    monkeypatch.setattr(Handler, "apply", overtaken)
    inbox.process_due()
    assert not ServiceState.objects.filter(pk="mark").exists()
    assert WebhookEvent.objects.get().outcome == "waiting"


def test_an_event_of_a_source_without_a_handler_is_kept_as_unknown():
    inbox.store("pigeon", [{"id": "P1"}])
    inbox.process_due()
    kept = WebhookEvent.objects.get()
    assert (kept.outcome, kept.due_at, kept.body) == ("unknown", None, {"id": "P1"})


def test_of_an_event_ids_and_codes_are_kept_and_nothing_that_may_name_somebody(client):
    ours = "3f0d6c1e-9d0e-4f7c-8a55-0d6a6f1c2b3d"
    named = {"child": "Sam Okafor", "by": "jo@example.org", "registration": ours, "n": None}
    told = event("EV1", resource_metadata=named, metadata=named, customer={"given_name": "Sam"})
    assert deliver(client, [told, event("EV2", resource_metadata=["Sam"])]).status_code == 204
    kept = {each.event_id: each.body for each in WebhookEvent.objects.all()}
    assert kept["EV1"] == event("EV1") | {"resource_metadata": {"registration": ours}}
    assert kept["EV2"] == event("EV2")


def test_the_probes_answer(client, move_clock):
    assert client.get("/livez").json() == {"status": "ok"}
    ready = {"status": "ok", "database": "ok", "cache": "ok"}
    assert client.get("/readyz").json() == ready | {"worker": "never seen"}
    parts.note_heartbeat()
    assert client.get("/api/readyz").json() == ready | {"worker": "ok"}
    move_clock(timedelta(minutes=5))
    assert client.get("/readyz").json()["worker"].startswith("last seen 30")


def test_without_a_database_the_process_is_not_ready(client, monkeypatch):
    monkeypatch.setattr("integrations.api._database", lambda: "away")
    response = client.get("/readyz")
    assert response.status_code == 503
    assert response.json() == {"status": "unavailable", "database": "away", "cache": "ok"}
