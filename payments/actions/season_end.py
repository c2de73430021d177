"""The end of a season's collections, and taking that back (called through the desk)."""

from datetime import datetime, time, timedelta

from django.db.models import Q

from integrations import clock, queue
from payments.actions.fulfilment import ENDED
from payments.models import Ending, Subscription
from payments.schedule import LAST_DAY, chosen_day
from registrations.models import Season

BY_ITSELF = timedelta(days=21)  # the last month's payment has been tried again by then
REASON = "the season is over"
BATCH = 1000


def end_season(season: Season, *, by: str) -> None:
    """No collection of `season` outlives it; call inside the caller's transaction.

    A subscription counts its months and finishes by itself; what still runs three weeks after the
    last month is ended. One that was never created is not created any more.
    """
    moment = clock.now()
    last_day = chosen_day(season.last_month, LAST_DAY)
    due_at = max(moment, datetime.combine(last_day + BY_ITSELF, time(9), tzinfo=clock.LONDON))
    running = Subscription.objects.filter(registration__season=season).exclude(status__in=ENDED)
    if clock.today() > last_day:
        never = running.filter(gocardless_id="", leased_until=None)
        never.update(status=Subscription.Status.CANCELLED, due_at=None)
    ids = running.filter(Q(ending=None)).values_list("pk", flat=True)
    Ending.objects.bulk_create(
        [
            Ending(
                subscription_id=pk,
                reason=REASON,
                asked_by=by[:150],
                created_at=moment,
                due_at=due_at,
            )
            for pk in ids
        ],
        batch_size=BATCH,
    )
    queue.ring("payments.end")


def keep_season(season_id: int) -> None:
    """The end was taken back: what has not been ended goes on."""
    mine = Ending.objects.filter(subscription__registration__season=season_id, reason=REASON)
    mine.filter(done_at=None, leased_until=None).delete()
