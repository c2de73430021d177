"""Sends what is behind to Airtable: ten rows a request, only what has changed (wire 3.2)."""

import logging
from collections.abc import Iterator
from datetime import datetime, timedelta

from integrations import clock, guard
from integrations.airtable import base, changes, client, deletions, pull, schema
from integrations.airtable.changes import Change
from integrations.airtable.mapping import mapping
from integrations.airtable.rows import row_fields
from integrations.airtable.schema import Bound
from integrations.errors import Blocked, OutsideError, Rejected, Unavailable, Uncertain
from integrations.models import AirtableRow

log = logging.getLogger(__name__)

SWEEP = 1000  # rows looked at in one go
# The breaker paces a service that is away; its rows need no longer waits of their own.
AGAIN = timedelta(seconds=10)
# A missing table or field is mended by hand in Airtable; until then its rows look again.
PARKED = timedelta(minutes=15)
# What was looked at there is taken as current for so many real seconds.
LOOKED = 10.0
_UNMAPPED = (*client.NO_SUCH_TABLE, "UNKNOWN_FIELD_NAME")
_GONE = ("ROW_DOES_NOT_EXIST", "MODEL_ID_NOT_FOUND")
Due = list[tuple[int, datetime | None]]


class _Stopped(Exception):
    """The service is away or another process writes: the rest of the sweep waits."""


def push_due() -> int:
    """Push every row that is due, oldest first; returns how many were written.

    Does nothing while another process writes or while Airtable is held.
    """
    written = 0
    with guard.writer(client.SERVICE) as renew:
        if renew is None or not AirtableRow.objects.due().exists():
            return 0
        try:
            base.known()
            for (kind, table), due in _due_by_table().items():
                sweep = _Sweep(kind, table)
                for batch in sweep.batches(due):
                    if not renew():
                        changes.give_back([change.row for change in batch])
                        raise _Stopped
                    written += sweep.send(batch)
        except base.AnotherBase as error:
            log.error("airtable: nothing is written: %s", error)
        except _Stopped:
            log.info("airtable: the sweep stopped after %s rows", written)
    return written


def _due_by_table() -> dict[tuple[str, str], Due]:
    due = AirtableRow.objects.due().order_by("due_at", "pk")
    tables: dict[tuple[str, str], Due] = {}
    for kind, table, pk, lease in due.values_list("kind", "table", "pk", "leased_until")[:SWEEP]:
        tables.setdefault((kind, table), []).append((pk, lease))
    return tables


