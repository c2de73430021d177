"""E-mail through Django's backend; raises the four outcomes."""

import smtplib
from collections.abc import Iterator
from contextlib import contextmanager

from django.core.mail import EmailMessage, get_connection
from django.core.mail.backends.base import BaseEmailBackend

from integrations import guard
from integrations.errors import Blocked, OutsideError, Rejected, Unavailable, Uncertain

SERVICE = "mail"


def send(to: str, subject: str, body: str) -> None:
    """Send a plain-text message from the club's address (time-out: settings.EMAIL_TIMEOUT)."""
    with guard.call(SERVICE, "send"):
        connection = get_connection()
        with _opening():
            connection.open()
        try:
            with _sending():
                EmailMessage(subject, body, to=[to], connection=connection).send()
        finally:
            _close(connection)


def check() -> str:
    """Greet the mail server, even while it is held; the answer in words."""
    with guard.call(SERVICE, "check", test=True), _opening():
        connection = get_connection()
        connection.open()
        _close(connection)
        return "the mail server answers"


@contextmanager
def _opening() -> Iterator[None]:
    """Nothing has been sent while the connection is being made."""
    try:
        yield
    except smtplib.SMTPAuthenticationError as error:
        raise Blocked(SERVICE, "the login was refused", code=str(error.smtp_code)) from error
    except (smtplib.SMTPException, OSError) as error:
        kind = type(error).__name__
        raise Unavailable(SERVICE, kind, code=kind) from error


@contextmanager
def _sending() -> Iterator[None]:
    try:
        yield
    except smtplib.SMTPRecipientsRefused as error:
        codes = [code for code, _ in error.recipients.values()]
        raise _answered(codes[0] if codes else 550, "the address was refused") from error
    except smtplib.SMTPSenderRefused as error:
        if error.smtp_code < 500:
            raise _answered(error.smtp_code, "later") from error
        raise Blocked(SERVICE, "our own address was refused", code=str(error.smtp_code)) from error
    except smtplib.SMTPResponseException as error:
        raise _answered(error.smtp_code, "the message was refused") from error
    except (smtplib.SMTPException, OSError) as error:
        kind = type(error).__name__
        raise Uncertain(SERVICE, kind, code=kind) from error
    except ValueError as error:  # a line break in a header, or an address that is none
        raise Rejected(SERVICE, "the address or subject is not valid", code="header") from error


def _answered(code: int, words: str) -> OutsideError:
    """4xx asks to come again, 5xx is for ever (RFC 5321)."""
    kind = Unavailable if code < 500 else Rejected
    return kind(SERVICE, words, code=str(code))


def _close(connection: BaseEmailBackend) -> None:
    try:
        connection.close()
    except (smtplib.SMTPException, OSError):
        return  # the message is on its way; how the line was hung up does not matter
