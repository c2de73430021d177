"""What was agreed to, and in which wording."""

from __future__ import annotations

from django.db import models

from registrations.models.registrations import Registration


class Consent(models.Model):
    """What somebody agreed to or refused, when, in which wording (domain 2.7)."""

    class Kind(models.TextChoices):
        PRIVACY_NOTICE = "privacy_notice", "privacy notice seen"
        MODEL_READING = "model_reading", "answers may be read by a computer service"
        MEDICAL = "medical", "holding medical notes"
        CLUB_MESSAGES = "club_messages", "club e-mails and texts"
        PHOTO_SQUAD = "photo_squad", "photo in squad and league lists"
        PHOTO_PUBLIC = "photo_public", "photo on website and social media"

    registration = models.ForeignKey(
        Registration, on_delete=models.CASCADE, related_name="consents"
    )
    kind = models.CharField(max_length=20, choices=Kind)
    wording = models.CharField("version of the wording", max_length=40)
    given = models.BooleanField()
    decided_at = models.DateTimeField()

    class Meta:
        ordering = ["registration", "kind", "-decided_at"]

    def __str__(self) -> str:
        return f"{self.kind} {'given' if self.given else 'refused'}"
