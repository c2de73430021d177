"""Photos for proof of identity, and their bytes while these are on their way."""

from __future__ import annotations

import uuid

from django.db import models
from django.db.models import Q

from integrations.models import Due
from registrations.models.registrations import Registration


class Photo(Due):
    """A photo for proof of identity, from upload to its place in storage."""

    class State(models.TextChoices):
        RECEIVED = "received", "received"
        ACCEPTED = "accepted", "accepted"
        REFUSED = "refused", "refused"

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    registration = models.ForeignKey(Registration, on_delete=models.CASCADE, related_name="photos")
    chat_session = models.ForeignKey(
        "registrations.ChatSession", on_delete=models.SET_NULL, null=True, related_name="photos"
    )
    file_name = models.CharField(max_length=255, blank=True)
    state = models.CharField(max_length=10, choices=State, default=State.RECEIVED)
    refusal = models.CharField(max_length=40, blank=True)
    width = models.PositiveIntegerField(null=True)
    height = models.PositiveIntegerField(null=True)
    size_bytes = models.PositiveIntegerField(default=0)
    sha256 = models.CharField(max_length=64, blank=True)
    uploaded_at = models.DateTimeField()
    accepted_at = models.DateTimeField(null=True, blank=True)
    reviewed_at = models.DateTimeField("looked at by a person", null=True, blank=True)
    reviewed_by = models.CharField(max_length=150, blank=True)
    storage_key = models.CharField(max_length=255, blank=True)
    stored_at = models.DateTimeField("safe in storage at", null=True, blank=True)

    class Meta:
        ordering = ["-uploaded_at", "-pk"]
        indexes = [
            models.Index(fields=["due_at"], name="photo_due", condition=Q(due_at__isnull=False)),
            models.Index(
                fields=["uploaded_at"],
                name="photo_to_review",
                condition=Q(reviewed_at=None, state="accepted"),
            ),
        ]

    def __str__(self) -> str:
        return f"Photo {str(self.uuid)[:8]}"

    @property
    def key(self) -> str:
        """season/registration/photo.jpg: unguessable, names nobody (domain 7.3)."""
        return f"{self.registration.season.code}/{self.registration.sync_id}/{self.uuid}.jpg"


class PhotoBytes(models.Model):
    """The bytes of a photo that is on its way: every process sees them, no disk is shared.

    `raw` until it has been decoded, `jpeg` until storage has it.
    """

    photo = models.OneToOneField(
        Photo, on_delete=models.CASCADE, primary_key=True, related_name="bytes"
    )
    raw = models.BinaryField(null=True)
    jpeg = models.BinaryField(null=True)

    class Meta:
        verbose_name_plural = "photo bytes"

    def __str__(self) -> str:
        return f"Bytes of photo {self.photo_id}"


class PhotoAdvice(Due):
    """What a language model makes of a photo, where the club wants that: advice for staff."""

    class Verdict(models.TextChoices):
        RIGHT = "looks_right", "looks right"
        WRONG = "looks_wrong", "looks wrong"
        UNSURE = "unsure", "not sure"

    photo = models.OneToOneField(Photo, on_delete=models.CASCADE, related_name="advice")
    verdict = models.CharField(max_length=12, choices=Verdict, blank=True)
    reason = models.CharField(max_length=20, blank=True)
    given_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-pk"]
        verbose_name_plural = "photo advice"
        indexes = [
            models.Index(
                fields=["due_at"], name="photo_advice_due", condition=Q(due_at__isnull=False)
            )
        ]

    def __str__(self) -> str:
        return f"Advice about photo {self.photo_id}"
