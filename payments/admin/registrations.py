"""What payments add to a registration's page: lines of the timeline, a search, a retry."""

from __future__ import annotations

from collections.abc import Iterator

from payments.models import BillingRequest, Payment, Subscription
from registrations.admin.deeds import Deeds
from registrations.admin.registrations import RegistrationAdmin
from registrations.admin.timeline import SOURCES, Line
from registrations.models import Registration


def asked(registration: Registration) -> Iterator[Line]:
    """Billing requests, as they stand."""
    for request in BillingRequest.objects.filter(registration=registration):
        number = f" {request.gocardless_id}" if request.gocardless_id else ""
        words = f"{request.get_purpose_display()}{number}: {request.get_status_display()}"
        at = request.fulfilled_at or request.closed_at or request.asked_at or request.created_at
        yield Line(at, "payment", _with_error(f"Asked for {words}", request.last_error))
        if request.visited_at:
            yield Line(request.visited_at, "payment", "Payment link opened")


def paid(registration: Registration) -> Iterator[Line]:
    """Payments, as they stand."""
    for payment in Payment.objects.filter(registration=registration):
        amount = f"£{payment.pence / 100:.2f}"
        words = f"{payment.get_purpose_display().capitalize()} {amount} {payment.gocardless_id}"
        state = payment.status or "to be created"
        at = payment.status_at or payment.created_at
        yield Line(at, "payment", _with_error(f"{words}: {state}", payment.last_error))


def collected(registration: Registration) -> Iterator[Line]:
    """Subscriptions, as they stand."""
    for plan in Subscription.objects.filter(registration=registration):
        amount = f"£{plan.pence / 100:.2f} a month"
        words = f"Subscription {plan.gocardless_id} {amount}: {plan.get_status_display()}"
        yield Line(plan.created_at, "payment", _with_error(words, plan.last_error))


def _with_error(words: str, error: str) -> str:
    return f"{words} ({error})" if error else words


SOURCES += [asked, paid, collected]
Deeds.queues = [*Deeds.queues, "billing_requests", "subscriptions", "payments"]
RegistrationAdmin.search_fields = [
    *RegistrationAdmin.search_fields,
    "billing_requests__gocardless_id__exact",
    "payments__gocardless_id__exact",
]
