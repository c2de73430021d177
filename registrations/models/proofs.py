"""Links that resume a draft, and codes that prove a contact: hashed, short-lived, used once."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from integrations.models import Due
from registrations.models.chat import Draft
from registrations.models.people import MobileField
from registrations.models.registrations import Registration


class ResumeLink(Due):
    """A link that opens a draft on another device (domain 3.9, design 3.8).

    Only a digest of its token is kept. One that goes by e-mail is given its token at the moment
    of sending, so that no token waits in any queue.
    """

    draft = models.ForeignKey(Draft, on_delete=models.CASCADE, related_name="resume_links")
    digest = models.CharField(max_length=64, blank=True, editable=False)
    to = models.EmailField("by e-mail to", max_length=254, blank=True)
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    sent_at = models.DateTimeField(null=True, blank=True)
    used_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-created_at", "-pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["digest"], condition=~Q(digest=""), name="one_row_per_resume_token"
            )
        ]
        indexes = [
            models.Index(
                fields=["due_at"], name="resume_link_due", condition=Q(due_at__isnull=False)
            )
        ]

    def __str__(self) -> str:
        return f"Resume link {self.pk}"


class ContactCode(Due):
    """Six digits, sent to a contact on file, that allow one change of it, or prove the phone.

    Made at the moment of sending; only a keyed digest is kept.
    """

    class Field(models.TextChoices):
        PHONE = "phone", "mobile number"
        EMAIL = "email", "e-mail address"
        DEBIT = "debit", "the family's Direct Debit"

    registration = models.ForeignKey(
        Registration, on_delete=models.CASCADE, related_name="contact_codes"
    )
    field = models.CharField("what it is for", max_length=10, choices=Field)
    value = models.CharField("new value", max_length=254, blank=True)
    to_phone = MobileField("by text to", blank=True)
    to_email = models.EmailField("by e-mail to", max_length=254, blank=True)
    digest = models.CharField(max_length=64, blank=True, editable=False)
    tries_left = models.PositiveSmallIntegerField(default=5)
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField(null=True, blank=True)
    used_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-created_at", "-pk"]
        indexes = [
            models.Index(
                fields=["due_at"], name="contact_code_due", condition=Q(due_at__isnull=False)
            )
        ]

    def __str__(self) -> str:
        return f"Contact code {self.pk}"
