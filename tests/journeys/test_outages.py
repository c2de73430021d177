"""Every service away, in turn and together: the parent is not held up, and nothing is done twice.

The platform runs here with its own site, its jobs' functions called in rounds, and a clock that is
moved instead of waited for (issue 2, "What it must show" 2).
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import boto3
import pytest
import requests
from django.apps import apps
from django.core import mail
from moto.server import ThreadedMotoServer

from integrations import clock
from integrations.jobs import process_events, push_airtable
from integrations.models import Due
from payments.jobs import ask, collect
from payments.models import BillingRequest, Mandate, Payment, Subscription
from registrations.jobs import mail_late_sms, poll_sms, process_photos, send_messages
from registrations.models import Photo, PhotoBytes, Registration
from tests import factories
from tests.integrations.test_storage import BUCKET, in_s3
from tests.journeys.first_light import PLAIN, converse, picture
from tests.journeys.frontend import Frontend, eventually, link_in, pay
from utjfc.demo.base import Base

pytestmark = pytest.mark.django_db(transaction=True)
JOBS = (
    process_events,
    ask,
    collect,
    send_messages,
    mail_late_sms,
    poll_sms,
    process_photos,
    push_airtable,
)
QUEUES = [model for model in apps.get_models() if issubclass(model, Due)]
CODE = "200-lions-u10-2627"
A_BREAKER = timedelta(seconds=61)
CLOSED_DOOR = "http://127.0.0.1:9"
NO_TROUBLE = ("error", "unavailable", "went wrong", "try again", "not working", "cannot save")
ALL = ("airtable", "gocardless", "twilio", "places", "s3")


class Parent(Frontend):
    """A parent whose platform works on while the photo is waited for."""

    work: Callable[[], None]

    def _ended(self, session_id: str) -> dict | None:
        self.work()
        return super()._ended(session_id)


@dataclass
class Club:
    """The platform and the vendors of one test."""

    site: str
    sandbox: object
    settings: object
    s3_url: str

    def down(self, service: str) -> None:
        """Take a service away; S3 is a door that nobody opens."""
        if service == "s3":
            in_s3(self.settings, CLOSED_DOOR)
        else:
            self.sandbox.down(service)

    def up(self, service: str) -> None:
        """Bring it back."""
        if service == "s3":
            in_s3(self.settings, self.s3_url)
        else:
            self.sandbox.up(service)

    def work(self) -> None:
        """Run every job until nothing moves at this moment; what is held by a breaker waits."""
        before = None
        for _ in range(30):
            for job in JOBS:
                job()
            due = [set(model.objects.due().values_list("pk", "attempts")) for model in QUEUES]
            if due == before or not any(due):
                return
            before = due
        raise AssertionError("the queues never come to rest")

    def pass_time(self, span: timedelta) -> None:
        """Let so much time go by, stopping wherever something becomes due."""
        end = clock.now() + span
        self.work()
        while (moment := clock.now()) < end:
            later = [model.objects.filter(due_at__gt=moment) for model in QUEUES]
            moments = [rows.order_by("due_at").first() for rows in later]
            stops = [row.due_at for row in moments if row]
            if any(model.objects.due().exists() for model in QUEUES):
                stops.append(moment + A_BREAKER)
            clock.set_offset(clock.offset() + min([end, *stops]) - moment)
            self.work()

    def converse(self) -> Parent:
        """The whole chat, photo and all; not one word of trouble in it."""
        parent = Parent(self.site)
        parent.work = self.work
        converse(parent, CODE, PLAIN)
        parent.upload("sam.jpg", picture("JPEG"), "image/jpeg")
        assert parent.routine_number == 35, parent.replies[-1]
        said = " ".join(parent.replies).casefold()
        assert [word for word in NO_TROUBLE if word in said] == []
        return parent

    def texts(self) -> list[str]:
        """Every text that left, oldest first."""
        return [doc["body"] for doc in self.sandbox.store.all("twilio.messages")]

    def made(self, plural: str) -> list[dict]:
        """GoCardless's resources of a kind."""
        return self.sandbox.store.all(f"gocardless.{plural}")

    def rows(self) -> list[dict]:
        """The season's table in Airtable."""
        tables = self.sandbox.store.all("airtable.tables")
        [table] = [doc for doc in tables if doc["name"] == "registrations_2627"]
        records = self.sandbox.store.all(f"airtable.records.{table['id']}")
        return [record["fields"] for record in records]

    def stored(self) -> list[str]:
        """The keys in the bucket."""
        found = _s3(self.s3_url).list_objects_v2(Bucket=BUCKET)
        return [each["Key"] for each in found.get("Contents", [])]

    def pay(self, link: str) -> None:
        """The parent pays at the hosted page, and the bank's word reaches our door."""
        answer = pay(link)
        assert answer.status_code == 200, answer.text[:300]

        def settled() -> bool:
            self.work()
            fee = Payment.objects.filter(purpose="signing_on_fee").first()
            return bool(fee and fee.status == "confirmed")

        eventually(settled, "the fee", 15)
        self.work()


def _s3(url: str):
    account = {"aws_access_key_id": "testing", "aws_secret_access_key": "testing"}
    return boto3.client("s3", endpoint_url=url, region_name="eu-west-2", **account)


