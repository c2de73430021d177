"""What the payloads of our webhook say: rows as they are now, without reading them (wire 1.12).

A payload is taken at its word only where it is newer than what we wrote ourselves; the other rows
are read again, a hundred in a request. Where those are more, or something is not understood, the
table is read as a list (wire/airtable 3.2).
"""

import logging
import re
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from integrations import clock
from integrations.airtable import client, deletions, pull, schema
from integrations.airtable.mapping import AirtableTableMapping, mappings
from integrations.airtable.rows import empty
from integrations.airtable.schema import Bound
from integrations.airtable.taking import Counts, Record
from integrations.errors import Rejected
from integrations.models import AirtableRow, AirtableTable

log = logging.getLogger(__name__)

MOST_RECORDS = 100
# Two machines' clocks, and the moments between a write and our note of it.
SLACK = timedelta(seconds=10)
OURS = "publicApi"
_RECORD_ID = re.compile(r"rec[A-Za-z0-9]{14}")
_ROWS = {"createdRecordsById", "changedRecordsById", "destroyedRecordIds"}
_SCHEMA = {"changedFieldsById", "createdFieldsById", "destroyedFieldIds", "changedMetadata"}
_KNOWN = _ROWS | _SCHEMA | {"changedViewsById"}


@dataclass
class TableNews:
    """What happened in one table: each record as it was told last."""

    records: dict[str, Record] = field(default_factory=dict)
    destroyed: set[str] = field(default_factory=set)
    unclear: bool = False  # something that we do not understand: read the table


@dataclass
class News:
    """What all payloads say together, in their order."""

    tables: dict[str, TableNews] = field(default_factory=dict)
    schema: bool = False
    broken: str = ""
    more: bool = False

    def read(self, payload: dict[str, Any]) -> None:
        """Add one payload."""
        if payload.get("error"):
            self.broken = str(payload.get("code") or "error")
            return
        self.schema |= bool(payload.get("createdTablesById") or payload.get("destroyedTableIds"))
        for table_id, changed in (payload.get("changedTablesById") or {}).items():
            table = self.tables.setdefault(table_id, TableNews())
            self.schema |= any(changed.get(part) for part in _SCHEMA)
            table.unclear |= bool(set(changed) - _KNOWN)
            _read_rows(table, changed, _frame(payload))


def _frame(payload: dict[str, Any]) -> dict[str, Any]:
    """When it happened, and which volunteer did it."""
    action = payload.get("actionMetadata") or {}
    user = (action.get("sourceMetadata") or {}).get("user") or {}
    person = "" if action.get("source") == OURS else user.get("name") or user.get("email") or ""
    return {"at": str(payload.get("timestamp") or ""), "who": str(person)}


def _read_rows(table: TableNews, changed: dict[str, Any], frame: dict[str, Any]) -> None:
    for record_id, made in (changed.get("createdRecordsById") or {}).items():
        table.destroyed.discard(record_id)
        cells = made.get("cellValuesByFieldId") or {}
        created = {"createdTime": str(made.get("createdTime") or "")}
        table.records[record_id] = created | _record(record_id, cells, frame)
    for record_id, change in (changed.get("changedRecordsById") or {}).items():
        if "unchanged" not in change or "current" not in change:
            table.unclear = True  # a hook that was made before cells came along
            continue
        rest = change["unchanged"].get("cellValuesByFieldId") or {}
        cells = rest | (change["current"].get("cellValuesByFieldId") or {})
        before = table.records.get(record_id, {})
        kept = {"who": frame["who"] or before.get("who", "")}
        table.records[record_id] = {**before, **_record(record_id, cells, frame), **kept}
    for record_id in changed.get("destroyedRecordIds") or []:
        table.records.pop(record_id, None)
        table.destroyed.add(record_id)


def _record(record_id: str, cells: dict[str, Any], frame: dict[str, Any]) -> Record:
    fields = {id: _plain(value) for id, value in cells.items()}
    known = {id: value for id, value in fields.items() if not empty(value)}
    return {"id": record_id, "fields": known, **frame}


def _plain(value: Any) -> Any:
    """A cell in the shape in which lists give it."""
    if isinstance(value, list):
        return [_plain(one) for one in value]
    if isinstance(value, dict) and "id" in value and "name" in value:
        prefix = str(value["id"])[:3]
        return value["id"] if prefix == "rec" else value["name"] if prefix == "sel" else value
    return value


def take(told: News) -> None:
    """Merge what was told; the caller is the writer. Deletes on nobody's hearsay but Airtable's."""
    if told.schema:
        AirtableTable.objects.update(schema_at=None)
    for mapping in mappings():
        rows = AirtableTable.objects.filter(kind=mapping.kind, table_id__in=list(told.tables))
        for row in rows:
            try:
                _take_table(mapping, row, told.tables[row.table_id])
            except Rejected as error:
                log.warning("airtable: %s is not read: %s", row.name, error.code)


def _take_table(mapping: AirtableTableMapping, row: AirtableTable, told: TableNews) -> None:
    bound = schema.bound(mapping, row.name)
    if not schema.can_sync(bound):
        return
    started, before, counts = clock.now(), pull.requests_so_far(), Counts()
    records = list(told.records.values())
    sure, unsure = _sorted_out(bound, records, counts)
    if told.unclear or len(unsure) > MOST_RECORDS:
        counts = pull.look(bound)
    else:
        for at in range(0, len(sure), client.PAGE):
            pull.merge_page(bound, sure[at : at + client.PAGE], counts, started=started)
        if unsure:
            pull.merge_page(bound, _read_again(bound, unsure), counts, started=clock.now())
        pull.tell(bound, counts)
    if told.destroyed:
        counts.deleted += deletions.note_destroyed(bound, told.destroyed)
    counts.requests = pull.requests_so_far() - before
    if not counts.quiet:
        pull.note_run(row.name, "webhook", started, counts)


def _sorted_out(
    bound: Bound, records: list[Record], counts: Counts
) -> tuple[list[Record], list[Record]]:
    """Those that are newer than our last write, and those that may not be."""
    linked = AirtableRow.objects.filter(kind=bound.mapping.kind, table=bound.row.name)
    linked = linked.filter(record_id__in=[record["id"] for record in records], pushed_at__gt=_ago())
    pushed = {
        record_id: (at, seen)
        for record_id, at, seen in linked.values_list("record_id", "pushed_at", "seen")
    }
    sure, unsure = [], []
    for record in records:
        at, seen = pushed.get(record["id"], (None, ""))
        if seen and seen == bound.seen(record):
            counts.unchanged += 1
        elif at is None or _moment(record) > at + SLACK:
            sure.append(record)
        else:
            unsure.append(record)
    return sure, unsure


def _ago() -> datetime:
    """Payloads are kept for seven days: what we wrote earlier is older than all of them."""
    return clock.now() - timedelta(days=8)


def _moment(record: Record) -> datetime:
    try:
        return datetime.fromisoformat(record["at"].replace("Z", "+00:00"))
    except ValueError:
        return clock.now() - timedelta(days=365)


def _read_again(bound: Bound, records: list[Record]) -> list[Record]:
    """The same records as they are now; one that is gone is missing."""
    who = {record["id"]: record["who"] for record in records if _RECORD_ID.fullmatch(record["id"])}
    if not who:
        return []
    formula = "OR({})".format(",".join(f"RECORD_ID()='{id}'" for id in who))
    found, _ = client.page(bound.id, fields=bound.field_ids, formula=formula)
    return [record | {"who": who.get(record["id"], "")} for record in found]
