"""Conversations: the session, what was said, the draft that grows, shirts that are held."""

from __future__ import annotations

import uuid

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models

from integrations.fields import EncryptedTextField
from registrations.models.registrations import Registration
from registrations.models.seasons import Team


class ChatSession(models.Model):
    """One browser's conversation; its key is the only credential that the old client has."""

    key = models.CharField(max_length=100, unique=True)
    draft = models.ForeignKey(
        "Draft", on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    # A code pasted in the middle of another registration, waiting for a yes or no.
    offered_code = models.CharField(max_length=120, blank=True)
    wants_person_at = models.DateTimeField("asked for a person", null=True, blank=True)
    entered_by = models.CharField(
        max_length=150, blank=True, help_text="staff who types what a parent says"
    )
    started_at = models.DateTimeField()
    last_seen_at = models.DateTimeField(db_index=True)
    # Requests counted in one row: two counters for the current minute (libraries.md 6).
    minute = models.BigIntegerField(default=0, editable=False)
    messages_in_minute = models.PositiveIntegerField(default=0, editable=False)
    polls_in_minute = models.PositiveIntegerField(default=0, editable=False)

    class Meta:
        ordering = ["-last_seen_at"]

    def __str__(self) -> str:
        return f"Chat session {self.pk}"


class Draft(models.Model):
    """What a parent has answered so far. Where they are follows from it; it is not stored.

    `answers` holds canonical values by field name (JSON: ISO dates, E.164 phones, pence);
    medical notes and who may not collect are kept encrypted in `sensitive` (JSON text).
    `asked` holds what the conversation has said once and must not say twice.
    """

    reference = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    session = models.ForeignKey(ChatSession, on_delete=models.CASCADE, related_name="drafts")
    team = models.ForeignKey(Team, on_delete=models.PROTECT, related_name="drafts")
    kind = models.CharField(max_length=3, choices=Registration.Kind)
    code = models.CharField(max_length=120)
    answers = models.JSONField(default=dict, blank=True)
    sensitive = EncryptedTextField(blank=True)
    asked = models.JSONField(default=dict, blank=True)
    registration = models.OneToOneField(
        Registration, on_delete=models.CASCADE, null=True, blank=True, related_name="draft"
    )
    place = models.OneToOneField(
        "registrations.ReturningPlace",
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="draft",
    )
    started_at = models.DateTimeField()
    last_answer_at = models.DateTimeField()
    handed_over_at = models.DateTimeField("handed to staff", null=True, blank=True)
    entered_by = models.CharField(
        max_length=150, blank=True, help_text="staff who typed it for the parent"
    )

    class Meta:
        ordering = ["-last_answer_at"]

    def __str__(self) -> str:
        return f"Draft {str(self.reference)[:8]}"

    @property
    def with_staff(self) -> bool:
        """A returning player without a kept place is staff's work, also after they have looked."""
        return self.kind == Registration.Kind.RETURNING and self.place_id is None


class ChatMessage(models.Model):
    """One line of a conversation; what is sensitive is left out before it gets here."""

    class Role(models.TextChoices):
        PARENT = "parent", "parent"
        CLUB = "club", "club"

    session = models.ForeignKey(ChatSession, on_delete=models.CASCADE, related_name="messages")
    draft = models.ForeignKey(
        Draft, on_delete=models.CASCADE, null=True, blank=True, related_name="messages"
    )
    role = models.CharField(max_length=10, choices=Role)
    text = models.TextField()
    step = models.PositiveSmallIntegerField(null=True, blank=True)
    at = models.DateTimeField()

    class Meta:
        ordering = ["at", "pk"]
        indexes = [models.Index(fields=["session", "at"], name="chat_message_by_session")]

    def __str__(self) -> str:
        return f"Chat message {self.pk}"


class ShirtHold(models.Model):
    """A shirt number kept for half an hour while a parent chooses."""

    team = models.ForeignKey(Team, on_delete=models.CASCADE, related_name="shirt_holds")
    number = models.PositiveSmallIntegerField(
        validators=[MinValueValidator(1), MaxValueValidator(25)]
    )
    draft = models.ForeignKey(Draft, on_delete=models.CASCADE, related_name="shirt_holds")
    expires_at = models.DateTimeField()

    class Meta:
        ordering = ["team", "number"]
        constraints = [
            models.UniqueConstraint(fields=["team", "number"], name="one_hold_per_shirt")
        ]

    def __str__(self) -> str:
        return f"Hold on {self.number} of team {self.team_id}"
