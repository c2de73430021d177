"""Airtable's side of the demo: the tables, and a record for whatever we would have pushed."""

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from typing import Any

from integrations import clock
from integrations.airtable.mapping import AirtableTableMapping
from integrations.airtable.rows import canonical, row_fields
from integrations.models import AirtableRow
from integrations.sandbox.airtable import cells, schema
from integrations.sandbox.airtable.formula_values import iso
from integrations.sandbox.airtable.tables import KIND, Table, new_id
from integrations.sandbox.store import Store
from registrations.airtable_tables import RegistrationTable, SuspensionTable, TeamTable
from registrations.models import Registration, Season, Suspension, Team
from utjfc.demo import tables

Document = tuple[str, str, dict[str, Any]]


class Base:
    """The base, built in memory through the sandbox's own metadata routes."""

    def __init__(self) -> None:
        self.store = Store()

    def fill(self, seasons: list[Season]) -> None:
        """Make every table and record, and note on our side what stands there."""
        for season in seasons:
            table = self._table(season.airtable_table, tables.REGISTRATIONS)
            table = self._with_formulas(table)
            self._registrations(season, table)
        teams = Team.objects.select_related("season").order_by("season", "pk")
        self._teams(self._table("team_info", tables.TEAMS), teams)
        self._suspensions(self._table("suspended_registrations", tables.SUSPENSIONS))

    def documents(self) -> Iterator[Document]:
        """(kind, id, document) of all that the sandbox must know."""
        for doc in self.store.all(KIND):
            yield KIND, doc["id"], doc
            kind = Table(doc).records
            yield from ((kind, record["id"], record) for record in self.store.all(kind))

    def _table(self, name: str, fields: list[tables.Field]) -> Table:
        made = schema.create_table(self.store, {"name": name, "fields": fields})
        return Table(self.store.get(KIND, made["id"]) or made)

    def _with_formulas(self, table: Table) -> Table:
        """Add what the API cannot make; as in the club's base, the child's name leads."""
        computed = [_formula(name, text) for name, text in tables.REGISTRATION_FORMULAS.items()]
        first = computed.pop(0)
        times = [
            {"id": new_id("fld"), "name": "created", "type": "createdTime"},
            {"id": new_id("fld"), "name": "last_modified", "type": "lastModifiedTime"},
            {"id": new_id("fld"), "name": "last_modified_by", "type": "lastModifiedBy"},
        ]
        fields = [first, *table.fields, *computed, *times]
        doc = {**table.doc, "primaryFieldId": first["id"], "fields": fields}
        self.store.put(KIND, table.id, doc)
        return Table(doc)

    def _registrations(self, season: Season, table: Table) -> None:
        known, mapping = [], RegistrationTable()
        rows = Registration.objects.filter(season=season, duplicate_of=None)
        for pk, sync_id, at in rows.values_list("pk", "sync_id", "submitted_at"):
            row = row_fields("registration", pk)
            if row is None:
                continue
            record = self._record(table, row.fields | {"sync_id": str(sync_id)}, at)
            known.append(
                AirtableRow(
                    kind="registration",
                    object_id=pk,
                    sync_id=sync_id,
                    table=table.name,
                    record_id=record,
                    base=mapping.snapshot(row.fields),
                    changes=1,
                    pushed_at=clock.now(),
                )
            )
        AirtableRow.objects.bulk_create(known)

    def _teams(self, table: Table, teams: Iterable[Team]) -> None:
        known = []
        for team in teams:
            opened = datetime.combine(team.season.opens_on, datetime.min.time(), clock.LONDON)
            known.append(self._linked(TeamTable(), team.pk, table, opened))
        AirtableRow.objects.bulk_create(known)

    def _suspensions(self, table: Table) -> None:
        known = [
            self._linked(SuspensionTable(), one.pk, table, one.suspended_at)
            for one in Suspension.objects.all()
        ]
        AirtableRow.objects.bulk_create(known)

    def _linked(
        self, mapping: AirtableTableMapping, pk: int, table: Table, at: datetime
    ) -> AirtableRow:
        """A record of what we would have pushed, and our row for it."""
        row = mapping.row(pk)
        if row is None:
            raise LookupError(f"{mapping.kind} {pk}")
        known = {name for name, value in row.fields.items() if table.find(name) and value}
        return AirtableRow(
            kind=mapping.kind,
            object_id=pk,
            sync_id=row.sync_id,
            table=table.name,
            record_id=self._record(table, {name: row.fields[name] for name in known}, at),
            base=mapping.snapshot(row.fields),
            changes=1,
            pushed_at=clock.now(),
        )

    def _record(self, table: Table, fields: dict[str, Any], at: datetime) -> str:
        """Store one record as a write would leave it; returns its id. Refusals are raised."""
        record = {"id": new_id("rec"), "createdTime": iso(at + timedelta(seconds=3))}
        kept = {
            name: cells.read(table.field(name), value, typecast=False)
            for name, value in canonical(fields).items()
        }
        self.store.put(table.records, record["id"], record | {"fields": kept})
        return record["id"]


def _formula(name: str, text: str) -> dict[str, Any]:
    options = {"isValid": True, "formula": text, "result": {"type": "singleLineText"}}
    return {"id": new_id("fld"), "name": name, "type": "formula", "options": options}
