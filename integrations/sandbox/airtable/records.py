"""Changes to records: all of a request or none of it (wire/airtable 1.5 to 1.7)."""

from dataclasses import dataclass, field
from typing import Any

from integrations import clock
from integrations.sandbox.airtable import bodies, cells, changes, computed, errors, links, tables
from integrations.sandbox.airtable.tables import Table
from integrations.sandbox.store import Store

Record = dict[str, Any]


@dataclass
class Outcome:
    """What a write did: the records in request order, and which of them are new."""

    table: Table
    records: list[Record] = field(default_factory=list)
    created: list[str] = field(default_factory=list)
    updated: list[str] = field(default_factory=list)

    def answer(self, store: Store, *, by_id: bool) -> list[Record]:
        """The records as they are shown after the write."""
        return [computed.shown(store, self.table, one, by_id=by_id) for one in self.records]


def get(store: Store, table: Table, record_id: str) -> tuple[Table, Record]:
    """A record by id, looked up base-wide as the real service does, and its own table."""
    for candidate in (table, *tables.every(store)):
        record = store.get(candidate.records, record_id)
        if record is not None:
            return candidate, record
    raise errors.record_not_found()


def write(
    store: Store,
    table: Table,
    wanted: bodies.Write,
    *,
    replace: bool = False,
    source: changes.Source = "publicApi",
) -> Outcome:
    """Create, update or upsert; raises Refusal with nothing written."""
    with changes.transaction(store, source):
        # Read again under the lock: `typecast` may have added options meanwhile.
        table = tables.find(store, table.id)
        read = [
            (record_id, _read_cells(store, table, fields, wanted.typecast))
            for record_id, fields in wanted.records
        ]
        targets = _targets(store, table, wanted, read)
        now = _now()
        outcome = Outcome(table)
        for target, (_, values) in zip(targets, read, strict=True):
            record = target or {"id": tables.new_id("rec"), "createdTime": now, "fields": {}}
            (outcome.updated if target else outcome.created).append(record["id"])
            changed = _changed(table, record, values, now, replace=replace)
            outcome.records.append({**changed, "modified_by": source})
        if wanted.typecast:
            store.put(tables.KIND, table.id, table.doc)
        store.put_many([(table.records, one["id"], one) for one in outcome.records])
        for target, record in zip(targets, outcome.records, strict=True):
            changes.saw_record(table.id, target, record)
            links.follow(store, table, record, target["fields"] if target else {}, now)
        return outcome


def delete(
    store: Store,
    table: Table,
    record_ids: list[str],
    *,
    batch: bool,
    source: changes.Source = "publicApi",
) -> list[Record]:
    """Delete records of this table; an unknown one is an error and nothing is deleted."""
    with changes.transaction(store, source):
        for record_id in record_ids:
            if store.get(table.records, record_id) is None:
                raise errors.row_does_not_exist(record_id) if batch else errors.record_not_found()
        now = _now()
        for record_id in record_ids:
            changes.saw_record(table.id, store.get(table.records, record_id), None)
            store.delete(table.records, record_id)
            links.forget(store, table, record_id, now)
        return [{"deleted": True, "id": record_id} for record_id in record_ids]


def _now() -> str:
    # Recordings of the real service carry whole seconds.
    return f"{clock.now():%Y-%m-%dT%H:%M:%S}.000Z"


def _read_cells(
    store: Store, table: Table, fields: dict[str, Any], typecast: bool
) -> dict[str, Any]:
    values = {}
    for reference, value in fields.items():
        found = table.field(reference)
        read = cells.read(found, value, typecast=typecast)
        if read and found["type"] == "multipleRecordLinks":
            links.check(store, found, read)
        values[found["name"]] = read
    return values


def _changed(
    table: Table, record: Record, values: dict[str, Any], now: str, *, replace: bool
) -> Record:
    old = record["fields"]
    if replace:
        writable = [one["name"] for one in table.fields if one["type"] not in tables.COMPUTED]
        values = {name: None for name in writable} | values
    new = {name: value for name, value in {**old, **values}.items() if value is not None}
    moved = {name: now for name in values if old.get(name) != new.get(name)}
    return {**record, "fields": new, "modified": {**record.get("modified", {}), **moved}}


def _targets(
    store: Store,
    table: Table,
    wanted: bodies.Write,
    read: list[tuple[str | None, dict[str, Any]]],
) -> list[Record | None]:
    """The record that each row changes, None where it makes one."""
    index = _Index(store, table, wanted.merge_on) if wanted.merge_on else None
    targets: list[Record | None] = []
    for record_id, values in read:
        if record_id is not None:
            targets.append(_existing(store, table, record_id))
        else:
            targets.append(index.match(values) if index else None)
    ids = [target["id"] for target in targets if target]
    if len(set(ids)) != len(ids):
        raise errors.invalid_records(with_ids=True)
    return targets


def _existing(store: Store, table: Table, record_id: str) -> Record:
    record = store.get(table.records, record_id)
    if record is None:
        raise errors.row_does_not_exist(record_id)
    return record


class _Index:
    """The table's records by the values of an upsert's merge fields."""

    def __init__(self, store: Store, table: Table, merge_on: list[str]) -> None:
        fields = [table.field(name) for name in merge_on]
        if any(one["type"] not in bodies.MERGEABLE for one in fields):
            raise errors.invalid_request()
        self.names = [one["name"] for one in fields]
        self.records: dict[str, list[Record]] = {}
        for record in store.all(table.records):
            self.records.setdefault(self._key(record["fields"]), []).append(record)
        self.asked: set[str] = set()

    def _key(self, values: dict[str, Any]) -> str:
        return repr([values.get(name) for name in self.names])

    def match(self, values: dict[str, Any]) -> Record | None:
        """The one record with these values; Refusal for several, or a key asked for twice."""
        if not set(self.names) <= set(values):
            raise errors.invalid_records(with_ids=True)
        if all(values[name] is None for name in self.names):
            return None  # an empty key was accepted and made a record
        key = self._key(values)
        found = self.records.get(key, [])
        if len(found) > 1 or key in self.asked:
            raise errors.ambiguous_merge()
        self.asked.add(key)
        return found[0] if found else None
