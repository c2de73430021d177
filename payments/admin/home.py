"""The money on the home page: arrears, and what was collected by month."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.core.cache import cache
from django.http import HttpRequest
from django.urls import reverse

from integrations import clock
from integrations.office import Bar, Chart, Figure, office
from integrations.office.panels import Panel
from payments import ledger
from registrations.admin.home import current_season
from registrations.models import Season

KEPT = 300  # seconds: adding up a season's every line takes a while, and home is opened often


@office().panel("payments.see_books", "registrations.see_numbers")
def money(request: HttpRequest) -> Iterator[Panel]:
    """What is outstanding, of how many, and what came in by month; as the books say."""
    season = current_season()
    if season is None:
        return
    sums = _sums(season)
    may = request.user.has_perm("payments.see_books")
    place = f"{reverse('admin:books')}?season={season.code}" if may else ""
    level = "poor" if sums["outstanding"] else "good"
    words = f"{sums['owing']} children, {_pounds(sums['older'])} older than 30 days"
    arrears = f"{reverse('admin:books_arrears')}?season={season.code}" if may else ""
    yield Figure("In arrears", _pounds(sums["outstanding"]), arrears, words, level)
    bars = [
        Bar(label, collected, place, _pounds(collected)) for label, collected, _ in sums["months"]
    ]
    yield Chart("Collected by month", "Month", "collected", bars, place)
    failed = [Bar(label, lost, place, _pounds(lost)) for label, _, lost in sums["months"] if lost]
    if failed:
        yield Chart("Failed by month", "Month", "failed", failed, place)


def _sums(season: Season) -> dict[str, Any]:
    today = clock.today()
    key = f"home-money-{season.code}-{today}"
    kept = cache.get(key)
    if kept is None:
        kept = _added_up(season)
        cache.set(key, kept, KEPT)
    return kept


def _added_up(season: Season) -> dict[str, Any]:
    today = clock.today()
    lines = list(ledger.entries(season, today=today))
    owed = ledger.arrears(lines, today=today)
    months = ledger.grouped(lines, "month")
    begun = [group for group in months if group.key <= f"{today:%Y-%m}"]
    return {
        "outstanding": sum(each.total for each in owed),
        "older": sum(sum(each.pence[1:]) for each in owed),
        "owing": len(owed),
        "months": [(each.label, each.sums["collected"], each.sums["failed"]) for each in begun],
    }


def _pounds(pence: int) -> str:
    return f"£{pence / 100:,.2f}"
