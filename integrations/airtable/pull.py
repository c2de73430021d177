"""Reads what changed in Airtable: modified since, with overlap, and full passes (wire 3.2).

Pages are read and merged under the writer's lease, which is let go after a few of them: what is
written meanwhile from here waits no longer.
"""

import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from integrations import clock, guard
from integrations.airtable import base, client, deletions, schema, taking
from integrations.airtable.lease import writing
from integrations.airtable.mapping import SYNC_ERROR, AirtableTableMapping, mappings
from integrations.airtable.schema import Bound
from integrations.airtable.taking import Counts, Record
from integrations.errors import OutsideError, Rejected
from integrations.models import AirtableRow, AirtableRun, AirtableTable

log = logging.getLogger(__name__)

OVERLAP = timedelta(seconds=120)  # Airtable's moments may be a second coarse, and come late
SWEEP_EVERY = timedelta(hours=6)
# A table that does not say when a record was changed is read whole, but not every time.
WHOLE_EVERY = timedelta(minutes=10)
ITERATOR_GONE = ("LIST_RECORDS_ITERATOR_NOT_AVAILABLE", "INVALID_OFFSET_VALUE")
UNKNOWN_FIELD = "UNKNOWN_FIELD_NAME"
RESTARTS = 3
# While a hook of ours tells what changes, tables are read less often than that is asked.
HOOKED = timedelta(minutes=5)
SHARE = 4  # pages that are read while rows of ours wait, before some of them are written


def pull_due(*, hooked: bool = False, between: Callable[[], object] | None = None) -> None:
    """Read every table that is due; one that cannot be read does not hold the others.

    `hooked`: a hook tells what changes, so this only finds what it missed. `between` writes some
    of what is behind; it gets a fifth of the requests of a long pass.
    """
    base.known()
    for mapping in mappings():
        for name in mapping.tables():
            if not guard.available(client.SERVICE):
                return
            row = AirtableTable.objects.filter(kind=mapping.kind, name=name).first()
            full = _sweep_due(row)
            if full is None or (hooked and not full and _read_lately(row)):
                continue
            try:
                pull(mapping, name, full=full, between=between)
            except Rejected as error:
                log.warning("airtable: %s is not read: %s", name, error.code)
            except OutsideError as error:
                log.info("airtable: reading stopped: %s", error.code)
                return


def _read_lately(row: AirtableTable | None) -> bool:
    moment = clock.now()
    return bool(row and row.pulled_at and moment - HOOKED < row.pulled_at <= moment)


def pull(
    mapping: AirtableTableMapping,
    name: str,
    *,
    full: bool = False,
    dry: bool = False,
    fresh: bool | None = None,
    asked: str = "",
    between: Callable[[], object] | None = None,
    progress: Callable[[int], None] | None = None,
) -> Counts:
    """Read one table and merge it; raises the four outcomes, and then nothing is deleted.

    `fresh`: ask for the schema first (a full pass does). `asked`: who wants it, kept with the run.
    `progress` is told after each page how many rows were read.
    """
    started, before = clock.now(), requests_so_far()
    counts = Counts()
    try:
        bound = schema.bound(mapping, name, fresh=full if fresh is None else fresh)
        one = _Pass(bound, counts, started, dry=dry, between=between, progress=progress)
        _pass(one, full=full)
    except OutsideError as error:
        counts.problem = str(error)[:300]
        raise
    finally:
        counts.requests = requests_so_far() - before
        if not dry and (asked or not counts.quiet):
            note_run(name, asked or ("full pass" if full else "pull"), started, counts)
    return counts


def look(bound: Bound, only: Sequence[str] = ()) -> Counts:
    """What changed there a moment ago; for the pusher, which holds the lease already.

    `only`: of these records, and the next pull looks again at all of them.
    """
    one = _Pass(bound, Counts(), clock.now(), held=True, only=only)
    _pass(one, full=False)
    return one.counts


def _sweep_due(row: AirtableTable | None) -> bool | None:
    """Whether the whole table is to be read, or only what changed; None: nothing now."""
    moment = clock.now()
    if row is None or row.swept_at is None or not row.cursor:
        recently = row and row.swept_at and moment - WHOLE_EVERY < row.swept_at <= moment
        return None if recently else True
    return not moment - SWEEP_EVERY < row.swept_at <= moment


@dataclass
class _Pass:
    """One reading of a table."""

    bound: Bound
    counts: Counts
    started: datetime
    dry: bool = False
    held: bool = False
    only: Sequence[str] = ()
    between: Callable[[], object] | None = None
    progress: Callable[[int], None] | None = None
    present: set[str] = field(default_factory=set)


