"""Twilio: send a text message, find it again, learn its fate (wire/gocardless_twilio 7).

Nothing that Twilio says is repeated in an error, since its messages hold the number.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

import requests
from django.conf import settings
from twilio.base import values
from twilio.base.exceptions import TwilioException
from twilio.http.http_client import TwilioHttpClient
from twilio.request_validator import RequestValidator
from twilio.rest import Client

from integrations import guard
from integrations.errors import Blocked, OutsideError, Rejected, Unavailable, Uncertain
from integrations.sms_text import plain, segments
from integrations.transport import never_sent, per_thread

__all__ = [
    "Fate",
    "Sent",
    "check",
    "explain",
    "fetch",
    "find",
    "plain",
    "segments",
    "send",
    "verify",
]

SERVICE = "twilio"
TIMEOUT = (3, 10)
PENALTY = 10  # seconds
# Their clock and ours may differ when we look for a message that may have been made.
SKEW = timedelta(minutes=2)
OPTED_OUT = "21610"
_WORDS = {
    "21211": "this is not a valid phone number",
    "21212": "our own sender number is not valid",
    "21408": "sending to this country is not switched on",
    "21602": "the message is empty",
    "21606": "our own number cannot send text messages",
    "21608": "a trial account may only send to verified numbers",
    "21610": "this number has replied STOP",
    "21611": "too many messages are waiting to leave our number",
    "21612": "this number cannot be reached from ours",
    "21614": "this is not a mobile number",
    "21617": "the message is too long",
    "20003": "the account or its key was refused",
    "20404": "there is no such message",
    "20429": "too many requests at once",
    "30001": "too many messages were waiting",
    "30003": "the phone is switched off or out of reach",
    "30004": "the phone or its network blocks messages",
    "30005": "nobody has this number",
    "30006": "this is a landline or a network that takes no messages",
    "30007": "the network took the message for spam",
    "30008": "the network gave no reason",
    "30036": "the message could not be delivered in time",
    "30042": "the network blocks our sender name",
}


@dataclass(frozen=True)
class Sent:
    """A message that Twilio has taken."""

    sid: str
    status: str


@dataclass(frozen=True)
class Fate:
    """How a message stands; `error` is in plain words."""

    sid: str
    status: str
    error_code: str
    error: str


def send(to: str, body: str, *, status_callback: str = "") -> Sent:
    """Send `body` to an E.164 number; Uncertain means look with `find` before repeating.

    `status_callback` is where Twilio reports what became of it; "" where nobody needs to know.
    """
    with _calling("send", creating=True) as client:
        message = client.messages.create(
            to=to,
            body=body,
            from_=settings.TWILIO_FROM_NUMBER,
            status_callback=status_callback or values.unset,
        )
        return Sent(message.sid, message.status)


def find(to: str, *, since: datetime, body: str) -> Sent | None:
    """The newest message with this text that was made since then, or None."""
    with _calling("find", creating=False) as client:
        # No date filter: a message that has not left yet has no date to filter by.
        found = client.messages.list(to=to, from_=settings.TWILIO_FROM_NUMBER, limit=50)
    for message in found:
        recent = message.date_created is None or message.date_created >= since - SKEW
        if recent and (message.body or "").strip() == body.strip():
            return Sent(message.sid, message.status)
    return None


def fetch(sid: str) -> Fate:
    """How one message stands now."""
    with _calling("fetch", creating=False) as client:
        message = client.messages(sid).fetch()
    code = str(message.error_code or "")
    return Fate(message.sid, message.status, code, explain(code))


def verify(url: str, params: Any, signature: str | None) -> bool:
    """True where Twilio signed this form for this address."""
    if not settings.TWILIO_AUTH_TOKEN or not signature or not signature.isascii():
        return False
    return RequestValidator(settings.TWILIO_AUTH_TOKEN).validate(url, params, signature)


def explain(code: str | int) -> str:
    """Twilio's error code in plain words; nothing for no code."""
    code = str(code or "")
    return _WORDS.get(code, f"Twilio's error {code}") if code else ""


def check() -> str:
    """Ask for our own account, even while the service is held; the answer in words."""
    with _calling("check", creating=False, test=True) as client:
        return f"account {client.api.accounts(settings.TWILIO_ACCOUNT_SID).fetch().status}"


class _Http(TwilioHttpClient):
    """Sends every request to the configured address: the client's own is fixed to Twilio's."""

    def __init__(self, base_url: str) -> None:
        super().__init__()
        self.timeout = TIMEOUT  # the constructor takes one number only
        self.base_url = base_url.rstrip("/")

    def request(self, method: str, url: str, *args: Any, **kwargs: Any) -> Any:
        parts = urlsplit(url)
        query = f"?{parts.query}" if parts.query else ""
        kwargs["timeout"] = None  # ours, of the constructor
        return super().request(method, f"{self.base_url}{parts.path}{query}", *args, **kwargs)


@per_thread
def _client(sid: str, token: str, url: str) -> Client:
    return Client(sid, token, http_client=_Http(url))


@contextmanager
def _calling(operation: str, *, creating: bool, test: bool = False) -> Iterator[Client]:
    if not (settings.TWILIO_ACCOUNT_SID and settings.TWILIO_AUTH_TOKEN):
        raise Blocked(SERVICE, "TWILIO_ACCOUNT_SID is not set", code="not_configured")
    account = settings.TWILIO_ACCOUNT_SID, settings.TWILIO_AUTH_TOKEN
    client = _client(*account, settings.TWILIO_URL)
    with guard.call(SERVICE, operation, test=test), _translated(creating):
        yield client


@contextmanager
def _translated(creating: bool) -> Iterator[None]:
    lost = Uncertain if creating else Unavailable
    try:
        yield
    except TwilioException as error:
        raise _outcome(error, lost) from error
    except requests.RequestException as error:
        kind = Unavailable if never_sent(error) else lost
        raise kind(SERVICE, type(error).__name__, code=type(error).__name__) from error
    except (KeyError, TypeError, ValueError) as error:
        raise lost(SERVICE, "an answer that cannot be read", code=type(error).__name__) from error


def _outcome(error: TwilioException, lost: type[OutsideError]) -> OutsideError:
    status = int(getattr(error, "status", 0) or 0)
    code = str(getattr(error, "code", "") or status or type(error).__name__)
    if status == 429 or code == "20429":
        guard.penalise(SERVICE, PENALTY)
        return Unavailable(SERVICE, explain(code), code=code)
    if status in (401, 403) or code == "20003":
        return Blocked(SERVICE, explain(code), code=code)
    if 400 <= status < 500:
        return Rejected(SERVICE, explain(code), code=code)
    return lost(SERVICE, f"HTTP {status}", code=code)
