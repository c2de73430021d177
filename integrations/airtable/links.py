"""Links from our pages to records in Airtable."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.contrib import admin
from django.utils.html import format_html
from django.utils.safestring import SafeString

from integrations.models import AirtableRow, AirtableTable
from integrations.office import OfficeAdmin

LINK = "https://airtable.com/{}/{}/{}"


def record_link(row: AirtableRow, words: str = "") -> SafeString | str:
    """A link to the row's record in Airtable; "" where there is none."""
    if not row.record_id:
        return ""
    table = AirtableTable.objects.filter(kind=row.kind, name=row.table).first()
    if settings.USE_SANDBOX:
        at = f"rows/{table.table_id}/{row.record_id}" if table else f"tables/{row.table}"
        url = f"{settings.SANDBOX_URL}/{at}"
    else:
        url = LINK.format(settings.AIRTABLE_BASE_ID, table.table_id if table else "", row.record_id)
    return format_html('<a href="{}" rel="noreferrer">{}</a>', url, words or row.record_id)


class InAirtable(OfficeAdmin):
    """Mixed into the admin of what stands in the base: `airtable_kind` names its mapping."""

    airtable_kind = ""

    @admin.display(description="in Airtable")
    def in_airtable(self, obj: Any) -> SafeString | str:
        """A link to the record, or why there is none."""
        row = AirtableRow.objects.filter(kind=self.airtable_kind, object_id=obj.pk).first()
        if row is None:
            return "not there"
        if row.tombstone_at:
            return "deleted there"
        return record_link(row, "Open the record") or "will be written within seconds"
