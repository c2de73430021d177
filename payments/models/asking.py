"""Asking for the signing-on fee and a mandate: the billing request and its hosted flow."""

from __future__ import annotations

import uuid

from django.db import models
from django.db.models import Q

from integrations.models import Due
from registrations.models import Registration


class BillingRequest(Due):
    """One GoCardless billing request; its key is stored before anything is asked."""

    class Status(models.TextChoices):
        WAITING = "waiting", "not asked yet"
        PENDING = "pending", "asked"
        READY_TO_FULFIL = "ready_to_fulfil", "ready to fulfil"
        FULFILLING = "fulfilling", "the bank is working on it"
        FULFILLED = "fulfilled", "fulfilled"
        CANCELLED = "cancelled", "cancelled"

    class Purpose(models.TextChoices):
        FEE_AND_MANDATE = "fee_and_mandate", "signing-on fee and Direct Debit"
        MANDATE_ONLY = "mandate_only", "Direct Debit only"
        FEE_ONLY = "fee_only", "signing-on fee only"

    registration = models.ForeignKey(
        Registration, on_delete=models.CASCADE, related_name="billing_requests"
    )
    purpose = models.CharField(max_length=20, choices=Purpose, default=Purpose.FEE_AND_MANDATE)
    key = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    pence = models.PositiveIntegerField(help_text="the fee that is asked for; 0 for mandate only")
    gocardless_id = models.CharField(max_length=255, blank=True, db_index=True)
    customer_id = models.CharField(max_length=255, blank=True)
    status = models.CharField(max_length=20, choices=Status, default=Status.WAITING)
    flow_url = models.URLField(max_length=1000, blank=True)
    flow_made_at = models.DateTimeField(null=True, blank=True)
    flow_leased_until = models.DateTimeField(null=True, blank=True, editable=False)
    visited_at = models.DateTimeField("link last opened", null=True, blank=True)
    created_at = models.DateTimeField()
    asked_at = models.DateTimeField(null=True, blank=True)
    fulfilled_at = models.DateTimeField(null=True, blank=True)
    closed_at = models.DateTimeField(
        null=True, blank=True, help_text="cancelled, or replaced by another"
    )

    class Meta:
        ordering = ["-created_at", "-pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["registration"],
                condition=Q(closed_at__isnull=True),
                name="one_open_billing_request_per_registration",
            ),
            models.UniqueConstraint(
                fields=["gocardless_id"],
                condition=~Q(gocardless_id=""),
                name="one_row_per_gocardless_billing_request",
            ),
        ]
        indexes = [
            models.Index(
                fields=["due_at"], name="billing_request_due", condition=Q(due_at__isnull=False)
            )
        ]

    def __str__(self) -> str:
        return f"Billing request {self.gocardless_id or self.pk}"
