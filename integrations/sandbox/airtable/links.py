"""Links between records show on both sides, and end with the record that they point to."""

from typing import Any

from integrations.sandbox.airtable import changes, errors, tables
from integrations.sandbox.airtable.tables import Table
from integrations.sandbox.store import Store

_LINKS = "multipleRecordLinks"


def check(store: Store, field: dict[str, Any], record_ids: list[str]) -> None:
    """Refuse a link to a record that the linked table does not have."""
    other = tables.find(store, field["options"]["linkedTableId"])
    for record_id in record_ids:
        if store.get(other.records, record_id) is None:
            raise errors.row_does_not_exist(record_id)


def follow(
    store: Store, table: Table, record: dict[str, Any], before: dict[str, Any], now: str
) -> None:
    """Bring the other side of every changed link of a record up to date."""
    for field in table.fields:
        inverse_id = field.get("options", {}).get("inverseLinkFieldId")
        if field["type"] != _LINKS or not inverse_id:
            continue
        old = set(before.get(field["name"]) or [])
        new = set(record["fields"].get(field["name"]) or [])
        other = tables.find(store, field["options"]["linkedTableId"])
        inverse = other.find(inverse_id)
        if inverse is None:
            continue
        for linked in sorted(old - new):
            _drop(store, other, inverse["name"], linked, record["id"], now)
        for linked in sorted(new - old):
            _add(store, other, inverse["name"], linked, record["id"], now)


def forget(store: Store, table: Table, record_id: str, now: str) -> None:
    """Take a deleted record out of every cell that links to it."""
    for other in tables.every(store):
        for field in other.fields:
            if field["type"] != _LINKS or field["options"]["linkedTableId"] != table.id:
                continue
            for record in store.all(other.records):
                _drop(store, other, field["name"], record["id"], record_id, now)


def _drop(store: Store, table: Table, name: str, holder: str, record_id: str, now: str) -> None:
    record = store.get(table.records, holder)
    linked = record["fields"].get(name) if record else None
    if record and linked and record_id in linked:
        _keep(store, table, record, name, [one for one in linked if one != record_id], now)


def _add(store: Store, table: Table, name: str, holder: str, record_id: str, now: str) -> None:
    record = store.get(table.records, holder)
    linked = (record["fields"].get(name) if record else None) or []
    if record and record_id not in linked:
        _keep(store, table, record, name, [*linked, record_id], now)


def _keep(
    store: Store, table: Table, record: dict[str, Any], name: str, linked: list[str], now: str
) -> None:
    fields = {key: value for key, value in record["fields"].items() if key != name}
    if linked:
        fields[name] = linked
    modified = {**record.get("modified", {}), name: now}
    after = {**record, "fields": fields, "modified": modified}
    store.put(table.records, record["id"], after)
    changes.saw_record(table.id, record, after)
