"""What a write asks for: bodies of create, update and upsert, read strictly (wire/airtable 1.5)."""

from dataclasses import dataclass
from typing import Any

from integrations.sandbox.airtable import errors, tables

MOST_RECORDS = 10
_FLAGS = {"typecast", "returnFieldsByFieldId"}
MERGEABLE = frozenset(
    "number singleLineText multilineText singleSelect multipleSelects date".split()
)


@dataclass(frozen=True)
class Write:
    """One write: (record id or None, cells) pairs, and how to answer."""

    records: list[tuple[str | None, dict[str, Any]]]
    typecast: bool
    by_id: bool
    merge_on: list[str] | None = None


def for_create(body: dict[str, Any]) -> tuple[Write, bool]:
    """A create, and whether it is one record outside an array."""
    if not set(body) <= _FLAGS | {"fields", "records"} or {"fields", "records"} <= set(body):
        raise errors.invalid_request()
    if "records" not in body:
        return _write(body, [(None, _cells(body.get("fields", {})))]), True
    rows = _rows(body["records"], with_ids=False)
    if any(set(row) != {"fields"} for row in rows):
        raise errors.invalid_records(with_ids=False)
    return _write(body, [(None, row["fields"]) for row in rows]), False


def for_one_update(body: dict[str, Any], record_id: str) -> Write:
    """An update of the record named in the path."""
    if not set(body) <= _FLAGS | {"fields"}:
        raise errors.invalid_request()
    return _write(body, [(record_id, _cells(body.get("fields")))])


def for_update(body: dict[str, Any]) -> Write:
    """An update or upsert of up to ten records."""
    if not set(body) <= _FLAGS | {"records", "performUpsert"}:
        raise errors.invalid_request()
    rows = _rows(body.get("records"), with_ids=True)
    upsert = "performUpsert" in body
    for row in rows:
        # An upsert may leave the id out; an id of null breaks it, as it does there.
        if not ("id" in row or upsert) or not isinstance(row.get("id", ""), str):
            raise errors.invalid_records(with_ids=True)
    pairs = [(row.get("id"), row["fields"]) for row in rows]
    return _write(body, pairs, _merge_on(body["performUpsert"]) if upsert else None)


def for_delete(record_ids: list[str]) -> list[str]:
    """The ids of a batch delete: one to ten, well formed, none twice."""
    if not 1 <= len(record_ids) <= MOST_RECORDS or len(set(record_ids)) != len(record_ids):
        raise errors.invalid_records(with_ids=True)
    for record_id in record_ids:
        if not tables.is_id(record_id, "rec"):
            raise errors.row_does_not_exist(record_id)
    return record_ids


def flag(body: dict[str, Any], name: str) -> bool:
    """A boolean of the body, false when left out; Refusal when it is something else."""
    value = body.get(name, False)
    if value is not None and not isinstance(value, bool):
        raise errors.invalid_request()
    return bool(value)


def _write(
    body: dict[str, Any],
    records: list[tuple[str | None, dict[str, Any]]],
    merge_on: list[str] | None = None,
) -> Write:
    ids = [record_id for record_id, _ in records if record_id]
    if len(set(ids)) != len(ids):
        raise errors.invalid_records(with_ids=True)
    return Write(records, flag(body, "typecast"), flag(body, "returnFieldsByFieldId"), merge_on)


def _cells(fields: Any) -> dict[str, Any]:
    if not isinstance(fields, dict):
        raise errors.invalid_request()
    return fields


def _rows(rows: Any, *, with_ids: bool) -> list[dict[str, Any]]:
    if not isinstance(rows, list) or not 1 <= len(rows) <= MOST_RECORDS:
        raise errors.invalid_records(with_ids=with_ids)
    for row in rows:
        if not isinstance(row, dict) or not isinstance(row.get("fields"), dict):
            raise errors.invalid_records(with_ids=with_ids)
        if not set(row) <= {"id", "fields"}:
            raise errors.invalid_records(with_ids=with_ids)
    return rows


def _merge_on(upsert: Any) -> list[str]:
    if not isinstance(upsert, dict) or set(upsert) != {"fieldsToMergeOn"}:
        raise errors.invalid_request()
    names = upsert["fieldsToMergeOn"]
    if not isinstance(names, list) or not 1 <= len(names) <= 3:
        raise errors.invalid_request()
    return names
