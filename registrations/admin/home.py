"""The club's numbers on the home page, counted over the rows that whoever looks may see."""

from __future__ import annotations

from collections import Counter
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


@office().panel("registrations.view_registration", NUMBERS)
def players(request: HttpRequest) -> Iterator[Panel]:
    """Registered, pending, suspended; by team against its limit; over time."""
    season = Season.objects.current(clock.today())
    if season is None:
        return
    rows = _mine(request, Registration).filter(season=season)
    may = request.user.has_perm("registrations.view_registration")
    page = f"{reverse(LIST)}?" if may else ""
    counted = _counted(rows)
    yield from _figures(rows, sum(counted.values(), Counter()), season, page)
    teams = list(_teams(request, counted, season, page))
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
    lately, earlier = Q(created_at__gt=now - MONTH), Q(created_at__lte=now - MONTH)
    recent = rows.filter(created_at__gt=now - 2 * MONTH)
    counted = recent.aggregate(**_fates(lately), **_fates(earlier, "_before"))
    if not counted["sent"]:
        return
    words = f"{counted['arrived']} of {counted['sent']} in 30 days, {counted['lost']} lost"
    if counted["sent_before"]:
        words += f"; {_share(counted, '_before')} in the 30 before"
    level = "poor" if counted["lost"] else "good"
    yield Figure("Texts delivered", _share(counted), page, words, level)


def _texts(rows: Any, page: str) -> Iterator[Bar]:
    """What arrived of each week's texts, against what was sent."""
    counted = _by_week(rows, "created_at", _fates(Q()))
    for day, span in _mondays("created_at"):
        week = counted.get(day, {"arrived": 0, "sent": 0})
        place = page and f"{page}?{span}"
        yield Bar(f"{day:%-d %b}", week["arrived"], place, limit=week["sent"] or None)


def _fates(when: Q, suffix: str = "") -> dict[str, Count]:
    """How many texts there were, arrived, and were lost."""
    return {
        f"sent{suffix}": Count("pk", filter=when),
        f"arrived{suffix}": Count("pk", filter=when & Q(status=Sms.Status.DELIVERED)),
        f"lost{suffix}": Count("pk", filter=when & Q(status__in=LOST)),
    }


def _share(counted: dict[str, int], suffix: str = "") -> str:
    return f"{counted[f'arrived{suffix}'] * 100 / counted[f'sent{suffix}']:.0f} %"


def _mine(request: HttpRequest, model: Any) -> Any:
    """The rows of a model that this member of staff may know of, bare."""
    return visible_to(request.user, model.objects.order_by())


def _counted(rows: RegistrationQuerySet) -> dict[int, Counter[str]]:
    """The season's live registrations by team: all of them, and by what home tells of them."""
    now = clock.now()
    pending = Q(status=STATUS.PENDING_PAYMENT)
    counts = {
        "all": Q(),
        "week": Q(submitted_at__gt=now - WEEK),
        "before": Q(submitted_at__gt=now - 2 * WEEK, submitted_at__lte=now - WEEK),
        "pending": pending,
        "old": pending & Q(submitted_at__lte=now - WEEK),
        "suspended": Q(status=STATUS.SUSPENDED),
        "waiting": Q(status=STATUS.WAITING),
        "trial": Q(status=STATUS.TRIAL),
    }
    found = rows.live().values_list("team")
    found = found.annotate(**{name: Count("pk", filter=which) for name, which in counts.items()})
    return {team: Counter(dict(zip(counts, numbers, strict=True))) for team, *numbers in found}


def _figures(
    rows: RegistrationQuerySet, counted: Counter[str], season: Season, page: str
) -> Iterator[Figure]:
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
    since = clock.now() - WEEK
    made, lifted = Q(suspended_at__gt=since), Q(lifted_at__gt=since)
    lately = Suspension.objects.filter(made | lifted, registration__in=rows).aggregate(
        made=Count("pk", filter=made), lifted=Count("pk", filter=lifted)
    )
    words = f"{lately['made']} made and {lately['lifted']} lifted in 7 days"
    place = here and f"{here}&status__exact={STATUS.SUSPENDED}"
    return Figure("Suspended", f"{number:,}", place, words)


def _teams(
    request: HttpRequest, counted: dict[int, Counter[str]], season: Season, page: str
) -> Iterator[Bar]:
    for team in sorted(_mine(request, Team).filter(season=season), key=_by_age):
        place = page and f"{page}season={season.code}&team={team.pk}"
        number = counted[team.pk]["all"] if team.pk in counted else 0
        yield Bar(str(team), number, place, limit=team.squad_limit)


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
