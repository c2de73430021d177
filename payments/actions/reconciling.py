"""Comparing our books with GoCardless's: a lost webhook is found and every penny explained.

First the events since the last time are taken in through the ordinary inbox, which keeps each
once. Then everything that GoCardless lists is compared with what we hold: a status is mended by
what was read, and what differs still is stored for a person. Doing it again changes nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta

from integrations import clock, inbox
from integrations import gocardless_books as theirs
from integrations.errors import OutsideError
from integrations.models import WebhookEvent
from payments.actions import comparing
from payments.actions.comparing import Difference
from payments.models import Reconciliation, ReconciliationDifference

SOURCE = "gocardless"
# Their clock and ours differ, and an event may be listed late: this far back is asked again.
OVERLAP = timedelta(hours=1)
FIRST_TIME = timedelta(days=30)
# A season, and the months in which its payments may still come back.
COMPARED = timedelta(days=500)
_BATCH = 250
_PARTS: dict[str, Callable[[datetime], Iterator[Difference]]] = {
    "mandates": comparing.mandates,
    "subscriptions": comparing.subscriptions,
    "payments": comparing.payments,
    "refunds": comparing.refunds,
    "payouts": comparing.payouts,
}


def reconcile() -> Reconciliation:
    """Take in missed events, compare everything, store what differs.

    Raises the four outcomes where the events cannot be read; a part that cannot be read after
    that is named, and its differences stay as the last comparison saw them.
    """
    started = clock.now()
    events = fetch_events(started)
    not_asked, mended = [], 0
    for name, compare in _PARTS.items():
        try:
            found = list(compare(started - COMPARED))
        except OutsideError:
            not_asked.append(name)
        else:
            mended += sum(each.mended for each in found)
            _store(name, found)
    left = ReconciliationDifference.objects.filter(gone_at=None).count()
    return Reconciliation.objects.create(
        started_at=started,
        finished_at=clock.now(),
        events=events,
        mended=mended,
        open=left,
        not_asked=", ".join(not_asked),
    )


def fetch_events(moment: datetime) -> int:
    """Take in what webhooks should have brought since the last time; how many were new."""
    last = Reconciliation.objects.first()
    since = last.started_at - OVERLAP if last else moment - FIRST_TIME
    known = WebhookEvent.objects.filter(source=SOURCE)
    before = known.count()
    batch: list[dict] = []
    for event in theirs.events_since(since):
        batch.append(event)
        if len(batch) == _BATCH:
            inbox.store(SOURCE, batch)
            batch = []
    if batch:
        inbox.store(SOURCE, batch)
    inbox.process_due()
    return known.count() - before


def _store(resource: str, found: list[Difference]) -> None:
    """Keep each difference once; one that is not found any more is gone, not forgotten."""
    moment = clock.now()
    for each in found:
        values = {
            "registration_id": each.registration,
            "ours": each.ours,
            "theirs": each.theirs,
            "pence": each.pence,
            "seen_at": moment,
            "gone_at": moment if each.mended else None,
        }
        ReconciliationDifference.objects.update_or_create(
            resource=resource,
            gocardless_id=each.id,
            what=each.what,
            defaults=values,
            create_defaults=values | {"found_at": moment},
        )
    rows = ReconciliationDifference.objects.filter(resource=resource, gone_at=None)
    rows.filter(seen_at__lt=moment).update(gone_at=moment)
