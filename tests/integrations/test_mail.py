"""E-mail: what a mail server says becomes one of the four outcomes."""

import smtplib
import socket

import pytest
from django.core.mail.backends.locmem import EmailBackend

from integrations import mail
from integrations.errors import Blocked, Rejected, Unavailable, Uncertain
from integrations.models import ServiceCall

pytestmark = pytest.mark.django_db
PARENT = "parent@example.org"
trouble: dict[str, Exception] = {}


class Server(EmailBackend):
    """A mail server that refuses what the test tells it to."""

    def open(self):
        """Connect, or fail."""
        if "open" in trouble:
            raise trouble["open"]
        return True

    def send_messages(self, messages):
        """Take the messages, or fail."""
        if "send" in trouble:
            raise trouble["send"]
        return super().send_messages(messages)

    def close(self):
        """Hang up, or fail."""
        if "close" in trouble:
            raise trouble["close"]


@pytest.fixture(autouse=True)
def server(settings):
    settings.EMAIL_BACKEND = f"{__name__}.Server"
    trouble.clear()


def test_a_message_leaves_from_the_club(mailoutbox, settings):
    settings.EMAIL_BACKEND = f"{__name__}.Server"
    mail.send(PARENT, "Your payment link", "Hello")
    (message,) = mailoutbox
    assert (message.to, message.subject, message.body) == ([PARENT], "Your payment link", "Hello")
    assert message.from_email == settings.DEFAULT_FROM_EMAIL
    assert ServiceCall.objects.get().outcome == "ok"


@pytest.mark.parametrize(
    ("when", "error", "outcome"),
    [
        ("open", ConnectionRefusedError(), Unavailable),
        ("open", socket.gaierror(), Unavailable),
        ("open", TimeoutError(), Unavailable),
        ("open", smtplib.SMTPConnectError(421, b"busy"), Unavailable),
        ("open", smtplib.SMTPAuthenticationError(535, b"no"), Blocked),
        ("send", smtplib.SMTPRecipientsRefused({PARENT: (550, b"nobody")}), Rejected),
        ("send", smtplib.SMTPRecipientsRefused({PARENT: (450, b"grey")}), Unavailable),
        ("send", smtplib.SMTPSenderRefused(553, b"no", "club"), Blocked),
        ("send", smtplib.SMTPSenderRefused(451, b"later", "club"), Unavailable),
        ("send", smtplib.SMTPDataError(554, b"spam"), Rejected),
        ("send", smtplib.SMTPDataError(452, b"full"), Unavailable),
        ("send", smtplib.SMTPServerDisconnected(), Uncertain),
        ("send", TimeoutError(), Uncertain),
    ],
)
def test_every_trouble_has_its_outcome(mailoutbox, when, error, outcome):
    trouble[when] = error
    with pytest.raises(outcome) as caught:
        mail.send(PARENT, "Your payment link", "Hello")
    assert PARENT not in str(caught.value)
    assert mailoutbox == []


def test_a_line_break_in_the_subject_is_refused(mailoutbox, settings):
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
    with pytest.raises(Rejected):
        mail.send(PARENT, "Hello\nBcc: everybody@example.org", "Hello")
    assert mailoutbox == []


def test_how_the_line_was_hung_up_does_not_matter(mailoutbox):
    trouble["close"] = smtplib.SMTPServerDisconnected()
    mail.send(PARENT, "Your payment link", "Hello")
    assert len(mailoutbox) == 1


def test_the_server_can_be_checked():
    assert mail.check() == "the mail server answers"
    trouble["open"] = ConnectionRefusedError()
    with pytest.raises(Unavailable):
        mail.check()
