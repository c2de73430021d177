"""B3: webhook events accepted, and processed, in deliveries of 250."""

import hashlib
import hmac
import json
import uuid
from datetime import date

from django.test import Client
from django.test.utils import override_settings

from integrations import clock, inbox
from integrations.models import WebhookEvent
from payments.models import MonthlyCharge, Payment
from registrations.models import Registration
from tests import factories
from tests.benchmarks.measure import SOAK, Line, at_least, in_turns, seconds

DELIVERY = 250
MONTHS = 9
DELIVERIES = 20 if SOAK else 4
SECRET = "the-secret-of-the-benchmark"


def run() -> list[Line]:
    """Two lines: accepted and processed, in events a second."""
    with override_settings(GOCARDLESS_WEBHOOK_SECRET=SECRET):
        registrations = _registrations()
        accepted = in_turns(lambda: _accept("/webhooks/gocardless"), _accept_floor)
        processed = in_turns(lambda: _process(registrations), _process_floor)
    return [
        at_least("B3", "webhook events accepted", "events/s", *accepted, 0.8),
        at_least("B3", "webhook events processed", "events/s", *processed, 0.5),
    ]


def _event(payment_id: str) -> dict:
    return {
        "id": f"EV{uuid.uuid4().hex.upper()[:16]}",
        "created_at": clock.now().isoformat(),
        "resource_type": "payments",
        "action": "confirmed",
        "details": {
            "origin": "gocardless",
            "cause": "payment_confirmed",
            "description": "The payment has been confirmed as collected.",
        },
        "links": {"payment": payment_id},
        "metadata": {},
        "resource_metadata": {},
    }


def _deliveries() -> list[tuple[bytes, str]]:
    bodies = [
        json.dumps({"events": [_event(f"PM{n:014d}") for n in range(DELIVERY)]}).encode()
        for _ in range(DELIVERIES)
    ]
    return [(body, hmac.new(SECRET.encode(), body, hashlib.sha256).hexdigest()) for body in bodies]


def _accept(path: str) -> float:
    """Deliver; events a second. The table is emptied first, so that it does not grow."""
    WebhookEvent.objects.all().delete()
    client, deliveries = Client(), _deliveries()

    def deliver() -> None:
        for body, signature in deliveries:
            answer = client.post(
                path,
                body,
                content_type="application/json",
                headers={"Webhook-Signature": signature},
            )
            assert answer.status_code == 204, answer.content

    taken = seconds(deliver)
    assert WebhookEvent.objects.count() == DELIVERY * DELIVERIES
    return DELIVERY * DELIVERIES / taken


@override_settings(ROOT_URLCONF="tests.benchmarks.floors", MIDDLEWARE=[])
def _accept_floor() -> float:
    return _accept("/webhook")


def _registrations() -> list[Registration]:
    """As many players as it takes for every event to be another month of somebody."""
    number = -(-DELIVERY * DELIVERIES // MONTHS)
    return [factories.registration() for _ in range(number)]


def _waiting(registrations: list[Registration]) -> int:
    """Fill the inbox with one confirmation for each of as many known payments."""
    WebhookEvent.objects.all().delete()
    MonthlyCharge.objects.all().delete()
    Payment.objects.all().delete()
    payments, months = [], []
    for n in range(DELIVERY * DELIVERIES):
        row, month = registrations[n // MONTHS], n % MONTHS
        day = date(2026 + (month + 8) // 12, (month + 8) % 12 + 1, 1)
        known = {"registration": row, "pence": 2750, "status": "submitted", "charge_on": day}
        created = {"purpose": "monthly", "gocardless_id": f"PM{n:014d}", "created_at": clock.now()}
        payments.append(Payment(**known, **created))
        months.append(MonthlyCharge(**known, month=day, payment=payments[-1]))
    Payment.objects.bulk_create(payments)
    MonthlyCharge.objects.bulk_create(months)
    inbox.store("gocardless", [_event(payment.gocardless_id) for payment in payments])
    return len(payments)


def _process(registrations: list[Registration]) -> float:
    number = _waiting(registrations)
    taken = seconds(inbox.process_due)
    done = WebhookEvent.objects.filter(processed_at__isnull=False, outcome="applied").count()
    assert done == number, f"{done} of {number} events were applied"
    return number / taken


def _process_floor() -> float:
    ids = list(WebhookEvent.objects.values_list("pk", flat=True))

    def mark() -> None:
        for pk in ids:
            WebhookEvent.objects.filter(pk=pk).update(processed_at=clock.now(), due_at=None)

    return len(ids) / seconds(mark)
