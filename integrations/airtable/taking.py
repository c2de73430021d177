"""Takes one record of Airtable into our data: merge a known one, meet one that is not."""

import logging
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import OperationalError, transaction
from django.db.models import F

from integrations import clock
from integrations.airtable import client
from integrations.airtable.conflicts import keep_conflict
from integrations.airtable.mapping import SYNC_ERROR, Refused
from integrations.airtable.merge import Clash, Merged, Owner, three_way
from integrations.airtable.rows import SYNC_ID
from integrations.airtable.schema import Bound
from integrations.errors import OutsideError
from integrations.models import AirtableRow

log = logging.getLogger(__name__)

Record = dict[str, Any]
EDITED_AFTER = "deleted here, but edited in Airtable since: press “Delete it there too”, or keep it"
NOT_TAKEN = "an edit in Airtable could not be taken"


@dataclass
class Counts:
    """What came of a pass."""

    created: int = 0
    updated: int = 0
    unchanged: int = 0
    deleted: int = 0
    conflicts: int = 0
    errors: int = 0
    requests: int = 0
    problem: str = ""
    # Records that are to be told what is wrong with them: {record id: words}.
    notes: dict[str, str] = field(default_factory=dict)

    @property
    def quiet(self) -> bool:
        """True where nothing happened."""
        parts = (self.created, self.updated, self.deleted, self.conflicts, self.errors)
        return not any(parts) and not self.problem


def take(
    bound: Bound,
    row_id: int | None,
    record: Record,
    counts: Counts,
    *,
    started: datetime,
    dry: bool,
) -> None:
    """Merge the record of a row, or meet one of no row; a full pass tries again what failed.

    A record that nobody thought of goes to a person: it may not hold up the others.
    """
    try:
        if row_id is None:
            meet(bound, record, counts, started=started, dry=dry)
        else:
            merge_known(bound, row_id, record, counts, started=started, dry=dry)
    except (OutsideError, OperationalError):
        raise
    except Exception as error:
        words = f"{NOT_TAKEN}: {type(error).__name__}"
        log.error("%s of %s: %s", record["id"], bound.row.name, words)
        _fail(bound, row_id, record, words, counts, dry)


def _fail(
    bound: Bound, row_id: int | None, record: Record, words: str, counts: Counts, dry: bool
) -> None:
    if row_id is None:
        _complain(record, bound.cells(record), words, counts)
        return
    counts.errors += 1
    if not dry:
        AirtableRow.objects.get(pk=row_id).hand_to_person(words)


@transaction.atomic
def merge_known(
    bound: Bound, row_id: int, record: Record, counts: Counts, *, started: datetime, dry: bool
) -> None:
    """Merge a record with the object that it belongs to (design.md 5)."""
    object_id = AirtableRow.objects.values_list("object_id", flat=True).get(pk=row_id)
    # The object first, as every action does it, so that nobody waits for us while we wait for them.
    present = bound.mapping.lock(object_id)
    row = AirtableRow.objects.select_for_update().get(pk=row_id)
    if row.pushed_at and started <= row.pushed_at <= clock.now():
        counts.unchanged += 1  # older than what we wrote since; the next pass sees it again
        return
    ours = _ours(bound, row) if present and not row.gone_at else None
    if ours is None:
        _without_object(bound, row, record, counts, dry)
        return
    theirs = bound.cells(record)
    veil = bound.base_of
    base = {name: value for name, value in row.base.items() if name in bound.owners}
    merged = three_way(base, veil(ours), veil(theirs), bound.owners)
    changed = bool(merged.take or merged.orders or merged.clashes)
    if dry:
        counts.updated += bool(changed or merged.push)
        counts.unchanged += not (changed or merged.push)
        counts.conflicts += len(merged.clashes)
        return
    counts.updated += changed
    counts.unchanged += not changed
    _settle(bound, row, record, merged, ours, theirs, counts)


def _without_object(
    bound: Bound, row: AirtableRow, record: Record, counts: Counts, dry: bool
) -> None:
    """A record whose object is gone here: an edit keeps it there until a person has looked."""
    theirs = bound.base_of(bound.cells(record))
    asked = [name for name, owner in bound.owners.items() if owner is not Owner.OURS]
    edited = row.base and any(theirs.get(name) != row.base.get(name) for name in asked)
    counts.unchanged += not (row.gone_at and edited)
    counts.errors += bool(row.gone_at and edited)
    if dry:
        return
    AirtableRow.objects.filter(pk=row.pk).update(seen=bound.seen(record))
    if row.gone_at and edited and row.due_at is not None:
        AirtableRow.objects.filter(pk=row.pk).update(
            needs_person_at=clock.now(), due_at=None, last_error=EDITED_AFTER
        )


def meet(bound: Bound, record: Record, counts: Counts, *, started: datetime, dry: bool) -> None:
    """A record that none of our rows is linked to: link it, make an object of it, or say why not.

    Makes a request only where two records claim one sync id.
    """
    theirs = bound.cells(record)
    if not any(name != SYNC_ERROR for name in theirs):
        return
    try:
        row = _row_named(bound, str(theirs.get(SYNC_ID) or ""))
    except Refused as refused:
        _complain(record, theirs, str(refused), counts)
        return
    if row is None:
        _enter(bound, record, theirs, counts, dry=dry)
        return
    if row.record_id and row.record_id != record["id"] and _is_there(bound, row.record_id):
        words = "This row is a copy: its sync_id belongs to another one. Clear sync_id here."
        _complain(record, theirs, words, counts)
        return
    if not dry:
        # Whatever was wrong while it had no record is tried again.
        AirtableRow.objects.filter(pk=row.pk).update(
            record_id=record["id"], seen="", needs_person_at=None
        )
    merge_known(bound, row.pk, record, counts, started=started, dry=dry)


