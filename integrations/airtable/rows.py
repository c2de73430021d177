"""What one object of ours looks like in Airtable, and how two such looks are compared."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.conf import settings
from django.utils.module_loading import import_string

# The text field that holds our own id in every table that we write to.
SYNC_ID = "sync_id"


@dataclass(frozen=True)
class RowFields:
    """Every field of a row that is ours to write, by name; None, "" and False mean empty."""

    table: str
    sync_id: UUID
    fields: dict[str, Any]


def row_fields(kind: str, object_id: int) -> RowFields | None:
    """What the object looks like now; None for one that does not belong in Airtable."""
    return import_string(settings.AIRTABLE_ROWS[kind])(object_id)


def canonical(fields: Mapping[str, Any]) -> dict[str, Any]:
    """The fields without the empty ones, which Airtable never returns (wire/airtable 0.2)."""
    return {name: value for name, value in fields.items() if not empty(value)}


def changed(base: Mapping[str, Any], fields: Mapping[str, Any]) -> dict[str, Any]:
    """The fields that differ from what was last sent; None clears a cell."""
    now = canonical(fields)
    return {name: now.get(name) for name in fields if base.get(name) != now.get(name)}


def empty(value: Any) -> bool:
    """Whether Airtable leaves the cell out; 0 it does not (wire/airtable 1.8)."""
    return value is None or value is False or value == "" or value == []
