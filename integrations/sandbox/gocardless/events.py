"""Events: kept for `GET /events` and queued for the webhook, with links exactly as documented."""

from datetime import datetime
from typing import Any

from integrations import clock
from integrations.sandbox.gocardless import records
from integrations.sandbox.gocardless.ids import new_id, timestamp
from integrations.sandbox.store import Store

OUTBOX = "gocardless.outbox"
_SINGULAR = {
    "billing_requests": "billing_request",
    "mandates": "mandate",
    "payments": "payment",
    "subscriptions": "subscription",
    "refunds": "refund",
    "payouts": "payout",
}


def emit(
    store: Store,
    plural: str,
    action: str,
    resource: dict[str, Any],
    *,
    cause: str = "",
    origin: str = "gocardless",
    description: str = "",
    at: datetime | None = None,
    links: dict[str, str] | None = None,
    **details: Any,
) -> dict[str, Any]:
    """Record one event and queue it; `links` are those besides the resource's own (4.3)."""
    event: dict[str, Any] = {
        "id": new_id("EV"),
        "created_at": timestamp(at or clock.now()),
        "resource_type": plural,
        "action": action,
        "metadata": {},
        "details": {
            "origin": origin,
            "cause": cause or f"{_SINGULAR[plural]}_{action}",
            "description": description or f"The {_SINGULAR[plural]} has changed: {action}.",
            **details,
        },
        "links": {_SINGULAR[plural]: resource["id"], **(links or {})},
        "resource_metadata": resource.get("metadata") or {},
    }
    records.save(store, "events", event)
    store.put(OUTBOX, event["id"], {"id": event["id"]})
    return event


def bank(code: str) -> dict[str, str]:
    """The extra details of an event that a Bacs reason code caused."""
    return {"origin": "bank", "scheme": "bacs", "reason_code": code}
