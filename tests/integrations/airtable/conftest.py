"""The club's base in the sandbox, with what a volunteer does in it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import pytest

from integrations import guard
from integrations.airtable import pull, push
from integrations.airtable.taking import Counts
from integrations.models import AirtableRow, ServiceState
from integrations.sandbox.airtable import bodies, records, tables
from registrations.airtable_tables import RegistrationTable
from registrations.models import Registration, Season
from tests import factories
from utjfc.demo.base import Base

TABLE = "registrations_2627"


@dataclass
class Club:
    """Both sides: our rows, and the records that volunteers see."""

    sandbox: Any
    move_clock: Callable[[timedelta], None]
    table: tables.Table = field(init=False)

    def fill(self) -> None:
        """Make the base with a record for every registration that there is."""
        base = Base()
        base.fill(list(Season.objects.all()))
        self.sandbox.store.put_many(list(base.documents()))
        self.sandbox.store.put("airtable.settings", "limits", {"per_second": 0})
        self.table = self.named(TABLE)

    def named(self, name: str) -> tables.Table:
        """A table as it is now."""
        return tables.find(self.sandbox.store, name)

    def records(self, table: str = TABLE) -> list[dict]:
        """The records of a table."""
        return self.sandbox.store.all(self.named(table).records)

    def record(self, registration: Registration) -> dict:
        """The record of a registration."""
        row = AirtableRow.objects.get(kind="registration", object_id=registration.pk)
        return self.sandbox.store.get(self.table.records, row.record_id)

    def cells(self, registration: Registration) -> dict:
        """Its cells by name."""
        return self.record(registration)["fields"]

    def type(self, record: dict, table: str = TABLE, **cells: Any) -> None:
        """A volunteer types into a record; None empties a cell. Webhooks see it."""
        wanted = bodies.Write([(record["id"], cells)], typecast=False, by_id=False)
        records.write(self.sandbox.store, self.named(table), wanted, source="client")

    def edit(self, registration: Registration, **cells: Any) -> None:
        """A volunteer edits a registration's row."""
        self.type(self.record(registration), **cells)

    def enter(self, table: str = TABLE, **cells: Any) -> str:
        """A volunteer adds a row; its record id."""
        wanted = bodies.Write([(None, cells)], typecast=False, by_id=False)
        found = records.write(self.sandbox.store, self.named(table), wanted, source="client")
        return found.created[0]

    def remove(self, registration: Registration) -> None:
        """A volunteer deletes a row."""
        self.take_away(self.record(registration)["id"])

    def take_away(self, record_id: str, table: str = TABLE) -> None:
        """A volunteer deletes a row, by its record."""
        named = self.named(table)
        records.delete(self.sandbox.store, named, [record_id], batch=False, source="client")

    def pull(self, *, full: bool = False, mapping: Any = None, table: str = TABLE) -> Counts:
        """Read a table."""
        self.move_clock(timedelta(seconds=3))
        return pull.pull(mapping or RegistrationTable(), table, full=full)

    def push(self) -> int:
        """Write what is behind."""
        self.move_clock(timedelta(seconds=15))
        return push.push_due()

    def calm(self) -> None:
        """Everything answers, and the half minute after a 429 passes: it is in real seconds."""
        self.sandbox.up("airtable")
        guard.release("airtable")
        ServiceState.objects.update(next_slot=0)
        self.move_clock(timedelta(minutes=16))

    def requests(self) -> dict[str, int]:
        """Requests so far, by class."""
        return dict(self.sandbox.store.get("requests", "airtable") or {})


@pytest.fixture
def club(db, sandbox, move_clock, monkeypatch) -> Club:
    """A club with one season and no registrations yet; requests need not be paced."""
    monkeypatch.setattr(guard.time, "sleep", lambda seconds: None)
    monkeypatch.setitem(guard.SPACING, "airtable", 0)
    factories.team()
    return Club(sandbox, move_clock)
