"""Which base we write to, and how many requests it has had this month."""

import logging

from django.conf import settings
from django.db import DatabaseError, transaction
from django.db.models import F, QuerySet

from integrations import clock
from integrations.errors import Blocked
from integrations.models import NO_RECORD, AirtableBase, AirtableRow, AirtableTable

log = logging.getLogger(__name__)

WARN_AT = 0.9  # of the plan's requests: staff are told


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
    """Work with the base of the settings from now on; what stood in the old one is let go.

    What the new one holds is not known: each row is looked for there before it is written.
    """
    moment = clock.now()
    AirtableBase.objects.all().delete()
    AirtableTable.objects.all().delete()
    AirtableRow.objects.update(**NO_RECORD, due_at=moment, uncertain_since=moment)
    known()


def nearly_spent(share: float = WARN_AT) -> QuerySet[AirtableBase]:
    """The base, if this month's requests have reached that share of the plan's."""
    limit = settings.AIRTABLE_MONTHLY_REQUESTS
    if not limit:
        return AirtableBase.objects.none()
    return AirtableBase.objects.filter(month=_month(), requests__gte=share * limit)


def count_request() -> None:
    """Count one request against the month's quota (wire/airtable 1.10).

    Raises Blocked where the plan's requests are spent: Airtable would refuse, or slow everybody.
    """
    limit = settings.AIRTABLE_MONTHLY_REQUESTS
    if limit and nearly_spent(1).filter(pk=settings.AIRTABLE_BASE_ID).exists():
        words = f"the plan's {limit} requests of this month are spent"
        raise Blocked("airtable", words, code="quota")
    month = _month()
    rows = AirtableBase.objects.filter(pk=settings.AIRTABLE_BASE_ID)
    try:
        if not rows.filter(month=month).update(requests=F("requests") + 1):
            rows.update(month=month, requests=1)
    except DatabaseError as error:
        log.warning("a request to Airtable was not counted: %s", type(error).__name__)


def _month() -> str:
    return f"{clock.now():%Y-%m}"
