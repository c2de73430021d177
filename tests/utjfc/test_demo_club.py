"""The demo club: believable, in every state, and the same on both sides."""

import json
import socket

import pytest
from django.db import transaction
from django.db.models import Sum
from django.test.utils import override_settings

from integrations.airtable.rows import canonical, row_fields
from integrations.models import AirtableRow, ServiceCall, WebhookEvent
from integrations.sandbox.airtable import computed
from integrations.sandbox.airtable.tables import Table
from integrations.sandbox.store import Store
from payments.models import (
    BillingRequest,
    Mandate,
    Payment,
    Payout,
    PayoutItem,
    SiblingCase,
    Subscription,
)
from registrations.airtable_tables import RegistrationTable
from registrations.models import Guardian, Registration, Season, Sms, Team
from utjfc.demo import announcement, club
from utjfc.demo.processes import Failed, check_port, lock


@pytest.fixture(scope="module")
def demo(django_db_setup, django_db_blocker, tmp_path_factory):
    """The club, built once for this module and rolled back after it; yields the sandbox's store."""
    file = str(tmp_path_factory.mktemp("demo") / "sandbox.sqlite3")
    with django_db_blocker.unblock(), override_settings(SANDBOX_FILE=file):
        with transaction.atomic():
            assert club.build() is True
            store = Store(file)
            yield store
            store.close()
            transaction.set_rollback(True)


pytestmark = [pytest.mark.django_db, pytest.mark.xdist_group("demo")]


def _table(store: Store, name: str) -> Table:
    return next(Table(doc) for doc in store.all("airtable.tables") if doc["name"] == name)


def test_a_second_start_builds_nothing(demo):
    before = Registration.objects.count()
    assert club.build() is False
    assert Registration.objects.count() == before


def test_every_age_group_has_lions_and_tigers_in_two_seasons(demo):
    this, last = Season.objects.order_by("-code")
    for season in (this, last):
        for age in range(7, 19):
            names = set(season.teams.filter(age_group=f"u{age}").values_list("name", flat=True))
            assert {"Lions", "Tigers"} <= names
    assert club.codes()[0] == f"200-lions-u10-{this.code}"
    lions = Team.objects.get(season=this, age_group="u10", name="Lions")
    assert lions.state == Team.State.OPEN
    assert set(this.teams.values_list("state", flat=True)) == {"open", "full", "closed"}


def test_registrations_are_in_every_state(demo):
    found = set(Registration.objects.values_list("status", flat=True))
    assert found == set(Registration.Status.values)
    assert 250 <= Registration.objects.count() <= 350


def test_brothers_and_sisters_have_their_discount_and_doubts_wait_for_staff(demo):
    assert SiblingCase.objects.to_decide().exists()
    linked = SiblingCase.objects.linked()
    fees = {(case.one.monthly_fee_pence, case.other.monthly_fee_pence) for case in linked}
    assert fees <= {(2475, 2750), (2750, 2475), (2475, 2475)} and fees
    assert {row.pence for row in Subscription.objects.all()} == {2475, 2750}


def test_every_phone_is_a_reserved_one_below_400(demo):
    phones = {str(phone) for phone in Guardian.objects.values_list("phone", flat=True)}
    assert all(phone.startswith("+447700900") and 11 <= int(phone[-3:]) <= 399 for phone in phones)


def test_airtable_holds_what_we_would_push_and_nothing_is_behind(demo):
    assert not AirtableRow.objects.exclude(due_at=None).exists()
    for season in Season.objects.all():
        table = _table(demo, season.airtable_table)
        records = {one["id"]: one for one in demo.all(table.records)}
        rows = AirtableRow.objects.filter(table=season.airtable_table)
        assert set(records) == set(rows.values_list("record_id", flat=True))
        for row in rows:
            wanted = canonical(row_fields("registration", row.object_id).fields)
            base = RegistrationTable().snapshot(wanted)
            assert row.base == json.loads(json.dumps(base))
            shown = computed.shown(demo, table, records[row.record_id])["fields"]
            assert {name: shown.get(name) for name in wanted} == wanted
            assert shown["sync_id"] == str(row.sync_id)


def test_gocardless_holds_what_our_books_say(demo):
    for model, kind in (
        (BillingRequest, "billing_requests"),
        (Mandate, "mandates"),
        (Subscription, "subscriptions"),
        (Payment, "payments"),
    ):
        theirs = {one["id"]: one["status"] for one in demo.all(f"gocardless.{kind}")}
        ours = dict(model.objects.exclude(gocardless_id="").values_list("gocardless_id", "status"))
        assert ours == theirs
    assert demo.count("gocardless.outbox") == 0
    sent = [one for one in demo.all("gocardless.payouts") if one["status"] == "paid"]
    books = Payout.objects.annotate(sum=Sum("items__pence"))
    kept = list(books.order_by("pk").values_list("gocardless_id", "pence", "sum"))
    assert kept == [(one["id"], one["amount"], one["amount"]) for one in sent] and kept
    assert not PayoutItem.objects.filter(payment=None).exists()


def test_twilio_holds_every_text(demo):
    theirs = {one["sid"]: (one["to"], one["body"]) for one in demo.all("twilio.messages")}
    assert {sms.sid: (str(sms.to), sms.body) for sms in Sms.objects.all()} == theirs


def test_nothing_was_called_and_nothing_waits(demo):
    assert ServiceCall.objects.count() == 0
    assert WebhookEvent.objects.count() == 0
    for model in (Sms, BillingRequest, Subscription, Payment):
        assert not model.objects.exclude(due_at=None).exists()


def test_the_announcement_names_what_a_script_needs(settings):
    said = announcement.contents(["200-lions-u10-2627"], "club_demo")
    assert set(said) == {"urls", "logins", "codes", "mcp", "sandbox"}
    assert said["mcp"] == {"url": "http://127.0.0.1:8002/mcp", "token": "club_demo"}
    assert set(said["urls"]) == {"web", "admin", "sandbox"}
    assert set(said["sandbox"]) == {"airtable", "twilio", "gocardless", "places", "openai"}
    assert set(said["sandbox"]["airtable"]) == {"endpoint_url", "pat", "base_id"}
    assert set(said["sandbox"]["twilio"]) == {"base_url", "account_sid", "auth_token"}
    assert set(said["sandbox"]["gocardless"]) == {"base_url", "token", "webhook_secret"}
    assert set(said["sandbox"]["places"]) == {"base_url", "api_key"}


def test_the_announcement_is_written_whole(tmp_path):
    announcement.write(tmp_path / "demo.json", {"codes": []})
    assert json.loads((tmp_path / "demo.json").read_text()) == {"codes": []}
    assert [file.name for file in tmp_path.iterdir()] == ["demo.json"]


def test_a_taken_port_is_named_with_a_way_out():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(Failed, match=f"Port {port} is taken.*SANDBOX_PORT={port + 10}"):
            check_port(port, "SANDBOX_PORT")


def test_one_demo_a_folder(tmp_path):
    with lock(tmp_path / "demo.lock"):
        with pytest.raises(Failed, match="runs on"):
            lock(tmp_path / "demo.lock")
    lock(tmp_path / "demo.lock").close()
