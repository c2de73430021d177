"""Money that came, or went back, another way than through GoCardless; and what was owed before."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q

from registrations.models import Registration


class HandPayment(models.Model):
    """One amount that the treasurer recorded: cash, a bank transfer, a card reader, or waived.

    Below zero where it was given back. A mistake is undone and stays to be seen.
    """

    class Purpose(models.TextChoices):
        SIGNING_ON_FEE = "signing_on_fee", "signing-on fee"
        MONTH = "month", "a month"
        BROUGHT_FORWARD = "brought_forward", "brought forward"

    class Method(models.TextChoices):
        CASH = "cash", "cash"
        BANK_TRANSFER = "bank_transfer", "bank transfer"
        CARD_READER = "card_reader", "card reader"
        WAIVED = "waived", "waived"

    registration = models.ForeignKey(
        Registration, on_delete=models.CASCADE, related_name="hand_payments"
    )
    purpose = models.CharField("for", max_length=20, choices=Purpose)
    month = models.DateField(help_text="the first day of the month that it is for")
    pence = models.IntegerField(help_text="below zero where it was given back")
    method = models.CharField(max_length=20, choices=Method)
    received_on = models.DateField()
    reference = models.CharField(max_length=100, blank=True)
    recorded_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+"
    )
    recorded_at = models.DateTimeField()
    undone_at = models.DateTimeField(null=True, blank=True)
    undone_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    undone_reason = models.CharField(max_length=200, blank=True)

    class Meta:
        verbose_name = "payment by hand"
        verbose_name_plural = "payments by hand"
        ordering = ["-received_on", "-pk"]
        permissions = [
            ("record_by_hand", "Can record money received by hand, waive and exempt"),
            ("give_back", "Can give money back"),
        ]
        constraints = [
            models.CheckConstraint(condition=~Q(pence=0), name="money_by_hand_is_not_nothing"),
            models.UniqueConstraint(
                fields=[
                    "registration",
                    "purpose",
                    "month",
                    "pence",
                    "method",
                    "received_on",
                    "reference",
                ],
                condition=Q(undone_at__isnull=True),
                name="money_by_hand_is_recorded_once",
            ),
        ]

    def __str__(self) -> str:
        return f"Payment by hand {self.pk}"


class OpeningBalance(models.Model):
    """What a family owed for a child when the club began with this platform."""

    registration = models.OneToOneField(
        Registration, on_delete=models.CASCADE, related_name="opening_balance"
    )
    pence = models.PositiveIntegerField(help_text="owed to the club")
    as_of = models.DateField(help_text="since when it is due")
    note = models.CharField(max_length=200, blank=True)
    recorded_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+"
    )
    recorded_at = models.DateTimeField()

    class Meta:
        ordering = ["-as_of", "-pk"]
        constraints = [
            models.CheckConstraint(condition=Q(pence__gt=0), name="opening_balance_is_owed")
        ]

    def __str__(self) -> str:
        return f"Opening balance {self.pk}"
