"""GoCardless: billing requests, mandates, payments, subscriptions (wire/gocardless_twilio).

The vendor's client opens one connection per call and cannot pool them; its own retries are off,
since ours live in the rows (a create is repeated with the same key, which returns the first one).
Every function raises the four outcomes of integrations.errors. Money is pence.
"""

import hashlib
import hmac
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from functools import lru_cache
from typing import Any

import gocardless_pro
from django.conf import settings

from integrations import guard
from integrations.errors import Blocked, OutsideError
from integrations.gocardless_errors import SERVICE, translated

TIMEOUT = (3, 10)


@dataclass(frozen=True)
class BillingRequest:
    """A request to pay and to set up a Direct Debit; ids are empty until they exist."""

    id: str
    status: str
    customer_id: str
    mandate_id: str
    payment_id: str


@dataclass(frozen=True)
class Flow:
    """A hosted payment page."""

    url: str
    expires_at: datetime


@dataclass(frozen=True)
class Mandate:
    """A Direct Debit; `next_possible_charge_date` is None once it is dead."""

    id: str
    status: str
    next_possible_charge_date: date | None
    customer_id: str


@dataclass(frozen=True)
class Payment:
    """One payment."""

    id: str
    status: str
    pence: int
    charge_on: date | None
    mandate_id: str
    subscription_id: str
    made_on: date | None = None
    refunded_pence: int = 0


@dataclass(frozen=True)
class Subscription:
    """Monthly payments; `upcoming` holds (date, pence)."""

    id: str
    status: str
    start_on: date | None
    upcoming: tuple[tuple[date, int], ...]


def create_billing_request(
    *, pence: int, description: str, mandate_description: str, metadata: dict[str, str], key: str
) -> BillingRequest:
    """Ask for one payment and a Bacs mandate.

    0 pence asks for the mandate alone, an empty `mandate_description` for the payment alone.
    """
    metadata = _metadata(metadata)
    params: dict[str, Any] = {"metadata": metadata, "fallback_enabled": False}
    if mandate_description:
        params["mandate_request"] = {
            "currency": "GBP",
            "scheme": "bacs",
            "verify": "recommended",
            "description": mandate_description,
            "metadata": metadata,
        }
    if pence:
        params["payment_request"] = {
            "amount": pence,
            "currency": "GBP",
            "description": description,
            "metadata": metadata,
        }
    return _billing_request(_create("billing_requests", params, key))


def get_billing_request(id: str) -> BillingRequest:
    """Read it as it is now."""
    return _billing_request(_get("billing_requests", id))


def create_flow(
    billing_request_id: str, *, redirect_uri: str, exit_uri: str, prefilled: dict[str, str]
) -> Flow:
    """Make a hosted page (lives 7 days); `prefilled` holds the vendor's customer fields."""
    params = {
        "redirect_uri": redirect_uri,
        "exit_uri": exit_uri,
        "prefilled_customer": {name: value for name, value in prefilled.items() if value},
        "lock_currency": True,
        "show_redirect_buttons": True,
        "language": "en",
        "links": {"billing_request": billing_request_id},
    }
    # A flow cannot be recovered by its key, and a second one does no harm: a new key each time.
    made = _create("billing_request_flows", params, key=None)
    return Flow(made["authorisation_url"], datetime.fromisoformat(made["expires_at"]))


def get_mandate(id: str) -> Mandate:
    """Read it as it is now."""
    made = _get("mandates", id)
    return Mandate(
        id=made["id"],
        status=made["status"],
        next_possible_charge_date=_date(made.get("next_possible_charge_date")),
        customer_id=_link(made, "customer"),
    )


def get_payment(id: str) -> Payment:
    """Read it as it is now."""
    return _payment(_get("payments", id))


def create_payment(
    *,
    mandate_id: str,
    pence: int,
    charge_on: date | None,
    description: str,
    metadata: dict[str, str],
    key: str,
) -> Payment:
    """Collect once by Direct Debit, on `charge_on` or as soon as the bank allows."""
    params: dict[str, Any] = {
        "amount": pence,
        "currency": "GBP",
        "description": description,
        "metadata": _metadata(metadata),
        "links": {"mandate": mandate_id},
    }
    if charge_on:
        params["charge_date"] = charge_on.isoformat()
    return _payment(_create("payments", params, key))


def create_subscription(
    *,
    mandate_id: str,
    pence: int,
    name: str,
    day_of_month: int,
    start_on: date | None,
    count: int,
    metadata: dict[str, str],
    key: str,
) -> Subscription:
    """Collect `count` months; the day is 1 to 28 or -1, and `start_on` must fall on it."""
    params: dict[str, Any] = {
        "amount": pence,
        "currency": "GBP",
        "name": name,
        "interval_unit": "monthly",
        "interval": 1,
        "day_of_month": day_of_month,
        "count": count,
        "metadata": _metadata(metadata),
        "links": {"mandate": mandate_id},
    }
    if start_on:
        params["start_date"] = start_on.isoformat()
    return _subscription(_create("subscriptions", params, key))


