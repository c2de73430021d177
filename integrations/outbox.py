"""Says which object is behind in Airtable; what is sent is worked out when it is sent."""

from datetime import timedelta
from uuid import UUID

from django.db.models import F

from integrations import clock, queue
from integrations.models import AirtableRow

# Several changes within this time travel together (wire/airtable 3.2).
DEBOUNCE = timedelta(seconds=2)


def mark_behind(kind: str, object_id: int, *, sync_id: UUID, table: str) -> None:
    """Mark one object as behind in its table; call inside the transaction that changed it.

    A row that waited for a person is tried again: the change may be what was needed.
    """
    due_at = clock.now() + DEBOUNCE
    rows = AirtableRow.objects.filter(kind=kind, object_id=object_id)
    change = {"changes": F("changes") + 1, "due_at": due_at, "needs_person_at": None}
    if not rows.filter(table=table).update(**change):
        new = {"sync_id": sync_id, "table": table, "due_at": due_at, "changes": 1}
        row, created = rows.get_or_create(kind=kind, object_id=object_id, defaults=new)
        if not created:
            # It has moved to another table, where it has no record yet.
            moved = {} if row.table == table else {"table": table, "record_id": "", "base": {}}
            rows.update(**change, **moved)
    queue.ring("integrations.push_airtable")
