"""Admin of the club's base: tables, runs and the month's requests."""

from __future__ import annotations

from django.conf import settings
from django.contrib import admin
from django.db.models import Count, Q, QuerySet, Value
from django.http import HttpRequest

from integrations import clock, queue
from integrations.airtable import base
from integrations.models import (
    AirtableBase,
    AirtableConflict,
    AirtableRow,
    AirtableRun,
    AirtableTable,
)
from integrations.office import OfficeAdmin
from integrations.office.buttons import Sure, button
from integrations.office.worklists import Worklist


@admin.register(AirtableTable)
class AirtableTableAdmin(OfficeAdmin):
    """How every table stands."""

    list_display = [
        "name",
        "kind",
        "behind",
        "persons",
        "conflicts",
        "pulled_at",
        "swept_at",
        "state",
    ]
    fields = [
        "name",
        "kind",
        "table_id",
        "state",
        "what_is_wrong",
        "schema_at",
        "pulled_at",
        "swept_at",
        "held_at",
        "held_count",
    ]

    @admin.display(description="behind")
    def behind(self, row: AirtableTable) -> int:
        return self._rows(row).filter(due_at__isnull=False, needs_person_at=None).count()

    @admin.display(description="need a person")
    def persons(self, row: AirtableTable) -> int:
        return self._rows(row).filter(needs_person_at__isnull=False).count()

    @admin.display(description="open conflicts")
    def conflicts(self, row: AirtableTable) -> int:
        rows = AirtableConflict.objects.filter(settled_at=None, row__kind=row.kind)
        return rows.filter(row__table=row.name).count()

    @admin.display
    def state(self, row: AirtableTable) -> str:
        """In words."""
        if row.held_at:
            return f"{row.held_count} rows are missing there: nothing is deleted until you say so"
        if row.problems:
            return "; ".join(row.problems)[:200]
        return "in step" if row.pulled_at else "not read yet"

    @admin.display
    def what_is_wrong(self, row: AirtableTable) -> str:
        return "\n".join(row.problems) or "nothing"

    def _rows(self, row: AirtableTable) -> QuerySet:
        return AirtableRow.objects.filter(kind=row.kind, table=row.name)

    def worklists(self) -> list[Worklist]:
        held = AirtableTable.objects.filter(held_at__isnull=False)
        return [Worklist("Many rows missing in Airtable", held, "held_at", self.state)]

    @button("Read the whole table")
    def read_now(self, request: HttpRequest, row: AirtableTable) -> str:
        """Have it read by a worker."""
        AirtableTable.objects.filter(pk=row.pk).update(swept_at=None, cursor="")
        queue.ring("integrations.pull_airtable")
        return "It will be read within seconds."

    @button(
        "They were deleted on purpose", ask=Sure, shown=lambda row: bool(row.held_at), danger=True
    )
    def allow(self, request: HttpRequest, row: AirtableTable) -> str:
        """Let the deletions that are held go through, once."""
        AirtableTable.objects.filter(pk=row.pk).update(deletions_allowed=True, swept_at=None)
        queue.ring("integrations.pull_airtable")
        return "The next full pass takes them as deleted."


@admin.register(AirtableRun)
class AirtableRunAdmin(OfficeAdmin):
    """Passes that changed something, or that somebody asked for."""

    list_display = [
        "started_at",
        "table",
        "what",
        "created",
        "updated",
        "unchanged",
        "deleted",
        "conflicts",
        "errors",
        "requests",
        "problem",
    ]
    list_filter = ["table", "what"]
    date_hierarchy = "started_at"


@admin.register(AirtableBase)
class AirtableBaseAdmin(OfficeAdmin):
    """The base, its webhook, and the month's requests."""

    list_display = ["base_id", "used", "webhook", "open_conflicts"]
    fields = ["base_id", "first_used_at", "used", "webhook", "webhook_until", "webhook_problem"]

    @admin.display(description="requests this month")
    def used(self, row: AirtableBase) -> str:
        limit = settings.AIRTABLE_MONTHLY_REQUESTS
        return f"{row.requests} of {limit}" if limit else str(row.requests)

    def summary(self, row: AirtableBase) -> str:
        return f"{self.used(row)} requests of this month are used"

    def worklists(self) -> list[Worklist]:
        rows = base.nearly_spent().annotate(since=Value(clock.now()))
        return [Worklist("Airtable's monthly requests", rows, "since", self._quota)]

    def _quota(self, row: AirtableBase) -> str:
        return "When they are spent nothing is read or written: a larger plan, or less polling."

    @admin.display(boolean=True)
    def webhook(self, row: AirtableBase) -> bool:
        return bool(row.webhook_id)

    @admin.display(description="conflicts to decide")
    def open_conflicts(self, row: AirtableBase) -> int:
        waiting = Count("pk", filter=Q(settled_at=None))
        return AirtableConflict.objects.aggregate(number=waiting)["number"]