class _Sweep:
    """The due rows of one table."""

    def __init__(self, kind: str, table: str) -> None:
        self.kind, self.table = kind, table
        self.bound: Bound | None = None
        self.looked_at = 0.0

    def batches(self, due: Due) -> Iterator[list[Change]]:
        """Claimed rows that differ from Airtable, up to ten at a time."""
        if not guard.available(client.SERVICE) or not self._bind():
            return
        batch: list[Change] = []
        for pk, leased_until in due:
            if not batch and not guard.available(client.SERVICE):
                return
            change = self._claim(pk, leased_until)
            if change is not None:
                batch.append(change)
            if len(batch) == client.LARGEST_WRITE:
                yield from self._ready(batch)
                batch = []
        if batch:
            yield from self._ready(batch)

    def send(self, batch: list[Change]) -> int:
        """Send one batch; halves it until a row that Airtable refuses stands alone."""
        try:
            records = self._write(batch)
        except Rejected as error:
            return self._refused(batch, error)
        except OutsideError as error:
            since = clock.now() if isinstance(error, Uncertain) else None
            rows = [change.row for change in batch]
            changes.put_off(rows, str(error), clock.now() + AGAIN, since)
            raise _Stopped from error
        for change, record in zip(batch, records, strict=True):
            changes.settle(change.row, change.outcome(record))
        return len(batch)

    def _bind(self) -> bool:
        """Find the table's fields; False where the base has no such table, and its rows wait."""
        declared = mapping(self.kind)
        if declared is None:
            return True
        try:
            self.bound = schema.bound(declared, self.table)
            if not schema.can_sync(self.bound):
                words = f"UNKNOWN_FIELD_NAME: {', '.join(self.bound.row.problems)}"
                raise Rejected(client.SERVICE, words, code="UNKNOWN_FIELD_NAME")
        except Rejected as error:
            self._park(error)
            return False
        except (Unavailable, Blocked) as error:
            raise _Stopped from error
        return True

    def _write(self, batch: list[Change]) -> list[dict]:
        records = [change.record for change in batch]
        if self.bound is None:
            return client.upsert(self.table, records)
        fields = self.bound.row.fields
        keys = [fields[name]["id"] for name in self.bound.mapping.merge_on]
        return client.upsert(self.bound.id, records, merge_on=keys, by_id=True)

    def _claim(self, pk: int, leased_until: datetime | None) -> Change | None:
        """Claim a row and work out what is to be sent; None where there is nothing to send."""
        row = AirtableRow.objects.claim(pk)
        if row is None:
            return None
        # A lease that ran out, or an uncertain answer: what Airtable holds now is not known.
        return self._change(row, leased_until is not None or row.uncertain_since is not None)

    def _change(self, row: AirtableRow, unsure: bool) -> Change | None:
        try:
            now = row_fields(row.kind, row.object_id)
        except Exception as error:  # one object that cannot be mapped may not hold up the others
            log.error("%s %s cannot be mapped: %s", row.kind, row.object_id, type(error).__name__)
            row.hand_to_person(f"this row cannot be prepared: {type(error).__name__}")
            return None
        if now is None or row.tombstone_at is not None:
            # It does not belong there, or volunteers deleted it there: staff may make it anew.
            changes.settle(row, {})
            return None
        if now.table != row.table:
            # The season's table was named anew: there it has no record yet; a sweep makes one.
            moved = {"table": now.table, "record_id": "", "base": {}, "seen": ""}
            mine = AirtableRow.objects.filter(pk=row.pk, attempts=row.attempts)
            mine.update(**moved, leased_until=None)
            return None
        change = changes.change_of(row, now, self.bound, unsure)
        if change.nothing and not (unsure and self.bound):
            changes.settle(row, {})
            return None
        if self.bound and (words := self.bound.missing_choice(change.fields)):
            row.hand_to_person(words)
            return None
        return change

    def _ready(self, batch: list[Change]) -> Iterator[list[Change]]:
        """The batch once it is known what volunteers have done to the same fields."""
        if self.bound and any(change.watched for change in batch):
            rows = [change.row for change in batch]
            if clock.pace() - self.looked_at > LOOKED or any(change.unsure for change in batch):
                self._look(rows)
            for row in rows:
                row.refresh_from_db()
            batch = [one for one in (self._change(row, False) for row in rows) if one]
        if batch:
            yield batch

    def _look(self, rows: list[AirtableRow]) -> None:
        assert self.bound
        try:
            pull.look(self.bound)
        except OutsideError as error:
            changes.put_off(rows, str(error), clock.now() + AGAIN)
            raise _Stopped from error
        self.looked_at = clock.pace()
        AirtableRow.objects.filter(pk__in=[row.pk for row in rows]).update(uncertain_since=None)

    def _refused(self, batch: list[Change], error: Rejected) -> int:
        if error.code in _UNMAPPED:
            changes.put_off([one.row for one in batch], str(error), clock.now() + PARKED)
            self._park(error)
            return 0
        if len(batch) > 1:
            middle = len(batch) // 2
            first, second = batch[:middle], batch[middle:]
            try:
                written = self.send(first)
            except _Stopped:
                changes.give_back([change.row for change in second])
                raise
            return written + self.send(second)
        row = batch[0].row
        if error.code in _GONE and self.bound:
            # Somebody deleted it there while it changed here: the edit stays (wire/airtable 3.2).
            deletions.keep_edit(row)
            changes.put_off([row], str(error), clock.now())
            return 0
        if error.code in _GONE:
            # Somebody deleted it there; a person's retry, or the next change here, makes it anew.
            mine = AirtableRow.objects.filter(pk=row.pk, attempts=row.attempts)
            mine.update(record_id="", base={}, seen="")
        row.hand_to_person(str(error))
        return 0

    def _park(self, error: Rejected) -> None:
        log.error("airtable: the rows of %s are parked: %s", self.table, error.code)
        moment = clock.now()
        AirtableRow.objects.due(moment).filter(kind=self.kind, table=self.table).update(
            due_at=moment + PARKED, last_error=str(error)[:2000], last_error_at=moment
        )
        if self.bound:
            # What we know of the table may be old: ask again before the next try.
            type(self.bound.row).objects.filter(pk=self.bound.row.pk).update(schema_at=None)
