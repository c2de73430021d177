"""Any list as a spreadsheet: the columns that the list shows, of the rows that were chosen.

Only what its own list shows leaves: its queryset decides the rows, and encrypted fields are in no
list. Each export is in the audit trail: who, when, which list, how many rows.
"""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.contrib import messages
from django.contrib.admin.utils import display_for_field, label_for_field, lookup_field
from django.core.exceptions import ObjectDoesNotExist
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils.html import strip_tags
from django.utils.text import capfirst

from integrations import audit, clock, sheets
from integrations.models import AuditEntry

MOST = 20_000  # rows of one file: more would hold up a web worker for too long
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
KINDS = {"csv": "text/csv; charset=utf-8", "xlsx": XLSX}


def export(owner: Any, request: HttpRequest, rows: QuerySet, kind: str) -> HttpResponse | None:
    """The chosen rows as "csv" or "xlsx"; None, with a message, where there are too many."""
    related = owner.get_list_select_related(request)
    if related and related is not True:
        rows = rows.select_related(*related)
    some = list(rows[: MOST + 1])
    if len(some) > MOST:
        owner.message_user(request, f"At most {MOST:,} rows in one file, please.", messages.ERROR)
        return None
    columns = [name for name in owner.get_list_display(request) if name != "action_checkbox"]
    header = [capfirst(str(label_for_field(name, owner.model, owner))) for name in columns]
    table = [[_cell(owner, row, name) for name in columns] for row in some]
    title = capfirst(str(owner.opts.verbose_name_plural))
    body = sheets.as_csv(header, table) if kind == "csv" else sheets.as_xlsx(title, header, table)
    audit.record(AuditEntry.Verb.EXPORTED, owner.model, f"{len(some)} rows as {kind}")
    response = HttpResponse(body, content_type=KINDS[kind])
    name = f"{owner.opts.model_name}-{clock.today()}.{kind}"
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


def _cell(owner: Any, row: Any, name: str) -> sheets.Cell:
    try:
        field, _, value = lookup_field(name, row, owner)
    except ObjectDoesNotExist:
        return ""
    if field is not None and field.choices:
        value = display_for_field(value, field, "")
    return _plain(value)


def _plain(value: Any) -> sheets.Cell:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, datetime):
        return f"{clock.london(value):%Y-%m-%d %H:%M}"
    if isinstance(value, date | int | Decimal):
        return value
    return strip_tags(str(value))
