"""Deletes in Airtable what was deleted here: ten records a request (wire/airtable 3.2)."""

from integrations import clock
from integrations.airtable import changes, client
from integrations.airtable.changes import Stopped
from integrations.errors import OutsideError, Rejected, Uncertain
from integrations.models import AirtableRow

GONE = ("ROW_DOES_NOT_EXIST", "MODEL_ID_NOT_FOUND")


def remove(table_id: str, rows: list[AirtableRow]) -> int:
    """Delete the records of claimed rows, and then the rows; returns how many are gone.

    A repeated deletion is refused for records that are gone already, which is as good.
    """
    pks = [row.pk for row in rows]
    # Those that a volunteer has edited meanwhile were handed to a person by the look before.
    rows = list(AirtableRow.objects.filter(pk__in=pks, gone_at__isnull=False, needs_person_at=None))
    nothing_there = [row for row in rows if not row.record_id]
    _forget(nothing_there)
    there = [row for row in rows if row.record_id]
    done = 0
    for at in range(0, len(there), client.LARGEST_WRITE):
        try:
            done += _delete(table_id, there[at : at + client.LARGEST_WRITE])
        except Stopped:
            changes.give_back(there[at + client.LARGEST_WRITE :])
            raise
    return done


def _delete(table_id: str, rows: list[AirtableRow]) -> int:
    try:
        client.delete(table_id, [row.record_id for row in rows])
    except Rejected as error:
        return _refused(table_id, rows, error)
    except OutsideError as error:
        since = clock.now() if isinstance(error, Uncertain) else None
        changes.put_off(rows, str(error), clock.now() + changes.AGAIN, since)
        raise Stopped from error
    _forget(rows)
    return len(rows)


def _refused(table_id: str, rows: list[AirtableRow], error: Rejected) -> int:
    if len(rows) > 1:
        middle = len(rows) // 2
        try:
            done = _delete(table_id, rows[:middle])
        except Stopped:
            changes.give_back(rows[middle:])
            raise
        return done + _delete(table_id, rows[middle:])
    if error.code in GONE:
        _forget(rows)
        return 1
    rows[0].hand_to_person(str(error))
    return 0


def _forget(rows: list[AirtableRow]) -> None:
    for row in rows:
        # One that belongs there again meanwhile stays, and is made anew.
        AirtableRow.objects.filter(pk=row.pk, attempts=row.attempts, gone_at__isnull=False).delete()
