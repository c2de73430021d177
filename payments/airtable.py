"""What payments add to a registration's row in the club's base (domain 4.2)."""

from typing import Any

from integrations.airtable.mapping import Column
from integrations.airtable.merge import Owner
from payments.models import MonthlyCharge, Payment, Subscription
from registrations.models import Registration

MONTHS = ("sep", "oct", "nov", "dec", "jan", "feb", "mar", "apr", "may")
# GoCardless's words for a payment, in the base's five; others are no news for the base.
_STATUS_OF_MONTH = {
    "submitted": "submitted",
    "confirmed": "confirmed",
    "paid_out": "confirmed",
    "failed": "failed",
    "cancelled": "cancelled",
    "charged_back": "charged_back",
}
_STATUS_OF_SUBSCRIPTION: dict[str, str] = {
    Subscription.Status.PLANNED: "pending",
    Subscription.Status.ACTIVE: "active",
    Subscription.Status.PAUSED: "active",
    Subscription.Status.FAILED: "failed",
    Subscription.Status.CANCELLED: "cancelled",
}

COLUMNS = tuple(
    Column(name, type, Owner.OURS, ("Y", "N") if type == "singleSelect" else ())
    for name, type in {
        "billing_request_id": "singleLineText",
        "subscription_activated": "singleSelect",
        "subscription_status": "singleLineText",
        "ongoing_subscription_id": "singleLineText",
        "interim_subscription_id": "singleLineText",
        "subscription_start_date": "date",
        "subscription_error": "multilineText",
        **{f"{month}_subscription_payment_status": "singleLineText" for month in MONTHS},
    }.items()
)


def registration_fields(registration: Registration) -> dict[str, Any]:
    """Billing request, subscription and the months of one registration, by Airtable field name."""
    request = registration.billing_requests.exclude(gocardless_id="").first()
    return {
        "billing_request_id": request.gocardless_id if request else "",
        **_subscription(registration),
        **_months(registration),
    }


def _subscription(registration: Registration) -> dict[str, Any]:
    latest = registration.subscriptions.first()
    if latest is None:
        return {
            "subscription_activated": "N",
            "subscription_status": "",
            "ongoing_subscription_id": "",
            "interim_subscription_id": "",
            "subscription_start_date": "",
            "subscription_error": "",
        }
    single = registration.payments.filter(purpose=Payment.Purpose.FIRST_MONTH).first()
    running = latest.status in (Subscription.Status.ACTIVE, Subscription.Status.PAUSED)
    return {
        "subscription_activated": "Y" if running else "N",
        "subscription_status": _STATUS_OF_SUBSCRIPTION.get(latest.status, ""),
        "ongoing_subscription_id": latest.gocardless_id,
        # The first month of whoever joins late is one payment, no subscription (domain 5.6).
        "interim_subscription_id": single.gocardless_id if single else "",
        "subscription_start_date": latest.start_on.isoformat() if latest.start_on else "",
        "subscription_error": latest.last_error,
    }


def _months(registration: Registration) -> dict[str, str]:
    fields = {f"{month}_subscription_payment_status": "" for month in MONTHS}
    for charge in MonthlyCharge.objects.filter(registration=registration):
        name = f"{charge.month:%b}".lower() + "_subscription_payment_status"
        if name in fields:
            fields[name] = _STATUS_OF_MONTH.get(charge.status, "")
    return fields
