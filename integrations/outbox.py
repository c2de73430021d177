"""Says which object is behind in Airtable; what is sent is worked out when it is sent."""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import IntegrityError, transaction
from django.db.models import F

from integrations import clock, queue
from integrations.models import NO_RECORD, AirtableRow

# Several changes within this time travel together (wire/airtable 3.2).
DEBOUNCE = timedelta(seconds=2)
MANY = 5  # from so many new rows on, one statement for all


def mark_behind(kind: str, objects: Mapping[int, UUID], *, table: str) -> None:
    """Mark objects (sync id by id) as behind in a table; inside the transaction that changed them.

    A row that waited for a person is tried again: the change may be what was needed.
    """
    due_at = clock.now() + DEBOUNCE
    rows = AirtableRow.objects.filter(kind=kind, object_id__in=list(objects), table=table)
    change = {"changes": F("changes") + 1, "due_at": due_at, "needs_person_at": None}
    change["gone_at"] = None
    if rows.update(**change) < len(objects):
        there = set(rows.values_list("object_id", flat=True))
        missing = {pk: objects[pk] for pk in objects.keys() - there}
        if len(missing) < MANY or not _enter_all(kind, missing, table, due_at):
            for object_id, sync_id in missing.items():
                _enter(kind, object_id, sync_id, table, change)
    queue.ring("integrations.push_airtable")


def mark_gone(kind: str, objects: Iterable[int]) -> None:
    """Objects are deleted here, or no longer belong in Airtable: their records go as well.

    One that a volunteer has edited meanwhile is left to a person (wire/airtable 3.2).
    """
    rows = AirtableRow.objects.filter(kind=kind, object_id__in=list(objects))
    moment = clock.now()
    rows.update(
        gone_at=moment, changes=F("changes") + 1, due_at=moment + DEBOUNCE, needs_person_at=None
    )
    queue.ring("integrations.push_airtable")


def _enter_all(kind: str, objects: Mapping[int, UUID], table: str, due_at: datetime) -> bool:
    """Rows for many new objects at once; False where one of them has a row already."""
    new = [
        AirtableRow(kind=kind, object_id=pk, sync_id=sync_id, table=table, due_at=due_at, changes=1)
        for pk, sync_id in objects.items()
    ]
    try:
        with transaction.atomic():
            AirtableRow.objects.bulk_create(new, batch_size=500)
    except IntegrityError:
        return False
    return True


def _enter(kind: str, object_id: int, sync_id: UUID, table: str, change: dict[str, Any]) -> None:
    """A row for an object that has none in this table."""
    new = {"sync_id": sync_id, "table": table, "due_at": change["due_at"], "changes": 1}
    rows = AirtableRow.objects.filter(kind=kind, object_id=object_id)
    row, created = rows.get_or_create(kind=kind, object_id=object_id, defaults=new)
    if not created:
        # It has moved to another table, where it has no record yet.
        moved = {} if row.table == table else {"table": table, **NO_RECORD}
        rows.update(**change, **moved)
