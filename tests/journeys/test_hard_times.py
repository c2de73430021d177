"""The house in trouble: disk full, database locked, broker gone, clock moved, keys changed."""

import hashlib
import hmac
import json
import sqlite3
import threading
from datetime import timedelta

import pytest
from celery import current_app
from cryptography.fernet import Fernet
from django.core.files.storage import storages
from django.db import OperationalError, connection
from django.test import Client

from integrations.models import WebhookEvent
from payments.models import BillingRequest
from registrations.actions import photos as photo_actions
from registrations.models import ChatMessage, Photo, PhotoBytes, Registration, Sms
from tests.journeys.first_light import picture
from tests.registrations.conftest import lions, parent

__all__ = ["lions", "parent"]
ON_SQLITE = "sqlite has files to lock and PostgreSQL has none"


def full(execute, sql, params, many, context):
    """A database whose disk is full: it reads, and writes nothing."""
    if sql.lstrip().upper().startswith(("INSERT", "UPDATE", "DELETE")):
        raise OperationalError("database or disk is full")
    return execute(sql, params, many, context)


def kept(parent) -> tuple:
    """All that a lost or doubled answer would change."""
    counts = [model.objects.count() for model in (ChatMessage, Registration, Sms, BillingRequest)]
    return parent.draft.answers, counts


@pytest.mark.parametrize(
    ("step", "text"),
    [(1, "Anna Ashworth"), (5, "no"), (16, "yes"), (28, "yes"), (29, "15"), (33, "7")],
)
def test_with_a_full_disk_the_answer_is_asked_for_again_and_nothing_is_half_done(
    parent, step, text
):
    parent.walk(step)
    before = kept(parent)
    with connection.execute_wrapper(full):
        answer = parent.post(text)
    assert answer.status_code == 503
    assert int(answer["Retry-After"]) > 0
    assert "send it again" in answer.content.decode()
    assert kept(parent) == before
    parent.say(text)
    assert parent.step != step


def signed(events: list[dict], secret: str) -> dict:
    """One delivery as GoCardless makes it."""
    raw = json.dumps({"events": events}).encode()
    signature = hmac.new(secret.encode(), raw, hashlib.sha256).hexdigest()
    kind = "application/json"
    return {"data": raw, "content_type": kind, "headers": {"Webhook-Signature": signature}}


EVENT = {
    "id": "EV1",
    "created_at": "2026-07-08T10:00:00Z",
    "resource_type": "payments",
    "action": "created",
    "links": {},
}


@pytest.mark.django_db(transaction=True)
def test_with_a_full_disk_a_webhook_is_refused_so_that_it_comes_again(lions, client, settings):
    delivery = signed([EVENT], settings.GOCARDLESS_WEBHOOK_SECRET)
    with connection.execute_wrapper(full):
        answer = client.post("/webhooks/gocardless", **delivery)
    assert answer.status_code == 503
    assert client.post("/webhooks/gocardless", **delivery).status_code == 204
    assert WebhookEvent.objects.count() == 1


def test_a_page_says_that_it_is_away_for_a_moment_and_not_that_it_is_broken(parent):
    parent.walk(29)
    client = Client(raise_request_exception=False)

    def away(execute, sql, params, many, context):
        raise OperationalError("could not connect to server")

    address = f"/reg_setup/{parent.registration.token}"
    with connection.execute_wrapper(away):
        answer = client.get(address)
    assert (answer.status_code, answer["Retry-After"]) == (503, "5")


def test_a_rotated_webhook_secret_is_believed_from_then_on_and_the_old_one_is_not(
    lions, client, settings
):
    old = settings.GOCARDLESS_WEBHOOK_SECRET
    settings.GOCARDLESS_WEBHOOK_SECRET = "another-secret-of-the-tests"
    assert client.post("/webhooks/gocardless", **signed([EVENT], old)).status_code == 498
    assert WebhookEvent.objects.count() == 0
    new = signed([EVENT], settings.GOCARDLESS_WEBHOOK_SECRET)
    assert client.post("/webhooks/gocardless", **new).status_code == 204


def test_after_a_field_key_was_changed_old_notes_can_still_be_read(parent, settings):
    parent.walk(26, s5=["asthma", "yes"])
    settings.FIELD_KEYS = [Fernet.generate_key().decode(), *settings.FIELD_KEYS]
    parent.walk(29)
    assert parent.registration.player.first_name == "Sam"
    assert "asthma" in parent.registration.medical_notes.casefold()


def test_with_a_full_disk_a_photo_waits_in_the_database(parent, settings, tmp_path, move_clock):
    folder = tmp_path / "photos"
    options = settings.STORAGES["default"]["OPTIONS"] | {"location": str(folder)}
    photos = settings.STORAGES["default"] | {"OPTIONS": options}
    settings.STORAGES = settings.STORAGES | {"photos": photos}
    folder.write_text("no folder: nothing can be written below it")
    parent.walk(34)
    parent.upload(picture("JPEG"))
    photo_actions.process_due()
    photo_actions.process_due()
    assert parent.poll()["routine_number"] == 35
    photo = Photo.objects.get()
    assert (photo.stored_at, PhotoBytes.objects.count()) == (None, 1)
    folder.unlink()
    Photo.objects.update(needs_person_at=None, due_at=photo.accepted_at)
    move_clock(timedelta(minutes=31))
    photo_actions.process_due()
    photo.refresh_from_db()
    assert storages["photos"].exists(photo.storage_key)


def test_without_a_broker_every_answer_is_taken_and_its_work_waits(parent, monkeypatch):
    def gone(*args, **given):
        raise ConnectionError("the broker is gone")

    monkeypatch.setattr(current_app, "send_task", gone)
    parent.walk(34)
    assert BillingRequest.objects.filter(due_at__isnull=False).count() == 1
    parent.upload(picture("JPEG"))
    assert Photo.objects.due().count() == 1


@pytest.mark.parametrize("jump", [timedelta(days=-3), timedelta(hours=-1), timedelta(hours=2)])
def test_a_clock_that_jumps_in_the_middle_loses_no_answer(parent, move_clock, jump):
    parent.walk(12)
    move_clock(jump)
    parent.walk(29)
    move_clock(-jump)
    parent.walk(34)
    assert Registration.objects.count() == BillingRequest.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_a_locked_database_is_waited_for_and_then_said_in_words(parent):
    if connection.vendor != "sqlite":
        pytest.skip(ON_SQLITE)
    parent.walk(1)
    before = kept(parent)
    file = connection.settings_dict["NAME"]
    holding, done = threading.Event(), threading.Event()

    def hold() -> None:
        other = sqlite3.connect(file, isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        holding.set()
        done.wait(30)
        other.execute("ROLLBACK")
        other.close()

    thread = threading.Thread(target=hold)
    thread.start()
    assert holding.wait(10)
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA busy_timeout = 200")
    answer = parent.post("Anna Ashworth")
    done.set()
    thread.join()
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA busy_timeout = 20000")
    assert answer.status_code == 503
    assert kept(parent) == before
    parent.say("Anna Ashworth")
    assert parent.step == 2
