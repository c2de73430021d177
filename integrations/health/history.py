"""How fast the services have been, and when they were away: read from the records of calls."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Avg, Count, Q
from django.db.models.functions import TruncHour

from integrations import clock
from integrations.models import ServiceCall

A_DAY, MONTH = timedelta(hours=24), timedelta(days=30)
GAP = timedelta(minutes=30)  # failures this close belong to one outage
LEAST = 3  # fewer failed calls are no outage
MOST = 2_000  # failed calls of one service that are looked at
SHOWN = 5
FAILED = ["unavailable", "uncertain", "blocked"]


@dataclass(frozen=True)
class Outage:
    """A time in which calls failed: from its first to its last failed call."""

    began: datetime
    ended: datetime
    failures: int
    code: str

    @property
    def minutes(self) -> int:
        """How long it was, at least a minute."""
        return max(int((self.ended - self.began).total_seconds() // 60), 1)


@dataclass(frozen=True)
class Hour:
    """One hour of a service: its calls, those that failed, and their mean time."""

    at: datetime
    calls: int
    failed: int
    milliseconds: int


def hours() -> dict[str, list[Hour]]:
    """The last 24 hours by service, oldest first; hours without a call are left out."""
    rows = ServiceCall.objects.filter(started_at__gt=clock.now() - A_DAY).exclude(outcome="held")
    counted = (
        rows.annotate(hour=TruncHour("started_at"))
        .values("service", "hour")
        .annotate(
            calls=Count("pk"),
            failed=Count("pk", filter=Q(outcome__in=FAILED)),
            mean=Avg("milliseconds"),
        )
        .order_by("service", "hour")
    )
    found: dict[str, list[Hour]] = defaultdict(list)
    for row in counted:
        hour = Hour(row["hour"], row["calls"], row["failed"], round(row["mean"] or 0))
        found[row["service"]].append(hour)
    return found


def outages(service: str) -> list[Outage]:
    """The last outages of 30 days, newest first."""
    rows = ServiceCall.objects.filter(
        service=service, outcome__in=FAILED, started_at__gt=clock.now() - MONTH
    )
    calls = rows.order_by("-started_at").values_list("started_at", "code")[:MOST]
    found: list[list[tuple[datetime, str]]] = []
    for at, code in calls:
        if found and found[-1][-1][0] - at <= GAP:
            found[-1].append((at, code))
        else:
            found.append([(at, code)])
    made = [Outage(run[-1][0], run[0][0], len(run), run[0][1]) for run in found]
    return [outage for outage in made if outage.failures >= LEAST][:SHOWN]
