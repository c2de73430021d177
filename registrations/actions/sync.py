"""Say that a registration is behind in Airtable."""

from django.conf import settings

from integrations import outbox
from registrations.models import Registration


def touch(registration: Registration) -> None:
    """Mark the registration's row as behind, in the caller's transaction.

    A double is not pushed: staff decide first whether it is the same child (domain 10 no. 20).
    """
    if registration.duplicate_of_id:
        return
    table = settings.AIRTABLE_TABLE or registration.season.airtable_table
    outbox.mark_behind("registration", registration.pk, sync_id=registration.sync_id, table=table)
