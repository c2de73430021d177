"""The door's keys, what was done with them, and where a model's tools run."""

from __future__ import annotations

from django.conf import settings
from django.core.serializers.json import DjangoJSONEncoder
from django.db import models


class AgentToken(models.Model):
    """A key to the agents' door: it may what its user may, and of that only what its scopes allow.

    The key itself is shown once and never stored: `digest` is its SHA-256.
    """

    name = models.CharField(max_length=60, help_text="which agent it is for, in the club's words")
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="agent_tokens"
    )
    may_write = models.BooleanField(
        "may write", default=False, help_text="send again, note, correct and propose; else it reads"
    )
    expires_at = models.DateTimeField("good until")
    digest = models.CharField(max_length=64, unique=True, editable=False)
    hint = models.CharField("begins with", max_length=12, editable=False)
    created_at = models.DateTimeField("issued", editable=False)
    created_by = models.CharField("issued by", max_length=150, editable=False)
    last_used_at = models.DateTimeField("last used", null=True, blank=True, editable=False)
    # Requests of the last minute in which there were any; minutes are counted from 1970.
    minute = models.PositiveIntegerField(default=0, editable=False)
    asked_in_minute = models.PositiveIntegerField(default=0, editable=False)
    revoked_at = models.DateTimeField("revoked", null=True, blank=True, editable=False)

    class Meta:
        ordering = ["-created_at"]

    def __str__(self) -> str:
        return f"Agent token {self.hint}…"


class AgentCall(models.Model):
    """One call through the door: who, what, how it ended. No value that could be personal."""

    class Outcome(models.TextChoices):
        READ = "read", "read"
        DRY_RUN = "dry_run", "tried, nothing changed"
        DONE = "done", "done"
        REFUSED = "refused", "not allowed"
        NOT_FOUND = "not_found", "not found"
        INVALID = "invalid", "arguments not understood"
        NOT_POSSIBLE = "not_possible", "not possible"
        FAILED = "failed", "failed here"

    token = models.ForeignKey(
        AgentToken, on_delete=models.SET_NULL, null=True, blank=True, related_name="calls"
    )
    by = models.CharField(max_length=150, help_text="agent for whom")
    tool = models.CharField(max_length=64)
    arguments = models.JSONField(default=dict, blank=True, encoder=DjangoJSONEncoder)
    outcome = models.CharField(max_length=12, choices=Outcome)
    at = models.DateTimeField(db_index=True)
    milliseconds = models.PositiveIntegerField(default=0)

    class Meta:
        ordering = ["-at", "-pk"]

    def __str__(self) -> str:
        return f"{self.tool}: {self.outcome}"


class AgentMode(models.Model):
    """Where a model's tools run, as staff chose it: one row for all processes, or none yet."""

    class Mode(models.TextChoices):
        LOCAL = "local", "in this program"
        MCP = "mcp", "at the agents' door"

    mode = models.CharField(max_length=5, choices=Mode)
    changed_at = models.DateTimeField()
    changed_by = models.CharField(max_length=150)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=models.Q(pk=1), name="one_mode_for_all_agents")
        ]

    def __str__(self) -> str:
        return self.mode
