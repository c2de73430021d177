"""What a webhook tells of one transaction: filtered, and in the V2 cell shapes (1.8, 1.12)."""

from typing import TYPE_CHECKING, Any

from integrations.sandbox.airtable import computed, tables
from integrations.sandbox.airtable.tables import Table
from integrations.sandbox.store import Store

if TYPE_CHECKING:
    from integrations.sandbox.airtable.changes import Transaction

Record = dict[str, Any]
_PERMISSIONS = {"client": "edit", "publicApi": "create"}


def named_fields(specification: dict[str, Any]) -> set[str]:
    """The fields that a specification names; it breaks when one of them goes."""
    options = specification["options"]
    filters, includes = options["filters"], options.get("includes") or {}
    included = includes.get("includeCellValuesInFieldIds") or []
    return {
        *filters.get("watchDataInFieldIds", []),
        *filters.get("watchSchemasOfFieldIds", []),
        *(included if isinstance(included, list) else []),
    }


def scoped_table(store: Store, scope: Any) -> str | None:
    """The table that a `recordChangeScope` names, by its own id or that of a view."""
    for table in tables.every(store):
        if scope == table.id or any(scope == view["id"] for view in table.views()):
            return table.id
    return None


def content(
    store: Store, specification: dict[str, Any], transaction: "Transaction"
) -> dict[str, Any] | None:
    """The part of a payload that this specification lets through, or None."""
    reader = _Reader(store, specification)
    if reader.sources and transaction.source not in reader.sources:
        return None
    reader.read_records(transaction)
    reader.read_fields(transaction)
    made = reader.made_tables(transaction)
    if not reader.changed and not made:
        return None
    user_id, email = computed.USERS[transaction.source]
    level = _PERMISSIONS[transaction.source]
    user = {"id": user_id, "email": email, "permissionLevel": level}
    answer: dict[str, Any] = {
        "actionMetadata": {"source": transaction.source, "sourceMetadata": {"user": user}}
    }
    answer |= {"changedTablesById": reader.changed} if reader.changed else {}
    return answer | ({"createdTablesById": made} if made else {})


