"""What is wrong with a service just now: one switch for its answers, one for its webhooks.

Tests and control routes call `set_mode`; `failing` and the webhook senders act on it. The store
holds the switches, so they outlive a restart as the rest of the sandbox does.
"""

import re
import socket
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from flask import abort, request

from integrations.sandbox.store import Store

SERVICES = ("gocardless", "airtable", "twilio", "places", "s3", "openai")
PLAIN = {"up": "Up", "down": "Down: no answer"}
# What can be wrong with an answer; "done" means that the service did what it was asked.
ANSWERS = {
    "slow": "Done at once, answered late",
    "slow_before": "Done late, answered late",
    "rate_limited": "429, too many requests",
    "error_500": "500, nothing done",
    "error_502": "502 from a proxy, nothing done",
    "error_503": "503, nothing done",
    "error_503_retry_after": "503 with Retry-After, nothing done",
    "drop_before": "Connection closed, nothing done",
    "drop_after": "Connection closed, but done",
    "error_after": "500, but done",
    "truncated": "Connection ends in the middle of the answer; done",
    "half_json": "Half of the JSON, as if it were all; done",
    "wrong_body": "A page of HTML instead of JSON; done",
}
OWN_ANSWERS = {
    "airtable": {
        "rate_limited_errors": "429 in the other shape, a list of errors",
        "quota": "429, the month's quota is spent",
        "quota_slow": "The month's quota is spent: two requests a second",
        "iterator_expired": "The next page's iterator is gone",
    },
    "openai": {
        "insufficient_quota": "429, the account has no quota left",
        "bad_key": "401, the key is refused",
        "refusal": "The model refuses to answer",
        "cut_short": "Cut off at the token limit, in the middle of its JSON",
        "cut_json": "Half of its JSON, said to be complete",
        "fenced": "Its JSON between other words",
        "plain_text": "Words instead of JSON",
        "no_words": "An answer with nothing in it",
        "wrong_schema": "JSON of another form",
        "wrong_value": "Values that nobody said",
        "tool_loop": "Nothing but calls of tools",
        "extra_items": "Other items before the message",
    },
}
WEBHOOKS = {
    "shuffled": "Webhooks out of order",
    "doubled": "Every webhook twice",
    "delayed": "Webhooks late",
    "bad_signature": "Webhooks wrongly signed",
}
OWN_WEBHOOKS = {"gocardless": {"split": "One event in each webhook"}}
_SENDERS = ("gocardless", "airtable", "twilio")
_SWITCHED_ONLY = ("s3",)
_NOUNS = {
    "gocardless": "billing_requests billing_request_flows customers customer_bank_accounts "
    "creditors events mandates payments subscriptions refunds payouts payout_items webhooks "
    "scenario_simulators",
    "airtable": "records meta webhooks",
    "twilio": "messages account",
    "places": "places",
    "openai": "responses models",
}
_OPERATION = re.compile(r"([a-z_]+)\.[a-z_]+")
_KIND = "sandbox.switches"
_WEBHOOK_KIND = "sandbox.webhook_switches"
SECONDS = 5.0


@dataclass(frozen=True)
class Fault:
    """A fault that was met: its mode, and how long it takes where that matters."""

    mode: str
    seconds: float


def modes(service: str) -> dict[str, str]:
    """The modes of a service's answers, each with a few words for a person."""
    if service in _SWITCHED_ONLY:
        return PLAIN
    return PLAIN | ANSWERS | OWN_ANSWERS.get(service, {})


def webhook_modes(service: str) -> dict[str, str]:
    """The modes of a service's webhooks; empty for one that sends none."""
    return WEBHOOKS | OWN_WEBHOOKS.get(service, {}) if service in _SENDERS else {}


def mode(store: Store, service: str) -> str:
    """How the service answers, `up` unless it was switched."""
    switch = store.get(_KIND, service)
    return switch["mode"] if switch else "up"


