"""What waits to be done outside, what came in, and how the services are."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any, Self

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from integrations import clock
from integrations.accounts.models import SignIn
from integrations.agents.models import AgentCall, AgentMode, AgentToken
from integrations.airtable.state import AirtableBase, AirtableConflict, AirtableRun, AirtableTable
from integrations.audit import AuditEntry
from integrations.errors import Blocked, OutsideError, Rejected, Unavailable, Uncertain
from integrations.saved import SavedFilter
from integrations.work import Task

__all__ = [
    "NO_RECORD",
    "AgentCall",
    "AgentMode",
    "AgentToken",
    "AirtableBase",
    "AirtableConflict",
    "AirtableRow",
    "AirtableRun",
    "AirtableTable",
    "AuditEntry",
    "Due",
    "PasswordReset",
    "SavedFilter",
    "ServiceCall",
    "ServiceState",
    "StaffMail",
    "StaffWish",
    "SignIn",
    "Task",
    "WebhookEvent",
]

# Longer than the slowest job's calls with all their time-outs summed.
LEASE = timedelta(minutes=5)
FIRST_WAIT = timedelta(seconds=10)
LONGEST_WAIT = timedelta(minutes=30)
# What an AirtableRow holds while it has no record there.
NO_RECORD = {"record_id": "", "base": {}, "seen": "", "absent": 0, "tombstone_at": None}


class DueQuerySet(models.QuerySet):
    """Rows that wait for something to be done outside."""

    def due(self, moment: datetime | None = None) -> Self:
        """Rows to be done now: due, not held by anybody, not waiting for a person."""
        moment = moment or clock.now()
        free = Q(leased_until__isnull=True) | Q(leased_until__lte=moment)
        return self.filter(free, due_at__lte=moment, needs_person_at__isnull=True)

    def waiting(self) -> Self:
        """Rows that are not done and need no person."""
        return self.filter(due_at__isnull=False, needs_person_at__isnull=True)

    def needs_person(self) -> Self:
        """Rows that a person must look at."""
        return self.filter(needs_person_at__isnull=False)

    def open(self) -> Self:
        """Rows that are not done: waiting, or in a person's hands."""
        return self.filter(Q(due_at__isnull=False) | Q(needs_person_at__isnull=False))

    def claim(self, pk: int) -> Any | None:
        """Take one due row for a lease, or None where somebody else has it or it is done."""
        moment = clock.now()
        taken = (
            self.due(moment)
            .filter(pk=pk)
            .update(leased_until=moment + LEASE, attempts=F("attempts") + 1)
        )
        return self.get(pk=pk) if taken else None


