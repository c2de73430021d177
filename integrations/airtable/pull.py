"""Reads what changed in Airtable: modified since, with overlap, and full passes (wire 3.2).

A page is read and merged under the writer's lease, which is let go between pages: what is written
meanwhile from here waits for no more than a page.
"""

import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta

from integrations import clock, guard
from integrations.airtable import base, client, deletions, schema, taking
from integrations.airtable.mapping import SYNC_ERROR, AirtableTableMapping, mappings
from integrations.airtable.schema import Bound
from integrations.airtable.taking import Counts, Record
from integrations.errors import OutsideError, Rejected, Unavailable
from integrations.models import AirtableRow, AirtableRun, AirtableTable

log = logging.getLogger(__name__)

OVERLAP = timedelta(seconds=120)  # Airtable's moments may be a second coarse, and come late
SWEEP_EVERY = timedelta(hours=6)
# A table that does not say when a record was changed is read whole, but not every time.
WHOLE_EVERY = timedelta(minutes=10)
ITERATOR_GONE = ("LIST_RECORDS_ITERATOR_NOT_AVAILABLE", "INVALID_OFFSET_VALUE")
RESTARTS = 3
LEASE_WAIT = 60.0  # real seconds to wait while somebody else writes


def pull_due() -> Counts:
    """Read every table that is due; one that cannot be read does not hold the others."""
    total = Counts()
    base.known()
    for mapping in mappings():
        for name in mapping.tables():
            if not guard.available(client.SERVICE):
                return total
            row = AirtableTable.objects.filter(kind=mapping.kind, name=name).first()
            full = _sweep_due(row)
            if full is None:
                continue
            try:
                pull(mapping, name, full=full)
            except Rejected as error:
                log.warning("airtable: %s is not read: %s", name, error.code)
            except OutsideError as error:
                log.info("airtable: reading stopped: %s", error.code)
                return total
    return total


def pull(
    mapping: AirtableTableMapping,
    name: str,
    *,
    full: bool = False,
    dry: bool = False,
    asked: str = "",
) -> Counts:
    """Read one table and merge it; raises the four outcomes, and then nothing is deleted."""
    started, before = clock.now(), _requests()
    counts = Counts()
    try:
        bound = schema.bound(mapping, name, fresh=full)
        _pass(bound, counts, full=full, dry=dry, held=False)
    except OutsideError as error:
        counts.problem = str(error)[:300]
        raise
    finally:
        counts.requests = _requests() - before
        if not dry and (asked or not counts.quiet):
            _note_run(name, asked or ("full pass" if full else "pull"), started, counts)
    return counts


def look(bound: Bound) -> Counts:
    """What changed there a moment ago; for the pusher, which holds the lease already."""
    counts = Counts()
    _pass(bound, counts, full=False, dry=False, held=True)
    return counts


def _sweep_due(row: AirtableTable | None) -> bool | None:
    """Whether the whole table is to be read, or only what changed; None: nothing now."""
    moment = clock.now()
    if row is None or row.swept_at is None or not row.cursor:
        recently = row and row.swept_at and moment - WHOLE_EVERY < row.swept_at <= moment
        return None if recently else True
    return not moment - SWEEP_EVERY < row.swept_at <= moment


def _pass(bound: Bound, counts: Counts, *, full: bool, dry: bool, held: bool) -> None:
    if not schema.can_sync(bound):
        code = "UNKNOWN_FIELD_NAME"
        words = f"{code}: {bound.row.name} lacks {', '.join(bound.mapping.merge_on)}"
        raise Rejected(client.SERVICE, f"{words}: airtable_check --create", code=code)
    full = full or not bound.row.cursor or not bound.row.modified_field
    formula = "" if full else _since(bound.row.cursor)
    started, begun = clock.now(), time.monotonic()
    for attempt in range(RESTARTS):
        present: set[str] = set()
        try:
            newest = _pages(bound, formula, counts, present, started, dry, held)
            break
        except Rejected as error:
            # A list that was forgotten in the middle is read from its beginning.
            if error.code not in ITERATOR_GONE or attempt == RESTARTS - 1:
                raise
            _forget_counts(counts)
    if dry:
        return
    if full:
        with _writing(held):
            counts.deleted = deletions.note_absent(bound, present, started)
    # What changed behind us while we read on is newer than this.
    newest = max(bound.row.cursor, _earlier(newest, int(time.monotonic() - begun)))
    _remember(bound.row, newest, started, full)


