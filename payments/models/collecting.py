"""Collecting: mandates, subscriptions, payments, and the months that they pay for."""

from __future__ import annotations

import uuid

from django.db import models
from django.db.models import Q

from integrations.models import Due
from payments.models.asking import BillingRequest
from registrations.models import Guardian, Registration


class Mandate(models.Model):
    """A payer's Direct Debit authority."""

    gocardless_id = models.CharField(max_length=255, unique=True)
    guardian = models.ForeignKey(Guardian, on_delete=models.PROTECT, related_name="mandates")
    billing_request = models.ForeignKey(
        BillingRequest, on_delete=models.SET_NULL, null=True, blank=True, related_name="mandates"
    )
    customer_id = models.CharField(max_length=255, blank=True)
    status = models.CharField(max_length=40, blank=True)
    next_possible_charge_date = models.DateField(null=True, blank=True)
    created_at = models.DateTimeField()
    status_at = models.DateTimeField(null=True, blank=True)
    replaced_by = models.ForeignKey(
        "self", on_delete=models.SET_NULL, null=True, blank=True, related_name="replaces"
    )
    history = models.JSONField(default=list, blank=True, editable=False)

    class Meta:
        ordering = ["-created_at", "-pk"]

    def __str__(self) -> str:
        return f"Mandate {self.gocardless_id}"


class Subscription(Due):
    """The monthly collection of one registration; planned whole before anything is created."""

    class Status(models.TextChoices):
        PLANNED = "planned", "to be created"
        ACTIVE = "active", "active"
        NOT_NEEDED = "not_needed", "no month left this season"
        FINISHED = "finished", "finished"
        PAUSED = "paused", "paused"
        CANCELLED = "cancelled", "cancelled"
        FAILED = "failed", "refused by GoCardless"

    registration = models.ForeignKey(
        Registration, on_delete=models.CASCADE, related_name="subscriptions"
    )
    mandate = models.ForeignKey(Mandate, on_delete=models.PROTECT, related_name="subscriptions")
    key = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    gocardless_id = models.CharField(max_length=255, blank=True)
    status = models.CharField(max_length=20, choices=Status, default=Status.PLANNED)
    pence = models.PositiveIntegerField()
    joined_on = models.DateField()
    day_of_month = models.SmallIntegerField()
    # The plan: filled once, when the mandate's next possible charge date has been read.
    planned_at = models.DateTimeField(null=True, blank=True)
    start_on = models.DateField(null=True, blank=True)
    count = models.PositiveSmallIntegerField(null=True, blank=True)
    first_charge_on = models.DateField(null=True, blank=True)
    created_at = models.DateTimeField()
    history = models.JSONField(default=list, blank=True, editable=False)

    class Meta:
        ordering = ["-created_at", "-pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["registration"],
                condition=~Q(status__in=["cancelled", "finished"]),
                name="one_live_subscription_per_registration",
            ),
            models.UniqueConstraint(
                fields=["gocardless_id"],
                condition=~Q(gocardless_id=""),
                name="one_row_per_gocardless_subscription",
            ),
        ]
        indexes = [
            models.Index(
                fields=["due_at"], name="subscription_due", condition=Q(due_at__isnull=False)
            )
        ]

    def __str__(self) -> str:
        return f"Subscription {self.gocardless_id or self.pk}"


class Payment(Due):
    """One payment: the fee, a month's Direct Debit, or the single first month.

    `key` matters only where we create the payment ourselves (the single first month).
    """

    class Purpose(models.TextChoices):
        SIGNING_ON_FEE = "signing_on_fee", "signing-on fee"
        MONTHLY = "monthly", "monthly"
        FIRST_MONTH = "first_month", "single first month"

    registration = models.ForeignKey(
        Registration, on_delete=models.CASCADE, related_name="payments"
    )
    mandate = models.ForeignKey(
        Mandate, on_delete=models.PROTECT, null=True, blank=True, related_name="payments"
    )
    subscription = models.ForeignKey(
        Subscription, on_delete=models.SET_NULL, null=True, blank=True, related_name="payments"
    )
    purpose = models.CharField(max_length=20, choices=Purpose)
    key = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    gocardless_id = models.CharField(max_length=255, blank=True)
    pence = models.PositiveIntegerField()
    status = models.CharField(max_length=40, blank=True)
    charge_on = models.DateField(null=True, blank=True)
    created_at = models.DateTimeField()
    status_at = models.DateTimeField(null=True, blank=True)
    will_retry = models.BooleanField(
        "GoCardless tries again", default=False, help_text="ask for no other payment meanwhile"
    )
    cause = models.CharField(max_length=80, blank=True, help_text="why it failed or came back")
    history = models.JSONField(default=list, blank=True, editable=False)

    class Meta:
        ordering = ["-created_at", "-pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["gocardless_id"],
                condition=~Q(gocardless_id=""),
                name="one_row_per_gocardless_payment",
            ),
            models.UniqueConstraint(
                fields=["subscription"],
                condition=Q(purpose="first_month"),
                name="one_single_first_month_per_subscription",
            ),
        ]
        indexes = [
            models.Index(fields=["due_at"], name="payment_due", condition=Q(due_at__isnull=False))
        ]

    def __str__(self) -> str:
        return f"Payment {self.gocardless_id or self.pk}"


class MonthlyCharge(models.Model):
    """One month of one registration: what is expected, and how its collection stands."""

    registration = models.ForeignKey(
        Registration, on_delete=models.CASCADE, related_name="monthly_charges"
    )
    month = models.DateField(help_text="the first day of the month")
    pence = models.PositiveIntegerField()
    charge_on = models.DateField(null=True, blank=True)
    payment = models.ForeignKey(
        Payment, on_delete=models.SET_NULL, null=True, blank=True, related_name="months"
    )
    status = models.CharField(max_length=40, blank=True, help_text="GoCardless's last word")
    status_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["registration", "month"]
        constraints = [
            models.UniqueConstraint(
                fields=["registration", "month"], name="one_charge_per_registration_and_month"
            )
        ]

    def __str__(self) -> str:
        return f"Month {self.month:%Y-%m} of registration {self.registration_id}"
