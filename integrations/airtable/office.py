"""Admin of the club's base: tables, conflicts, runs and the month's requests."""

from __future__ import annotations

from typing import Any

from django import forms
from django.conf import settings
from django.contrib import admin, messages
from django.core.exceptions import ValidationError
from django.db.models import Count, Q, QuerySet
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.safestring import SafeString

from integrations import queue
from integrations.airtable.conflicts import settle, shown
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

LINK = "https://airtable.com/{}/{}/{}"


class Third(forms.Form):
    """Another value than the two."""

    value = forms.CharField(label="The value that both sides are to hold", max_length=500)


def record_link(row: AirtableRow, words: str = "") -> SafeString | str:
    """A link to the row's record in Airtable; "" where there is none."""
    if not row.record_id:
        return ""
    table = AirtableTable.objects.filter(kind=row.kind, name=row.table).first()
    if settings.USE_SANDBOX:
        url = f"{settings.SANDBOX_URL}/tables/{row.table}"
    else:
        url = LINK.format(settings.AIRTABLE_BASE_ID, table.table_id if table else "", row.record_id)
    return format_html('<a href="{}" rel="noreferrer">{}</a>', url, words or row.record_id)


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
            return f"{len(row.problems)} columns need somebody"
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


class OpenFilter(admin.SimpleListFilter):
    """Open ones first: they are what the page is for."""

    title = "state"
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("open", "to be decided"), ("settled", "decided")]

    def queryset(self, request: HttpRequest, queryset: QuerySet) -> QuerySet:
        if self.value() == "open":
            return queryset.filter(settled_at=None)
        return queryset.filter(settled_at__isnull=False) if self.value() else queryset


def _open(row: AirtableConflict) -> bool:
    return row.settled_at is None


@admin.register(AirtableConflict)
class AirtableConflictAdmin(OfficeAdmin):
    """Both values of every field that changed on both sides."""

    list_display = [
        "field",
        "child",
        "why",
        "before",
        "here",
        "there",
        "winner",
        "noted_at",
        "choice",
    ]
    list_filter = [OpenFilter, "why", "field"]
    list_select_related = ["row"]
    search_fields = ["field", "row__record_id", "=row__object_id"]
    date_hierarchy = "noted_at"
    actions = ["take_ours_chosen", "take_theirs_chosen"]
    fields = [
        "field",
        "child",
        "why",
        "before",
        "here",
        "there",
        "winner",
        "reason",
        "noted_at",
        "who",
        "in_airtable",
        "settled_at",
        "settled_by",
        "choice",
    ]

    @admin.display(description="of", ordering="row__object_id")
    def child(self, row: AirtableConflict) -> str:
        return f"{row.row.kind} {row.row.object_id}"

    @admin.display(description="before")
    def before(self, row: AirtableConflict) -> str:
        return shown(row, row.base)

    @admin.display(description="ours")
    def here(self, row: AirtableConflict) -> str:
        return shown(row, row.ours)

    @admin.display(description="theirs")
    def there(self, row: AirtableConflict) -> str:
        return shown(row, row.theirs)

    @admin.display(description="record")
    def in_airtable(self, row: AirtableConflict) -> SafeString | str:
        return record_link(row.row)

    def summary(self, row: AirtableConflict) -> str:
        return f"{row.field or 'deleted row'} of {self.child(row)}"

    def worklists(self) -> list[Worklist]:
        rows = AirtableConflict.objects.filter(settled_at=None).select_related("row")
        title = "Changed here and in Airtable"
        return [Worklist(title, rows, "noted_at", lambda row: row.get_why_display())]

    @button("Take ours", shown=_open)
    def take_ours(self, request: HttpRequest, row: AirtableConflict) -> str:
        """What stood here."""
        settle(row.pk, "ours", by=request.user.get_username())
        return "Both sides will hold what stood here."

    @button("Take theirs", shown=_open)
    def take_theirs(self, request: HttpRequest, row: AirtableConflict) -> str:
        """What stood in Airtable."""
        settle(row.pk, "theirs", by=request.user.get_username())
        return "Both sides will hold what stood in Airtable."

    @button("Type another value", shown=lambda row: _open(row) and bool(row.field), ask=Third)
    def take_third(self, request: HttpRequest, row: AirtableConflict, value: str) -> str:
        """Neither of the two."""
        settle(row.pk, "other", by=request.user.get_username(), value=value)
        return "Both sides will hold the value that you typed."

    @admin.action(description="Take ours in the chosen ones", permissions=["press"])
    def take_ours_chosen(self, request: HttpRequest, queryset: QuerySet) -> None:
        """Decide several alike."""
        self._take_all(request, queryset, "ours")

    @admin.action(description="Take theirs in the chosen ones", permissions=["press"])
    def take_theirs_chosen(self, request: HttpRequest, queryset: QuerySet) -> None:
        """Decide several alike."""
        self._take_all(request, queryset, "theirs")

    def _take_all(self, request: HttpRequest, queryset: QuerySet, choice: str) -> None:
        done, said = 0, []
        for row in queryset.filter(settled_at=None):
            try:
                settle(row.pk, choice, by=request.user.get_username())
                done += 1
            except ValidationError as error:
                said += [f"{self.summary(row)}: {text}" for text in error.messages]
        self.message_user(request, f"{done} decided.", messages.SUCCESS)
        for text in said:
            self.message_user(request, text, messages.ERROR)


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

    @admin.display(boolean=True)
    def webhook(self, row: AirtableBase) -> bool:
        return bool(row.webhook_id)

    @admin.display(description="conflicts to decide")
    def open_conflicts(self, row: AirtableBase) -> int:
        waiting = Count("pk", filter=Q(settled_at=None))
        return AirtableConflict.objects.aggregate(number=waiting)["number"]
