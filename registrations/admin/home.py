"""The club's numbers on the home page, counted over the rows that whoever looks may see."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from typing import Any
from urllib.parse import urlencode

from django.db.models import Count, Q
from django.db.models.functions import TruncWeek
from django.http import HttpRequest
from django.urls import reverse

from integrations import clock
from integrations.office import Bar, Chart, Figure, office
from integrations.office.panels import Panel
from registrations.models import Registration, Season, Sms, Suspension, Team, visible_to
from registrations.models.registrations import RegistrationQuerySet

WEEK = timedelta(days=7)
MONTH = timedelta(days=30)
WEEKS = 12
STATUS = Registration.Status
LIST = "admin:registrations_registration_changelist"
NUMBERS = "registrations.see_numbers"
LOST = [Sms.Status.FAILED, Sms.Status.UNDELIVERED]
FATES = {
    "sent": Count("pk"),
    "arrived": Count("pk", filter=Q(status=Sms.Status.DELIVERED)),
    "lost": Count("pk", filter=Q(status__in=LOST)),
}


@office().panel("registrations.view_registration", NUMBERS)
def players(request: HttpRequest) -> Iterator[Panel]:
    """Registered, pending, suspended; by team against its limit; over time."""
    season = current_season()
    if season is None:
        return
    rows = _mine(request, Registration).filter(season=season)
    may = request.user.has_perm("registrations.view_registration")
    page = f"{reverse(LIST)}?" if may else ""
    yield from _figures(rows, season, page)
    teams = list(_teams(request, rows, season, page))
    yield Chart(f"Players by team, {season.label}", "Team", "players", teams)
    yield Chart("Registrations by week", "Week from", "sent in", list(_weeks(rows, page)))


@office().panel("registrations.view_sms", NUMBERS)
def texts(request: HttpRequest) -> Iterator[Panel]:
    """How many of the last 30 days' texts arrived, whether more did before, and week by week."""
    rows = _mine(request, Sms)
    may = request.user.has_perm("registrations.view_sms")
    page = reverse("admin:registrations_sms_changelist") if may else ""
    yield from _delivered(rows, page)
    bars = list(_texts(rows, page))
    if any(bar.limit for bar in bars):
        yield Chart("Texts delivered by week", "Sent in the week from", "delivered", bars, page)


def _delivered(rows: Any, page: str) -> Iterator[Figure]:
    now = clock.now()
    counted = rows.filter(created_at__gt=now - MONTH).aggregate(**FATES)
    if not counted["sent"]:
        return
    words = f"{counted['arrived']} of {counted['sent']} in 30 days, {counted['lost']} lost"
    earlier = rows.filter(created_at__lte=now - MONTH, created_at__gt=now - 2 * MONTH)
    before = earlier.aggregate(**FATES)
    if before["sent"]:
        words += f"; {_share(before)} in the 30 before"
    level = "poor" if counted["lost"] else "good"
    yield Figure("Texts delivered", _share(counted), page, words, level)


def _texts(rows: Any, page: str) -> Iterator[Bar]:
    """What arrived of each week's texts, against what was sent."""
    counted = _by_week(rows, "created_at", FATES)
    for day, span in _mondays("created_at"):
        week = counted.get(day, {"arrived": 0, "sent": 0})
        place = page and f"{page}?{span}"
        yield Bar(f"{day:%-d %b}", week["arrived"], place, limit=week["sent"] or None)


def _share(counted: dict[str, int]) -> str:
    return f"{counted['arrived'] * 100 / counted['sent']:.0f} %"


def current_season() -> Season | None:
    """The season whose registration year holds today, else the newest."""
    return Season.objects.containing(clock.today()).first() or Season.objects.first()


def _mine(request: HttpRequest, model: Any) -> Any:
    """The rows of a model that this member of staff may know of, bare."""
    return visible_to(request.user, model.objects.order_by())