class Due(models.Model):
    """A row that is also an entry in a queue; the base of whatever must happen outside.

    `attempts` doubles as the fence: a worker whose lease ran out can no longer write its outcome.
    """

    due_at = models.DateTimeField("next try", null=True, blank=True)
    leased_until = models.DateTimeField(null=True, blank=True, editable=False)
    attempts = models.PositiveIntegerField(default=0, editable=False)
    uncertain_since = models.DateTimeField(null=True, blank=True, editable=False)
    needs_person_at = models.DateTimeField(null=True, blank=True, db_index=True)
    last_error = models.TextField(blank=True)
    last_error_at = models.DateTimeField(null=True, blank=True, editable=False)

    objects = DueQuerySet.as_manager()

    class Meta:
        abstract = True

    @contextmanager
    def reporting(self) -> Iterator[None]:
        """Turn the four outcomes of a call into this row's next try (design.md 3.3)."""
        try:
            yield
        except Rejected as error:
            self._write(self._problem(error, needs_person_at=clock.now(), due_at=None))
        except Uncertain as error:
            since = self.uncertain_since or clock.now()
            self._write(self._problem(error, uncertain_since=since, due_at=self.next_try()))
        except (Unavailable, Blocked) as error:
            self._write(self._problem(error, due_at=self.next_try()))

    def settle(self) -> bool:
        """Nothing more to do for this row; False where another worker has taken it over."""
        return self._write({"due_at": None, "uncertain_since": None, "last_error": ""})

    def postpone(self, moment: datetime, reason: str = "") -> bool:
        """Look again at `moment`."""
        return self._write({"due_at": moment, "last_error": reason})

    def hand_to_person(self, reason: str) -> bool:
        """Stop trying; staff see the row and the reason."""
        change = {"needs_person_at": clock.now(), "due_at": None, "last_error": reason}
        return self._write(change | {"last_error_at": clock.now()})

    def next_try(self) -> datetime:
        """Now plus a wait that doubles with every attempt, up to half an hour."""
        wait = min(FIRST_WAIT * 2 ** min(max(self.attempts - 1, 0), 10), LONGEST_WAIT)
        return clock.now() + wait

    def _problem(self, error: OutsideError, **change: Any) -> dict[str, Any]:
        return {"last_error": str(error)[:2000], "last_error_at": clock.now(), **change}

    def _write(self, change: dict[str, Any]) -> bool:
        change = {"leased_until": None, **change}
        mine = type(self)._default_manager.filter(pk=self.pk, attempts=self.attempts)
        for name, value in change.items():
            setattr(self, name, value)
        return bool(mine.update(**change))


class WebhookEvent(Due):
    """One event that a service told us, its ids and codes kept as they came; the inbox."""

    class Outcome(models.TextChoices):
        WAITING = "waiting", "waiting"
        APPLIED = "applied", "applied"
        RECORDED = "recorded", "kept as information"
        UNKNOWN = "unknown", "unknown, kept"

    source = models.CharField(max_length=20)
    event_id = models.CharField(max_length=255)
    resource_type = models.CharField(max_length=60, blank=True)
    action = models.CharField(max_length=80, blank=True)
    body = models.JSONField(default=dict)
    happened_at = models.DateTimeField(null=True, blank=True)
    received_at = models.DateTimeField()
    processed_at = models.DateTimeField(null=True, blank=True)
    outcome = models.CharField(max_length=20, choices=Outcome, default=Outcome.WAITING)

    class Meta:
        ordering = ["-received_at", "-pk"]
        constraints = [
            models.UniqueConstraint(fields=["source", "event_id"], name="one_row_per_webhook_event")
        ]
        indexes = [
            models.Index(
                fields=["due_at"], name="webhook_event_due", condition=Q(due_at__isnull=False)
            )
        ]

    def __str__(self) -> str:
        return f"{self.source} {self.resource_type}.{self.action} {self.event_id}"


