"""The Twilio stand-in, driven by the official client over a socket."""

from collections.abc import Callable
from datetime import timedelta

import pytest
import requests
from twilio.base.exceptions import TwilioRestException
from twilio.http.http_client import TwilioHttpClient
from twilio.request_validator import RequestValidator
from twilio.rest import Client

from integrations import clock
from tests.integrations.sandbox.gocardless_support import until

CLUB = "+447700900300"
PARENT = "+447700900123"


class _ToSandbox(TwilioHttpClient):
    """Sends what is meant for Twilio to the sandbox."""

    def __init__(self, url: str) -> None:
        super().__init__(timeout=10)
        self.url = url

    def request(self, method, url, *args, **kwargs):
        """The same request, elsewhere."""
        moved = url.replace("https://api.twilio.com", f"{self.url}/twilio")
        return super().request(method, moved, *args, **kwargs)


@pytest.fixture
def client(sandbox) -> Client:
    """The official client."""
    account = (sandbox.config.twilio_account_sid, sandbox.config.twilio_auth_token)
    return Client(*account, http_client=_ToSandbox(sandbox.url))


@pytest.fixture
def send(client) -> Callable:
    """Sends an SMS from the club to a parent."""

    def _send(body: str = "Hello", to: str = PARENT, **options):
        return client.messages.create(to=to, from_=CLUB, body=body, **options)

    return _send


def settled(client, sid: str) -> str:
    """The message's last status."""
    ends = ("delivered", "undelivered")

    def status():
        now = client.messages(sid).fetch().status
        return now if now in ends else None

    return until(status)


def test_a_message_is_queued_and_soon_delivered(client, send):
    message = send("£45.00 is due")
    assert (message.status, message.num_segments, message.error_code) == ("queued", "1", None)
    assert (message.to, message.from_, message.direction) == (PARENT, CLUB, "outbound-api")
    assert message.date_sent is None
    assert settled(client, message.sid) == "delivered"
    assert client.messages(message.sid).fetch().date_sent >= message.date_created


def test_callbacks_are_signed_and_end_with_delivered(client, send, sandbox, site):
    url = f"{site.url}/webhooks/twilio?sms=7"
    message = send(status_callback=url)
    until(lambda: len(site.deliveries) == 2)
    validator = RequestValidator(sandbox.config.twilio_auth_token)
    for one in site.deliveries:
        assert validator.validate(one.url, one.form.to_dict(), one.headers["X-Twilio-Signature"])
        assert one.form["MessageSid"] == one.form["SmsSid"] == message.sid
        assert one.form["AccountSid"] == sandbox.config.twilio_account_sid
    assert {one.form["MessageStatus"] for one in site.deliveries} == {"sent", "delivered"}
    assert len(site.deliveries[1].form["RawDlrDoneDate"]) == 10


def test_one_number_cannot_be_reached(client, send, site):
    message = send(to="+447700900009", status_callback=f"{site.url}/sms")
    assert settled(client, message.sid) == "undelivered"
    assert client.messages(message.sid).fetch().error_code == 30003
    until(lambda: len(site.deliveries) == 2)
    assert site.deliveries[1].form["ErrorCode"] == "30003"


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"to": "07700900123"}, 21211),
        ({"to": "+15005550001"}, 21211),
        ({"to": "+15005550002"}, 21612),
        ({"to": "+15005550003"}, 21408),
        ({"to": "+15005550004"}, 21610),
        ({"to": "+15005550009"}, 21614),
        ({"from_": "+15005550001"}, 21212),
        ({"from_": "A very long sender"}, 21212),
        ({"from_": "+15005550007"}, 21606),
        ({"from_": "+15005550008"}, 21611),
        ({"body": ""}, 21602),
        ({"body": "x" * 1601}, 21617),
    ],
)
def test_a_message_that_cannot_go_is_refused_with_twilios_code(client, sandbox, fields, code):
    with pytest.raises(TwilioRestException) as caught:
        client.messages.create(**{"to": PARENT, "from_": CLUB, "body": "Hello", **fields})
    assert (caught.value.status, caught.value.code) == (400, code)
    assert sandbox.store.all("twilio.messages") == []


