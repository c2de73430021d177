"""Twilio through its real client, over a socket."""

from datetime import timedelta
from urllib.parse import parse_qs

import pytest

from integrations import clock, sms
from integrations.errors import Blocked, Rejected, Unavailable, Uncertain
from integrations.models import ServiceCall, ServiceState

pytestmark = pytest.mark.django_db
PARENT = "+447700900123"
CALLBACK = "http://127.0.0.1:9/webhooks/twilio/status/7"


def send(body: str = "Hello", to: str = PARENT) -> sms.Sent:
    """Send a message."""
    return sms.send(to, body, status_callback=CALLBACK)


def test_a_message_is_sent_from_the_club_s_number(sandbox):
    sent = send("Pay here: £45")
    assert (sent.sid[:2], sent.status) == ("SM", "queued")
    (message,) = sandbox.store.all("twilio.messages")
    assert (message["to"], message["from"]) == (PARENT, "+447700900999")
    assert message["body"] == "Pay here: £45"


def test_its_fate_can_be_asked(sandbox):
    sent = send()
    fate = sms.fetch(sent.sid)
    assert (fate.sid, fate.error_code, fate.error) == (sent.sid, "", "")
    assert fate.status in {"queued", "sending", "sent", "delivered"}


def test_a_message_that_may_have_been_sent_is_found_again(sandbox):
    before = clock.now()
    assert sms.find(PARENT, since=before, body="Hello") is None
    first = send("Hello")
    send("Something else")
    send("Hello", to="+447700900124")
    assert sms.find(PARENT, since=before, body="Hello").sid == first.sid
    assert sms.find(PARENT, since=before, body="Hullo") is None
    assert sms.find(PARENT, since=before + timedelta(hours=1), body="Hello") is None


def test_a_number_that_said_stop_is_rejected_with_twilio_s_code(sandbox):
    with pytest.raises(Rejected) as caught:
        send(to="+15005550004")
    assert (caught.value.code, caught.value.message) == ("21610", "this number has replied STOP")
    assert ServiceCall.objects.get().code == "21610"


def test_a_number_that_is_none_is_rejected_and_not_repeated_in_the_error(sandbox):
    with pytest.raises(Rejected) as caught:
        send(to="+15005550001")
    assert caught.value.code == "21211"
    assert "5005550001" not in str(caught.value)


def test_a_service_that_is_down_is_uncertain_on_a_send_and_unavailable_on_a_read(sandbox):
    sandbox.down("twilio")
    with pytest.raises(Uncertain):
        send()
    with pytest.raises(Unavailable):
        sms.find(PARENT, since=clock.now(), body="Hello")
    assert sandbox.store.count("twilio.messages") == 0


def test_a_refused_connection_did_not_happen():
    with pytest.raises(Unavailable):
        send()


@pytest.mark.parametrize(
    ("status", "body", "outcome", "code"),
    [
        (401, {"code": 20003, "message": "Authenticate", "status": 401}, Blocked, "20003"),
        (403, {"code": 20005, "message": "Not active", "status": 403}, Blocked, "20005"),
        (429, {"code": 20429, "message": "Slow", "status": 429}, Unavailable, "20429"),
        (400, {"code": 21614, "message": f"{PARENT} no", "status": 400}, Rejected, "21614"),
        (500, {"code": 20500, "message": "Oops", "status": 500}, Uncertain, "20500"),
        (503, "<html>away</html>", Uncertain, "503"),
        (201, "<html>odd</html>", Uncertain, "JSONDecodeError"),
    ],
)
def test_every_error_has_its_outcome_and_is_tried_once(vendor, status, body, outcome, code):
    vendor.will(status, body)
    with pytest.raises(outcome) as caught:
        send()
    assert caught.value.code == code
    assert PARENT not in str(caught.value)
    assert len(vendor.requests) == 1


def test_a_429_holds_twilio_for_ten_seconds(vendor):
    vendor.will(429, {"code": 20429, "message": "Slow", "status": 429})
    with pytest.raises(Unavailable):
        send()
    with pytest.raises(Unavailable, match="not tried"):
        send()
    assert len(vendor.requests) == 1
    assert ServiceState.objects.get(pk="twilio").next_slot - clock.pace() > 8


def test_an_edge_in_the_environment_does_not_lead_past_our_address(vendor, monkeypatch):
    monkeypatch.setenv("TWILIO_EDGE", "dublin")
    monkeypatch.setenv("TWILIO_REGION", "ie1")
    vendor.will(400, {"code": 21211, "message": "no", "status": 400})
    with pytest.raises(Rejected):
        send()
    (request,) = vendor.requests
    assert parse_qs(request.get_data(as_text=True))["StatusCallback"] == [CALLBACK]


def test_without_an_account_nothing_is_sent(vendor, settings):
    settings.TWILIO_ACCOUNT_SID = ""
    with pytest.raises(Blocked, match="TWILIO_ACCOUNT_SID"):
        send()
    assert vendor.requests == []


def test_the_account_can_be_checked(sandbox):
    assert sms.check() == "account active"


def test_a_callback_is_verified_over_address_and_form(settings):
    settings.TWILIO_AUTH_TOKEN = "12345"
    url = "https://mycompany.com/myapp.php?foo=1&bar=2"
    form = {
        "CallSid": "CA1234567890ABCDE",
        "Digits": "1234",
        "From": "+14158675309",
        "To": "+18005551212",
        "Caller": "+14158675309",
    }
    right = "RSOYDt4T1cUTdK1PDd93/VVr8B8="
    assert sms.verify(url, form, right) is True
    assert sms.verify(url, form | {"Digits": "12345"}, right) is False
    assert sms.verify(f"{url}&x=1", form, right) is False
    for wrong in ("", None, "é", right[:-1]):
        assert sms.verify(url, form, wrong) is False
    settings.TWILIO_AUTH_TOKEN = ""
    assert sms.verify(url, form, right) is False


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("“Zoë’s” place – 5 pm…", '"Zoe\'s" place - 5 pm...'),
        ("Łukasz, Siân, Ngọc, Ærø", "Lukasz, Sian, Ngoc, Ærø"),
        ("£45.00 à é ñ ü", "£45.00 à é ñ ü"),
        ("Well done! ⚽️👩‍👧", "Well done! "),
        ("a\u00a0b", "a b"),
        ("李", "?"),
        ("Œuvre œuf", "OEuvre oeuf"),
        ("", ""),
    ],
)
def test_a_text_is_put_into_letters_that_a_cheap_message_has(text, plain):
    assert sms.plain(text) == plain
    assert sms.segments(sms.plain(text)) <= 1


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("", 0),
        ("a" * 160, 1),
        ("a" * 161, 2),
        ("a" * 306, 2),
        ("a" * 307, 3),
        ("€" * 80, 1),
        ("€" * 81, 2),
        ("a" * 152 + "€" + "a" * 152, 3),
        ("ŵ" * 70, 1),
        ("ŵ" * 71, 2),
        ("⚽" * 134, 2),
        ("⚽" * 135, 3),
        ("👩" * 35, 1),
        ("👩" * 36, 2),
    ],
)
def test_a_text_costs_so_many_parts(text, parts):
    assert sms.segments(text) == parts


def test_a_code_is_explained_in_plain_words():
    assert sms.explain("30006") == "this is a landline or a network that takes no messages"
    assert sms.explain(12345) == "Twilio's error 12345"
    assert sms.explain("") == ""
