"""Texts and e-mails that the platform owes somebody, and who has asked for no more texts."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from integrations.models import Due
from registrations.models.people import MobileField
from registrations.models.registrations import Registration


class Kind(models.TextChoices):
    """What a message is about."""

    PAYMENT_LINK = "payment_link", "payment link"
    CONFIRMATION = "confirmation", "confirmation"
    MONTHLY_FEE = "monthly_fee", "change of the monthly fee"
    INVITATION = "invitation", "invitation to the new season"
    PLACE_OFFER = "place_offer", "offer of a place"
    TRIAL = "trial", "trial"
    TEAM = "team", "change of team"
    ARREARS = "arrears", "reminder of what is late"
    RECEIPT = "receipt", "receipt"
    NEWS = "news", "club news"
    NOTICE = "notice", "message of the club"
    PHOTO_AGAIN = "photo_again", "another photo"
    FAMILY_MANDATE = "family_mandate", "child on the family's Direct Debit"


class Sms(Due):
    """One text message: a row first, sent by a job, told of its fate by Twilio."""

    class Status(models.TextChoices):
        PENDING = "pending", "pending"
        SENT = "sent", "sent"
        DELIVERED = "delivered", "delivered"
        FAILED = "failed", "failed"
        UNDELIVERED = "undelivered", "undelivered"

    registration = models.ForeignKey(Registration, on_delete=models.CASCADE, related_name="sms")
    kind = models.CharField(max_length=20, choices=Kind)
    resend = models.PositiveSmallIntegerField(default=0, help_text="0 for the first of its kind")
    to = MobileField()
    body = models.TextField(max_length=1600)
    status = models.CharField(max_length=12, choices=Status, default=Status.PENDING)
    sid = models.CharField(max_length=40, blank=True, db_index=True)
    error_code = models.CharField(max_length=10, blank=True)
    error = models.CharField(max_length=300, blank=True)
    created_at = models.DateTimeField()
    first_tried_at = models.DateTimeField(null=True, blank=True)
    sent_at = models.DateTimeField(null=True, blank=True)
    status_at = models.DateTimeField(null=True, blank=True)
    asked_by = models.CharField(max_length=150, blank=True, help_text="staff who asked for it")

    class Meta:
        verbose_name = verbose_name_plural = "SMS"
        ordering = ["-created_at", "-pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["registration", "kind", "resend"],
                name="one_sms_per_registration_and_kind_unless_resent",
            ),
            models.UniqueConstraint(
                fields=["sid"], condition=~Q(sid=""), name="one_row_per_twilio_message"
            ),
        ]
        indexes = [
            models.Index(fields=["due_at"], name="sms_due", condition=Q(due_at__isnull=False)),
            models.Index(fields=["-created_at", "-id"], name="sms_newest"),
            models.Index(
                fields=["created_at"],
                name="sms_lost",
                condition=Q(status__in=["failed", "undelivered"]),
            ),
        ]

    def __str__(self) -> str:
        return f"SMS {self.pk} {self.kind}"


class Email(Due):
    """One e-mail, sent where a text could not be."""

    registration = models.ForeignKey(Registration, on_delete=models.CASCADE, related_name="emails")
    kind = models.CharField(max_length=20, choices=Kind)
    resend = models.PositiveSmallIntegerField(default=0)
    to = models.EmailField(max_length=254)
    subject = models.CharField(max_length=150)
    body = models.TextField()
    created_at = models.DateTimeField()
    sent_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = "e-mail"
        ordering = ["-created_at", "-pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["registration", "kind", "resend"],
                name="one_email_per_registration_and_kind_unless_resent",
            )
        ]
        indexes = [
            models.Index(fields=["due_at"], name="email_due", condition=Q(due_at__isnull=False)),
            models.Index(fields=["-created_at", "-id"], name="email_newest"),
        ]

    def __str__(self) -> str:
        return f"E-mail {self.pk} {self.kind}"


class OptOut(models.Model):
    """A number whose owner wrote STOP, or that Twilio refused as opted out (21610)."""

    phone = MobileField(unique=True)
    since = models.DateTimeField()
    source = models.CharField(max_length=20)

    class Meta:
        verbose_name = "opt-out"
        ordering = ["-since"]

    def __str__(self) -> str:
        return f"Opt-out {self.pk}"
