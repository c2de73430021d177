"""Carrying on on another device, through the public doors."""

import re
from datetime import timedelta

import pytest
from django.core import mail
from django.test import Client

from registrations import jobs
from registrations.models import ChatSession, Draft, ResumeLink
from tests.registrations.parent import Parent

LINK = re.compile(r"https?://\S+/resume/([\w-]+)")


@pytest.fixture(autouse=True)
def _mailbox(settings, lions) -> None:
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"


def shown_link(parent: Parent) -> str:
    """The token of a link that the page shows."""
    page = parent.client.post("/resume", {"session_id": parent.session_id, "show": "1"})
    found = LINK.search(page.content.decode())
    return found[1] if found else ""


def mailed_links(parent: Parent) -> list[str]:
    """Ask for a link by e-mail, let the worker send; the tokens of all that have arrived."""
    parent.client.post("/resume", {"session_id": parent.session_id, "mail": "1"})
    jobs.send_messages()
    return [LINK.search(message.body)[1] for message in mail.outbox]


def test_a_shown_link_opens_the_same_question_elsewhere_and_only_there(parent):
    parent.walk(4)
    token = shown_link(parent)
    other = Client()
    button = other.get(f"/resume/{token}")
    assert b"Carry on here" in button.content
    assert b"Sam" not in button.content
    page = other.post("/", {"resume": token}).content.decode()
    assert "Sam Ashworth" in page and "Boy or girl?" in page
    key = re.search(r'data-key="([^"]+)" data-resumed', page)[1]
    other.post("/", {"session_id": key, "answering": "gender", "choice": "Boy"})
    assert Draft.objects.get().answers["gender"]["value"] == "Male"
    left_behind = parent.client.post("/", {"session_id": parent.session_id, "look": "1"})
    assert b"Sam" not in left_behind.content
    assert ChatSession.objects.get().key == key


def test_a_link_works_once(parent):
    parent.walk(3)
    token = shown_link(parent)
    Client().post("/", {"resume": token})
    again = Client().post("/", {"resume": token})
    assert again.status_code == 410
    assert b"has been used" in again.content
    assert b"Sam" not in again.content


def test_looking_at_a_link_uses_nothing_up(parent):
    parent.walk(3)
    token = shown_link(parent)
    for _ in range(3):
        assert Client().get(f"/resume/{token}").status_code == 200
    assert ResumeLink.objects.get().used_at is None


def test_a_link_runs_out_after_a_week(parent, move_clock):
    parent.walk(3)
    token = shown_link(parent)
    move_clock(timedelta(days=7))
    assert Client().get(f"/resume/{token}").status_code == 410
    assert b"has run out" in Client().post("/", {"resume": token}).content
    assert ResumeLink.objects.get().used_at is None


@pytest.mark.parametrize("token", ["nobody", "x" * 500, "%00", "'; drop", "é"])
def test_a_link_that_nobody_was_given_opens_nothing(db, token):
    assert Client().get(f"/resume/{token}").status_code == 404
    assert Client().post("/", {"resume": token}).status_code == 404


def test_only_a_digest_of_the_token_is_kept(parent):
    parent.walk(10)
    tokens = [shown_link(parent), *mailed_links(parent)]
    assert len(tokens) == 2
    for row in ResumeLink.objects.values():
        assert not any(token in str(value) for token in tokens for value in row.values())


def test_a_link_is_mailed_to_the_address_given_in_the_chat_and_nowhere_else(parent):
    parent.walk(10)
    [token] = mailed_links(parent)
    [message] = mail.outbox
    assert [to.casefold() for to in message.to] == ["anna.ashworth@example.org"]
    assert "Sam" not in message.body and "Ashworth" not in message.body
    page = Client().post("/", {"resume": token})
    assert b"Club news by e-mail" in page.content


def test_before_an_address_was_given_none_is_mailed(parent):
    parent.walk(9)
    assert mailed_links(parent) == []
    assert not ResumeLink.objects.exists()
    assert (
        b"Show me the link"
        in parent.client.post("/", {"session_id": parent.session_id, "look": "1"}).content
    )


def test_asking_again_and_again_mails_three_an_hour(parent):
    parent.walk(10)
    for _ in range(5):
        mailed_links(parent)
    assert len(mail.outbox) == 3


def test_a_chat_gone_quiet_shows_no_link_but_mails_one(parent, move_clock):
    parent.walk(11)
    move_clock(timedelta(hours=25))
    quiet = parent.client.post("/", {"session_id": parent.session_id, "look": "1"})
    assert b"Show me the link" not in quiet.content
    assert b"Anna" not in quiet.content
    assert shown_link(parent) == ""
    [token] = mailed_links(parent)
    page = Client().post("/", {"resume": token}).content.decode()
    assert "Sam Ashworth" in page
    assert 'value="parent_dob"' in page


def test_after_sending_in_a_link_shows_no_contacts(parent):
    parent.walk(32)
    page = Client().post("/", {"resume": shown_link(parent)}).content.decode()
    assert 'value="kit_size"' in page
    for private in ("07700 900123", "Example Road", "1985", "2017"):
        assert private not in page
    assert "anna.ashworth" not in page.casefold()


def test_when_the_mail_server_is_away_the_link_goes_later(parent, settings, move_clock):
    parent.walk(10)
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 9
    assert mailed_links(parent) == []
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
    move_clock(timedelta(minutes=2))
    jobs.send_messages()
    [message] = mail.outbox
    assert Client().get(f"/resume/{LINK.search(message.body)[1]}").status_code == 200


@pytest.mark.parametrize("form", [{}, {"session_id": "a b"}, {"session_id": "nobody-knows"}])
def test_a_stranger_gets_no_link(db, form):
    for way in ("show", "mail"):
        page = Client().post("/resume", form | {way: "1"})
        assert LINK.search(page.content.decode()) is None
    assert not ResumeLink.objects.exists()
