"""The seasons and teams of the demo: the season that contains today, and the one before."""

from datetime import date
from random import Random

from registrations.models import Season, Team

FIRST_AGE, LAST_AGE = 7, 18
FULL = ("u9", "Tigers")
CLOSED = ("u12", "Tigers")
WITH_ROOM = ("u10", "Lions")
EXTRA = [("u8", "Panthers"), ("u10", "Panthers"), ("u11", "Panthers")]


def build(today: date) -> list[Season]:
    """Save this season (1 June to 31 May) and the last one; the newest first."""
    year = today.year if today.month >= 6 else today.year - 1
    return [Season.objects.create(**_season(start)) for start in (year, year - 1)]


def _season(year: int) -> dict:
    code = f"{year % 100:02d}{(year + 1) % 100:02d}"
    return {
        "code": code,
        "opens_on": date(year, 6, 1),
        "closes_on": date(year + 1, 5, 31),
        "first_month": date(year, 9, 1),
        "last_month": date(year + 1, 5, 1),
        "policy_on": date(year, 8, 28),
        # The oldest under-18: turned 17 on or before 31 August (domain 2.6).
        "earliest_birthday": date(year - 18, 9, 1),
        "airtable_table": f"registrations_{code}",
    }


def build_teams(season: Season, *, current: bool, dice: Random) -> list[Team]:
    """Save every team of a season; only this season has a full one and a closed one."""
    names = [(f"u{age}", name) for age in _ages() for name in ("Lions", "Tigers")] + EXTRA
    teams = [Team(season=season, age_group=age_group, name=name) for age_group, name in names]
    for team in teams:
        key = (team.age_group, team.name)
        team.kit_due = key == WITH_ROOM or dice.random() < 0.4
        if current and key in (FULL, CLOSED):
            team.state = Team.State.FULL if key == FULL else Team.State.CLOSED
    return Team.objects.bulk_create(teams)


def _ages() -> range:
    return range(FIRST_AGE, LAST_AGE + 1)
