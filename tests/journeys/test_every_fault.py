"""Asking for a payment, its page and its text, with every fault: healed later, done once."""

from datetime import timedelta

import pytest
from django.test import Client

from integrations import clock
from integrations.models import ServiceState
from integrations.sandbox import faults
from payments.actions import asking
from payments.desk import Desk
from payments.models import BillingRequest
from registrations.actions import messages, sending
from registrations.models import Email, Sms
from tests import factories
from tests.journeys.test_killed import rest, town
from tests.payments.conftest import Bank

__all__ = ["town"]
pytestmark = pytest.mark.django_db(transaction=True)
# "down" closes every door until it is up again; the others strike once.
MODES = [mode for mode in faults.PLAIN | faults.ANSWERS if mode != "up"]


def strike(sandbox, service: str, operation: str, mode: str) -> None:
    """Let this fault be met once by this operation, or all be met until `heal`."""
    if mode == "down":
        sandbox.down(service)
    else:
        limits = {"count": 1, "operation": operation, "seconds": 0.05}
        faults.set_mode(sandbox.store, service, mode, **limits)


def heal(sandbox, service: str, *works) -> None:
    """The service is up, hours have gone by, and the jobs have looked several times."""
    sandbox.up(service)
    for _ in range(4):
        # A pace that the service asked for is in real seconds, which no test waits for.
        ServiceState.objects.update(next_slot=0)
        clock.set_offset(clock.offset() + timedelta(minutes=31))
        for work in works:
            work()


def test_a_request_for_payment(town):
    for mode in MODES:
        rest(BillingRequest, Sms)
        registration = factories.registration()
        Desk().ask_for_payment(registration.pk)
        strike(town, "gocardless", "billing_requests.create", mode)
        asking.ask_due()
        heal(town, "gocardless", asking.ask_due)
        row = BillingRequest.objects.get(registration=registration)
        assert (row.status, row.needs_person_at) == ("pending", None), mode
        made = {each["id"] for each in town.store.all("gocardless.billing_requests")}
        assert made == set(BillingRequest.objects.values_list("gocardless_id", flat=True)), mode


def test_a_payment_page(town):
    bank = Bank(Client(), town)
    for mode in MODES:
        rest(BillingRequest, Sms)
        registration = factories.registration()
        bank.ask(registration)
        strike(town, "gocardless", "billing_request_flows.create", mode)
        first = bank.client.get(f"/reg_setup/{registration.token}")
        assert first.status_code in (302, 502, 503), (mode, first.status_code)
        heal(town, "gocardless", asking.ask_due)
        assert "/pay/" in bank.open(registration), mode
        assert BillingRequest.objects.filter(registration=registration).count() == 1


def test_a_text(town):
    for mode in MODES:
        rest(Sms, Email)
        row = messages.queue_payment_link(factories.registration(), at=clock.now())
        strike(town, "twilio", "messages.create", mode)
        sending.send_due()
        heal(town, "twilio", sending.send_due)
        row.refresh_from_db()
        sent = [each["sid"] for each in town.store.all("twilio.messages") if each["to"] == row.to]
        assert (sent, row.needs_person_at) == ([row.sid], None), mode
