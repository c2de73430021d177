"""Killed between any two statements, web or worker: no answer is lost, nothing happens twice.

Every statement of a piece of work is a place to die at: before and after each commit, around each
outgoing call. A fresh registration dies at each. SOAK=1 takes every place, otherwise each third.
"""

import os
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

import pytest
from django.core.files.storage import storages
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from integrations import clock, inbox
from integrations.airtable import push
from integrations.models import AirtableRow, Due
from payments.actions import asking, collecting
from payments.desk import Desk
from payments.models import BillingRequest, Mandate, Payment, Subscription
from registrations.actions import messages, sending, sync
from registrations.actions import photos as photo_actions
from registrations.models import (
    ChatMessage,
    ChatSession,
    Draft,
    Email,
    Photo,
    PhotoBytes,
    Registration,
    Sms,
    VisitCount,
)
from tests import factories
from tests.journeys.dying import dies_at
from tests.journeys.first_light import PLAIN, picture
from tests.payments.conftest import Bank
from tests.registrations.parent import Parent
from utjfc.demo.base import Base

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]
STRIDE = 1 if os.environ.get("SOAK") == "1" else 3
LEASE_AND_MORE = timedelta(minutes=6)


@pytest.fixture
def town(sandbox, settings, tmp_path):
    """8 September 2026, U10 Lions, an empty base; links lead nowhere."""
    settings.PUBLIC_URL = "http://127.0.0.1:9"
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
    options = settings.STORAGES["default"]["OPTIONS"] | {"location": str(tmp_path / "photos")}
    photos = settings.STORAGES["default"] | {"OPTIONS": options}
    settings.STORAGES = settings.STORAGES | {"photos": photos}
    moment = datetime(2026, 9, 8, 11, tzinfo=UTC)
    clock.set_offset(clock.offset() + moment - clock.now())
    base = Base()
    base.fill([factories.team().season])
    sandbox.store.put_many(list(base.documents()))
    return sandbox


def rest(*queues: type[Due]) -> None:
    """Let what an earlier place left for later rest, so that the next one meets only its own."""
    for model in queues:
        model._default_manager.update(due_at=None)


def at_every_place(
    prepare: Callable[[], Any],
    work: Callable[[], Any],
    check: Callable[[Any], None],
    stride: int = STRIDE,
) -> int:
    """Die at each place of `work`, come back after the lease, and `check`; how many places."""
    died = 0
    for place in range(0, 400, stride):
        subject = prepare()
        dead = dies_at(place, work)
        if dead:
            died += 1
            clock.set_offset(clock.offset() + LEASE_AND_MORE)
            work()
        work()
        check(subject)
        if not dead:
            return died
    raise AssertionError("it never ends")


def test_the_fixture_kills(town):
    places = dies_at(0, Registration.objects.count), dies_at(1, Registration.objects.count)
    assert places == (True, False)


def test_the_request_for_payment(town):
    def prepare() -> Registration:
        rest(BillingRequest, Sms)
        registration = factories.registration()
        Desk().ask_for_payment(registration.pk)
        return registration

    def check(registration: Registration) -> None:
        row = BillingRequest.objects.get(registration=registration)
        made = [
            each
            for each in town.store.all("gocardless.billing_requests")
            if each["metadata"].get("registration") == str(row.registration.sync_id)
            or each["id"] == row.gocardless_id
        ]
        assert (row.status, row.leased_until, row.needs_person_at) == ("pending", None, None)
        assert [each["id"] for each in made] == [row.gocardless_id]

    died = at_every_place(prepare, asking.ask_due, check)
    assert died >= 10 / STRIDE
    assert len(town.store.all("gocardless.billing_requests")) == BillingRequest.objects.count()


def test_the_text(town):
    def prepare() -> Sms:
        rest(Sms, Email)
        return messages.queue_payment_link(factories.registration(), at=clock.now())

    def check(row: Sms) -> None:
        row.refresh_from_db()
        sent = [each for each in town.store.all("twilio.messages") if each["to"] == str(row.to)]
        assert (len(sent), row.sid) == (1, sent[0]["sid"])
        assert row.needs_person_at is None

    def work() -> None:
        sending.send_due()
        clock.set_offset(clock.offset() + timedelta(seconds=30))

    assert at_every_place(prepare, work, check) >= 8 / STRIDE


def test_the_banks_word_and_the_collection(town):
    bank, told = Bank(Client(), town), set()

    def deliver() -> None:
        new = [event for event in bank.events() if event["id"] not in told]
        told.update(event["id"] for event in new)
        assert bank.post({"events": new}).status_code == 204

    def work() -> None:
        inbox.process_due()
        collecting.collect_due()

    def prepare() -> Registration:
        deliver()  # what time has brought to those of the earlier places
        work()
        rest(BillingRequest, Sms, Subscription)
        # Each death costs some minutes: a day that stays far enough off for every one of them.
        registration = factories.registration(payment_day=25)
        bank.ask(registration)
        bank.pay(registration)
        deliver()
        return registration

    def check(registration: Registration) -> None:
        registration.refresh_from_db()
        assert (registration.status, registration.flags) == ("active", [])
        request = BillingRequest.objects.get(registration=registration)
        assert Mandate.objects.filter(billing_request=request).count() == 1
        assert Payment.objects.filter(registration=registration).count() == 1
        assert Subscription.objects.get(registration=registration).status == "active"
        assert Sms.objects.filter(registration=registration, kind="confirmation").count() == 1

    stride = 1 if STRIDE == 1 else 41  # the bank takes a second for each
    assert at_every_place(prepare, work, check, stride) >= 30 / stride
    assert len(bank.made("subscriptions")) == Subscription.objects.count()
    assert len(bank.made("mandates")) == Mandate.objects.count()


