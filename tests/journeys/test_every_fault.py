"""Every background call of a registration with every fault: healed later, done once."""

import os
from datetime import timedelta

import pytest
from django.core.cache import cache
from django.core.files.storage import storages
from django.test import Client

from integrations import clock, inbox
from integrations.airtable import push
from integrations.models import AirtableRow, ServiceState, WebhookEvent
from integrations.sandbox import faults
from payments.actions import asking, collecting
from payments.desk import Desk
from payments.models import BillingRequest, Payment, Subscription
from registrations.actions import messages, sending, sync
from registrations.actions import photos as photo_actions
from registrations.models import Email, Photo, PhotoBytes, Sms, VisitCount
from tests import factories
from tests.integrations.test_storage import in_s3, moto_url
from tests.integrations.vendor import running
from tests.journeys.first_light import picture
from tests.journeys.test_killed import rest, town
from tests.payments.conftest import Bank
from tests.registrations.parent import Parent

__all__ = ["moto_url", "town"]
pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]
# "down" closes every door until it is up again; the others strike once.
MODES = [mode for mode in faults.PLAIN | faults.ANSWERS if mode != "up"]
# Until a mandate exists the bank takes a second: the worst ones in each run, all with SOAK=1.
WORST = ["down", "rate_limited", "drop_before", "drop_after", "error_after", "half_json"]
AT_THE_BANK = MODES if os.environ.get("SOAK") == "1" else WORST


def strike(sandbox, service: str, operation: str, mode: str) -> None:
    """Let this fault be met once by this operation, or all be met until `heal`."""
    if mode == "down":
        sandbox.down(service)
    else:
        limits = {"count": 1, "operation": operation, "seconds": 0.05}
        faults.set_mode(sandbox.store, service, mode, **limits)


def heal(sandbox, service: str, *works) -> None:
    """The fault has been met; now hours have gone by, and the jobs have looked several times."""
    assert faults.mode(sandbox.store, service) in ("up", "down")
    sandbox.up(service)
    for _ in range(4):
        # A pace that the service asked for is in real seconds, which no test waits for.
        ServiceState.objects.update(next_slot=0)
        sandbox.store.delete("airtable.rate", sandbox.config.airtable_base_id)
        clock.set_offset(clock.offset() + timedelta(minutes=31))
        for work in works:
            work()


def test_a_request_for_payment(town):
    for mode in MODES:
        rest(BillingRequest, Sms)
        registration = factories.registration()
        Desk().ask_for_payment(registration.pk)
        strike(town, "gocardless", "billing_requests.create", mode)
        asking.ask_due()
        heal(town, "gocardless", asking.ask_due)
        row = BillingRequest.objects.get(registration=registration)
        assert (row.status, row.needs_person_at) == ("pending", None), mode
        made = {each["id"] for each in town.store.all("gocardless.billing_requests")}
        assert made == set(BillingRequest.objects.values_list("gocardless_id", flat=True)), mode


def test_a_payment_page(town):
    bank = Bank(Client(), town)
    for mode in MODES:
        rest(BillingRequest, Sms)
        registration = factories.registration()
        bank.ask(registration)
        strike(town, "gocardless", "billing_request_flows.create", mode)
        first = bank.client.get(f"/reg_setup/{registration.token}")
        assert first.status_code in (302, 502, 503), (mode, first.status_code)
        heal(town, "gocardless", asking.ask_due)
        assert "/pay/" in bank.open(registration), mode
        assert BillingRequest.objects.filter(registration=registration).count() == 1


def test_a_text(town):
    for mode in MODES:
        rest(Sms, Email)
        row = messages.queue_payment_link(factories.registration(), at=clock.now())
        strike(town, "twilio", "messages.create", mode)
        sending.send_due()
        heal(town, "twilio", sending.send_due)
        row.refresh_from_db()
        sent = [each["sid"] for each in town.store.all("twilio.messages") if each["to"] == row.to]
        assert (sent, row.needs_person_at) == ([row.sid], None), mode


def test_a_row_in_airtable(town):
    for mode in [*MODES, "rate_limited_errors"]:
        rest(AirtableRow)
        registration = factories.registration()
        sync.touch(registration)
        clock.set_offset(clock.offset() + timedelta(seconds=30))  # changes are gathered a while
        strike(town, "airtable", "records.write", mode)
        push.push_due()
        heal(town, "airtable", push.push_due)
        row = AirtableRow.objects.get(kind="registration", object_id=registration.pk)
        assert (row.due_at, row.needs_person_at) == (None, None), mode
        [table] = [
            doc for doc in town.store.all("airtable.tables") if doc["name"] == "registrations_2627"
        ]
        records = town.store.all(f"airtable.records.{table['id']}")
        mine = [each["id"] for each in records if each["fields"]["sync_id"] == str(row.sync_id)]
        assert mine == [row.record_id], mode


