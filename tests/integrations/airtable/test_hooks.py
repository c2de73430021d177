"""Airtable's webhooks: the door, and what the payloads lead to (wire/airtable 1.12)."""

import base64
import hashlib
import hmac
from datetime import timedelta

import pytest
import requests

from integrations import clock, guard
from integrations.airtable import client, hooks
from integrations.models import AirtableBase, AirtableConflict, AirtableRow, AirtableRun
from registrations.actions import sync
from registrations.models import Registration
from tests import factories
from tests.integrations.airtable.test_pull import ENTERED

pytestmark = pytest.mark.django_db
DOOR = "/webhooks/airtable"


@pytest.fixture
def hooked(club, settings):
    """A club whose base has our webhook."""
    settings.PUBLIC_URL = "https://club.example"
    made = factories.registration()
    club.fill()
    club.pull(full=True)
    hooks.keep()
    return made


def volunteer(club, **edits) -> None:
    """Edit records as Airtable's own pages do."""
    url = f"{club.sandbox.url}/_sandbox/airtable/records"
    requests.post(url, json={"table": "registrations_2627", **edits}, timeout=10).raise_for_status()


def test_the_documented_vector_is_accepted(club):
    """wire/airtable 1.12, a vector that was computed with the official client."""
    body = (
        b'{"base":{"id":"app00000000000000"},"webhook":{"id":"ach00000000000000"},'
        b'"timestamp":"2022-02-01T21:25:05.663Z"}'
    )
    AirtableBase.objects.create(
        pk=club.sandbox.config.airtable_base_id,
        first_used_at=clock.now(),
        webhook_secret="c2VjcmV0",
    )
    right = "8bd89dd8304a4f7b1a661dfa59ba91218f210ff1dd30339081946782504616b1"
    assert hooks.verify(body, f"hmac-sha256={right}")
    assert not hooks.verify(body + b" ", f"hmac-sha256={right}")
    assert not hooks.verify(body, right)


def test_a_signed_ping_is_answered_at_once_and_a_forged_one_is_refused(club, hooked, client):
    stored = AirtableBase.objects.get()
    body = b'{"base":{"id":"x"}}'
    secret = base64.b64decode(stored.webhook_secret)
    mac = hmac.new(secret, body, hashlib.sha256).hexdigest()
    requests_before = club.requests()
    sent = {"content_type": "application/json"}
    answer = client.post(
        DOOR, body, headers={"X-Airtable-Content-MAC": f"hmac-sha256={mac}"}, **sent
    )
    assert (answer.status_code, answer.content) == (204, b"")
    assert client.post(DOOR, body, **sent).status_code == 401
    wrong = {"X-Airtable-Content-MAC": "hmac-sha256=0"}
    assert client.post(DOOR, body, headers=wrong, **sent).status_code == 401
    assert client.get(DOOR).status_code == 405
    assert club.requests() == requests_before


def test_an_edit_arrives_by_the_payload(club, hooked, move_clock):
    record_id = club.record(hooked)["id"]
    move_clock(timedelta(seconds=5))
    volunteer(club, update=[{"id": record_id, "fields": {"parent_town": "Davyhulme"}}])
    hooks.drain()
    assert Registration.objects.get(pk=hooked.pk).guardian.town == "Davyhulme"
    cursor = AirtableBase.objects.get().webhook_cursor
    assert cursor > 1
    before = club.requests()
    hooks.drain()
    assert AirtableBase.objects.get().webhook_cursor == cursor
    assert club.requests().get("list") == before.get("list")


def test_payloads_are_taken_at_their_word_and_no_row_is_read(club, hooked, move_clock):
    others = [factories.registration() for _ in range(3)]
    sync.touch_all(others)
    club.push()
    hooks.drain()
    move_clock(timedelta(minutes=1))
    made = Registration.objects.get(pk=others[0].pk)
    volunteer(
        club,
        update=[
            {"id": club.record(hooked)["id"], "fields": {"kit_size": "S", "parent_town": None}},
            {"id": club.record(made)["id"], "fields": {"parent_town": "Sale"}},
        ],
        create=[ENTERED],
        delete=[club.record(others[1])["id"]],
    )
    before = club.requests()
    hooks.drain()
    after = club.requests()
    assert after["list"] == before["list"]
    assert after["webhook"] - before["webhook"] == 1
    hooked = Registration.objects.get(pk=hooked.pk)
    assert (hooked.kit_size, hooked.guardian.town) == ("S", "")
    assert Registration.objects.get(pk=made.pk).guardian.town == "Sale"
    assert Registration.objects.filter(player__last_name="Shah").count() == 1
    assert AirtableRow.objects.get(object_id=others[1].pk, kind="registration").tombstone_at
    assert AirtableRun.objects.get(what="webhook").created == 1


def test_our_own_writes_are_no_news(club, hooked, move_clock):
    hooked.guardian.town = "Sale"
    hooked.guardian.save()
    sync.touch(hooked)
    club.push()
    before = club.requests()
    hooks.drain()
    assert club.requests().get("list") == before.get("list")
    assert Registration.objects.get(pk=hooked.pk).guardian.town == "Sale"
    assert club.push() == 0
    assert AirtableConflict.objects.count() == 0


