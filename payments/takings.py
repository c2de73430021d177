"""The season's money as home shows it: added up by a job, so that nobody who opens home waits."""

from __future__ import annotations

from dataclasses import dataclass

from django.core.cache import cache

from integrations import clock
from payments import ledger
from registrations.models import Season

KEPT = 1800  # seconds: six runs of the job may be missed before somebody waits for the sum


@dataclass(frozen=True)
class Takings:
    """What is late, of how many; each month begun as (name, collected, failed). All pence."""

    season: str
    outstanding: int
    older: int
    owing: int
    months: tuple[tuple[str, int, int], ...]


def of_season() -> Takings | None:
    """Those of the season that home shows, a few minutes old; None where there is no season."""
    return cache.get(_key()) or add_up()


def add_up() -> Takings | None:
    """Add up every line of the season's books, and keep the sums."""
    today = clock.today()
    season = Season.objects.current(today)
    if season is None:
        return None
    lines = list(ledger.entries(season, today=today))
    owed = ledger.arrears(lines, today=today)
    begun = [each for each in ledger.grouped(lines, "month") if each.key <= f"{today:%Y-%m}"]
    found = Takings(
        season=season.code,
        outstanding=sum(each.total for each in owed),
        older=sum(sum(each.pence[1:]) for each in owed),
        owing=len(owed),
        months=tuple((each.label, each.sums["collected"], each.sums["failed"]) for each in begun),
    )
    cache.set(_key(), found, KEPT)
    return found


def _key() -> str:
    return f"takings-{clock.today()}"
