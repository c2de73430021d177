"""Texts and e-mails, sent with Twilio's own client to the sandbox (domain 6, wire 7)."""

from datetime import timedelta

import pytest
from django.core import mail
from django.test import Client
from twilio.request_validator import RequestValidator

from integrations import clock, sms
from integrations.errors import Uncertain
from registrations.actions import messages, sending
from registrations.models import OptOut, Sms
from tests import factories

SITE = "https://club.example"


@pytest.fixture(autouse=True)
def site(settings):
    settings.PUBLIC_URL = SITE
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"


@pytest.fixture
def registration(lions, sandbox):
    """A registration that has just been sent in."""
    return factories.registration()


def texts(sandbox, registration) -> list[str]:
    to = str(registration.guardian.phone)
    return [doc["body"] for doc in sandbox.store.all("twilio.messages") if doc["to"] == to]


def callback(sandbox, row: Sms, status: str, **extra: str):
    params = {"MessageSid": row.sid, "MessageStatus": status, "To": str(row.to), **extra}
    path = f"/webhooks/twilio/status/{row.pk}"
    token = sandbox.config.twilio_auth_token
    signature = RequestValidator(token).compute_signature(f"{SITE}{path}", params)
    return Client().post(path, params, headers={"X-Twilio-Signature": signature})


def test_the_link_goes_out_once_with_price_days_and_help(sandbox, registration):
    messages.queue_payment_link(registration, at=clock.now())
    sending.send_due()
    sending.send_due()
    (body,) = texts(sandbox, registration)
    for words in ("£45.00", "£27.50", "Sep-May", "7 days", f"{SITE}/reg_setup/", "example"):
        assert words in body
    assert sms.segments(body) <= 2
    row = Sms.objects.get()
    assert row.sid and row.sent_at and row.due_at is None


def test_the_timeline_tells_once_that_a_text_went_out(sandbox, registration):
    messages.queue_payment_link(registration, at=clock.now())
    sending.send_due()
    row = Sms.objects.get()
    assert callback(sandbox, row, "sent").status_code == 204
    assert callback(sandbox, row, "delivered").status_code == 204
    told = [entry.text for entry in registration.timeline.order_by("pk")]
    assert told.count("SMS sent: payment link") == 1
    assert told[-1] == "SMS delivered: payment link"


def test_long_names_give_way_before_a_third_segment(sandbox, lions):
    row = factories.registration(
        guardian=factories.guardian(first_name="Wilhelmina-Konstantina-Alexandra Maria Ana"),
        player=factories.player(first_name="Maximiliano-Bartholomäus-Christopher Sebastian X"),
    )
    assert sms.segments(messages.preview(row)) <= 2


def test_delivery_is_taken_in_and_terminal_words_stay(sandbox, registration):
    messages.queue_payment_link(registration, at=clock.now())
    sending.send_due()
    row = Sms.objects.get()
    assert callback(sandbox, row, "delivered").status_code == 204
    assert callback(sandbox, row, "sent").status_code == 204
    assert callback(sandbox, row, "undelivered", ErrorCode="30003").status_code == 204
    row.refresh_from_db()
    assert row.status == "delivered"
    assert registration.emails.count() == 0


def test_a_forged_callback_changes_nothing(sandbox, registration):
    messages.queue_payment_link(registration, at=clock.now())
    sending.send_due()
    row = Sms.objects.get()
    answer = Client().post(
        f"/webhooks/twilio/status/{row.pk}",
        {"MessageSid": row.sid, "MessageStatus": "failed"},
        headers={"X-Twilio-Signature": "bm8="},
    )
    assert answer.status_code == 403
    assert Client().post(f"/webhooks/twilio/status/{row.pk}", {}).status_code == 403
    row.refresh_from_db()
    assert row.status in ("pending", "sent")


