"""Which field of the base is which column of ours: by id, once it is known (wire/airtable 3.2)."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db import models

from integrations import clock
from integrations.airtable import client
from integrations.airtable.canonical import COMPUTED, canonical, fingerprint, veiled
from integrations.airtable.mapping import AirtableTableMapping, Column, mappings
from integrations.airtable.rows import SYNC_ID
from integrations.errors import Rejected
from integrations.models import AirtableRow, AirtableTable

FRESH = timedelta(hours=1)
MISSING_CHOICE = "choice:"
_BOUND = ("table_id", "fields", "problems", "modified_field", "editor_field", "cursor", "swept_at")
# Types that hold the same kind of value, so that changing one into another harms nothing.
_ALIKE = (
    frozenset("singleLineText multilineText richText email url phoneNumber singleSelect".split()),
    frozenset("number currency percent duration rating".split()),
    frozenset(["date"]),
    frozenset(["dateTime"]),
)


Pairs = Sequence[tuple[AirtableTableMapping, AirtableTable]]


class Bound:
    """A table as it is there: our columns' fields, and how cells travel both ways."""

    def __init__(self, mapping: AirtableTableMapping, row: AirtableTable) -> None:
        self.mapping, self.row = mapping, row
        self.id: str = row.table_id
        # In the order of the ids: the digests hang on it, and PostgreSQL keeps no order of its own.
        ids = sorted((field["id"], name) for name, field in row.fields.items())
        self.names = dict(ids)
        self.owners = {name: owner for name, owner in mapping.owners.items() if name in row.fields}

    @property
    def field_ids(self) -> list[str]:
        """What to ask for: our columns, and when and by whom a record was last changed."""
        extra = [self.row.modified_field, self.row.editor_field]
        return [*self.names, *filter(None, extra)]

    def cells(self, record: Mapping[str, Any]) -> dict[str, Any]:
        """The canonical cells of a record that came by field id, by column; empty ones left out."""
        found = {}
        for field_id, value in record["fields"].items():
            name = self.names.get(field_id)
            if name is not None and (cell := self.canonical(name, value)) is not None:
                found[name] = cell
        return found

    def canonical(self, name: str, value: Any) -> Any:
        """The one form of a value of a column."""
        field = self.row.fields[name]
        return canonical(value, field["type"], field.get("options"))

    def ours(self, fields: Mapping[str, Any]) -> dict[str, Any]:
        """Our own values in canonical form: only columns that are there, empty ones left out."""
        known = {n: self.canonical(n, v) for n, v in fields.items() if n in self.row.fields}
        return {name: value for name, value in known.items() if value is not None}

    def base_of(self, cells: Mapping[str, Any]) -> dict[str, Any]:
        """Cells as they are kept for comparing: secret ones as a digest."""
        secret, key = self.mapping.secret, settings.SECRET_KEY
        return {n: veiled(v, key) if n in secret else v for n, v in cells.items()}

    def seen(self, record: Mapping[str, Any]) -> str:
        """The digest of a record that came by field id, as far as it is of interest here."""
        return fingerprint(list(map(record["fields"].get, self.names)))

    def wire(self, fields: Mapping[str, Any]) -> dict[str, Any]:
        """Columns to field ids."""
        return {self.row.fields[n]["id"]: v for n, v in fields.items() if n in self.row.fields}

    def missing_choice(self, fields: Mapping[str, Any]) -> str:
        """Which select has no such choice there, in words; "" where all have."""
        for name, value in fields.items():
            field = self.row.fields.get(name, {})
            choices = (field.get("options") or {}).get("choices")
            if field.get("type") == "singleSelect" and value and choices is not None:
                if value not in choices:
                    return f"{MISSING_CHOICE} the field {field['name']} has no choice “{value}”"
        return ""

    def modified(self, record: Mapping[str, Any]) -> str:
        """When Airtable says that the record was last changed; "" where it does not say."""
        return str(record["fields"].get(self.row.modified_field) or "")

    def editor(self, record: Mapping[str, Any]) -> str:
        """Who changed the record last; "" where neither payload nor field tells."""
        if told := record.get("who"):
            return str(told)
        person = record["fields"].get(self.row.editor_field)
        found = (person.get("name") or person.get("email")) if isinstance(person, dict) else ""
        return str(found or "")


def bound(mapping: AirtableTableMapping, name: str, *, fresh: bool = False) -> Bound:
    """The table of that name; asks Airtable at most once an hour, or now if `fresh`.

    Raises Rejected where the base has no such table.
    """
    row = AirtableTable.objects.get_or_create(kind=mapping.kind, name=name)[0]
    moment = clock.now()
    # A clock that was set back makes what is known look as if it came from the future.
    if fresh or row.schema_at is None or not row.schema_at <= moment <= row.schema_at + FRESH:
        bind_every([(mapping, row)])
    if not row.table_id:
        code = client.NO_SUCH_TABLE[0]
        raise Rejected(client.SERVICE, f"{code}: the base has no table {name}", code=code)
    return Bound(mapping, row)


