"""What is gone in Airtable: twice missed, never many at once (wire/airtable 3.2)."""

import json
import logging
from collections.abc import Collection
from datetime import datetime

from django.db import transaction
from django.db.models import F, Q

from integrations import clock
from integrations.airtable.schema import Bound
from integrations.models import AirtableConflict, AirtableRow, AirtableTable

log = logging.getLogger(__name__)

MISSED = 2  # finished passes in which a record must be missing
FEW, SHARE = 5, 0.10  # more than this at once is an accident until staff say otherwise


def note_absent(bound: Bound, present: Collection[str], started: datetime) -> int:
    """After a finished full pass: count the missing rows; returns how many are gone for good.

    Rows that were written or made after the pass began are not missing.
    """
    rows = _linked(bound).filter(Q(pushed_at=None) | Q(pushed_at__lt=started))
    known = list(rows.values_list("pk", "record_id", "absent"))
    missing = [(pk, absent) for pk, record_id, absent in known if record_id not in present]
    gone = [pk for pk, absent in missing if absent + 1 >= MISSED]
    if not _allowed(bound.row, len(gone), len(known)):
        return 0
    AirtableRow.objects.filter(pk__in=[pk for pk, _ in missing]).update(absent=F("absent") + 1)
    for pk in gone:
        bury(bound, pk)
    return len(gone)


def note_destroyed(bound: Bound, record_ids: Collection[str]) -> int:
    """Records that a webhook said were destroyed and that a look did not find."""
    pks = list(_linked(bound).filter(record_id__in=record_ids).values_list("pk", flat=True))
    if not _allowed(bound.row, len(pks), _linked(bound).count()):
        return 0
    for pk in pks:
        bury(bound, pk)
    return len(pks)


@transaction.atomic
def bury(bound: Bound, pk: int) -> None:
    """A record is gone: tell staff; one that has changed here meanwhile is made anew."""
    object_id = AirtableRow.objects.values_list("object_id", flat=True).get(pk=pk)
    present = bound.mapping.lock(object_id)
    row = AirtableRow.objects.select_for_update().get(pk=pk)
    if row.due_at is not None and present:
        # An edit against a deletion: the edit stays (wire/airtable 3.2).
        keep_edit(row)
        return
    AirtableRow.objects.filter(pk=pk).update(tombstone_at=clock.now(), due_at=None)
    if present:
        bound.mapping.vanished(object_id)


def keep_edit(row: AirtableRow) -> None:
    """The record is gone but the object changed here: it gets a new one, and staff see why."""
    AirtableConflict.objects.create(
        row=row,
        field="",
        why=AirtableConflict.Why.DELETED,
        ours=json.dumps("changed"),
        theirs=json.dumps("deleted"),
        winner="ours",
        reason="the row was deleted in Airtable while it changed here, and was made anew",
        noted_at=clock.now(),
        edited_at=clock.now(),
    )
    AirtableRow.objects.filter(pk=row.pk).update(record_id="", base={}, seen="", absent=0)


def _linked(bound: Bound):
    return AirtableRow.objects.filter(
        kind=bound.mapping.kind, table=bound.row.name, tombstone_at=None
    ).exclude(record_id="")


def _allowed(table: AirtableTable, gone: int, known: int) -> bool:
    """Whether so many may go; otherwise deletions are held and staff are asked."""
    rows = AirtableTable.objects.filter(pk=table.pk)
    if gone <= max(FEW, SHARE * known):
        if table.held_at:
            rows.update(held_at=None, held_count=0)
        return True
    if rows.filter(deletions_allowed=True).update(
        deletions_allowed=False, held_at=None, held_count=0
    ):
        return True
    rows.filter(held_at=None).update(held_at=clock.now())
    rows.update(held_count=gone)
    log.error("airtable: %s rows of %s are missing there; nothing is done", gone, table.name)
    return False