def test_a_payload_that_is_older_than_our_own_write_undoes_nothing(club, hooked, move_clock):
    """Airtable may tell late: what it told before our write is read again."""
    record_id = club.record(hooked)["id"]
    volunteer(club, update=[{"id": record_id, "fields": {"parent_city": "Salford"}}])
    told = club.sandbox.store.all(f"airtable.payloads.{AirtableBase.objects.get().webhook_id}")
    assert told
    hooked.guardian.town = "Sale"
    hooked.guardian.save()
    sync.touch(hooked)
    club.push()
    ours = club.sandbox.store.all(f"airtable.payloads.{AirtableBase.objects.get().webhook_id}")
    for late in ours[len(told) :]:
        kind = f"airtable.payloads.{AirtableBase.objects.get().webhook_id}"
        club.sandbox.store.delete(kind, str(late["number"]))
    AirtableRow.objects.update(seen="")
    hooks.drain()
    hooked = Registration.objects.get(pk=hooked.pk)
    assert (hooked.guardian.town, hooked.guardian.city) == ("Sale", "Salford")


def test_a_hundred_rows_at_once_are_no_reason_to_read_the_table(club, hooked, move_clock):
    move_clock(timedelta(minutes=1))
    volunteer(club, create=[{"parent_town": f"Town {n}"} for n in range(101)])
    before = club.requests()
    hooks.drain()
    assert club.requests().get("list") == before.get("list")
    assert AirtableRun.objects.get(what="webhook").errors == 101


def test_a_payload_that_is_not_understood_has_the_table_read(club, hooked, move_clock):
    move_clock(timedelta(minutes=1))
    record_id = club.record(hooked)["id"]
    volunteer(club, update=[{"id": record_id, "fields": {"parent_town": "Sale"}}])
    kind = f"airtable.payloads.{AirtableBase.objects.get().webhook_id}"
    (told,) = club.sandbox.store.all(kind)
    (changed,) = told["body"]["changedTablesById"].values()
    changed["somethingNew"] = {record_id: changed.pop("changedRecordsById")}
    club.sandbox.store.put(kind, str(told["number"]), told)
    before = club.requests()
    hooks.drain()
    assert club.requests()["list"] - before["list"] == 1
    assert Registration.objects.get(pk=hooked.pk).guardian.town == "Sale"


def test_a_conflict_names_who_edited_there_and_when(club, hooked, move_clock):
    move_clock(timedelta(minutes=1))
    record_id = club.record(hooked)["id"]
    volunteer(club, update=[{"id": record_id, "fields": {"parent_town": "Davyhulme"}}])
    hooked.guardian.town = "Sale"
    hooked.guardian.save()
    at = clock.now()
    hooks.drain()
    clash = AirtableConflict.objects.get()
    assert (clash.field, clash.who) == ("parent_town", "volunteer@club.example")
    assert abs(clash.edited_at - at) < timedelta(seconds=30)


def test_a_token_that_may_make_no_webhooks_holds_nothing(club, settings, move_clock):
    settings.PUBLIC_URL = "https://club.example"
    club.fill()
    forbid = {"scopes": ["data.records:read", "data.records:write", "schema.bases:read"]}
    url = f"{club.sandbox.url}/_sandbox/airtable/token"
    requests.post(url, json=forbid, timeout=10).raise_for_status()
    hooks.keep()
    assert "INVALID_PERMISSIONS" in AirtableBase.objects.get().webhook_problem
    assert guard.available("airtable")
    before = club.requests()
    hooks.keep()
    assert club.requests() == before
    move_clock(timedelta(hours=7))
    club.sandbox.store.delete("airtable.settings", "token")
    hooks.keep()
    assert AirtableBase.objects.get().webhook_id


def test_a_destroyed_record_is_known_at_once(club, hooked):
    volunteer(club, delete=[club.record(hooked)["id"]])
    hooks.drain()
    assert AirtableRow.objects.get(object_id=hooked.pk, kind="registration").tombstone_at


def test_our_hook_is_refreshed_and_a_broken_one_made_anew(club, hooked, move_clock):
    first = AirtableBase.objects.get()
    before = club.requests()
    hooks.keep()
    assert club.requests() == before
    move_clock(timedelta(hours=25))
    hooks.keep()
    refreshed = AirtableBase.objects.get()
    assert refreshed.webhook_id == first.webhook_id
    assert refreshed.webhook_until - clock.now() > timedelta(days=6.9)
    somebody_elses = client.request(
        "POST",
        "create_webhook",
        *hooks._path(first)[:3],
        json={"specification": hooks._SPECIFICATION},
    )["id"]
    url = f"{club.sandbox.url}/_sandbox/airtable/webhooks/invalidate"
    answer = requests.post(url, json={"webhook": first.webhook_id}, timeout=10)
    answer.raise_for_status()
    record_id = club.record(hooked)["id"]
    volunteer(club, update=[{"id": record_id, "fields": {"parent_town": "Sale"}}])
    hooks.drain()
    again = AirtableBase.objects.get()
    assert again.webhook_id not in ("", first.webhook_id)
    assert again.webhook_problem == ""
    answer = client.request("GET", "webhooks", *hooks._path(first)[:3])
    assert {one["id"] for one in answer["webhooks"]} == {again.webhook_id, somebody_elses}


def test_without_the_permission_polling_goes_on(club, settings):
    settings.PUBLIC_URL = "http://127.0.0.1:9"
    settings.USE_SANDBOX = False
    club.fill()
    hooks.keep()
    assert not AirtableBase.objects.exclude(webhook_id="").exists()
    hooks.drain()
