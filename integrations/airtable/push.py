"""Sends what is behind to Airtable: ten rows a request, only what has changed (wire 3.2)."""

import logging
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from integrations import clock, guard
from integrations.airtable import base, changes, client, deletions, pull, removal, schema
from integrations.airtable.changes import Change, Stopped
from integrations.airtable.mapping import mapping
from integrations.airtable.rows import row_fields
from integrations.airtable.schema import Bound
from integrations.errors import Blocked, OutsideError, Rejected, Unavailable, Uncertain
from integrations.models import NO_RECORD, AirtableRow

log = logging.getLogger(__name__)

SWEEP = 1000  # rows looked at in one go
# A missing table or field is mended by hand in Airtable; until then its rows look again.
PARKED = timedelta(minutes=15)
# What was looked at there is taken as current for so long; a look takes in what can be written
# meanwhile, and not what was written before.
LOOKED = timedelta(seconds=10)
AHEAD = 400
_UNMAPPED = (*client.NO_SUCH_TABLE, "UNKNOWN_FIELD_NAME")
# What we know of the table is old: it is asked once before anybody is troubled.
_STALE = ("UNKNOWN_FIELD_NAME", "INVALID_MULTIPLE_CHOICE_OPTIONS")
Due = list[tuple[int, datetime | None]]


@dataclass
class Written:
    """What a sweep did."""

    created: int = 0
    updated: int = 0
    deleted: int = 0
    errors: int = 0
    busy: bool = False  # another process writes

    @property
    def rows(self) -> int:
        """Rows that are now as they should be there."""
        return self.created + self.updated + self.deleted


def push_due(*, table: str = "", batches: int = 0, written: Written | None = None) -> int:
    """Push every row that is due, oldest first; returns how many were written.

    `table` limits it to one table, `batches` to so many requests that write. Does nothing while
    another process writes or while Airtable is held. `written` is told the details.
    """
    written = written or Written()
    with guard.writer(client.SERVICE) as renew:
        written.busy = renew is None
        if renew is None or not AirtableRow.objects.due().exists():
            return 0
        try:
            base.known()
            _push_all(_due_by_table(table), renew, written, batches)
        except base.AnotherBase as error:
            log.error("airtable: nothing is written: %s", error)
        except Stopped:
            log.info("airtable: the sweep stopped after %s rows", written.rows)
    return written.rows


def _push_all(
    tables: dict[tuple[str, str], Due], renew: Callable[[], bool], written: Written, most: int
) -> None:
    sent = 0
    for (kind, table), due in tables.items():
        sweep = _Sweep(kind, table, written)
        for batch in sweep.batches(due):
            if not renew():
                changes.give_back([change.row for change in batch])
                raise Stopped
            sweep.send(batch)
            sent += 1
            if sent == most:
                return


def _due_by_table(table: str) -> dict[tuple[str, str], Due]:
    due = AirtableRow.objects.due().order_by("due_at", "pk")
    due = due.filter(table=table) if table else due
    tables: dict[tuple[str, str], Due] = {}
    for kind, table, pk, lease in due.values_list("kind", "table", "pk", "leased_until")[:SWEEP]:
        tables.setdefault((kind, table), []).append((pk, lease))
    return tables