def _ours(bound: Bound, row: AirtableRow) -> dict[str, Any] | None:
    now = bound.mapping.row(row.object_id)
    return None if now is None else bound.ours({**now.fields, SYNC_ERROR: row.sync_error})


def _settle(
    bound: Bound,
    row: AirtableRow,
    record: Record,
    merged: Merged,
    ours: dict[str, Any],
    theirs: dict[str, Any],
    counts: Counts,
) -> None:
    complaints = _carry_out(bound, row.object_id, merged, theirs)
    for clash in _clashes(merged, complaints, row.base):
        kept = (clash, ours, theirs, complaints.get(clash.name, ""))
        keep_conflict(bound, row, record, *kept)
        counts.conflicts += 1
    counts.errors += len(complaints)
    if complaints:
        row.sync_error = "\n".join(complaints.values())
    elif merged.take or merged.orders:
        row.sync_error = ""
    after = bound.base_of(_ours(bound, row) or ours)
    veiled = bound.base_of(theirs)
    agreed = {n: v for n, v in veiled.items() if after.get(n) == v}
    was_agreed = {n: v for n, v in merged.base.items() if after.get(n) != veiled.get(n)}
    row.base = agreed | was_agreed
    change: dict[str, Any] = {
        "base": row.base,
        "seen": bound.seen(record),
        "record_id": record["id"],
        "absent": 0,
        "tombstone_at": None,
        "sync_error": row.sync_error,
    }
    if any(after.get(name) != row.base.get(name) for name in bound.owners):
        change |= {"due_at": clock.now(), "changes": F("changes") + 1}
        if merged.take or merged.orders or merged.clashes:
            change["needs_person_at"] = None
    if row.last_error.startswith(NOT_TAKEN):
        change |= {"needs_person_at": None, "last_error": ""}
    AirtableRow.objects.filter(pk=row.pk).update(**change)


def _carry_out(
    bound: Bound, object_id: int, merged: Merged, theirs: Mapping[str, Any]
) -> dict[str, str]:
    """Apply edits and commands; returns what was refused, by field, in words."""
    values = {name: theirs.get(name) for name in merged.take}
    complaints = dict(bound.mapping.adopt(object_id, values)) if values else {}
    for name in merged.orders:
        try:
            bound.mapping.order(object_id, name, theirs.get(name))
        except Refused as refused:
            complaints[name] = str(refused)
    return complaints


def _clashes(merged: Merged, complaints: Mapping[str, str], base: Mapping[str, Any]) -> list[Clash]:
    found = [c for c in merged.clashes if c.name not in (SYNC_ERROR, SYNC_ID)]
    named = {clash.name for clash in found}
    for name in complaints:
        if name not in named:
            found.append(Clash(name, base.get(name), None, None, "ours"))
    return found


def _row_named(bound: Bound, sync_id: str) -> AirtableRow | None:
    """Our row of this sync id, made now where the object has none yet."""
    try:
        wanted = UUID(sync_id)
    except ValueError:
        return None
    table, kind = bound.row.name, bound.mapping.kind
    row = AirtableRow.objects.filter(kind=kind, table=table, sync_id=wanted).first()
    if row is None and (object_id := bound.mapping.by_sync_id(sync_id)) is not None:
        now = bound.mapping.row(object_id)
        if now is not None and now.table == table:
            new = {"sync_id": wanted, "table": table}
            row = AirtableRow.objects.get_or_create(kind=kind, object_id=object_id, defaults=new)[0]
    return row


def _is_there(bound: Bound, record_id: str) -> bool:
    formula = f"RECORD_ID()='{record_id}'"
    records, _ = client.page(bound.id, fields=bound.field_ids[:1], formula=formula)
    return bool(records)


def _enter(
    bound: Bound, record: Record, theirs: dict[str, Any], counts: Counts, *, dry: bool
) -> None:
    if dry:
        counts.created += 1
        return
    mapping, table = bound.mapping, bound.row.name
    given = {n: v for n, v in theirs.items() if n not in (SYNC_ID, SYNC_ERROR)}
    try:
        with transaction.atomic():
            object_id, sync_id = mapping.create(table, given)
            rows = AirtableRow.objects.filter(kind=mapping.kind, object_id=object_id, table=table)
            if rows.filter(tombstone_at=None, absent=0).exclude(record_id="").exists():
                raise Refused("Another row of this table is the same: delete one of the two")
            link(bound, object_id, sync_id, record)
    except Refused as refused:
        _complain(record, theirs, str(refused), counts)
        return
    counts.created += 1


def link(bound: Bound, object_id: int, sync_id: UUID, record: Record) -> None:
    """This record is that object's; what differs is sent."""
    values = {
        "sync_id": sync_id,
        "table": bound.row.name,
        "record_id": record["id"],
        "base": bound.base_of(bound.cells(record)),
        "due_at": clock.now(),
        "seen": "",
        "absent": 0,
        "tombstone_at": None,
    }
    AirtableRow.objects.update_or_create(
        kind=bound.mapping.kind, object_id=object_id, defaults=values
    )


def _complain(record: Record, theirs: Mapping[str, Any], words: str, counts: Counts) -> None:
    counts.errors += 1
    if theirs.get(SYNC_ERROR) != words:
        counts.notes[record["id"]] = words
