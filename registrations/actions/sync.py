"""Say that a registration, a suspension or a team is behind in Airtable."""

from django.conf import settings

from integrations import outbox
from registrations.airtable_ids import suspension_sync_id
from registrations.models import Registration, Suspension


def touch(registration: Registration) -> None:
    """Mark the registration's row as behind, in the caller's transaction.

    A double is not pushed: staff decide first whether it is the same child (domain 10 no. 20).
    """
    if registration.duplicate_of_id:
        return
    table = settings.AIRTABLE_TABLE or registration.season.airtable_table
    outbox.mark_behind("registration", registration.pk, sync_id=registration.sync_id, table=table)


def touch_suspension(one: Suspension) -> None:
    """Mark a suspension's row as behind, in the caller's transaction."""
    table = "suspended_registrations"
    outbox.mark_behind("suspension", one.pk, sync_id=suspension_sync_id(one), table=table)