def test_what_was_paid(town):
    bank = Bank(Client(), town)
    members = {mode: factories.registration() for mode in AT_THE_BANK}
    for registration in members.values():
        bank.ask(registration)
        bank.pay(registration)
    for mode, registration in members.items():
        rest(Sms, Subscription, WebhookEvent)
        asked = registration.billing_requests.get().gocardless_id
        told = [each for each in bank.events() if each["links"].get("billing_request") == asked]
        assert told
        strike(town, "gocardless", "billing_requests.get", mode)
        bank.deliver(told)
        heal(town, "gocardless", inbox.process_due)
        registration.refresh_from_db()
        assert registration.billing_requests.get().mandates.count() == 1, mode
        assert not WebhookEvent.objects.needs_person().exists(), mode


def test_an_address(town):
    """The parent waits for this one: in any trouble they type their address, and see no trouble."""
    for mode in MODES:
        cache.clear()
        ServiceState.objects.all().delete()
        VisitCount.objects.all().delete()
        parent = Parent(Client())
        parent.walk(13, s12="M41 0AA")
        strike(town, "places", "places.search", mode)
        reply = parent.say("12")
        done = mode.startswith("slow")
        assert parent.step == (15 if done else 14), (mode, reply)
        assert not any(word in reply.lower() for word in ("error", "service", "wrong")), reply
        faults.set_mode(town.store, "places", "up")


def test_a_photo(town, settings, moto_url):
    """Each way that S3 fails at storing; it is shown as accepted at once and stored once."""
    with running() as vendor:
        for status, code in [(500, "InternalError"), (503, "SlowDown"), (400, "RequestTimeout")]:
            vendor.will(status, f"<Error><Code>{code}</Code></Error>")
            _store_a_photo(settings, vendor.url, moto_url)
            vendor.answers.clear()
        vendor.will_drop()
        _store_a_photo(settings, vendor.url, moto_url)
        vendor.answers.clear()
        vendor.will(200, "")  # stored, it says, and it is not there
        _store_a_photo(settings, vendor.url, moto_url)


def _store_a_photo(settings, broken: str, well: str) -> None:
    VisitCount.objects.all().delete()
    rest(Photo)
    parent = Parent(Client())
    parent.walk(34, s33=str(Photo.objects.count() + 1))
    parent.upload(picture("JPEG"))
    in_s3(settings, broken)
    for _ in range(2):
        photo_actions.process_due()
    assert parent.poll()["routine_number"] == 35
    photo = Photo.objects.latest("pk")
    assert (photo.stored_at, PhotoBytes.objects.count()) == (None, 1)
    in_s3(settings, well)
    for _ in range(4):
        ServiceState.objects.all().delete()
        clock.set_offset(clock.offset() + timedelta(minutes=31))
        photo_actions.process_due()
    photo.refresh_from_db()
    assert (photo.needs_person_at, PhotoBytes.objects.count()) == (None, 0)
    assert storages["photos"].open(photo.storage_key).read().startswith(b"\xff\xd8")


@pytest.mark.parametrize("operation", ["mandates.get", "payments.create", "subscriptions.create"])
def test_what_collects_each_month(town, operation):
    bank = Bank(Client(), town)
    # On 8 September the 10th comes too soon: the first month is a payment of its own.
    members = {mode: factories.registration(payment_day=10) for mode in AT_THE_BANK}
    for registration in members.values():
        bank.ask(registration)
        bank.pay(registration)
    rest(Sms)
    bank.deliver()
    rows = {mode: one.subscriptions.get() for mode, one in members.items()}
    rest(Sms, Subscription)
    for mode, row in rows.items():
        Subscription.objects.filter(pk=row.pk).update(due_at=clock.now())
        strike(town, "gocardless", operation, mode)
        collecting.collect_due()
        heal(town, "gocardless", collecting.collect_due)
        row.refresh_from_db()
        assert (row.status, row.due_at, row.needs_person_at) == ("active", None, None), mode
    made = {each["id"] for each in bank.made("subscriptions")}
    assert made == {row.gocardless_id for row in rows.values()}
    ours = Payment.objects.exclude(gocardless_id="").values_list("gocardless_id", flat=True)
    assert {each["id"] for each in bank.made("payments")} == set(ours)
