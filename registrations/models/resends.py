"""A payment link sent again to many at once: who asked, to whom, who was left out and why."""

from __future__ import annotations

import uuid

from django.db import models
from django.db.models import Q

from registrations.models.messages import Email, Sms
from registrations.models.registrations import Registration


class Resend(models.Model):
    """One order to send payment links again; its key makes a form sent twice one order."""

    key = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    asked_by = models.CharField(max_length=150)
    asked_at = models.DateTimeField()

    class Meta:
        ordering = ["-asked_at", "-pk"]

    def __str__(self) -> str:
        return f"Resend {self.pk}"


class ResendRecipient(models.Model):
    """One registration of the order; done once it has a text, an e-mail or a reason for neither.

    The row is the progress: whoever carries on after a restart sees what is left.
    """

    resend = models.ForeignKey(Resend, on_delete=models.CASCADE, related_name="recipients")
    registration = models.ForeignKey(Registration, on_delete=models.CASCADE, related_name="+")
    left_out = models.CharField("why not", max_length=100, blank=True)
    sms = models.OneToOneField(
        Sms, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    email = models.OneToOneField(
        Email, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    queued_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["resend", "registration"], name="one_recipient_per_resend"
            )
        ]
        indexes = [
            models.Index(
                fields=["resend"],
                name="resend_recipient_open",
                condition=Q(queued_at__isnull=True, left_out=""),
            )
        ]

    def __str__(self) -> str:
        return f"Recipient {self.pk} of resend {self.resend_id}"
