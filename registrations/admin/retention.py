"""Admin of retention: each night's report, and what it listed or removed."""

from django.contrib import admin
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from integrations.office import OfficeAdmin
from integrations.office.admins import QueueAdmin, QueueFilter
from registrations.models import RetentionItem, RetentionRun


@admin.register(RetentionRun)
class RetentionRunAdmin(OfficeAdmin):
    """What was past its time on a night."""

    list_display = ["started_at", "dry_run", "asked_by", "total", "finished_at"]
    list_filter = ["dry_run"]
    fields = ["dry_run", "asked_by", "started_at", "finished_at", "by_kind", "lines"]

    @admin.display(description="things")
    def total(self, row: RetentionRun) -> int:
        return sum(row.counts.values())

    @admin.display(description="of each kind")
    def by_kind(self, row: RetentionRun) -> str:
        words = dict(RetentionItem.Kind.choices)
        found = [f"{count} {words[kind]}" for kind, count in sorted(row.counts.items())]
        return ", ".join(found) or "nothing was past its time"

    @admin.display(description="each of them")
    def lines(self, row: RetentionRun) -> SafeString:
        address = reverse("admin:registrations_retentionitem_changelist")
        return format_html('<a href="{}?run__id__exact={}">Show them</a>', address, row.pk)

    def summary(self, row: RetentionRun) -> str:
        return f"Kept long enough on {row.started_at:%-d %B %Y}"


@admin.register(RetentionItem)
class RetentionItemAdmin(QueueAdmin):
    """One thing that was listed or removed; ids only."""

    list_display = ["kind", "about", "season", "kept_until", "removed_at", "picture", "queue"]
    list_filter = [QueueFilter, "kind", "season", "run"]
    list_select_related = ["season", "run"]
    hidden = ["storage_key"]
