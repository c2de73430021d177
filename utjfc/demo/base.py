"""Airtable's side of the demo: the tables, and a record for whatever we would have pushed."""

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from integrations import clock
from integrations.airtable.rows import canonical, row_fields
from integrations.models import AirtableRow
from integrations.sandbox.airtable import cells, schema
from integrations.sandbox.airtable.formula_values import iso
from integrations.sandbox.airtable.tables import KIND, Table, new_id
from integrations.sandbox.store import Store
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
        ]
        fields = [first, *table.fields, *computed, *times]
        doc = {**table.doc, "primaryFieldId": first["id"], "fields": fields}
        self.store.put(KIND, table.id, doc)
        return Table(doc)

    def _registrations(self, season: Season, table: Table) -> None:
        known = []
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
                    base=canonical(row.fields),
                    changes=1,
                    pushed_at=clock.now(),
                )
            )
        AirtableRow.objects.bulk_create(known)

    def _teams(self, table: Table, teams: Iterable[Team]) -> None:
        for team in teams:
            fields = {
                "short_team_name": team.name,
                "age_group": f"{team.age_group}s",
                "current_season": team.season.code,
                "need_new_kit_current_season": "Y" if team.kit_due else "N",
            }
            opened = datetime.combine(team.season.opens_on, datetime.min.time(), clock.LONDON)
            self._record(table, fields, opened)

    def _suspensions(self, table: Table) -> None:
        joined = Suspension.objects.select_related(
            "registration__player", "registration__team", "registration__season", "decided_by"
        )
        for one in joined:
            row = one.registration
            fields = {
                "sync_id": str(uuid5(NAMESPACE_URL, f"suspension:{row.sync_id}:{one.pk}")),
                "registration": str(row.sync_id),
                "player_full_name": row.player.full_name,
                "team": row.team.name,
                "age_group": row.team.age_group,
                "season": row.season.code,
                "reason": one.reason,
                "suspended_at": one.suspended_at.isoformat(),
                "decided_by": one.decided_by.get_username() if one.decided_by else "",
            }
            self._record(table, fields, one.suspended_at)

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