def get_subscription(id: str) -> Subscription:
    """Read it as it is now."""
    return _subscription(_get("subscriptions", id))


def amend_subscription(id: str, *, pence: int) -> Subscription:
    """Collect another amount from the next payment on; an amount is absolute, so safe twice."""
    with _calling("amend subscription", creating=False):
        made = _service("subscriptions").update(id, params={"amount": pence})
        return _subscription(made.attributes)


def cancel_subscription(id: str) -> Subscription:
    """End it; a payment that exists already stays (wire 3.3)."""
    with _calling("cancel subscription", creating=False):
        return _subscription(_service("subscriptions").cancel(id).attributes)


def list_subscriptions(mandate_id: str) -> list[Subscription]:
    """Every subscription of a mandate, newest first."""
    with _calling("list subscriptions", creating=False):
        params = {"mandate": mandate_id, "limit": "500"}
        found = _service("subscriptions").list(params=params).records
        return [_subscription(each.attributes) for each in found]


def verify(body: bytes, signature: str) -> bool:
    """True where the raw body was signed with one of the configured secrets."""
    given = signature.encode("utf-8", "replace")
    return any(
        hmac.compare_digest(hmac.new(secret, body, hashlib.sha256).hexdigest().encode(), given)
        for secret in secrets()
    )


def secrets() -> list[bytes]:
    """The webhook secrets; several, separated by commas, while one replaces another."""
    parts = (settings.GOCARDLESS_WEBHOOK_SECRET or "").split(",")
    return [part.strip().encode() for part in parts if part.strip()]


def check() -> str:
    """Ask who we are, even while the service is held; the answer in words."""
    with _calling("check", creating=False, test=True):
        creditors = _service("creditors").list(params={"limit": "1"}).records
        return f"{len(creditors)} creditor" if creditors else "no creditor"


def _create(
    resource: str,
    params: dict[str, Any],
    key: str | None,
    forbidden: type[OutsideError] = Blocked,
) -> dict[str, Any]:
    headers = {"Idempotency-Key": key} if key else None
    with _calling(f"create {resource}", creating=True, forbidden=forbidden):
        return _service(resource).create(params=params, headers=headers).attributes


def _get(resource: str, id: str) -> dict[str, Any]:
    with _calling(f"get {resource}", creating=False):
        return _service(resource).get(id).attributes


@lru_cache(maxsize=4)
def _client(token: str, url: str) -> gocardless_pro.Client:
    return gocardless_pro.Client(access_token=token, base_url=url, timeout=TIMEOUT)


def _service(resource: str) -> Any:
    service = getattr(_client(settings.GOCARDLESS_TOKEN, settings.GOCARDLESS_URL), resource)
    service.max_network_retries = 1
    return service


@contextmanager
def _calling(
    operation: str,
    *,
    creating: bool,
    test: bool = False,
    forbidden: type[OutsideError] = Blocked,
) -> Iterator[None]:
    if not settings.GOCARDLESS_TOKEN:
        raise Blocked(SERVICE, "GOCARDLESS_TOKEN is not set", code="not_configured")
    with guard.call(SERVICE, operation, test=test), translated(creating, forbidden):
        yield


def _metadata(metadata: dict[str, str]) -> dict[str, str]:
    if len(metadata) > 3:
        raise ValueError("GoCardless takes at most three keys of metadata")
    return {name[:50]: str(value)[:500] for name, value in metadata.items()}


def _link(attributes: dict[str, Any], name: str) -> str:
    return (attributes.get("links") or {}).get(name) or ""


def _date(text: str | None) -> date | None:
    return date.fromisoformat(text) if text else None


def _billing_request(attributes: dict[str, Any]) -> BillingRequest:
    mandate = attributes.get("mandate_request") or {}
    payment = attributes.get("payment_request") or {}
    return BillingRequest(
        id=attributes["id"],
        status=attributes["status"],
        customer_id=_link(attributes, "customer"),
        mandate_id=_link(attributes, "mandate_request_mandate") or _link(mandate, "mandate"),
        payment_id=_link(attributes, "payment_request_payment") or _link(payment, "payment"),
    )


def _payment(attributes: dict[str, Any]) -> Payment:
    return Payment(
        id=attributes["id"],
        status=attributes["status"],
        pence=int(attributes["amount"]),
        charge_on=_date(attributes.get("charge_date")),
        mandate_id=_link(attributes, "mandate"),
        subscription_id=_link(attributes, "subscription"),
        made_on=_date((attributes.get("created_at") or "")[:10]),
        refunded_pence=int(attributes.get("amount_refunded") or 0),
    )


def _subscription(attributes: dict[str, Any]) -> Subscription:
    upcoming = attributes.get("upcoming_payments") or []
    return Subscription(
        id=attributes["id"],
        status=attributes["status"],
        start_on=_date(attributes.get("start_date")),
        upcoming=tuple(
            (date.fromisoformat(each["charge_date"]), int(each["amount"])) for each in upcoming
        ),
    )
