"""Tables and their fields, as the metadata API gives them (wire/airtable 1.11)."""

import re
import secrets
import string
from collections.abc import Iterator
from typing import Any

from integrations.sandbox.airtable import errors
from integrations.sandbox.store import Store

KIND = "airtable.tables"
COMPUTED = frozenset(
    "formula rollup multipleLookupValues count autoNumber createdTime lastModifiedTime createdBy "
    "lastModifiedBy button aiText externalSyncSource".split()
)
_ID = re.compile(r"[a-z]{3}[A-Za-z0-9]{14}")
_ALPHABET = string.ascii_letters + string.digits


def new_id(prefix: str) -> str:
    """A fresh id: three letters and fourteen random ones."""
    return prefix + "".join(secrets.choice(_ALPHABET) for _ in range(14))


def is_id(text: Any, prefix: str) -> bool:
    """Whether the text has the shape of such an id."""
    return isinstance(text, str) and text.startswith(prefix) and bool(_ID.fullmatch(text))


class Table:
    """One table's document, its fields found by name or id."""

    def __init__(self, doc: dict[str, Any]) -> None:
        self.doc = doc
        self.id: str = doc["id"]
        self.name: str = doc["name"]
        self.records = f"airtable.records.{self.id}"
        self._by_name = {field["name"]: field for field in doc["fields"]}
        self._by_id = {field["id"]: field for field in doc["fields"]}

    @property
    def fields(self) -> list[dict[str, Any]]:
        """The fields, in the table's order."""
        return self.doc["fields"]

    @property
    def primary(self) -> dict[str, Any]:
        """The field that names a record."""
        return self._by_id.get(self.doc.get("primaryFieldId", ""), self.fields[0])

    def find(self, reference: Any) -> dict[str, Any] | None:
        """The field of this name or id, or None."""
        if not isinstance(reference, str):
            return None
        return self._by_name.get(reference) or self._by_id.get(reference)

    def field(self, reference: Any) -> dict[str, Any]:
        """The field of this name or id; Refusal UNKNOWN_FIELD_NAME."""
        found = self.find(reference)
        if found is None:
            raise errors.unknown_field(reference)
        return found

    def views(self) -> list[dict[str, Any]]:
        """The views; a table that was given none has Airtable's first one."""
        given = self.doc.get("views")
        return given or [{"id": f"viw{self.id[3:]}", "name": "Grid view", "type": "grid"}]

    def metadata(self, *, visible_fields: bool = False) -> dict[str, Any]:
        """The table as `GET .../tables` shows it."""
        ids = [field["id"] for field in self.fields]
        extra = {"visibleFieldIds": ids} if visible_fields else {}
        return {**self.doc, "views": [{**view, **extra} for view in self.views()]}


def every(store: Store) -> Iterator[Table]:
    """All tables of the base, in the order of their making."""
    return (Table(doc) for doc in store.all(KIND))


def find(store: Store, reference: str) -> Table:
    """The table of this id or name; Refusal 403 as Airtable answers today."""
    doc = store.get(KIND, reference)
    if doc is not None:
        return Table(doc)
    for table in every(store):
        if table.name == reference:
            return table
    raise errors.no_such_model()


def choices(field: dict[str, Any]) -> list[str]:
    """The names of a select field's options, in order."""
    return [choice["name"] for choice in field.get("options", {}).get("choices", [])]