def set_mode(
    store: Store,
    service: str,
    mode: str,
    *,
    count: int | None = None,
    operation: str | None = None,
    seconds: float = SECONDS,
) -> None:
    """Switch the service; ValueError for a name or a mode that does not exist.

    `count`: only for the next so many requests (or webhooks). `operation`: only for one, such as
    `billing_requests.create`, `messages.create`, `records.write`. `seconds`: how slow or late.
    A webhook mode leaves the answers as they are, and the other way round; `up` ends both.
    """
    if service not in SERVICES:
        raise ValueError(f"There is no service called {service!r}.")
    if mode not in modes(service) and mode not in webhook_modes(service):
        raise ValueError(f"{service} has no mode called {mode!r}.")
    _check_limits(service, count, operation, seconds)
    if mode == "up":
        store.delete(_WEBHOOK_KIND, service)
    switch = {"service": service, "mode": mode, "seconds": seconds}
    switch |= {"count": count} if count is not None else {}
    switch |= {"operation": operation} if operation else {}
    store.put(_WEBHOOK_KIND if mode in webhook_modes(service) else _KIND, service, switch)


def _check_limits(service: str, count: Any, operation: Any, seconds: Any) -> None:
    if count is not None and (type(count) is not int or not 1 <= count <= 10**6):
        raise ValueError("count must be a whole number from 1.")
    if isinstance(seconds, bool) or not isinstance(seconds, int | float) or not 0 <= seconds <= 600:
        raise ValueError("seconds must be a number from 0 to 600.")
    if operation:
        match = _OPERATION.fullmatch(operation) if isinstance(operation, str) else None
        if match is None or match[1] not in _NOUNS.get(service, "").split():
            raise ValueError(f"{service} has no operation called {operation!r}.")


def switches(store: Store) -> dict[str, str]:
    """Every service's mode."""
    return {service: mode(store, service) for service in SERVICES}


def details(store: Store) -> dict[str, dict[str, Any]]:
    """Every service's two switches with their limits: `answers` and `webhooks`."""
    return {
        service: {
            "answers": store.get(_KIND, service) or {"service": service, "mode": "up"},
            "webhooks": store.get(_WEBHOOK_KIND, service),
        }
        for service in SERVICES
    }


def take(store: Store, service: str, operations: Sequence[str]) -> Fault | None:
    """The fault that this request meets, counted; `operations` are the names it goes by."""
    return _take(store, _KIND, service, operations)


def take_webhook(store: Store, service: str) -> Fault | None:
    """The fault that the next webhook meets, counted."""
    return _take(store, _WEBHOOK_KIND, service, ())


def _take(store: Store, kind: str, service: str, operations: Sequence[str]) -> Fault | None:
    with store.lock:
        switch = store.get(kind, service)
        if switch is None or switch["mode"] == "up":
            return None
        wanted = switch.get("operation")
        if switch["mode"] == "iterator_expired":
            wanted = "records.next_page"
        if wanted and wanted not in operations:
            return None
        if "count" in switch:
            left = switch["count"] - 1
            if left:
                store.put(kind, service, switch | {"count": left})
            else:
                store.delete(kind, service)
        return Fault(switch["mode"], float(switch.get("seconds", SECONDS)))


def check(store: Store, service: str) -> None:
    """Drop this request, before anything is done, when the service is down."""
    if mode(store, service) == "down":
        drop_connection()


def drop_connection() -> None:
    """Close the caller's TCP connection with no answer."""
    shut_connection()
    # The answer goes nowhere once the socket is shut; it only ends the view.
    abort(503)


def shut_connection() -> None:
    """Shut the caller's socket; what is written to it afterwards is lost."""
    connection = request.environ.get("werkzeug.socket")
    if connection is not None:
        try:
            connection.shutdown(socket.SHUT_RDWR)
        except OSError:
            return  # the caller was quicker
