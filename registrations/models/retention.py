"""What was kept long enough: each night's report, and one line for each thing in it."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from integrations.models import Due
from registrations.models.seasons import Season


class RetentionRun(models.Model):
    """One look at what has been kept long enough; a dry run only lists it."""

    dry_run = models.BooleanField("only listed")
    asked_by = models.CharField(max_length=150, blank=True, help_text="empty: the nightly job")
    started_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True, blank=True)
    counts = models.JSONField("how many of each kind", default=dict)

    class Meta:
        ordering = ["-started_at", "-pk"]

    def __str__(self) -> str:
        return f"Retention {self.pk}"


class RetentionItem(Due):
    """One thing past its time, named by an id and nobody's name.

    As an entry in a queue it waits for storage: the picture of a removed photo is to be deleted.
    """

    class Kind(models.TextChoices):
        DRAFT = "draft", "draft that was never sent in"
        CONVERSATION = "conversation", "conversation without a draft"
        TRANSCRIPT = "transcript", "transcript"
        PHOTO = "photo", "photo"
        MEDICAL = "medical", "medical and collection notes"

    run = models.ForeignKey(RetentionRun, on_delete=models.CASCADE, related_name="items")
    kind = models.CharField(max_length=12, choices=Kind)
    about = models.CharField(max_length=80)
    season = models.ForeignKey(
        Season, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    kept_until = models.DateField()
    removed_at = models.DateTimeField("removed here", null=True, blank=True)
    storage_key = models.CharField(max_length=255, blank=True, editable=False)
    picture = models.CharField("the picture in storage", max_length=60, blank=True)

    class Meta:
        ordering = ["run", "pk"]
        indexes = [
            models.Index(
                fields=["due_at"], name="retention_item_due", condition=Q(due_at__isnull=False)
            )
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()}: {self.about}"