def bind_every(first: Pairs = ()) -> None:
    """Ask Airtable once, and bind every table of ours."""
    named = {(mapping.kind, row.name) for mapping, row in first}
    rest = [
        (mapping, AirtableTable.objects.get_or_create(kind=mapping.kind, name=name)[0])
        for mapping in mappings()
        for name in mapping.tables()
        if (mapping.kind, name) not in named
    ]
    bind_all([*first, *rest], client.tables())


def bind_all(pairs: Pairs, tables: list[dict[str, Any]]) -> None:
    """Find our columns in what the base says of itself, and remember what is wrong."""
    for mapping, row in pairs:
        before = [getattr(row, name) for name in _BOUND]
        _bind(mapping, row, tables)
        row.schema_at = clock.now()
        row.save(update_fields=[*_BOUND, "schema_at"])
        if before != [getattr(row, name) for name in _BOUND]:
            _wake(row)


def _bind(mapping: AirtableTableMapping, row: AirtableTable, tables: list[dict[str, Any]]) -> None:
    table = next((one for one in tables if one["id"] == row.table_id), None) or next(
        (one for one in tables if one["name"] == row.name), None
    )
    if table is None:
        row.table_id, row.fields, row.modified_field, row.editor_field = "", {}, "", ""
        row.problems = [f"the base has no table {row.name}"]
        return
    if table["id"] != row.table_id:
        row.table_id, row.fields, row.cursor = table["id"], {}, ""
    by_id = {field["id"]: field for field in table["fields"]}
    by_name = {field["name"]: field for field in table["fields"]}
    known, problems = row.fields, []
    found: dict[str, Any] = {}
    for column in mapping.wanted:
        old = known.get(column.name)
        field = by_id.get(old["id"]) if old else None
        field = field or by_name.get(column.name)
        problem = problem_of(column, field, old)
        if problem or field is None:
            problems.append(problem)
            continue
        found[column.name] = _kept(field)
        problems += _missing_choices(column, field)
    _forget(
        row, {name for name, old in known.items() if found.get(name, {}).get("id") != old["id"]}
    )
    row.fields, row.problems = found, problems
    row.modified_field = _computed_field(table, "lastModifiedTime")
    row.editor_field = _computed_field(table, "lastModifiedBy")


def problem_of(column: Column, field: dict[str, Any] | None, old: Any = None) -> str:
    """Why a column cannot be used, in words for staff; "" where it can."""
    if field is None:
        return f"{column.name}: there is no such field" + (" any more" if old else "")
    if field["type"] in COMPUTED:
        return f"{column.name}: the field {field['name']} is computed, so nothing can be written"
    if not fits(column, field["type"]):
        return f"{column.name}: the field {field['name']} is of type {field['type']}"
    return ""


def fits(column: Column, kind: str) -> bool:
    """Whether a field of type `kind` can hold the column's values."""
    return kind == column.type or any(kind in alike and column.type in alike for alike in _ALIKE)


def _forget(row: AirtableTable, names: set[str]) -> None:
    """A field was deleted, retyped or made anew: what stood in the old one proves nothing now.

    Otherwise the empty cells of a new field would look like edits that clear ours.
    """
    if not names:
        return
    for one in AirtableRow.objects.filter(kind=row.kind, table=row.name).exclude(base={}):
        kept = {name: value for name, value in one.base.items() if name not in names}
        AirtableRow.objects.filter(pk=one.pk).update(base=kept, seen="")
    row.swept_at, row.cursor = None, ""


def _kept(field: dict[str, Any]) -> dict[str, Any]:
    options = field.get("options") or {}
    kept: dict[str, Any] = {}
    if "precision" in options:
        kept["precision"] = options["precision"]
    if field["type"] == "singleSelect":
        kept["choices"] = [choice["name"] for choice in options.get("choices", [])]
    return {"id": field["id"], "name": field["name"], "type": field["type"], "options": kept}


def _missing_choices(column: Column, field: dict[str, Any]) -> list[str]:
    if field["type"] != "singleSelect":
        return []
    there = _kept(field)["options"]["choices"]
    missing = [choice for choice in column.choices if choice not in there]
    words = ", ".join(missing)
    return [f"{column.name}: the field {field['name']} lacks the choice {words}"] * bool(missing)


def _computed_field(table: dict[str, Any], kind: str) -> str:
    """The field of that type that watches the whole record."""
    for field in table["fields"]:
        options = field.get("options") or {}
        if field["type"] == kind and not options.get("referencedFieldIds"):
            return field["id"]
    return ""


def _wake(row: AirtableTable) -> None:
    """The table has changed: whatever waited for a field or a choice is tried again."""
    rows = AirtableRow.objects.filter(kind=row.kind, table=row.name)
    waiting = models.Q(last_error__startswith=MISSING_CHOICE)
    waiting |= models.Q(last_error__contains="UNKNOWN_FIELD_NAME")
    rows.filter(waiting).update(due_at=clock.now(), needs_person_at=None, last_error="")


def can_sync(bound_table: Bound) -> bool:
    """Whether rows can be told apart: the mapping's keys are there."""
    keys = bound_table.mapping.merge_on or (SYNC_ID,)
    return all(name in bound_table.row.fields for name in keys)