class _Reader:
    """Goes through one transaction with the eyes of one webhook."""

    def __init__(self, store: Store, specification: dict[str, Any]) -> None:
        options = specification["options"]
        filters, includes = options["filters"], options.get("includes") or {}
        self.store = store
        self.tables = {table.id: table for table in tables.every(store)}
        self.kinds = set(filters["dataTypes"])
        self.types = set(filters.get("changeTypes") or ("add", "remove", "update"))
        self.sources = set(filters.get("fromSources") or [])
        scope = filters.get("recordChangeScope")
        self.scope = scoped_table(store, scope) if scope else None
        self.watched = set(filters.get("watchDataInFieldIds") or [])
        self.watched_schemas = set(filters.get("watchSchemasOfFieldIds") or [])
        self.included = includes.get("includeCellValuesInFieldIds") or []
        self.previous = bool(includes.get("includePreviousCellValues"))
        self.previous_fields = bool(includes.get("includePreviousFieldDefinitions"))
        self.changed: dict[str, dict[str, Any]] = {}

    def _sees(self, table_id: str) -> bool:
        return table_id in self.tables and self.scope in (None, table_id)

    def _put(self, table_id: str, part: str, id: str, told: Any) -> None:
        self.changed.setdefault(table_id, {}).setdefault(part, {})[id] = told

    def _add(self, table_id: str, part: str, id: str) -> None:
        self.changed.setdefault(table_id, {}).setdefault(part, []).append(id)

    def read_records(self, transaction: "Transaction") -> None:
        """Rows that were made, changed and deleted."""
        if "tableData" not in self.kinds:
            return
        for (table_id, record_id), (before, after) in transaction.records.items():
            if self._sees(table_id):
                self._read_record(self.tables[table_id], record_id, before, after)

    def _read_record(
        self, table: Table, record_id: str, before: Record | None, after: Record | None
    ) -> None:
        if before is None and after is not None:
            self._read_created(table, after)
        elif after is None and before is not None and "remove" in self.types:
            self._add(table.id, "destroyedRecordIds", record_id)
        elif before is not None and after is not None and "update" in self.types:
            told = self._change(table, before, after)
            if told:
                self._put(table.id, "changedRecordsById", record_id, told)

    def _read_created(self, table: Table, record: Record) -> None:
        cells = {id: cell for id, cell in self._cells(table, record).items() if cell is not None}
        if "add" in self.types and (not self.watched or self.watched & set(cells)):
            told = {"createdTime": record["createdTime"], "cellValuesByFieldId": cells}
            self._put(table.id, "createdRecordsById", record["id"], told)

    def _change(self, table: Table, before: Record, after: Record) -> dict[str, Any] | None:
        old, new = self._cells(table, before), self._cells(table, after)
        moved = {id for id in new if old[id] != new[id]}
        seen = moved & self.watched if self.watched else moved
        if not seen:
            return None
        told: dict[str, Any] = {"current": _by_id({id: new[id] for id in new if id in seen})}
        if self.previous:
            told["previous"] = _by_id({id: old[id] for id in old if id in seen})
        extra = set(new) if self.included == "all" else set(self.included)
        rest = {id: new[id] for id in new if id in extra - moved and new[id] is not None}
        return told | ({"unchanged": _by_id(rest)} if self.included else {})

    def _cells(self, table: Table, record: Record) -> dict[str, Any]:
        row = computed.RecordRow(self.store, table, record)
        return {one["id"]: self._cell(one, row.cell(one)) for one in table.fields}

    def _cell(self, field: dict[str, Any], cell: Any) -> Any:
        if cell is None:
            return None
        if field["type"] == "singleSelect":
            return _choice(field, cell)
        if field["type"] == "multipleSelects":
            return [_choice(field, name) for name in cell]
        if field["type"] == "multipleRecordLinks":
            return [self._link(field, record_id) for record_id in cell]
        return cell

    def _link(self, field: dict[str, Any], record_id: str) -> dict[str, str]:
        other = self.tables.get(field["options"]["linkedTableId"])
        record = self.store.get(other.records, record_id) if other else None
        if other is None or record is None:
            return {"id": record_id, "name": ""}
        name = computed.RecordRow(self.store, other, record).cell(other.primary)
        return {"id": record_id, "name": str(name or "")}

    def read_fields(self, transaction: "Transaction") -> None:
        """Fields that were made, renamed, retyped and deleted."""
        if "tableFields" not in self.kinds:
            return
        for (table_id, field_id), (before, after) in transaction.fields.items():
            watched = not self.watched_schemas or field_id in self.watched_schemas
            if self._sees(table_id) and watched:
                self._read_field(table_id, field_id, before, after)

    def _read_field(
        self, table_id: str, field_id: str, before: dict | None, after: dict | None
    ) -> None:
        if before is None and after is not None and "add" in self.types:
            self._put(table_id, "createdFieldsById", field_id, _definition(after))
        elif after is None and before is not None and "remove" in self.types:
            self._add(table_id, "destroyedFieldIds", field_id)
        elif before is not None and after is not None and "update" in self.types:
            moved = [name for name in ("name", "type") if before[name] != after[name]]
            told = {"current": {name: after[name] for name in moved}}
            if self.previous_fields:
                told["previous"] = {name: before[name] for name in moved}
            if moved:
                self._put(table_id, "changedFieldsById", field_id, told)

    def made_tables(self, transaction: "Transaction") -> dict[str, Any]:
        """Tables that were made, for a webhook on the whole base."""
        if "tableMetadata" not in self.kinds or "add" not in self.types or self.scope:
            return {}
        return {
            doc["id"]: {
                "metadata": {"name": doc["name"], "description": doc.get("description")},
                "fieldsById": {one["id"]: _definition(one) for one in doc["fields"]},
                "recordsById": {},
            }
            for doc in transaction.tables
        }


def _by_id(cells: dict[str, Any]) -> dict[str, Any]:
    return {"cellValuesByFieldId": cells}


def _definition(field: dict[str, Any]) -> dict[str, str]:
    return {"name": field["name"], "type": field["type"]}


def _choice(field: dict[str, Any], name: str) -> dict[str, Any]:
    for choice in field.get("options", {}).get("choices", []):
        if choice["name"] == name:
            return choice
    return {"id": "", "name": name}
