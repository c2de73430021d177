"""A table that somebody handed in: kept while it is looked at, carried out whole or not at all."""

from __future__ import annotations

from django.db import models

from integrations.fields import EncryptedTextField
from registrations.models.seasons import Season


class Import(models.Model):
    """One file: what it holds until it is decided, and what came of it."""

    class Kind(models.TextChoices):
        PLAYERS = "players", "players of a season"
        PAST = "past", "players of a past season"
        TEAMS = "teams", "teams"

    kind = models.CharField(max_length=10, choices=Kind)
    season = models.ForeignKey(Season, on_delete=models.PROTECT, related_name="+")
    file_name = models.CharField(max_length=200)
    # Header and rows as JSON; emptied when it is carried out, since it repeats what is then here.
    content = EncryptedTextField(blank=True, editable=False)
    columns = models.JSONField("column of each heading", default=list, editable=False)
    handed_in_by = models.CharField(max_length=150)
    handed_in_at = models.DateTimeField()
    carried_out_by = models.CharField(max_length=150, blank=True)
    carried_out_at = models.DateTimeField(null=True, blank=True)
    made = models.PositiveIntegerField("rows made", default=0)
    skipped = models.PositiveIntegerField("rows that were here already", default=0)

    class Meta:
        ordering = ["-handed_in_at", "-pk"]
        permissions = [("import_tables", "Can import tables of teams and players")]

    def __str__(self) -> str:
        return f"Import {self.pk} of {self.get_kind_display()}"
