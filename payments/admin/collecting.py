"""Admin of billing requests, mandates, subscriptions, payments and months: all machine-owned."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html_join
from django.utils.safestring import SafeString

from integrations.office import OfficeAdmin, Reason, button
from integrations.office.admins import QueueAdmin, QueueFilter
from payments.actions import ending
from payments.models import BillingRequest, Mandate, MonthlyCharge, Payment, Subscription
from registrations.wording import pounds

DAYS = [*((day, str(day)) for day in range(1, 29)), (-1, "the last day of the month")]


class Anew(Reason):
    """Asks for the day of the month, and why."""

    day = forms.TypedChoiceField(coerce=int, choices=DAYS)


def _latest(row: Subscription) -> bool:
    return not row.registration.cancelled_at and row == row.registration.subscriptions.first()


SECRET = ["registration__medical_notes", "registration__not_to_collect"]
CHILD = ["registration__player__first_name", "registration__player__last_name"]


class OfRegistration(OfficeAdmin):
    """What belongs to a registration is found and named by its child."""

    search_fields = [*CHILD, "gocardless_id"]

    def get_queryset(self, request: HttpRequest) -> QuerySet:
        rows = super().get_queryset(request)
        related = "registration__player", "registration__team"
        return rows.select_related(*related).defer(*SECRET)

    @admin.display(ordering="registration__player__last_name")
    def child(self, row: Any) -> str:
        return row.registration.player.full_name

    @admin.display(ordering="pence")
    def amount(self, row: Any) -> str:
        return f"£{row.pence / 100:.2f}"

    def summary(self, row: Any) -> str:
        name = row._meta.verbose_name.capitalize()
        return f"{name}, {row.registration.player.full_name}"


@admin.register(BillingRequest)
class BillingRequestAdmin(OfRegistration, QueueAdmin):
    """Requests for the fee and a mandate."""

    list_display = ["child", "purpose", "amount", "status", "gocardless_id", "asked_at", "queue"]
    list_filter = [QueueFilter, "status", "purpose", "registration__season"]
    hidden = ["flow_url"]  # whoever opens it can pay, and sees what was prefilled
    date_hierarchy = "created_at"


@admin.register(Mandate)
class MandateAdmin(OfficeAdmin):
    """Direct Debit authorities."""

    list_display = ["payer", "gocardless_id", "status", "next_possible_charge_date", "created_at"]
    fields = [
        "guardian",
        "collects_for",
        "status",
        "status_at",
        "next_possible_charge_date",
        "replaced_by",
        "billing_request",
        "gocardless_id",
        "customer_id",
        "created_at",
    ]
    list_filter = ["status"]
    list_select_related = ["guardian"]
    search_fields = ["guardian__first_name", "guardian__last_name", "gocardless_id", "customer_id"]

    @admin.display(ordering="guardian__last_name")
    def payer(self, row: Mandate) -> str:
        return row.guardian.full_name

    @admin.display(description="collects, or did, for")
    def collects_for(self, row: Mandate) -> SafeString:
        """Every child on it: whom it touches when it is lost."""
        plans = row.subscriptions.select_related("registration__player").defer(*SECRET)
        lines = (
            (
                reverse("admin:payments_subscription_change", args=[plan.pk]),
                plan.registration.player.full_name,
                f"{pounds(plan.pence)} a month, {plan.get_status_display()}",
            )
            for plan in plans.order_by("pk")
        )
        return format_html_join("", '<div><a href="{}">{}</a>: {}</div>', lines)

    def summary(self, row: Mandate) -> str:
        return f"Mandate of {row.guardian.full_name}"


@admin.register(Subscription)
class SubscriptionAdmin(OfRegistration, QueueAdmin):
    """Monthly collections."""

    list_display = ["child", "amount", "day_of_month", "status", "start_on", "count", "queue"]
    list_filter = [QueueFilter, "status", "registration__season"]

    @button("Collect on another day, or anew", shown=_latest, ask=Anew, preview="what_begins")
    def collect_anew(self, request: HttpRequest, row: Subscription, day: int, reason: str) -> str:
        """End this collection and start another, without a month twice or missed."""
        by = request.user.get_username()
        try:
            ending.collect_anew(row.registration_id, day=day, reason=reason, by=by)
        except ValueError as error:
            raise ValidationError(str(error)) from error
        return "The old collection ends first; the new one is created within seconds."

    def what_begins(self, request: HttpRequest, row: Subscription) -> dict[str, Any]:
        """What staff should know before they press."""
        text = "What the bank has not got yet is stopped; months already collected stay collected."
        return {"lines": [("Until now", f"day {row.day_of_month}"), ("What happens", text)]}


@admin.register(Payment)
class PaymentAdmin(OfRegistration, QueueAdmin):
    """Single payments."""

    list_display = ["child", "purpose", "amount", "status", "charge_on", "gocardless_id", "queue"]
    list_filter = [QueueFilter, "purpose", "status", "registration__season"]
    date_hierarchy = "created_at"


@admin.register(MonthlyCharge)
class MonthlyChargeAdmin(OfRegistration):
    """What each month is expected to bring, and how its collection stands."""

    list_display = ["child", "month", "amount", "charge_on", "status", "status_at"]
    list_filter = ["status", "month", "registration__season"]
    search_fields = CHILD
