"""A record as answers show it: computed cells worked out, empty cells left out."""

from collections.abc import Sequence
from datetime import datetime
from functools import cached_property, lru_cache
from typing import Any

from integrations.sandbox.airtable import errors, formula_values, formulas, tables
from integrations.sandbox.airtable.formula_values import FormulaError
from integrations.sandbox.airtable.tables import Table
from integrations.sandbox.store import Store

Record = dict[str, Any]
_MOMENTS = frozenset({"date", "dateTime"})
# Who edits in the grid, and whose the token is.
USERS = {
    "client": ("usrVolunteer00001", "volunteer@club.example"),
    "publicApi": ("usrSandboxClub001", "club@club.example"),
}
_read = lru_cache(maxsize=256)(formulas.parse)


class RecordRow:
    """One record, as formulas see it."""

    def __init__(self, store: Store, table: Table, record: Record) -> None:
        self.store = store
        self.table = table
        self.record = record
        self.record_id: str = record["id"]
        self._open: set[str] = set()

    @cached_property
    def created_at(self) -> datetime:
        """When the record was made."""
        return formula_values.moment(self.record["createdTime"])

    def value(self, field: str) -> Any:
        """The field's value for formulas; FormulaError when it is gone or goes in a circle."""
        found = self.table.find(field)
        if found is None:
            raise FormulaError(f"no field {field}")
        if found["type"] in tables.COMPUTED:
            return self.worked_out(found)
        kept = self.record["fields"].get(found["name"])
        if kept is not None and found["type"] in _MOMENTS:
            return formula_values.moment(kept)
        if kept and found["type"] == "multipleRecordLinks":
            return [self._linked_name(found, record_id) for record_id in kept]
        return kept

    def modified_at(self, fields: Sequence[str]) -> datetime | None:
        """When any of the fields last changed; never for fields that nobody wrote."""
        when = self.record.get("modified", {})
        if not fields:
            return max([self.created_at, *map(formula_values.moment, when.values())])
        names = [found["name"] for name in fields if (found := self.table.find(name))]
        moments = [formula_values.moment(when[name]) for name in names if name in when]
        return max(moments, default=None)

    def worked_out(self, field: dict[str, Any]) -> Any:
        """A computed field's value; None for the kinds that this base does not use."""
        if field["type"] == "createdTime":
            return self.created_at
        if field["type"] == "lastModifiedTime":
            return self.modified_at(field.get("options", {}).get("referencedFieldIds", []))
        if field["type"] == "lastModifiedBy":
            return self.modified_by()
        if field["type"] == "formula":
            return self._formula(field)
        return None

    def modified_by(self) -> dict[str, str]:
        """Who wrote the record last; one that was there from the start we wrote."""
        user_id, email = USERS[self.record.get("modified_by", "publicApi")]
        return {"id": user_id, "email": email, "name": email}

    def _formula(self, field: dict[str, Any]) -> Any:
        if field["id"] in self._open:
            raise FormulaError("goes in a circle")
        self._open.add(field["id"])
        try:
            return _read(field["options"]["formula"]).value(self)
        except formulas.Unreadable as e:
            raise FormulaError(str(e)) from e
        finally:
            self._open.discard(field["id"])

    def _linked_name(self, field: dict[str, Any], record_id: str) -> Any:
        other = tables.find(self.store, field["options"]["linkedTableId"])
        record = self.store.get(other.records, record_id)
        return record["fields"].get(other.primary["name"]) if record else None

    def cell(self, field: dict[str, Any]) -> Any:
        """The cell as answers give it; None when it is empty and left out."""
        if field["type"] not in tables.COMPUTED:
            kept = self.record["fields"].get(field["name"])
            return None if kept is False or kept in ("", []) else kept
        try:
            return _answered(self.worked_out(field))
        except FormulaError:
            return {"error": "#ERROR!"}


def _answered(value: Any) -> Any:
    if isinstance(value, datetime):
        return formula_values.iso(value)
    if value is False or value == "" or value == []:
        return None
    return value


def shown(
    store: Store,
    table: Table,
    record: Record,
    *,
    fields: Sequence[dict[str, Any]] | None = None,
    by_id: bool = False,
) -> Record:
    """The record's JSON: id, createdTime and the cells that are not empty."""
    row = RecordRow(store, table, record)
    cells = {}
    for field in table.fields if fields is None else fields:
        cell = row.cell(field)
        if cell is not None:
            cells[field["id" if by_id else "name"]] = cell
    return {"id": record["id"], "createdTime": record["createdTime"], "fields": cells}


def read_filter(table: Table, text: str) -> formulas.Formula:
    """A filterByFormula whose fields exist; Refusal INVALID_FILTER_BY_FORMULA."""
    try:
        formula = _read(text)
    except formulas.Unreadable as e:
        problem = "Invalid formula. Please check your formula text."
        raise errors.invalid_formula(problem) from e
    unknown = [name.lower() for name in formula.fields if table.find(name) is None]
    if unknown:
        raise errors.invalid_formula(f"Unknown field names: {', '.join(unknown)}")
    return formula
