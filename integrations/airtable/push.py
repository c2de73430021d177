"""Sends what is behind to Airtable: ten rows a request, only what has changed (wire 3.2)."""

import logging
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction

from integrations import clock, guard
from integrations.airtable import client
from integrations.airtable.rows import SYNC_ID, RowFields, canonical, changed, row_fields
from integrations.errors import Blocked, OutsideError, Rejected, Unavailable, Uncertain
from integrations.models import AirtableRow

log = logging.getLogger(__name__)

SWEEP = 1000  # rows looked at in one go
# The breaker paces a service that is away; its rows need no longer waits of their own.
AGAIN = timedelta(seconds=10)
# A missing table or field is mended by hand in Airtable; until then its rows look again.
PARKED = timedelta(minutes=15)
_UNMAPPED = (*client.NO_SUCH_TABLE, "UNKNOWN_FIELD_NAME")
_GONE = ("ROW_DOES_NOT_EXIST", "MODEL_ID_NOT_FOUND")


class _Stopped(Exception):
    """The service is away or another process writes: the rest of the sweep waits."""


@dataclass(frozen=True)
class _Change:
    """A claimed row, and what of it is to be sent."""

    row: AirtableRow
    now: RowFields
    fields: dict[str, Any]

    @property
    def record(self) -> dict[str, Any]:
        """The row as `client.upsert` takes it."""
        if self.row.record_id:
            return {"id": self.row.record_id, "fields": self.fields}
        return {"fields": {**self.fields, SYNC_ID: str(self.now.sync_id)}}


def push_due() -> int:
    """Push every row that is due, oldest first; returns how many were written.

    Does nothing while another process writes or while Airtable is held.
    """
    written = 0
    with guard.writer(client.SERVICE) as renew:
        if renew is None:
            return 0
        try:
            for table, batch in _batches():
                if not renew():
                    _give_back(batch)
                    raise _Stopped
                written += _send(table, batch)
        except _Stopped:
            log.info("airtable: the sweep stopped after %s rows", written)
    return written


def _batches() -> Iterator[tuple[str, list[_Change]]]:
    """Claimed rows that differ from Airtable, by table, up to ten at a time."""
    for table, rows in _due_by_table().items():
        batch: list[_Change] = []
        for pk, leased_until in rows:
            if not batch and not guard.available(client.SERVICE):
                return
            change = _claim(pk, leased_until)
            if change is not None:
                batch.append(change)
            if len(batch) == client.LARGEST_WRITE:
                yield table, batch
                batch = []
        if batch:
            yield table, batch


def _due_by_table() -> dict[str, list[tuple[int, datetime | None]]]:
    due = AirtableRow.objects.due().order_by("due_at", "pk")
    tables: dict[str, list[tuple[int, datetime | None]]] = {}
    for table, pk, leased_until in due.values_list("table", "pk", "leased_until")[:SWEEP]:
        tables.setdefault(table, []).append((pk, leased_until))
    return tables


def _claim(pk: int, leased_until: datetime | None) -> _Change | None:
    """Claim a row and work out what is to be sent; None where there is nothing to send."""
    row = AirtableRow.objects.claim(pk)
    if row is None:
        return None
    try:
        now = row_fields(row.kind, row.object_id)
    except Exception as error:  # one object that cannot be mapped may not hold up the others
        log.error("%s %s cannot be mapped: %s", row.kind, row.object_id, type(error).__name__)
        row.hand_to_person(f"this row cannot be prepared: {type(error).__name__}")
        return None
    if now is None:
        _settle(row, {})
        return None
    if now.table != row.table:
        # The season's table was named anew: there it has no record yet; the next sweep makes one.
        mine = AirtableRow.objects.filter(pk=row.pk, attempts=row.attempts)
        mine.update(table=now.table, record_id="", base={}, leased_until=None)
        return None
    # A lease that ran out, or an uncertain answer: what Airtable holds now is not known.
    unsure = leased_until is not None or row.uncertain_since is not None
    fields = _fields(row, now, unsure)
    if row.record_id and not fields:
        _settle(row, {})
        return None
    return _Change(row, now, fields)


def _fields(row: AirtableRow, now: RowFields, unsure: bool) -> dict[str, Any]:
    if unsure:
        present = canonical(now.fields)
        return {name: present.get(name) for name in now.fields}
    return changed(row.base if row.record_id else {}, now.fields)


def _send(table: str, batch: list[_Change]) -> int:
    """Send one batch; halves it until a row that Airtable refuses stands alone."""
    try:
        ids = client.upsert(table, [change.record for change in batch])
    except Rejected as error:
        return _refused(table, batch, error)
    except Uncertain as error:
        since = clock.now()
        _put_off(batch, error, AGAIN, since)
        raise _Stopped from error
    except (Unavailable, Blocked) as error:
        _put_off(batch, error, AGAIN, None)
        raise _Stopped from error
    for change, record_id in zip(batch, ids, strict=True):
        base = canonical(change.now.fields)
        sent = {"base": base, "record_id": record_id, "pushed_at": clock.now()}
        _settle(change.row, sent)
    return len(batch)


def _refused(table: str, batch: list[_Change], error: Rejected) -> int:
    if error.code in _UNMAPPED:
        log.error("airtable: the rows of %s are parked: %s", table, error.code)
        _put_off(batch, error, PARKED, None)
        moment = clock.now()
        AirtableRow.objects.due(moment).filter(table=table).update(
            due_at=moment + PARKED, last_error=str(error)[:2000], last_error_at=moment
        )
        return 0
    if len(batch) > 1:
        middle = len(batch) // 2
        first, second = batch[:middle], batch[middle:]
        try:
            written = _send(table, first)
        except _Stopped:
            _give_back(second)
            raise
        return written + _send(table, second)
    row = batch[0].row
    if error.code in _GONE:
        # Somebody deleted it there; a person's retry, or the next change here, makes it anew.
        AirtableRow.objects.filter(pk=row.pk, attempts=row.attempts).update(record_id="", base={})
    row.hand_to_person(str(error))
    return 0


def _settle(row: AirtableRow, change: dict[str, Any]) -> None:
    """Write what was sent; a row that has changed meanwhile stays due."""
    done = {"leased_until": None, "uncertain_since": None, "last_error": "", **change}
    with transaction.atomic():
        mine = AirtableRow.objects.filter(pk=row.pk, attempts=row.attempts)
        mine.update(**done)
        mine.filter(changes=row.changes).update(due_at=None)


def _put_off(
    batch: list[_Change], error: OutsideError, wait: timedelta, uncertain_since: datetime | None
) -> None:
    """Let a batch be tried again later, and say why."""
    moment = clock.now()
    for change in batch:
        row = change.row
        since = row.uncertain_since or uncertain_since
        AirtableRow.objects.filter(pk=row.pk, attempts=row.attempts).update(
            leased_until=None,
            due_at=moment + wait,
            uncertain_since=since,
            last_error=str(error)[:2000],
            last_error_at=moment,
        )


def _give_back(batch: list[_Change]) -> None:
    """Let go of rows that were claimed and not sent; they stay due."""
    for change in batch:
        row = change.row
        AirtableRow.objects.filter(pk=row.pk, attempts=row.attempts).update(leased_until=None)
