"""What a table of the club's base is to us: declared once, beside the models it is about."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, ClassVar
from uuid import UUID

from django.conf import settings
from django.utils.module_loading import import_string

from integrations.airtable.canonical import canonical, veiled
from integrations.airtable.merge import Owner
from integrations.airtable.rows import SYNC_ID, RowFields

SYNC_ERROR = "sync_error"


class Refused(Exception):
    """A row or an edit cannot be taken; the text says why, in words for volunteers."""


@dataclass(frozen=True)
class Column:
    """One field: its name when the base was made, its type there, and whose word counts."""

    name: str
    type: str = "singleLineText"
    owner: Owner = Owner.THEIRS
    choices: tuple[str, ...] = ()
    secret: bool = False  # never stored in the clear on our side
    options: Mapping[str, Any] = field(default_factory=dict)
    switch: str = ""  # the setting that must be on; else the field is left alone like any other

    @property
    def direction(self) -> str:
        """Which way its values travel, and whose word counts, in words."""
        return _DIRECTIONS[self.owner]


_DIRECTIONS = {
    Owner.THEIRS: "both ways, Airtable's word counts",
    Owner.OURS: "written by the platform, edits are put back",
    Owner.COMMAND: "both ways, an edit is an order",
}


class AirtableTableMapping:
    """The base of all mappings; a subclass declares its columns and carries out what was edited.

    A field of the base that no column names is left alone for ever.
    """

    kind: ClassVar[str] = ""
    columns: ClassVar[tuple[Column, ...]] = ()
    # The field, or up to three, by which a row that has no record yet finds one (wire 1.6).
    merge_on: ClassVar[tuple[str, ...]] = (SYNC_ID,)

    def tables(self) -> list[str]:
        """The names of the tables that are of this shape now."""
        raise NotImplementedError

    def row(self, object_id: int) -> RowFields | None:
        """What the object looks like now."""
        raise NotImplementedError

    def lock(self, object_id: int) -> bool:
        """Lock the object until the transaction ends; False where there is none."""
        raise NotImplementedError

    def adopt(self, object_id: int, values: Mapping[str, Any]) -> dict[str, str]:
        """Take edited cells; returns {field: why not} for those that cannot be taken."""
        raise NotImplementedError

    def order(self, object_id: int, name: str, value: Any) -> None:
        """Carry out an edit that is a command; raises Refused."""
        raise Refused(f"{name} cannot be changed here")

    def create(self, table: str, values: Mapping[str, Any]) -> tuple[int, UUID]:
        """Make an object of a row that volunteers entered; its id and sync id; raises Refused."""
        raise Refused("rows of this table are not entered by hand")

    def by_sync_id(self, sync_id: str) -> int | None:
        """The object of this sync id, or None; raises Refused for one that may not return."""
        return None

    def find(self, table: str, values: Mapping[str, Any]) -> list[tuple[int, UUID]]:
        """Objects that have these cells' natural key, for airtable_backfill; none guessed."""
        return []

    def every(self, table: str) -> Iterable[tuple[int, UUID]]:
        """The ids and sync ids of all objects that belong in the table."""
        return []

    def label(self, object_id: int) -> str:
        """What staff call the object."""
        return f"{self.kind} {object_id}"

    def vanished(self, object_id: int) -> None:
        """The object's record was deleted there: tell staff, delete nothing."""

    def snapshot(self, fields: Mapping[str, Any]) -> dict[str, Any]:
        """The base of a record that holds just these fields: canonical, secret ones as a digest."""
        found = {}
        for column in self.wanted:
            cell = canonical(fields.get(column.name), column.type, column.options)
            if cell is not None:
                key = settings.SECRET_KEY
                found[column.name] = veiled(cell, key) if column.secret else cell
        return found

    @cached_property
    def wanted(self) -> tuple[Column, ...]:
        """The columns that the club wants."""
        return tuple(c for c in self.columns if not c.switch or getattr(settings, c.switch))

    @cached_property
    def owners(self) -> dict[str, Owner]:
        """Whose word counts, by column."""
        return {column.name: column.owner for column in self.wanted}

    @cached_property
    def secret(self) -> frozenset[str]:
        """Columns whose values are kept as a digest only."""
        return frozenset(column.name for column in self.wanted if column.secret)


def mapping(kind: str) -> AirtableTableMapping | None:
    """The mapping of a kind; None for one that is only written."""
    path = settings.AIRTABLE_TABLES.get(kind)
    return import_string(path)() if path else None


def mappings() -> list[AirtableTableMapping]:
    """All mappings, in the order of settings.AIRTABLE_TABLES."""
    return [import_string(path)() for path in settings.AIRTABLE_TABLES.values()]
