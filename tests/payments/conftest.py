"""Payments as tests see them: a fixed day, the sandbox's GoCardless, and its events by hand."""

import hashlib
import hmac
import json
import random
import time
import uuid
from collections.abc import Callable
from datetime import UTC, datetime

import pytest
import requests

from integrations import clock, inbox
from payments.actions import asking
from payments.desk import Desk
from payments.models import BillingRequest
from registrations.models import Registration

PAYER = {
    "given_name": "Priya",
    "family_name": "Okafor",
    "email": "priya@example.org",
    "address_line1": "12 Station Road",
    "city": "Manchester",
    "postal_code": "M41 9SB",
    "branch_code": "20-00-00",
    "account_number": "55779911",
}


def eventually(condition: Callable[[], object], seconds: float = 5.0) -> None:
    """Wait until the sandbox's own threads have done something."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.02)


@pytest.fixture
def set_clock(outside) -> Callable[..., None]:
    """Put the clock of this test on a moment (UTC)."""

    def put(*parts: int) -> None:
        clock.set_offset(clock.offset() + datetime(*parts, tzinfo=UTC) - clock.now())

    return put


@pytest.fixture(autouse=True)
def tuesday(set_clock) -> None:
    """Tuesday 8 September 2026, noon in London: a new mandate can first be charged on the 14th."""
    set_clock(2026, 9, 8, 11)


class Bank:
    """The parent at the hosted page, and GoCardless's word about it."""

    def __init__(self, client, sandbox) -> None:
        self.client, self.sandbox = client, sandbox

    def ask(self, registration: Registration) -> BillingRequest:
        """Ask for payment as the conversation does, and let the job run."""
        Desk().ask_for_payment(registration.pk)
        asking.ask_due()
        return registration.billing_requests.get(closed_at=None)

    def open(self, registration: Registration) -> str:
        """Follow the link; where it leads."""
        response = self.client.get(f"/reg_setup/{registration.token}")
        assert response.status_code == 302, response.content
        return response["Location"]

    def pay(self, registration: Registration, choice: str = "pay", **details: str) -> None:
        """Fill in the hosted page and wait until the bank has answered."""
        url = self.open(registration)
        path = url[url.index("/pay/") :]
        form = PAYER | details | {"choice": choice}
        answer = requests.post(self.sandbox.url + path, data=form, allow_redirects=False, timeout=5)
        assert answer.status_code == 303, answer.text
        row = registration.billing_requests.get(closed_at=None)
        eventually(lambda: self.seen("billing_requests", row.gocardless_id, "fulfilled"))
        if row.pence:
            done = "failed" if choice == "fail" else "confirmed"
            eventually(lambda: any(e["action"] == done for e in self.events()))

    def seen(self, plural: str, id: str, status: str) -> bool:
        """Whether a resource of the sandbox has this status."""
        found = self.sandbox.store.get(f"gocardless.{plural}", id)
        return bool(found and found["status"] == status)

    def events(self) -> list[dict]:
        """Every event until now, oldest first."""
        return self.sandbox.store.all("gocardless.events")

    def deliver(self, events: list[dict] | None = None, *, shuffled: bool = False) -> None:
        """Post the events to our door, signed, and process them."""
        events = list(self.events() if events is None else events)
        if shuffled:
            random.shuffle(events)
        assert self.post({"events": events}).status_code == 204
        inbox.process_due()

    def post(self, body: dict, secret: str | None = None, client=None):
        """One signed delivery; threads bring a client each."""
        raw = json.dumps(body, separators=(",", ":")).encode()
        key = (secret or self.sandbox.config.gocardless_webhook_secret).encode()
        signature = hmac.new(key, raw, hashlib.sha256).hexdigest()
        return (client or self.client).post(
            "/webhooks/gocardless",
            raw,
            content_type="application/json",
            headers={"Webhook-Signature": signature},
        )

    def tell(self, plural: str, action: str, **given) -> None:
        """Forge one event with a valid signature; `links` are what real ones hold."""
        event = {
            "id": f"EV{uuid.uuid4().hex}",
            "created_at": clock.now().isoformat(),
            "resource_type": plural,
            "action": action,
            "details": {"cause": f"{plural}_{action}"},
            "links": {},
        }
        self.deliver([event | given])

    def made(self, plural: str) -> list[dict]:
        """Every resource of a kind that the sandbox holds."""
        return self.sandbox.store.all(f"gocardless.{plural}")


@pytest.fixture
def bank(client, sandbox) -> Bank:
    """The bank of this test."""
    return Bank(client, sandbox)
