"""Which base we write to, and how many requests it has had this month."""

import logging

from django.conf import settings
from django.db import DatabaseError, transaction
from django.db.models import F

from integrations import clock
from integrations.errors import Blocked
from integrations.models import AirtableBase, AirtableRow, AirtableTable

log = logging.getLogger(__name__)


class AnotherBase(Blocked):
    """The settings name another base than the one that our rows stand in."""


def known() -> AirtableBase:
    """The base of the settings; the first use remembers it, and another one is refused."""
    wanted = settings.AIRTABLE_BASE_ID
    stored = AirtableBase.objects.first()
    if stored is None:
        first = {"first_used_at": clock.now()}
        stored = AirtableBase.objects.get_or_create(pk=wanted, defaults=first)[0]
    if stored.pk != wanted:
        words = f"the settings name base {wanted}, but our rows stand in {stored.pk}"
        raise AnotherBase("airtable", f"{words}: airtable_check --new-base", code="another_base")
    return stored


@transaction.atomic
def change() -> None:
    """Work with the base of the settings from now on; what stood in the old one is let go."""
    AirtableBase.objects.all().delete()
    AirtableTable.objects.all().delete()
    AirtableRow.objects.update(
        record_id="", base={}, seen="", absent=0, tombstone_at=None, due_at=clock.now()
    )
    known()


def count_request() -> None:
    """Count one request against the month's quota (wire/airtable 1.10)."""
    month = f"{clock.now():%Y-%m}"
    rows = AirtableBase.objects.filter(pk=settings.AIRTABLE_BASE_ID)
    try:
        if not rows.filter(month=month).update(requests=F("requests") + 1):
            rows.update(month=month, requests=1)
    except DatabaseError as error:
        log.warning("a request to Airtable was not counted: %s", type(error).__name__)
