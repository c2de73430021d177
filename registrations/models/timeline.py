"""What happened to a registration, line by line."""

from __future__ import annotations

from datetime import datetime

from django.db import models

from registrations.models.registrations import Registration


class TimelineEntry(models.Model):
    """One thing that happened to a registration, in words fit for staff; nothing medical."""

    class Kind(models.TextChoices):
        CHAT = "chat", "conversation"
        PAYMENT = "payment", "payment"
        MESSAGE = "message", "message"
        PHOTO = "photo", "photo"
        SYNC = "sync", "Airtable"
        STAFF = "staff", "staff"
        STATE = "state", "status"

    registration = models.ForeignKey(
        Registration, on_delete=models.CASCADE, related_name="timeline"
    )
    kind = models.CharField(max_length=10, choices=Kind)
    text = models.CharField(max_length=300)
    by = models.CharField(max_length=150, blank=True)
    at = models.DateTimeField()

    class Meta:
        ordering = ["-at", "-pk"]
        verbose_name_plural = "timeline"
        indexes = [models.Index(fields=["registration", "-at"], name="timeline_of_registration")]

    def __str__(self) -> str:
        return f"{self.kind} of registration {self.registration_id}"


def note(
    registration: Registration, kind: str, text: str, *, at: datetime, by: str = ""
) -> TimelineEntry:
    """Add a line to a registration's timeline, inside the caller's transaction."""
    return TimelineEntry.objects.create(
        registration=registration, kind=kind, text=text[:300], at=at, by=by
    )
