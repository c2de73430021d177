"""What of one row is to be sent, and what is known of it once it was."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction

from integrations import clock
from integrations.airtable.mapping import SYNC_ERROR
from integrations.airtable.merge import Owner
from integrations.airtable.rows import SYNC_ID, RowFields, canonical, changed
from integrations.airtable.schema import Bound
from integrations.models import AirtableRow

# The breaker paces a service that is away; its rows need no longer waits of their own.
AGAIN = timedelta(seconds=10)


class Stopped(Exception):
    """The service is away or another process writes: the rest of the sweep waits."""


@dataclass
class Change:
    """A claimed row, and what of it is to be sent; `bound` for a table that is also read."""

    row: AirtableRow
    now: RowFields
    fields: dict[str, Any]
    bound: Bound | None = None
    # What Airtable holds is not known: an answer was lost, or a worker died.
    unsure: bool = False

    @property
    def record(self) -> dict[str, Any]:
        """The row as `client.upsert` takes it."""
        fields = self.fields
        if not self.row.record_id:
            fields = fields | self._keys()
        wire = self.bound.wire(fields) if self.bound else fields
        return ({"id": self.row.record_id} if self.row.record_id else {}) | {"fields": wire}

    @property
    def watched(self) -> bool:
        """Whether volunteers may have changed the same fields, so that a look comes first."""
        if self.bound is None:
            return False
        if self.unsure:
            return True
        owners = self.bound.owners
        edited = any(owners.get(name) is not Owner.OURS for name in self.fields)
        return bool(self.row.record_id) and edited

    @property
    def nothing(self) -> bool:
        """Whether there is nothing to send."""
        return bool(self.row.record_id) and not self.fields

    def _keys(self) -> dict[str, Any]:
        if self.bound is None:
            return {SYNC_ID: str(self.now.sync_id)}
        every = {**self.now.fields, SYNC_ID: str(self.now.sync_id)}
        return {name: every.get(name) for name in self.bound.mapping.merge_on}

    def outcome(self, record: Mapping[str, Any]) -> dict[str, Any]:
        """What the row's columns become after Airtable answered with the record."""
        sent = {"record_id": record["id"], "pushed_at": clock.now(), "absent": 0}
        if self.bound is None:
            return sent | {"base": canonical(self.now.fields)}
        base = {n: v for n, v in self.row.base.items() if n not in self.fields}
        # The base is what we sent: a value that Airtable writes otherwise makes no echo.
        values = {n: v for n, v in {**self.fields, **self._new_keys()}.items() if v is not None}
        base |= self.bound.base_of(self.bound.ours(values))
        there = self.bound.base_of(self.bound.cells(record))
        others = set(self.bound.owners) - set(self.fields)
        same = all(there.get(name) == base.get(name) for name in others)
        return sent | {"base": base, "seen": self.bound.seen(record) if same else ""}

    def _new_keys(self) -> dict[str, Any]:
        return {} if self.row.record_id else self._keys()


def change_of(row: AirtableRow, now: RowFields, bound: Bound | None, unsure: bool) -> Change:
    """What is to be sent of a row as it is now."""
    if bound is None:
        if unsure:
            present = canonical(now.fields)
            fields = {name: present.get(name) for name in now.fields}
        else:
            fields = changed(row.base if row.record_id else {}, now.fields)
        return Change(row, now, fields, unsure=unsure)
    ours = bound.ours({**now.fields, SYNC_ERROR: row.sync_error})
    veiled, base = bound.base_of(ours), row.base if row.record_id else {}
    differ = [name for name in bound.owners if veiled.get(name) != base.get(name)]
    return Change(row, now, {name: ours.get(name) for name in differ}, bound, unsure)


def settle(row: AirtableRow, change: dict[str, Any]) -> None:
    """Write what was sent; a row that has changed meanwhile stays due."""
    done = {"leased_until": None, "uncertain_since": None, "last_error": "", **change}
    with transaction.atomic():
        mine = AirtableRow.objects.filter(pk=row.pk, attempts=row.attempts)
        mine.update(**done)
        mine.filter(changes=row.changes).update(due_at=None)


def put_off(
    rows: list[AirtableRow], words: str, until: datetime, uncertain_since: datetime | None = None
) -> None:
    """Let claimed rows be tried again later, and say why."""
    for row in rows:
        AirtableRow.objects.filter(pk=row.pk, attempts=row.attempts).update(
            leased_until=None,
            due_at=until,
            uncertain_since=row.uncertain_since or uncertain_since,
            last_error=words[:2000],
            last_error_at=clock.now(),
        )


def give_back(rows: list[AirtableRow]) -> None:
    """Let go of rows that were claimed and not sent; they stay due."""
    for row in rows:
        AirtableRow.objects.filter(pk=row.pk, attempts=row.attempts).update(leased_until=None)