def _figures(rows: RegistrationQuerySet, season: Season, page: str) -> Iterator[Figure]:
    now = clock.now()
    counted = rows.live().aggregate(
        all=Count("pk"),
        week=Count("pk", filter=Q(submitted_at__gt=now - WEEK)),
        before=Count("pk", filter=Q(submitted_at__gt=now - 2 * WEEK, submitted_at__lte=now - WEEK)),
        pending=Count("pk", filter=Q(status=STATUS.PENDING_PAYMENT)),
        old=Count("pk", filter=Q(status=STATUS.PENDING_PAYMENT, submitted_at__lte=now - WEEK)),
        suspended=Count("pk", filter=Q(status=STATUS.SUSPENDED)),
        waiting=Count("pk", filter=Q(status=STATUS.WAITING)),
        trial=Count("pk", filter=Q(status=STATUS.TRIAL)),
    )
    trend = f"{counted['week']} in 7 days, {counted['before']} in the 7 before"
    here = page and f"{page}season={season.code}"
    yield Figure("Registered", f"{counted['all']:,}", here, trend)
    old = counted["old"]
    words = f"{old} for more than a week" if old else "none older than a week"
    yield Figure(
        "Pending payment",
        f"{counted['pending']:,}",
        here and f"{here}&status__exact={STATUS.PENDING_PAYMENT}",
        words,
        "poor" if old else "good",
    )
    yield _suspended(rows, counted["suspended"], here)
    if counted["waiting"]:
        place = here and f"{here}&status__exact={STATUS.WAITING}"
        yield Figure("Waiting for a place", f"{counted['waiting']:,}", place)
    if counted["trial"]:
        trial = f"{here}&status__exact={STATUS.TRIAL}"
        yield Figure("On trial", f"{counted['trial']:,}", trial)


def _suspended(rows: RegistrationQuerySet, number: int, here: str) -> Figure:
    lately = Suspension.objects.filter(registration__in=rows)
    since = clock.now() - WEEK
    made = lately.filter(suspended_at__gt=since).count()
    lifted = lately.filter(lifted_at__gt=since).count()
    words = f"{made} made and {lifted} lifted in 7 days"
    place = here and f"{here}&status__exact={STATUS.SUSPENDED}"
    return Figure("Suspended", f"{number:,}", place, words)


def _teams(
    request: HttpRequest, rows: RegistrationQuerySet, season: Season, page: str
) -> Iterator[Bar]:
    counted = dict(
        rows.live().values("team").annotate(players=Count("pk")).values_list("team", "players")
    )
    for team in sorted(_mine(request, Team).filter(season=season), key=_by_age):
        place = page and f"{page}season={season.code}&team__id__exact={team.pk}"
        yield Bar(str(team), counted.get(team.pk, 0), place, limit=team.squad_limit)


def _by_age(team: Team) -> tuple[int, str]:
    return team.age_number, team.name


def _weeks(rows: RegistrationQuerySet, page: str) -> Iterator[Bar]:
    counted = _by_week(rows, "submitted_at", {"number": Count("pk")})
    for day, span in _mondays("submitted_at"):
        place = page and f"{page}{span}"
        yield Bar(f"{day:%-d %b}", counted.get(day, {"number": 0})["number"], place)


def _by_week(rows: Any, moment: str, counts: dict[str, Count]) -> dict[date, dict[str, int]]:
    """The counts of each of the last weeks, by its Monday."""
    since = clock.london(clock.now() - WEEKS * WEEK)
    recent = rows.filter(**{f"{moment}__gt": since}).annotate(week=TruncWeek(moment))
    return {row["week"].date(): row for row in recent.values("week").annotate(**counts)}


def _mondays(moment: str) -> Iterator[tuple[date, str]]:
    """The Mondays of the last weeks, oldest first, each with the query that finds its rows."""
    monday = clock.today() - timedelta(days=clock.today().weekday())
    for back in reversed(range(WEEKS)):
        day = monday - back * WEEK
        span = {f"{moment}__gte": _midnight(day), f"{moment}__lt": _midnight(day + WEEK)}
        yield day, urlencode(span)


def _midnight(day: date) -> str:
    return datetime.combine(day, time(), clock.LONDON).isoformat()