def test_the_row_in_airtable(town):
    def prepare() -> Registration:
        rest(AirtableRow)
        registration = factories.registration()
        sync.touch(registration)
        clock.set_offset(clock.offset() + timedelta(seconds=30))  # changes are gathered a while
        return registration

    def check(registration: Registration) -> None:
        row = AirtableRow.objects.get(kind="registration", object_id=registration.pk)
        assert (row.due_at, row.leased_until, row.needs_person_at) == (None, None, None)
        tables = town.store.all("airtable.tables")
        [table] = [doc for doc in tables if doc["name"] == "registrations_2627"]
        records = town.store.all(f"airtable.records.{table['id']}")
        mine = [each for each in records if each["fields"]["sync_id"] == str(row.sync_id)]
        assert [each["id"] for each in mine] == [row.record_id]

    def work() -> None:
        push.push_due()
        clock.set_offset(clock.offset() + timedelta(seconds=30))

    assert at_every_place(prepare, work, check) >= 10 / STRIDE


def test_the_photo(town):
    jpeg = picture("JPEG")

    def prepare() -> Photo:
        rest(Photo)
        parent = Parent(Client(), session_id=f"session-{factories.unique()}")
        draft = _sent_in(parent)
        return photo_actions.receive(draft, name="sam.jpg", raw=jpeg, at=clock.now())

    def check(photo: Photo) -> None:
        photo.refresh_from_db()
        assert (photo.state, photo.due_at, photo.needs_person_at) == ("accepted", None, None)
        assert photo.stored_at is not None
        assert storages["photos"].exists(photo.storage_key)
        assert not PhotoBytes.objects.filter(photo=photo).exists()
        told = photo.registration.timeline.filter(text="Photo accepted")
        assert told.count() == 1

    assert at_every_place(prepare, photo_actions.process_due, check) >= 15 / STRIDE


def _sent_in(parent: Parent) -> Draft:
    """A draft whose registration waits for the photo only."""
    parent.walk(29)
    return parent.draft


def test_every_turn_of_the_conversation(town, settings):
    """Our own page: a message whose answer never came is sent again under the same question."""
    settings.GOOGLE_PLACES_URL = "http://127.0.0.1:9"
    parent = Parent(Client(), session_id="session-killed")
    answers = {
        step: list(given) if isinstance(given, list) else [given]
        for step, given in PLAIN.answers.items()
    }
    question, died, turns = "", 0, 0
    text = "200-lions-u10-2627"
    while parent.step != 34:
        before = ChatMessage.objects.filter(role="user").count()
        body: dict[str, Any] = {}

        def turn(said=text, under=question, into=body) -> None:
            answer = parent.post(said, page=True, answering=under)
            assert answer.status_code == 200, (said, answer.content)
            into.update(answer.json())

        place = 0
        while dies_at(place, turn):
            died += 1
            place += STRIDE
            VisitCount.objects.all().delete()
            ChatSession.objects.update(messages_in_minute=0)
        parent.step = body.get("routine_number") or parent.step
        question = body["page"]["ask"]["name"]
        turns += 1
        assert ChatMessage.objects.filter(role="user").count() - before <= 1, text
        left = answers[parent.step] if parent.step != 34 else [""]
        text = left.pop(0) if len(left) > 1 else left[0]
        assert turns < 40, parent.step
    assert died > turns * 5 / STRIDE
    made = Registration.objects.get()
    assert (made.player.first_name, made.guardian.last_name) == ("Sam", "Ashworth")
    assert (made.payment_day, made.kit_size, made.shirt_number) == (15, "9/10", 25)
    assert BillingRequest.objects.count() == 1
    assert Sms.objects.filter(kind="payment_link").count() == 1


def test_an_upload(town):
    parent = Parent(Client(), session_id="session-upload")
    parent.walk(34)
    for place in count(0, STRIDE):
        file = SimpleUploadedFile("sam.jpg", picture("JPEG"), "image/jpeg")
        form = {"file": file, "session_id": parent.session_id}
        if not dies_at(place, lambda form=form: parent.client.post("/upload-async", form)):
            break
        clock.set_offset(clock.offset() + timedelta(seconds=61))
    photo_actions.process_due()
    photo_actions.process_due()
    assert parent.poll()["routine_number"] == 35
    assert Photo.objects.filter(state="accepted").count() == 1
    assert PhotoBytes.objects.count() == 0
