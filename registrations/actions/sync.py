"""Say that a registration, a suspension or a team is behind in Airtable."""

from collections.abc import Iterable
from uuid import UUID

from django.conf import settings

from integrations import outbox
from registrations.airtable_ids import suspension_sync_id
from registrations.models import Registration, Suspension


def touch(registration: Registration) -> None:
    """Mark the registration's row as behind, in the caller's transaction.

    A double is not pushed: staff decide first whether it is the same child (domain 10 no. 20).
    """
    touch_all([registration])


def touch_all(registrations: Iterable[Registration]) -> None:
    """Mark the rows of several registrations as behind, as `touch` does one."""
    by_table: dict[str, dict[int, UUID]] = {}
    for one in registrations:
        if not one.duplicate_of_id:
            table = settings.AIRTABLE_TABLE or one.season.airtable_table
            by_table.setdefault(table, {})[one.pk] = one.sync_id
    for table, rows in by_table.items():
        outbox.mark_behind("registration", rows, table=table)


def touch_suspension(one: Suspension) -> None:
    """Mark a suspension's row as behind, in the caller's transaction."""
    table = "suspended_registrations"
    outbox.mark_behind("suspension", {one.pk: suspension_sync_id(one)}, table=table)
