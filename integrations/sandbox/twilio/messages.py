"""Message resources: made, read, listed (wire/gocardless_twilio 7.2)."""

import secrets
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import format_datetime, parsedate_to_datetime
from typing import Any
from urllib.parse import urlencode

from dateutil import parser as dates

from integrations import clock
from integrations.sandbox.store import Store
from integrations.sandbox.twilio import numbers, optout, segments
from integrations.sandbox.twilio.errors import Refusal

KIND = "twilio.messages"
CALLBACKS = "twilio.callbacks"
LONGEST = 1600
_FILTERS = ("To", "From", "DateSent", "DateSent<", "DateSent>")
Message = dict[str, Any]


def create(store: Store, account_sid: str, form: Mapping[str, str]) -> Message:
    """Take a message to send; Refusal with Twilio's code. The first status is never called back."""
    to, sender = form.get("To", ""), form.get("From", "")
    service, body = form.get("MessagingServiceSid", ""), form.get("Body", "")
    numbers.check_recipient(to)
    numbers.check_sender(sender, service)
    if not body.strip():
        raise Refusal(21602, "Message body is required.")
    if len(body) > LONGEST:
        raise Refusal(21617, f"The message body exceeds the limit of {LONGEST} characters.")
    if not 1 <= _seconds(form.get("ValidityPeriod", "36000")) <= 36000:
        raise Refusal(21624, "The ValidityPeriod must be from 1 to 36000 seconds.")
    if optout.is_out(store, service or sender, to):
        raise Refusal(21610, "Attempt to send to unsubscribed recipient")
    message = build(account_sid, to=to, sender=sender or None, body=body, status="queued")
    if service:
        message |= {"messaging_service_sid": service, "status": "accepted"}
        message |= {"from": sender or None, "num_segments": "0"}
    with store.lock:
        callback = form.get("StatusCallback", "")
        if callback:
            store.put(CALLBACKS, message["sid"], {"sid": message["sid"], "url": callback})
        store.put(KIND, message["sid"], message)
    return message


def build(
    account_sid: str,
    *,
    to: str,
    sender: str | None,
    body: str,
    status: str,
    direction: str = "outbound-api",
) -> Message:
    """A message resource as it goes over the wire: counts are strings, dates RFC 2822."""
    sid, now = f"SM{secrets.token_hex(16)}", stamp()
    uri = f"/2010-04-01/Accounts/{account_sid}/Messages/{sid}"
    return {
        "sid": sid,
        "account_sid": account_sid,
        "api_version": "2010-04-01",
        "body": body,
        "to": to,
        "from": sender,
        "messaging_service_sid": None,
        "status": status,
        "direction": direction,
        "num_segments": str(segments.count(body)),
        "num_media": "0",
        "price": None,
        "price_unit": "USD",
        "error_code": None,
        "error_message": None,
        "date_created": now,
        "date_updated": now,
        "date_sent": None,
        "uri": f"{uri}.json",
        "subresource_uris": {"media": f"{uri}/Media.json"},
    }


def stamp() -> str:
    """Now, as Twilio writes it."""
    return format_datetime(clock.now())


def page(store: Store, account_sid: str, arguments: Mapping[str, str]) -> dict[str, Any]:
    """One page, newest first; the next page's relative address or null."""
    size = min(_count(arguments.get("PageSize", "50"), least=1), 1000)
    number = _count(arguments.get("Page", "0"), least=0)
    found = [one for one in reversed(store.all(KIND)) if _fits(one, arguments)]
    start = _start(found, arguments.get("PageToken", ""), number * size)
    shown = found[start : start + size]
    path = f"/2010-04-01/Accounts/{account_sid}/Messages.json"
    filters = {name: arguments[name] for name in _FILTERS if name in arguments}
    following = None
    if start + size < len(found):
        token = {"Page": number + 1, "PageToken": f"PA{shown[-1]['sid']}"}
        following = f"{path}?{urlencode({**filters, 'PageSize': size, **token})}"
    first = f"{path}?{urlencode({**filters, 'PageSize': size, 'Page': 0})}"
    return {
        "messages": shown,
        "first_page_uri": first,
        "next_page_uri": following,
        "previous_page_uri": None if number == 0 else first,
        "page": number,
        "page_size": size,
        "start": start,
        "end": start + max(len(shown) - 1, 0),
        "uri": f"{path}?{urlencode({**filters, 'PageSize': size, 'Page': number})}",
    }


def _seconds(text: str) -> int:
    return int(text) if text.isdecimal() and len(text) < 10 else 0


def _count(text: str, *, least: int) -> int:
    if not text.isdecimal() or len(text) > 9 or int(text) < least:
        raise Refusal(20001, "Page and PageSize must be whole numbers.")
    return int(text)


def _start(found: list[Message], token: str, otherwise: int) -> int:
    """A token pins the place, so that messages that arrive meanwhile shift nothing."""
    sids = [one["sid"] for one in found]
    return sids.index(token[2:]) + 1 if token[2:] in sids else otherwise


def _fits(message: Message, arguments: Mapping[str, str]) -> bool:
    if arguments.get("To", message["to"]) != message["to"]:
        return False
    if arguments.get("From", message["from"]) != message["from"]:
        return False
    asked = [name for name in ("DateSent", "DateSent<", "DateSent>") if name in arguments]
    if not asked:
        return True
    if message["date_sent"] is None:
        return False
    sent = parsedate_to_datetime(message["date_sent"]).astimezone(UTC)
    return all(_dated(sent, name, arguments[name]) for name in asked)


def _dated(sent: datetime, name: str, text: str) -> bool:
    """`DateSent` names a day in UTC, though the client writes midnight.

    `DateSent<` and `DateSent>` include the moment named: on the wire they read `<=` and `>=`.
    """
    try:
        wanted = dates.isoparse(text)
    except ValueError as e:
        raise Refusal(20001, f"{name} is not a date: {text}") from e
    wanted = wanted.astimezone(UTC) if wanted.tzinfo else wanted.replace(tzinfo=UTC)
    if name == "DateSent":
        return sent.date() == wanted.date()
    return sent <= wanted if name == "DateSent<" else sent >= wanted
