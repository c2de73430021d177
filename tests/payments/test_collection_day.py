"""A collection day: hundreds of words about known payments, in a dozen statements."""

from datetime import UTC, date, datetime

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from integrations import gocardless, inbox
from integrations.models import AirtableRow, WebhookEvent
from payments.models import MonthlyCharge, Payment
from registrations.actions import sync
from tests import factories

MONTH = date(2026, 9, 1)


def collected(number):
    """So many registrations, each with a payment for September that is on its way."""
    payments = []
    for n in range(number):
        registration = factories.registration()
        sync.touch(registration)  # each has its row in Airtable
        known = {"pence": 2750, "status": "submitted", "charge_on": date(2026, 9, 15)}
        payment = Payment.objects.create(
            registration=registration,
            purpose="monthly",
            gocardless_id=f"PM{n}",
            created_at=datetime(2026, 9, 1, tzinfo=UTC),
            **known,
        )
        MonthlyCharge.objects.create(
            registration=registration, month=MONTH, payment=payment, **known
        )
        payments.append(payment)
    return payments


def told(action, number, id="EV", **details):
    return [
        {
            "id": f"{id}-{action}-{n}",
            "created_at": "2026-09-08T07:00:00.000Z",
            "resource_type": "payments",
            "action": action,
            "details": {"cause": f"payment_{action}", **details},
            "links": {"payment": f"PM{n}"},
        }
        for n in range(number)
    ]


def statements(events):
    inbox.store("gocardless", events)
    with CaptureQueriesContext(connection) as queries:
        assert inbox.process_due() == len(events)
    assert WebhookEvent.objects.filter(processed_at=None).count() == 0
    return len(queries)


@pytest.fixture
def alone(monkeypatch):
    """GoCardless is asked for nothing."""

    def asked(*given):
        raise AssertionError(f"GoCardless was asked for {given}")

    monkeypatch.setattr(gocardless, "get_payment", asked)


@pytest.mark.django_db
def test_many_words_cost_no_more_statements_than_a_few(alone):
    collected(60)
    few = statements(told("confirmed", 5))
    assert statements(told("paid_out", 40)) <= few + 6  # only what SQLite puts into several
    assert dict(Payment.objects.values_list("gocardless_id", "status"))["PM39"] == "paid_out"
    assert MonthlyCharge.objects.filter(status="paid_out").count() == 40
    assert MonthlyCharge.objects.filter(status="submitted").count() == 20
    # Each time that something changed, its row in Airtable was marked once more.
    assert AirtableRow.objects.filter(kind="registration", changes=2).count() == 35
    assert AirtableRow.objects.filter(kind="registration", changes=3).count() == 5


@pytest.mark.django_db
def test_together_ends_as_one_by_one(alone, monkeypatch):
    payments = collected(4)
    words = [
        *told("failed", 4, will_attempt_retry=True),
        *told("submitted", 2, id="again"),
        *told("failed", 4, id="last", will_attempt_retry=False),
        *told("confirmed", 1),
    ]
    names = ["gocardless_id", *"status status_at will_retry cause history charge_on".split()]

    def ends(size):
        monkeypatch.setattr(inbox, "BATCH", size)
        WebhookEvent.objects.all().delete()
        for payment in payments:
            payment.save()
            MonthlyCharge.objects.filter(payment=payment).update(status="submitted")
        statements(words)
        months = MonthlyCharge.objects.order_by("pk").values_list("status", "status_at")
        return list(Payment.objects.order_by("pk").values(*names)), list(months)

    assert ends(250) == ends(1)


@pytest.mark.django_db
def test_a_fee_and_a_stranger_among_them_are_taken_by_themselves(sandbox):
    [one, fee] = collected(2)
    MonthlyCharge.objects.filter(payment=fee).delete()
    Payment.objects.filter(pk=fee.pk).update(purpose="signing_on_fee")
    inbox.store("gocardless", told("confirmed", 3))
    assert inbox.process_due() == 3
    outcomes = WebhookEvent.objects.order_by("event_id").values_list("outcome", flat=True)
    assert list(outcomes) == ["applied", "applied", "waiting"]
    assert WebhookEvent.objects.needs_person().get().event_id == "EV-confirmed-2"
    fee.registration.refresh_from_db()
    assert fee.registration.fee_settled_by == "paid"
