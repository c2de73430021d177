"""Compares the base with what our mappings need, and makes what is missing; deletes nothing."""

from dataclasses import dataclass
from typing import Any

from django.conf import settings

from integrations.airtable import client, schema
from integrations.airtable.canonical import COMPUTED, NUMBERS
from integrations.airtable.mapping import AirtableTableMapping, Column
from integrations.errors import Rejected
from integrations.models import AirtableTable

SCOPES = ("data.records:read", "data.records:write", "schema.bases:read")
CREATE_SCOPE = "schema.bases:write"
HOOK_SCOPE = "webhook:manage"
_ISO = {"name": "iso"}
_NEEDED_OPTIONS: dict[str, dict[str, Any]] = {"date": {"dateFormat": _ISO}}
Pairs = list[tuple[AirtableTableMapping, str]]


@dataclass(frozen=True)
class Line:
    """One field of one table: whether it is right, and what is to be said of it."""

    table: str
    field: str
    good: bool
    words: str


@dataclass(frozen=True)
class Token:
    """Whose token it is and what it may do."""

    user: str
    scopes: tuple[str, ...]
    needed: tuple[str, ...] = SCOPES

    @property
    def missing(self) -> list[str]:
        """Scopes that the sync needs; a token that names none is not asked."""
        return self._without(self.needed)

    @property
    def advised(self) -> list[str]:
        """Scopes that the sync can do without."""
        return self._without((HOOK_SCOPE,))

    def _without(self, wanted: tuple[str, ...]) -> list[str]:
        return [scope for scope in wanted if self.scopes and scope not in self.scopes]


def token(*, create: bool = False) -> Token:
    """Ask Airtable whose token the settings hold; `create`: it must be able to make fields."""
    answer = client.request("GET", "check", "meta", "whoami")
    needed = (*SCOPES, CREATE_SCOPE) if create else SCOPES
    return Token(str(answer.get("id", "")), tuple(answer.get("scopes") or ()), needed)


def base_line() -> str:
    """The base of the settings in words; Rejected where the token does not see it."""
    bases = client.request("GET", "bases", "meta", "bases").get("bases") or []
    found = next((one for one in bases if one.get("id") == settings.AIRTABLE_BASE_ID), None)
    if found is None:
        words = f"the token does not see the base {settings.AIRTABLE_BASE_ID}"
        raise Rejected(client.SERVICE, words, code="no_such_base")
    return f"base {found.get('name')} ({found['id']}), permission {found.get('permissionLevel')}"


def lines(pairs: Pairs, *, create: bool) -> list[Line]:
    """What the base holds of every table; `create` makes what is missing first."""
    tables = client.tables()
    if create and _create(pairs, tables):
        tables = client.tables()
    rows = [
        (mapping, AirtableTable.objects.get_or_create(kind=mapping.kind, name=name)[0])
        for mapping, name in pairs
    ]
    schema.bind_all(rows, tables)
    return [line for mapping, row in rows for line in _table_lines(mapping, row, tables)]


def _table_lines(
    mapping: AirtableTableMapping, row: AirtableTable, tables: list[dict[str, Any]]
) -> list[Line]:
    table = next((one for one in tables if one["id"] == row.table_id), None)
    if table is None:
        return [Line(row.name, "", False, "MISSING table: airtable_check --create makes it")]
    by_name = {field["name"]: field for field in table["fields"]}
    found = []
    for column in mapping.wanted:
        bound = row.fields.get(column.name)
        field = bound or by_name.get(column.name)
        problem = schema.problem_of(column, field)
        wrong = problem or next((p for p in row.problems if p.startswith(f"{column.name}:")), "")
        kind = (field or {}).get("type")
        words = f"WRONG {wrong}" if wrong else f"{kind}, {column.direction}"
        found.append(Line(row.name, column.name, not wrong, words))
    computed = [f["name"] for f in table["fields"] if f["type"] in COMPUTED]
    found.append(Line(row.name, "(computed)", True, ", ".join(computed) or "none"))
    if not row.modified_field:
        words = "add a field of type “Last modified time”: without it the table is read whole"
        found.append(Line(row.name, "(modified)", True, words))
    return found


def _create(pairs: Pairs, tables: list[dict[str, Any]]) -> int:
    """Make missing tables and fields; returns how many requests it took."""
    by_name = {table["name"]: table for table in tables}
    ids = dict(AirtableTable.objects.values_list("name", "table_id"))
    made = 0
    for mapping, name in pairs:
        known = next((one for one in tables if one["id"] == ids.get(name)), None)
        table = known or by_name.get(name)
        if table is None:
            body = {"name": name, "fields": [_field(column) for column in mapping.wanted]}
            client.request("POST", "create_table", *_meta(), json=body)
            made += 1
            continue
        made += _create_fields(mapping, name, table)
    return made


def _create_fields(mapping: AirtableTableMapping, name: str, table: dict[str, Any]) -> int:
    there = {field["name"] for field in table["fields"]}
    ids = {field["id"] for field in table["fields"]}
    row = AirtableTable.objects.filter(kind=mapping.kind, name=name).first()
    bound = {column for column, field in (row.fields if row else {}).items() if field["id"] in ids}
    missing = [one for one in mapping.wanted if one.name not in there | bound]
    for column in missing:
        path = (*_meta(), table["id"], "fields")
        client.request("POST", "create_field", *path, json=_field(column))
    return len(missing)


def _meta() -> tuple[str, ...]:
    return ("meta", "bases", settings.AIRTABLE_BASE_ID, "tables")


def _field(column: Column) -> dict[str, Any]:
    """A field as the metadata API makes it (wire/airtable 1.11)."""
    options: dict[str, Any] = dict(column.options) or _NEEDED_OPTIONS.get(column.type, {})
    if column.type == "singleSelect":
        options = {"choices": [{"name": choice} for choice in column.choices]}
    if column.type in NUMBERS and not options:
        options = {"precision": 0}
    return {"name": column.name, "type": column.type} | ({"options": options} if options else {})