class _Sweep:
    """The due rows of one table."""

    def __init__(self, kind: str, table: str, written: Written) -> None:
        self.kind, self.table, self.written = kind, table, written
        self.bound: Bound | None = None
        self.asked_again = False
        self.gone: list[AirtableRow] = []
        self.coming: list[int] = []  # rows of this sweep, in their order
        self.looked_at: datetime | None = None
        self.looked_for: set[str] = set()

    def batches(self, due: Due) -> Iterator[list[Change]]:
        """Claimed rows that differ from Airtable, up to ten at a time; then what is gone here."""
        if not guard.available(client.SERVICE) or not self._bind():
            return
        self.coming = [pk for pk, _ in due]
        try:
            yield from self._changed(due)
            self._remove()
        finally:
            changes.give_back(self.gone)

    def _changed(self, due: Due) -> Iterator[list[Change]]:
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

    def _remove(self) -> None:
        if not self.gone:
            return
        table_id = self.bound.id if self.bound else self.table
        for at in range(0, len(self.gone), client.LARGEST_WRITE):
            rows = self.gone[at : at + client.LARGEST_WRITE]
            if self.bound and not self._looked(rows):
                self._look(rows, [row.pk for row in self.gone])
            self.written.deleted += removal.remove(table_id, rows)

    def send(self, batch: list[Change]) -> None:
        """Send one batch; halves it until a row that Airtable refuses stands alone."""
        try:
            records = self._write(batch)
        except Rejected as error:
            self._refused(batch, error)
            return
        except OutsideError as error:
            since = clock.now() if isinstance(error, Uncertain) else None
            rows = [change.row for change in batch]
            changes.put_off(rows, str(error), clock.now() + changes.AGAIN, since)
            raise Stopped from error
        for change, record in zip(batch, records, strict=True):
            changes.settle(change.row, change.outcome(record))
            known = bool(change.row.record_id)
            self.written.updated += known
            self.written.created += not known

    def _bind(self, *, fresh: bool = False) -> bool:
        """Find the table's fields; False where the base has no such table, and its rows wait."""
        declared = mapping(self.kind)
        if declared is None:
            return True
        try:
            self.bound = schema.bound(declared, self.table, fresh=fresh)
            if not schema.can_sync(self.bound):
                words = f"UNKNOWN_FIELD_NAME: {', '.join(self.bound.row.problems)}"
                raise Rejected(client.SERVICE, words, code="UNKNOWN_FIELD_NAME")
        except Rejected as error:
            self._park(error)
            return False
        except (Unavailable, Blocked) as error:
            raise Stopped from error
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
        if row.gone_at is not None:
            self.gone.append(row)
            return None
        if row.needs_person_at is not None:
            return None  # the look before found an edit that could not be taken
        try:
            now = row_fields(row.kind, row.object_id)
        except Exception as error:  # one object that cannot be mapped may not hold up the others
            log.error("%s %s cannot be mapped: %s", row.kind, row.object_id, type(error).__name__)
            self._to_person(row, f"this row cannot be prepared: {type(error).__name__}")
            return None
        if now is None or row.tombstone_at is not None:
            # It does not belong there, or volunteers deleted it there: staff may make it anew.
            changes.settle(row, {})
            return None
        if now.table != row.table:
            # The season's table was named anew: there it has no record yet; a sweep makes one.
            mine = AirtableRow.objects.filter(pk=row.pk, attempts=row.attempts)
            mine.update(**NO_RECORD, table=now.table, leased_until=None)
            return None
        change = changes.change_of(row, now, self.bound, unsure)
        if change.nothing and not (unsure and self.bound):
            changes.settle(row, {})
            return None
        if self.bound and (words := self.bound.missing_choice(change.fields)):
            self._to_person(row, words)
            return None
        return change

    def _ready(self, batch: list[Change]) -> Iterator[list[Change]]:
        """The batch once it is known what volunteers have done to the same fields."""
        if self.bound and any(change.watched for change in batch):
            rows = [change.row for change in batch]
            if any(change.unsure for change in batch):
                self._look_at_all(rows)
            elif not self._looked(rows):
                self._look(rows, self.coming)
            for row in rows:
                row.refresh_from_db()
            batch = [one for one in (self._change(row, False) for row in rows) if one]
        if batch:
            yield batch

    def _look(self, rows: list[AirtableRow], order: list[int]) -> None:
        """Look at these records, and at those of the rows that come after them in this order."""
        after = order.index(rows[-1].pk) + 1
        coming = AirtableRow.objects.filter(pk__in=order[after : after + AHEAD])
        ids = _record_ids(rows) | _record_ids(coming)
        self.looked_at = clock.now()
        self._asking(rows, sorted(ids))
        self.looked_for = ids

    def _look_at_all(self, rows: list[AirtableRow]) -> None:
        """Look at the whole table: what became uncertain before that is known then."""
        self._asking(rows)
        assert self.bound
        started = self.bound.row.pulled_at or clock.now()
        ours = AirtableRow.objects.filter(kind=self.kind, table=self.table)
        ours.filter(uncertain_since__lte=started).update(uncertain_since=None)
        ours.filter(pk__in=[row.pk for row in rows]).update(uncertain_since=None)

    def _asking(self, rows: list[AirtableRow], only: Sequence[str] = ()) -> None:
        assert self.bound
        try:
            pull.look(self.bound, only)
        except OutsideError as error:
            changes.put_off(rows, str(error), clock.now() + changes.AGAIN)
            raise Stopped from error
        # The look may have found that the table has changed.
        self.bound = schema.bound(self.bound.mapping, self.table)

    def _looked(self, rows: list[AirtableRow]) -> bool:
        """Whether these were read a moment ago, by us or by a pull of the table."""
        assert self.bound
        ids = _record_ids(rows)
        ours = _lately(self.looked_at) and ids <= self.looked_for
        return ours or not ids or _lately(self.bound.row.pulled_at)

    def _refused(self, batch: list[Change], error: Rejected) -> None:
        if error.code in _STALE and self.bound and not self.asked_again:
            # Somebody changed the table a moment ago: the rows are due, and fit it as it is now.
            self.asked_again = True
            changes.give_back([change.row for change in batch])
            self._bind(fresh=True)
            return
        if error.code in _UNMAPPED:
            changes.put_off([one.row for one in batch], str(error), clock.now() + PARKED)
            self._park(error)
            return
        if len(batch) > 1:
            middle = len(batch) // 2
            first, second = batch[:middle], batch[middle:]
            try:
                self.send(first)
            except Stopped:
                changes.give_back([change.row for change in second])
                raise
            self.send(second)
            return
        self._alone(batch[0].row, error)

    def _alone(self, row: AirtableRow, error: Rejected) -> None:
        """Airtable refuses this very row."""
        if error.code in removal.GONE and self.bound:
            # Somebody deleted it there while it changed here: the edit stays (wire/airtable 3.2).
            deletions.keep_edit(row)
            changes.put_off([row], str(error), clock.now())
            return
        if error.code in removal.GONE:
            # Somebody deleted it there; a person's retry, or the next change here, makes it anew.
            mine = AirtableRow.objects.filter(pk=row.pk, attempts=row.attempts)
            mine.update(record_id="", base={}, seen="")
        self._to_person(row, str(error))

    def _to_person(self, row: AirtableRow, words: str) -> None:
        self.written.errors += 1
        row.hand_to_person(words)

    def _park(self, error: Rejected) -> None:
        log.error("airtable: the rows of %s are parked: %s", self.table, error.code)
        moment = clock.now()
        AirtableRow.objects.due(moment).filter(kind=self.kind, table=self.table).update(
            due_at=moment + PARKED, last_error=str(error)[:2000], last_error_at=moment
        )
        if self.bound:
            # What we know of the table may be old: ask again before the next try.
            type(self.bound.row).objects.filter(pk=self.bound.row.pk).update(schema_at=None)


def _record_ids(rows: Iterable[AirtableRow]) -> set[str]:
    return {row.record_id for row in rows if row.record_id}


def _lately(at: datetime | None) -> bool:
    moment = clock.now()
    return at is not None and moment - LOOKED < at <= moment