def test_a_text_that_did_not_arrive_is_followed_by_an_email(sandbox, registration):
    messages.queue_payment_link(registration, at=clock.now())
    sending.send_due()
    row = Sms.objects.get()
    callback(sandbox, row, "undelivered", ErrorCode="30005")
    callback(sandbox, row, "undelivered", ErrorCode="30005")
    sending.send_due()
    assert [message.to for message in mail.outbox] == [[registration.guardian.email]]
    assert f"{SITE}/reg_setup/" in mail.outbox[0].body


def test_a_number_that_opted_out_is_emailed_at_once(sandbox, registration):
    OptOut.objects.create(phone=registration.guardian.phone, since=clock.now(), source="reply")
    messages.queue_payment_link(registration, at=clock.now())
    sending.send_due()
    assert texts(sandbox, registration) == []
    assert len(mail.outbox) == 1
    assert Sms.objects.get().status == "failed"


def test_stop_and_start_are_remembered(sandbox, registration):
    url = "/webhooks/twilio/inbound"
    for body, there in (("stop", True), ("START", False)):
        params = {"From": str(registration.guardian.phone), "Body": body}
        validator = RequestValidator(sandbox.config.twilio_auth_token)
        signature = validator.compute_signature(f"{SITE}{url}", params)
        answer = Client().post(url, params, headers={"X-Twilio-Signature": signature})
        assert (answer.status_code, answer.content) == (200, b"<Response/>")
        assert OptOut.objects.exists() is there
    assert Client().post(url, {"From": "+447700900123", "Body": "STOP"}).status_code == 403


def test_twilio_away_for_ten_minutes_means_an_email_and_never_both(
    sandbox, registration, move_clock
):
    sandbox.down("twilio")
    messages.queue_payment_link(registration, at=clock.now())
    sending.send_due()
    assert sending.mail_late() == 0
    move_clock(timedelta(minutes=11))
    assert sending.mail_late() == 1
    assert sending.mail_late() == 0
    sandbox.up("twilio")
    sending.send_due()
    assert texts(sandbox, registration) == []
    assert len(mail.outbox) == 1


def test_a_late_text_that_may_have_left_is_looked_for_before_an_email_goes(
    sandbox, registration, monkeypatch, move_clock
):
    messages.queue_payment_link(registration, at=clock.now())
    real = sms.send

    def lost(to, body, *, status_callback):
        real(to, body, status_callback=status_callback)
        raise Uncertain("twilio", "time-out")

    with monkeypatch.context() as patch:
        patch.setattr(sms, "send", lost)
        sending.send_due()
    move_clock(timedelta(minutes=11))
    assert sending.mail_late() == 0
    assert mail.outbox == []
    assert Sms.objects.get().sid
    assert len(texts(sandbox, registration)) == 1


def test_after_an_unknown_outcome_it_is_looked_up_and_not_repeated(
    sandbox, registration, monkeypatch, move_clock
):
    messages.queue_payment_link(registration, at=clock.now())
    real = sms.send

    def lost(to, body, *, status_callback):
        real(to, body, status_callback=status_callback)
        raise Uncertain("twilio", "time-out")

    with monkeypatch.context() as patch:
        patch.setattr(sms, "send", lost)
        sending.send_due()
    assert Sms.objects.get().uncertain_since is not None
    move_clock(timedelta(minutes=1))
    sending.send_due()
    row = Sms.objects.get()
    assert row.sid
    assert row.uncertain_since is None
    assert len(texts(sandbox, registration)) == 1


def test_the_confirmation_is_owed_once_and_tells_how_it_went(sandbox, registration):
    assert messages.queue_confirmation(registration, subscribed=False, at=clock.now())
    assert messages.queue_confirmation(registration, subscribed=True, at=clock.now()) is None
    sending.send_due()
    (body,) = texts(sandbox, registration)
    assert "No monthly payment has been set up" in body


def test_a_double_is_sent_nothing(sandbox, registration):
    registration.duplicate_of = factories.registration()
    registration.save()
    assert messages.queue_payment_link(registration, at=clock.now()) is None
    assert Sms.objects.count() == 0
