"""What staff do about a row that waits for a person: whose it is, put off until, done."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.conf import settings
from django.contrib.auth.base_user import AbstractBaseUser
from django.db import models
from django.db.models import CharField, Exists, OuterRef, Q, QuerySet
from django.db.models.functions import Cast


class TaskQuerySet(models.QuerySet):
    """Reads of tasks."""

    def settling(self, kind: str, since: str, moment: datetime) -> TaskQuerySet:
        """Those that take a row off its list: put off, or done after it began to wait."""
        done = Q(done_at__gte=OuterRef(since))
        return self.of(kind).filter(Q(snoozed_until__gt=moment) | done)

    def of(self, kind: str) -> TaskQuerySet:
        """Those of the outer query's row, which is of this kind."""
        return self.filter(kind=kind, object_id=Cast(OuterRef("pk"), CharField()))


class Task(models.Model):
    """One row of the work queue that somebody took, put off or finished.

    The row itself says that it waits, and since when; a task that is done counts until the row
    begins to wait anew.
    """

    kind = models.CharField(max_length=120, help_text="app.model/field with the moment")
    object_id = models.CharField(max_length=40)
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True
    )
    snoozed_until = models.DateTimeField("put off until", null=True, blank=True)
    done_at = models.DateTimeField(null=True, blank=True)
    done_by = models.CharField(max_length=150, blank=True)

    objects = TaskQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["kind", "object_id"], name="one_task_per_waiting_row")
        ]

    def __str__(self) -> str:
        return f"Task {self.kind} {self.object_id}"


def change(kind: str, object_id: object, **values: Any) -> None:
    """Write what somebody decided about a row; safe to call twice and at once."""
    Task.objects.update_or_create(kind=kind, object_id=str(object_id), defaults=values)


def open_rows(rows: QuerySet, kind: str, since: str, moment: datetime) -> QuerySet:
    """The rows of a list that nobody put off or finished."""
    return rows.filter(~Exists(Task.objects.settling(kind, since, moment)))


def put_off(rows: QuerySet, kind: str, moment: datetime) -> QuerySet:
    """The rows of a list that come back later."""
    return rows.filter(Exists(Task.objects.of(kind).filter(snoozed_until__gt=moment)))


def owned(rows: QuerySet, kind: str, owner: AbstractBaseUser) -> QuerySet:
    """The rows of a list that somebody took, or was handed."""
    return rows.filter(Exists(Task.objects.of(kind).filter(owner=owner)))


def nobodys(rows: QuerySet, kind: str) -> QuerySet:
    """The rows of a list that nobody took."""
    return rows.filter(~Exists(Task.objects.of(kind).filter(owner__isnull=False)))