def test_a_wrong_password_and_an_unknown_message_are_refused(client, sandbox):
    wrong = Client(sandbox.config.twilio_account_sid, "x", http_client=_ToSandbox(sandbox.url))
    with pytest.raises(TwilioRestException) as caught:
        wrong.messages.create(to=PARENT, from_=CLUB, body="Hello")
    assert (caught.value.status, caught.value.code) == (401, 20003)
    with pytest.raises(TwilioRestException) as caught:
        client.messages("SM" + "0" * 32).fetch()
    assert (caught.value.status, caught.value.code) == (404, 20404)
    assert sandbox.store.all("twilio.messages") == []


def test_the_account_can_be_asked_for(client, sandbox):
    account = client.api.accounts(sandbox.config.twilio_account_sid).fetch()
    assert (account.sid, account.status) == (sandbox.config.twilio_account_sid, "active")


def test_messages_are_listed_newest_first_page_by_page(client, send):
    sids = [send(f"number {n}").sid for n in range(5)]
    listed = client.messages.list(page_size=2)
    assert [one.sid for one in listed] == sids[::-1]
    first = client.messages.page(page_size=2)
    next(first)
    send("arrives meanwhile")
    assert [one.sid for one in first.next_page()] == sids[2:0:-1]


def test_messages_are_found_by_recipient_sender_and_moment(client, send):
    sid = send(to="+447700900124").sid
    send()
    settled(client, sid)
    sent = client.messages(sid).fetch().date_sent

    def found(**filters):
        return [one.sid for one in client.messages.list(to="+447700900124", **filters)]

    minute = timedelta(minutes=1)
    assert found() == found(from_=CLUB) == found(date_sent=sent.date()) == [sid]
    assert found(date_sent_after=sent - minute, date_sent_before=sent + minute) == [sid]
    assert found(from_="+447700900399") == []
    assert found(date_sent_after=sent + minute) == found(date_sent_before=sent - minute) == []


@pytest.mark.parametrize(
    ("body", "segments"),
    [
        ("£" * 160, "1"),
        ("a" * 161, "2"),
        ("€" * 80, "1"),
        ("€" * 81, "2"),
        ("a" * 152 + "€" + "a" * 153, "3"),
        ("ê" * 70, "1"),
        ("ê" * 71, "2"),
        ("⚽" * 70, "1"),
        ("😀" * 35, "1"),
        ("😀" * 36, "2"),
        ("😀" * 67, "3"),
    ],
)
def test_segments_are_counted_as_they_are_billed(send, body, segments):
    assert send(body).num_segments == segments


def test_stop_on_the_phone_blocks_the_sender_and_start_lifts_it(client, send, sandbox, site):
    sandbox.send_webhooks_to(site.url)
    send()
    phone = f"{sandbox.url}/phone/{PARENT}"
    answer = requests.post(phone, data={"body": "stop"}, timeout=10, allow_redirects=False)
    assert answer.status_code == 303
    (told,) = site.deliveries
    assert told.path == "/webhooks/twilio/inbound"
    assert (told.form["From"], told.form["To"], told.form["Body"]) == (PARENT, CLUB, "stop")
    assert told.form["OptOutType"] == "STOP"
    validator = RequestValidator(sandbox.config.twilio_auth_token)
    assert validator.validate(told.url, told.form.to_dict(), told.headers["X-Twilio-Signature"])
    with pytest.raises(TwilioRestException) as caught:
        send()
    assert caught.value.code == 21610
    send(to="+447700900124")
    requests.post(phone, data={"body": "START"}, timeout=10)
    assert send().status == "queued"


def test_the_phone_shows_texts_escaped_with_links_newest_first(send, sandbox):
    send("first <b>one</b>")
    send("Pay at https://club.example/reg_setup/abc?x=1&y=2.")
    page = requests.get(f"{sandbox.url}/phone/07700900123", timeout=5).text
    assert "first &lt;b&gt;one&lt;/b&gt;" in page
    link = "https://club.example/reg_setup/abc?x=1&amp;y=2"
    assert f'<a href="{link}">{link}</a>.' in page
    assert page.index("Pay at") < page.index("first")
    assert f'href="/phone/{PARENT}"' in requests.get(f"{sandbox.url}/phone", timeout=5).text
    assert requests.get(f"{sandbox.url}/phone/nobody", timeout=5).status_code == 404


def test_while_it_is_down_nothing_is_taken(send, sandbox):
    sandbox.down("twilio")
    with pytest.raises(requests.ConnectionError):
        send()
    assert sandbox.store.all("twilio.messages") == []
    sandbox.up("twilio")
    assert send().date_created <= clock.now()