def _pass(one: _Pass, *, full: bool) -> None:
    _check(one.bound)
    try:
        _read(one, full=full)
    except Rejected as error:
        if error.code != UNKNOWN_FIELD:
            raise
        # A field was deleted since we asked for the schema: its column is parked, not the table.
        one.bound = schema.bound(one.bound.mapping, one.bound.row.name, fresh=True)
        _check(one.bound)
        _read(one, full=full)


def _check(bound: Bound) -> None:
    if not schema.can_sync(bound):
        lacks = f"{bound.row.name} lacks {', '.join(bound.mapping.merge_on)}"
        words = f"{UNKNOWN_FIELD}: {lacks}: airtable_check --create"
        raise Rejected(client.SERVICE, words, code=UNKNOWN_FIELD)


def _read(one: _Pass, *, full: bool) -> None:
    row = one.bound.row
    if one.only:
        _restarting(one, _among(one.only, row))
        return
    full = full or not row.cursor or not row.modified_field
    begun = time.monotonic()
    newest = _restarting(one, "" if full else _since(row.cursor))
    if one.dry:
        return
    if full:
        with writing(one.held):
            one.counts.deleted = deletions.note_absent(one.bound, one.present, one.started)
    # What changed behind us while we read on is newer than this.
    newest = max(row.cursor, _earlier(newest, int(time.monotonic() - begun)))
    _remember(row, newest, one.started, full)


def _restarting(one: _Pass, formula: str) -> str:
    """Read all pages; a list that was forgotten in the middle is read from its beginning."""
    for attempt in range(RESTARTS):
        one.present.clear()
        try:
            return _pages(one, formula)
        except Rejected as error:
            if error.code not in ITERATOR_GONE or attempt == RESTARTS - 1:
                raise
            one.counts.unchanged = 0
    raise AssertionError("the last attempt returns or raises")


def _earlier(moment: str, seconds: int) -> str:
    if not moment or not seconds:
        return moment
    earlier = datetime.fromisoformat(moment.replace("Z", "+00:00")) - timedelta(seconds=seconds)
    return earlier.strftime("%Y-%m-%dT%H:%M:%S.000Z")


def _pages(one: _Pass, formula: str) -> str:
    """Merge every page; returns Airtable's newest moment of change.

    The lease is let go after a few pages: whoever waits to write waits no longer.
    """
    newest, offset, first = one.bound.row.cursor, "", True
    while offset or first:
        if one.between and not first:
            one.between()
        first = False
        with writing(one.held or one.dry) as renew:
            for _ in range(SHARE):
                offset, seen = _page(one, formula, offset)
                newest = max(newest, seen)
                if not offset:
                    break
                renew()
    return newest


def _page(one: _Pass, formula: str, offset: str) -> tuple[str, str]:
    """Merge one page; the next one's offset, and when something on this one was last changed."""
    bound = one.bound
    records, offset = client.page(bound.id, fields=bound.field_ids, formula=formula, offset=offset)
    # Iteration is not a snapshot: a record may come twice.
    fresh = [record for record in records if record["id"] not in one.present]
    one.present.update(record["id"] for record in fresh)
    merge_page(bound, fresh, one.counts, started=one.started, dry=one.dry)
    tell(bound, one.counts, one.dry)
    if one.progress:
        one.progress(len(one.present))
    return offset, max(map(bound.modified, fresh), default="")


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
    # Of two copies of one row the older is the original (wire/airtable 3.2).
    for record in sorted(records, key=_made):
        pk, seen = known.get(record["id"], (None, ""))
        if seen and seen == bound.seen(record):
            counts.unchanged += 1
        else:
            taking.take(bound, pk, record, counts, started=started, dry=dry)


def _made(record: Record) -> str:
    return str(record.get("createdTime") or "")


def tell(bound: Bound, counts: Counts, dry: bool = False) -> None:
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


def _among(record_ids: Sequence[str], row: AirtableTable) -> str:
    """Of these records those that changed, or all where the table does not say when."""
    any_of = "OR({})".format(",".join(f"RECORD_ID()='{id}'" for id in record_ids))
    return f"AND({_since(row.cursor)},{any_of})" if row.cursor and row.modified_field else any_of


def _remember(row: AirtableTable, newest: str, started: datetime, full: bool) -> None:
    change = {"cursor": newest, "pulled_at": started} | ({"swept_at": started} if full else {})
    row.cursor, row.pulled_at = newest, started
    AirtableTable.objects.filter(pk=row.pk).update(**change)


def requests_so_far() -> int:
    """How many requests the base has had this month."""
    return base.known().requests


def note_run(name: str, what: str, started: datetime, counts: Counts) -> None:
    """Keep what a pass did, for staff."""
    parts = ("created", "updated", "unchanged", "deleted", "conflicts", "errors", "requests")
    AirtableRun.objects.create(
        table=name,
        what=what,
        started_at=started,
        finished_at=clock.now(),
        problem=counts.problem,
        **{part: max(getattr(counts, part), 0) for part in parts},
    )