@pytest.fixture(scope="module")
def s3_url():
    """A running S3."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture
def club(live_server, sandbox, settings, s3_url) -> Club:
    """U10 Lions on 8 September 2026; an empty base, an empty bucket, everything up."""
    settings.PUBLIC_URL = live_server.url
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
    settings.ALLOWED_HOSTS = ["*"]
    moment = datetime(2026, 9, 8, 11, tzinfo=UTC)
    clock.set_offset(clock.offset() + moment - clock.now())
    sandbox.send_webhooks_to(live_server.url)
    base = Base()
    base.fill([factories.team().season])
    sandbox.store.put_many(list(base.documents()))
    requests.post(f"{s3_url}/moto-api/reset", timeout=10)
    place = {"LocationConstraint": "eu-west-2"}
    _s3(s3_url).create_bucket(Bucket=BUCKET, CreateBucketConfiguration=place)
    in_s3(settings, s3_url)
    return Club(live_server.url, sandbox, settings, s3_url)


def check_one_of_everything(club: Club, *, texts: int = 2, emails: int = 0) -> None:
    """The child is active, on every side once, and nothing waits for a person."""
    registration = Registration.objects.get()
    assert registration.status == "active"
    counts = {model: model.objects.count() for model in (BillingRequest, Mandate, Subscription)}
    assert set(counts.values()) == {1}, counts
    for plural in ("billing_requests", "mandates", "subscriptions"):
        assert len(club.made(plural)) == 1, plural
    [subscription] = club.made("subscriptions")
    assert (subscription["amount"], subscription["day_of_month"]) == (2750, 15)
    [row] = club.rows()
    assert (row["registration_status"], row["subscription_activated"]) == ("active", "Y")
    assert row["sync_id"] == str(registration.sync_id)
    [photo] = Photo.objects.all()
    assert club.stored() == [photo.key]
    assert photo.stored_at is not None
    assert PhotoBytes.objects.count() == 0
    assert (len(club.texts()), len(mail.outbox)) == (texts, emails)
    assert not any(model.objects.needs_person().exists() for model in QUEUES)


@pytest.mark.parametrize("service", ["airtable", "places", "s3"])
def test_away_until_after_the_payment_changes_nothing_for_the_parent(club, service):
    club.down(service)
    club.converse()
    club.pass_time(timedelta(minutes=2))
    [link] = club.texts()
    club.pay(link_in(link))
    assert Registration.objects.get().status == "active"
    club.up(service)
    club.pass_time(timedelta(hours=1))
    check_one_of_everything(club)


def test_gocardless_away_lets_the_parent_finish_and_pay_later(club):
    club.down("gocardless")
    club.converse()
    club.pass_time(timedelta(minutes=5))
    link = link_in(club.texts()[0])
    away = requests.get(link, timeout=20)
    assert away.status_code == 502
    assert int(away.headers["Retry-After"]) > 0
    club.up("gocardless")
    club.pass_time(timedelta(minutes=2))
    club.pay(link)
    club.pass_time(timedelta(hours=1))
    check_one_of_everything(club)


def test_gocardless_gone_once_the_parent_has_paid_collects_when_it_is_back(club):
    club.converse()
    assert pay(link_in(club.texts()[0])).status_code == 200
    club.down("gocardless")
    club.pass_time(timedelta(minutes=30))
    assert Registration.objects.get().status == "pending_payment"
    club.up("gocardless")
    eventually(lambda: any(e["action"] == "confirmed" for e in club.made("events")), "the bank", 15)
    club.pass_time(timedelta(hours=1))
    check_one_of_everything(club)


def test_twilio_away_for_some_minutes_only_delays_the_texts(club):
    club.down("twilio")
    club.converse()
    club.pass_time(timedelta(minutes=5))
    assert (club.texts(), mail.outbox) == ([], [])
    club.up("twilio")
    club.pass_time(timedelta(minutes=4))
    [link] = club.texts()
    club.pay(link_in(link))
    club.pass_time(timedelta(hours=1))
    check_one_of_everything(club)


def test_twilio_away_for_longer_means_one_email_and_no_text_afterwards(club):
    club.down("twilio")
    club.converse()
    club.pass_time(timedelta(minutes=15))
    [message] = mail.outbox
    assert message.to == ["anna.ashworth@example.org"]
    club.up("twilio")
    club.pass_time(timedelta(hours=1))
    assert club.texts() == []
    club.pay(link_in(message.body))
    club.pass_time(timedelta(hours=1))
    check_one_of_everything(club, texts=1, emails=1)


def test_everything_away_at_once_is_done_once_when_it_returns(club):
    for service in ALL:
        club.down(service)
    club.converse()
    club.pass_time(timedelta(minutes=25))
    assert (club.texts(), club.made("billing_requests"), club.rows()) == ([], [], [])
    [message] = mail.outbox
    for service in ALL:
        club.up(service)
    club.pass_time(timedelta(hours=1))
    club.pay(link_in(message.body))
    club.pass_time(timedelta(hours=1))
    check_one_of_everything(club, texts=1, emails=1)