def _earlier(moment: str, seconds: int) -> str:
    if not moment or not seconds:
        return moment
    earlier = datetime.fromisoformat(moment.replace("Z", "+00:00")) - timedelta(seconds=seconds)
    return earlier.strftime("%Y-%m-%dT%H:%M:%S.000Z")


def _pages(
    bound: Bound,
    formula: str,
    counts: Counts,
    present: set[str],
    started: datetime,
    dry: bool,
    held: bool,
) -> str:
    """Merge every page; returns Airtable's newest moment of change."""
    newest, offset = bound.row.cursor, ""
    while True:
        with _writing(held or dry):
            records, offset = client.page(
                bound.id, fields=bound.field_ids, formula=formula, offset=offset
            )
            # Iteration is not a snapshot: a record may come twice.
            fresh = [record for record in records if record["id"] not in present]
            present.update(record["id"] for record in fresh)
            merge_page(bound, fresh, counts, started=started, dry=dry)
            _tell(bound, counts, dry)
        newest = max([newest, *map(bound.modified, fresh)])
        if not offset:
            return newest


def merge_page(
    bound: Bound, records: list[Record], counts: Counts, *, started: datetime, dry: bool = False
) -> None:
    """Merge up to a hundred records; an unchanged one costs a digest and nothing else."""
    ids = [record["id"] for record in records]
    rows = AirtableRow.objects.filter(
        kind=bound.mapping.kind, table=bound.row.name, record_id__in=ids
    )
    known = {
        record_id: (pk, seen if not (absent or tombstone) else "")
        for record_id, pk, seen, absent, tombstone in rows.values_list(
            "record_id", "pk", "seen", "absent", "tombstone_at"
        )
    }
    for record in records:
        pk, seen = known.get(record["id"], (None, ""))
        if pk is None:
            taking.meet(bound, record, counts, started=started, dry=dry)
        elif seen and seen == bound.seen(record):
            counts.unchanged += 1
        else:
            taking.merge_known(bound, pk, record, counts, started=started, dry=dry)


def _tell(bound: Bound, counts: Counts, dry: bool) -> None:
    """Write into refused records what is wrong with them."""
    notes, counts.notes = list(counts.notes.items()), {}
    if dry or SYNC_ERROR not in bound.row.fields:
        return
    for at in range(0, len(notes), client.LARGEST_WRITE):
        chunk = notes[at : at + client.LARGEST_WRITE]
        records = [{"id": id, "fields": bound.wire({SYNC_ERROR: words})} for id, words in chunk]
        keys = [bound.row.fields[name]["id"] for name in bound.mapping.merge_on]
        client.upsert(bound.id, records, merge_on=keys, by_id=True)


def _since(cursor: str) -> str:
    moment = datetime.fromisoformat(cursor.replace("Z", "+00:00")) - OVERLAP
    text = moment.strftime("%Y-%m-%dT%H:%M:%S.000Z")
    return f"IS_AFTER(LAST_MODIFIED_TIME(), DATETIME_PARSE('{text}'))"


def _remember(row: AirtableTable, newest: str, started: datetime, full: bool) -> None:
    change = {"cursor": newest, "pulled_at": started} | ({"swept_at": started} if full else {})
    row.cursor = newest
    AirtableTable.objects.filter(pk=row.pk).update(**change)


def _forget_counts(counts: Counts) -> None:
    counts.unchanged = 0


@contextmanager
def _writing(held: bool) -> Iterator[None]:
    """The writer's lease for as long as the block lasts; Unavailable where it does not come."""
    if held:
        yield
        return
    until = time.monotonic() + LEASE_WAIT
    while True:
        with guard.writer(client.SERVICE) as renew:
            if renew is not None:
                yield
                return
        if time.monotonic() > until:
            raise Unavailable(client.SERVICE, "somebody else is writing", code="lease")
        time.sleep(0.2)


def _requests() -> int:
    return base.known().requests


def _note_run(name: str, what: str, started: datetime, counts: Counts) -> None:
    parts = ("created", "updated", "unchanged", "deleted", "conflicts", "errors", "requests")
    AirtableRun.objects.create(
        table=name,
        what=what,
        started_at=started,
        finished_at=clock.now(),
        problem=counts.problem,
        **{part: max(getattr(counts, part), 0) for part in parts},
    )
