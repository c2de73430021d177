"""Changes of a table's shape as somebody makes them: rename, delete, retype, add a choice."""

from typing import Any

from integrations.sandbox.airtable import cells, changes, errors, formula_values, schema, tables
from integrations.sandbox.airtable.tables import Table
from integrations.sandbox.store import Store

Field = dict[str, Any]
_NO_CHOICES: Field = {"choices": []}


def patch(store: Store, table: Table, reference: str, body: dict[str, Any]) -> Field:
    """The metadata API's PATCH: another name, another description; the answer is the field."""
    if not body or not set(body) <= {"name", "description"}:
        raise errors.invalid_request()
    if not all(isinstance(value, str) for value in body.values()):
        raise errors.invalid_request()
    with changes.transaction(store, "publicApi"):
        field = table.field(reference)
        if "name" in body:
            field = rename(store, table, reference, body["name"])
        if "description" in body:
            table = tables.find(store, table.id)
            field = table.field(field["id"]) | {"description": body["description"]}
            _put_field(store, table, field)
        return field


def rename(store: Store, table: Table, reference: str, name: str) -> Field:
    """Give a field another name; its id, its cells and the formulas that use it stay good."""
    with changes.transaction(store, "client"):
        table = tables.find(store, table.id)
        field = table.field(reference)
        others = [one["name"] for one in table.fields if one["id"] != field["id"]]
        if not name.strip() or schema.taken(name, others):
            raise errors.duplicate_name(name)
        old, new = field["name"], field | {"name": name}
        fields = [_follows(one, old, name) for one in table.fields if one["id"] != field["id"]]
        at = [one["id"] for one in table.fields].index(field["id"])
        store.put(tables.KIND, table.id, {**table.doc, "fields": [*fields[:at], new, *fields[at:]]})
        store.put_many(
            [
                (table.records, one["id"], _renamed(one, old, name))
                for one in store.all(table.records)
            ]
        )
        changes.saw_field(table.id, field, new)
        return new


def delete(store: Store, table: Table, reference: str) -> None:
    """Delete a field with its cells; a link goes on both sides. Never the primary field."""
    with changes.transaction(store, "client"):
        table = tables.find(store, table.id)
        field = table.field(reference)
        if field["id"] == table.primary["id"]:
            raise errors.invalid_request("The primary field cannot be deleted.")
        _drop_field(store, table, field)
        if field["type"] == "multipleRecordLinks":
            other = tables.find(store, field["options"]["linkedTableId"])
            inverse = other.find(field["options"].get("inverseLinkFieldId"))
            if inverse is not None:
                _drop_field(store, other, inverse)


def retype(
    store: Store, table: Table, reference: str, kind: str, options: dict[str, Any] | None
) -> Field:
    """Make a field another type; what does not fit it becomes empty, as it does there."""
    with changes.transaction(store, "client"):
        table = tables.find(store, table.id)
        field = table.field(reference)
        if kind == "multipleRecordLinks":
            raise errors.uncreatable(kind)
        computed = kind in tables.COMPUTED
        usual = _NO_CHOICES if kind in ("singleSelect", "multipleSelects") else None
        read = options if computed else schema.options(store, kind, options or usual)
        new = {name: value for name, value in field.items() if name != "options"}
        new |= {"type": kind} | ({"options": read} if read else {})
        converted = []
        for record in store.all(table.records):
            kept = record["fields"].pop(field["name"], None)
            value = None if kept is None or computed else _converted(new, kept)
            if value is not None:
                record["fields"][field["name"]] = value
            converted.append((table.records, record["id"], record))
        _put_field(store, table, new)
        store.put_many(converted)
        changes.saw_field(table.id, field, new)
        return new


def add_choice(store: Store, table: Table, reference: str, name: str) -> Field:
    """Give a select field one more option."""
    with changes.transaction(store, "client"):
        table = tables.find(store, table.id)
        field = table.field(reference)
        if field["type"] not in ("singleSelect", "multipleSelects") or not name:
            raise errors.invalid_request()
        if name in tables.choices(field):
            raise errors.duplicate_name(name)
        schema.add_choice(field, name)
        _put_field(store, table, field)
        return field


def _put_field(store: Store, table: Table, field: Field) -> None:
    fields = [field if one["id"] == field["id"] else one for one in table.fields]
    store.put(tables.KIND, table.id, {**table.doc, "fields": fields})


def _drop_field(store: Store, table: Table, field: Field) -> None:
    rest = [one for one in table.fields if one["id"] != field["id"]]
    store.put(tables.KIND, table.id, {**table.doc, "fields": rest})
    emptied = []
    for record in store.all(table.records):
        record["fields"].pop(field["name"], None)
        record.get("modified", {}).pop(field["name"], None)
        emptied.append((table.records, record["id"], record))
    store.put_many(emptied)
    changes.saw_field(table.id, field, None)


def _renamed(record: dict[str, Any], old: str, new: str) -> dict[str, Any]:
    for part in ("fields", "modified"):
        if old in record.get(part, {}):
            record[part] = {new if key == old else key: v for key, v in record[part].items()}
    return record


def _follows(field: Field, old: str, new: str) -> Field:
    """Formulas are kept by name here, so they are rewritten with it."""
    if field["type"] != "formula":
        return field
    before, after = (f"{{{name.replace('}', chr(92) + '}')}}}" for name in (old, new))
    text = field["options"]["formula"].replace(before, after)
    return field | {"options": field["options"] | {"formula": text}}


def _converted(field: Field, value: Any) -> Any:
    if isinstance(value, list) and field["type"] != "multipleSelects":
        value = ", ".join(map(str, value))
    if value is True and field["type"] != "checkbox":
        value = "checked"
    if not isinstance(value, str | list) and field["type"] in ("singleSelect", "multipleSelects"):
        value = formula_values.text(value)
    try:
        return cells.read(field, value, typecast=True)
    except errors.Refusal:
        return None
