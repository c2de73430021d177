"""What staff or a parent ask of GoCardless about one payment: a refund, or another try."""

from __future__ import annotations

import uuid

from django.db import models
from django.db.models import Q

from integrations.models import Due
from payments.models.collecting import Payment


class PaymentOrder(Due):
    """One refund, or one more try of a failed payment; its key is stored before it is asked for."""

    class Kind(models.TextChoices):
        REFUND = "refund", "refund"
        RETRY = "retry", "another try"
        COLLECT = "collect", "collection of a month that is late"

    payment = models.ForeignKey(Payment, on_delete=models.CASCADE, related_name="orders")
    kind = models.CharField(max_length=10, choices=Kind)
    key = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    pence = models.PositiveIntegerField()
    # GoCardless wants the total given back so far, this refund included (wire 3.2).
    total_pence = models.PositiveIntegerField(default=0, editable=False)
    reason = models.CharField(max_length=200, blank=True)
    asked_by = models.CharField(max_length=150, blank=True)
    created_at = models.DateTimeField()
    done_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-created_at", "-pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["payment"],
                condition=Q(due_at__isnull=False),
                name="one_due_order_per_payment",
            )
        ]
        indexes = [
            models.Index(
                fields=["due_at"], name="payment_order_due", condition=Q(due_at__isnull=False)
            )
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display().capitalize()} {self.pk}"
