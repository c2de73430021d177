"""What staff write to many families at once: the text, to whom, how fast, and what became of it."""

from __future__ import annotations

import uuid

from django.db import models
from django.db.models import Q

from registrations.models.messages import Email, Sms
from registrations.models.registrations import Registration


class Circular(models.Model):
    """One message to many; its key makes a form sent twice one circular."""

    class Purpose(models.TextChoices):
        NEWS = "news", "club news: only to whoever agreed to club messages"
        NOTICE = "notice", "about the registration or a fixture: to everybody"

    class Way(models.TextChoices):
        SMS = "sms", "text, or e-mail where no text can go"
        EMAIL = "email", "e-mail only"
        BOTH = "both", "text and e-mail"

    key = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    purpose = models.CharField(max_length=10, choices=Purpose)
    way = models.CharField("how", max_length=10, choices=Way)
    subject = models.CharField(max_length=100)
    text = models.TextField(max_length=600)
    audience = models.CharField("to whom", max_length=200)
    a_minute = models.PositiveSmallIntegerField("families a minute", default=60)
    starts_at = models.DateTimeField()
    made_by = models.CharField(max_length=150)
    made_at = models.DateTimeField()
    stopped_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-made_at", "-pk"]
        constraints = [
            models.CheckConstraint(condition=Q(a_minute__gt=0), name="circular_has_a_rate")
        ]

    def __str__(self) -> str:
        return f"Circular {self.pk}"


class CircularRecipient(models.Model):
    """One registration of a circular; done once it has a message or a reason for none."""

    circular = models.ForeignKey(Circular, on_delete=models.CASCADE, related_name="recipients")
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
                fields=["circular", "registration"], name="one_recipient_per_circular"
            )
        ]
        indexes = [
            models.Index(
                fields=["circular"],
                name="circular_recipient_open",
                condition=Q(queued_at__isnull=True, left_out=""),
            )
        ]

    def __str__(self) -> str:
        return f"Recipient {self.pk} of circular {self.circular_id}"
