"""What is known of the club's base: the base, its tables, what both sides changed, past runs."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.db.models.functions import Coalesce

from integrations.fields import EncryptedTextField


class AirtableBase(models.Model):
    """The one base that we write to: a token for another one must not fill it by mistake."""

    base_id = models.CharField(max_length=20, primary_key=True)
    first_used_at = models.DateTimeField()
    month = models.CharField(max_length=7, blank=True)
    requests = models.PositiveIntegerField("requests this month", default=0)
    webhook_id = models.CharField(max_length=20, blank=True)
    webhook_secret = EncryptedTextField(blank=True)
    webhook_cursor = models.PositiveIntegerField(default=1)
    webhook_until = models.DateTimeField(null=True, blank=True)
    webhook_tried_at = models.DateTimeField(null=True, blank=True, editable=False)
    webhook_problem = models.CharField(max_length=300, blank=True)

    class Meta:
        verbose_name = "Airtable base"

    def __str__(self) -> str:
        return self.base_id


class AirtableTable(models.Model):
    """One table: which ids our columns have there, and how far it has been read."""

    kind = models.CharField(max_length=40)
    name = models.CharField(max_length=80)
    table_id = models.CharField(max_length=20, blank=True)
    # {column: {"id", "name", "type", "options"}}; by id, so that a rename is nothing.
    fields = models.JSONField(default=dict, blank=True)
    modified_field = models.CharField(max_length=20, blank=True)
    editor_field = models.CharField(max_length=20, blank=True)
    problems = models.JSONField(default=list, blank=True)
    schema_at = models.DateTimeField(null=True, blank=True)
    # Airtable's own clock: the newest lastModifiedTime of a pass that was finished.
    cursor = models.CharField(max_length=30, blank=True)
    pulled_at = models.DateTimeField(null=True, blank=True)
    swept_at = models.DateTimeField(null=True, blank=True)
    held_at = models.DateTimeField("deletions held since", null=True, blank=True)
    held_count = models.PositiveIntegerField("rows missing there", default=0)
    deletions_allowed = models.BooleanField(default=False)

    class Meta:
        verbose_name = "Airtable table"
        ordering = ["kind", "-name"]
        constraints = [
            models.UniqueConstraint(fields=["kind", "name"], name="one_airtable_table_per_name")
        ]

    def __str__(self) -> str:
        return self.name


class AirtableConflict(models.Model):
    """One field that both sides changed, or an edit there that could not stay: both values."""

    class Why(models.TextChoices):
        BOTH = "both", "changed on both sides"
        OURS = "ours", "edited in Airtable, but kept by the platform"
        REFUSED = "refused", "edited in Airtable, refused"
        DELETED = "deleted", "deleted in Airtable while it changed here"

    row = models.ForeignKey(
        "integrations.AirtableRow", on_delete=models.CASCADE, related_name="conflicts"
    )
    field = models.CharField(max_length=80)
    why = models.CharField(max_length=10, choices=Why)
    # As JSON; encrypted, for a field may be medical.
    base = EncryptedTextField(blank=True)
    ours = EncryptedTextField(blank=True)
    theirs = EncryptedTextField(blank=True)
    secret = models.BooleanField(default=False)
    winner = models.CharField(max_length=10)
    reason = models.CharField(max_length=300, blank=True)
    noted_at = models.DateTimeField()
    who = models.CharField("edited there by", max_length=150, blank=True)
    edited_at = models.DateTimeField("edited there", null=True, blank=True)
    settled_at = models.DateTimeField(null=True, blank=True)
    settled_by = models.CharField(max_length=150, blank=True)
    choice = models.CharField(max_length=10, blank=True)

    class Meta:
        verbose_name = "Airtable conflict"
        # The longest ago first: after an outage many are noted at once.
        ordering = [Coalesce("edited_at", "noted_at"), "pk"]
        indexes = [
            models.Index(
                fields=["noted_at"],
                name="airtable_conflict_open",
                condition=Q(settled_at__isnull=True),
            )
        ]

    def __str__(self) -> str:
        return f"{self.field} of {self.row}"


class AirtableRun(models.Model):
    """One pass over a table that changed something, or that somebody asked for."""

    table = models.CharField(max_length=80)
    what = models.CharField(max_length=40)
    started_at = models.DateTimeField(db_index=True)
    finished_at = models.DateTimeField()
    created = models.PositiveIntegerField(default=0)
    updated = models.PositiveIntegerField(default=0)
    unchanged = models.PositiveIntegerField(default=0)
    deleted = models.PositiveIntegerField(default=0)
    conflicts = models.PositiveIntegerField(default=0)
    errors = models.PositiveIntegerField(default=0)
    requests = models.PositiveIntegerField(default=0)
    problem = models.CharField(max_length=300, blank=True)

    class Meta:
        verbose_name = "Airtable run"
        ordering = ["-started_at"]

    def __str__(self) -> str:
        return f"{self.what} of {self.table}"
