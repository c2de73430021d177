"""The money on the home page: arrears, and what was collected by month."""

from __future__ import annotations

from collections.abc import Iterator

from django.http import HttpRequest
from django.urls import reverse

from integrations.office import Bar, Chart, Figure, office
from integrations.office.panels import Panel
from payments import takings


@office().panel("payments.see_books", "registrations.see_numbers")
def money(request: HttpRequest) -> Iterator[Panel]:
    """What is outstanding, of how many, and what came in by month; as the books say."""
    sums = takings.of_season()
    if sums is None:
        return
    may = request.user.has_perm("payments.see_books")
    place = f"{reverse('admin:books')}?season={sums.season}" if may else ""
    level = "poor" if sums.outstanding else "good"
    words = f"{sums.owing} children, {_pounds(sums.older)} older than 30 days"
    arrears = f"{reverse('admin:books_arrears')}?season={sums.season}" if may else ""
    yield Figure("In arrears", _pounds(sums.outstanding), arrears, words, level)
    bars = [Bar(label, collected, place, _pounds(collected)) for label, collected, _ in sums.months]
    yield Chart("Collected by month", "Month", "collected", bars, place)
    failed = [Bar(label, lost, place, _pounds(lost)) for label, _, lost in sums.months if lost]
    if failed:
        yield Chart("Failed by month", "Month", "failed", failed, place)


def _pounds(pence: int) -> str:
    return f"£{pence / 100:,.2f}"