class AirtableRow(Due):
    """Where one object of ours stands in Airtable: its record, and whether it is behind."""

    kind = models.CharField(max_length=40)
    object_id = models.BigIntegerField()
    sync_id = models.UUIDField()
    table = models.CharField(max_length=80)
    record_id = models.CharField(max_length=20, blank=True)
    base = models.JSONField(default=dict, blank=True)
    changes = models.PositiveIntegerField(default=0)
    pushed_at = models.DateTimeField(null=True, blank=True)
    tombstone_at = models.DateTimeField("deleted there", null=True, blank=True)
    gone_at = models.DateTimeField("deleted here", null=True, blank=True)
    # A digest of the record as last seen: an unchanged one costs nothing more than this.
    seen = models.CharField(max_length=32, blank=True, editable=False)
    absent = models.PositiveSmallIntegerField(
        "finished passes that missed it", default=0, editable=False
    )
    sync_error = models.TextField("said in the record's sync_error", blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["kind", "object_id"], name="one_airtable_row_per_object"
            ),
            models.UniqueConstraint(
                fields=["table", "sync_id"], name="one_airtable_row_per_sync_id"
            ),
        ]
        indexes = [
            models.Index(
                fields=["due_at"], name="airtable_row_due", condition=Q(due_at__isnull=False)
            ),
            models.Index(fields=["table", "record_id"], name="airtable_row_record"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.object_id} in {self.table}"


class ServiceState(models.Model):
    """One row per service: its circuit breaker, its pace, and what was last seen of it."""

    service = models.CharField(max_length=20, primary_key=True)
    failures = models.PositiveIntegerField(default=0)
    open_until = models.DateTimeField(null=True, blank=True)
    probe_until = models.DateTimeField(null=True, blank=True)
    blocked_at = models.DateTimeField(null=True, blank=True)
    blocked_reason = models.TextField(blank=True)
    # Pacing is in real seconds (clock.pace): outside limits do not follow a moved clock.
    next_slot = models.FloatField(default=0)
    away_since = models.DateTimeField(null=True, blank=True)
    last_success_at = models.DateTimeField(null=True, blank=True)
    last_error_at = models.DateTimeField(null=True, blank=True)
    last_error = models.TextField(blank=True)
    # The one writer at a time that some services need (Airtable: wire/airtable 3.2).
    writer_until = models.DateTimeField(null=True, blank=True)
    writer_token = models.CharField(max_length=36, blank=True)

    class Meta:
        ordering = ["service"]

    def __str__(self) -> str:
        return self.service


class ServiceCall(models.Model):
    """One call to a service: no personal data; kept 30 days."""

    class Outcome(models.TextChoices):
        OK = "ok", "ok"
        UNAVAILABLE = "unavailable", "did not happen"
        UNCERTAIN = "uncertain", "may have happened"
        REJECTED = "rejected", "refused"
        BLOCKED = "blocked", "blocked"
        HELD = "held", "not tried"

    service = models.CharField(max_length=20)
    operation = models.CharField(max_length=60)
    started_at = models.DateTimeField(db_index=True)
    milliseconds = models.PositiveIntegerField(default=0)
    outcome = models.CharField(max_length=20, choices=Outcome)
    code = models.CharField(max_length=80, blank=True)

    class Meta:
        ordering = ["-started_at"]
        indexes = [models.Index(fields=["service", "-started_at"], name="service_call_recent")]

    def __str__(self) -> str:
        return f"{self.service} {self.operation} {self.outcome}"


class PasswordReset(Due):
    """Somebody forgot their password. The link is made when it is sent, so that none waits here."""

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="password_resets"
    )
    asked_at = models.DateTimeField()
    sent_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-asked_at", "-pk"]
        indexes = [
            models.Index(
                fields=["due_at"], name="password_reset_due", condition=Q(due_at__isnull=False)
            )
        ]

    def __str__(self) -> str:
        return f"Password reset {self.pk}"


class StaffMail(Due):
    """One e-mail to a member of staff; its key makes each of them once, whoever asks again."""

    class Kind(models.TextChoices):
        DIGEST = "digest", "what waits, every day"
        OUTAGE = "outage", "a service is away or blocked"
        WEEKLY = "weekly", "paid and unpaid, every week"

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="staff_mail"
    )
    kind = models.CharField(max_length=10, choices=Kind)
    key = models.CharField(max_length=120, unique=True, editable=False)
    subject = models.CharField(max_length=150)
    body = models.TextField()
    created_at = models.DateTimeField()
    sent_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = "e-mail to staff"
        verbose_name_plural = "e-mails to staff"
        ordering = ["-created_at", "-pk"]
        indexes = [
            models.Index(
                fields=["due_at"], name="staff_mail_due", condition=Q(due_at__isnull=False)
            )
        ]

    def __str__(self) -> str:
        return f"Staff mail {self.pk} {self.kind}"


class StaffWish(models.Model):
    """A kind of e-mail that a member of staff does not want."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    without = models.CharField(max_length=10, choices=StaffMail.Kind)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["user", "without"], name="one_wish_per_kind")
        ]

    def __str__(self) -> str:
        return f"No {self.without} for {self.user_id}"
