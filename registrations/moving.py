"""Where teams go when a season ends, and what the new season's row holds (domain 2.6). Pure."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from registrations import codes
from registrations.wording import pounds

LAST_AGE = 18
_TEAM = re.compile(r"u ?(\d{1,2})s? +(.{1,20})", re.IGNORECASE)
TeamName = tuple[str, str]  # ("u10", "Lions")


class Unreadable(ValueError):
    """A line of the plan's moves or limits cannot be read; the text says why, for volunteers."""


@dataclass(frozen=True)
class Moves:
    """Where each old team goes: no new team means its end, several that it is split."""

    to: dict[TeamName, list[TeamName]] = field(default_factory=dict)

    def of(self, team: TeamName) -> list[TeamName]:
        """The new teams of an old one: as was said, else one age group up under its own name."""
        said = next((new for old, new in self.to.items() if same(old, team)), None)
        return moved_up(team) if said is None else said


def same(one: TeamName, other: TeamName) -> bool:
    """Whether two names mean one team, however they are written."""
    return one[0] == other[0] and _folded(one[1]) == _folded(other[1])


def moved_up(team: TeamName) -> list[TeamName]:
    """One age group up; nothing after U18."""
    age = int(team[0][1:]) + 1
    return [(f"u{age}", team[1])] if age <= LAST_AGE else []


def read_moves(text: str, teams: Iterable[TeamName]) -> Moves:
    """Read lines such as "U10 Lions = U11 Lions, U11 Bears"; raises Unreadable.

    Nothing to the right of "=" ends the team. Two lines with one new team merge theirs.
    """
    known, said = list(teams), {}
    for line in filter(None, map(str.strip, text.splitlines())):
        left, equals, right = line.partition("=")
        old = read_team(left)
        if not equals:
            raise Unreadable(f"“{line}”: write it as “U10 Lions = U11 Lions”.")
        found = next((team for team in known if same(team, old)), None)
        if found is None:
            raise Unreadable(f"“{line}”: there is no team {written(old)} last season.")
        if found in said:
            raise Unreadable(f"“{line}”: {written(found)} stands there twice.")
        said[found] = [_named(read_team(part)) for part in right.split(",") if part.strip()]
    return Moves(said)


def read_limits(text: str) -> tuple[int | None, dict[TeamName, int]]:
    """Read a limit for all ("16") and for single teams ("U11 Lions = 14"); raises Unreadable."""
    for_all, own = None, {}
    for line in filter(None, map(str.strip, text.splitlines())):
        left, equals, right = line.partition("=")
        number = (right if equals else left).strip()
        if not (number.isascii() and number.isdigit() and 1 <= int(number) <= 60):
            raise Unreadable(f"“{line}”: a squad's limit is a number from 1 to 60.")
        if equals:
            own[read_team(left)] = int(number)
        else:
            for_all = int(number)
    return for_all, own


def read_teams(text: str) -> list[TeamName]:
    """Read a team a line; raises Unreadable."""
    return [read_team(line) for line in filter(None, map(str.strip, text.splitlines()))]


def read_team(text: str) -> TeamName:
    """("u10", "Lions") for "U10 Lions"; raises Unreadable."""
    found = _TEAM.fullmatch(" ".join(text.split()))
    if found is None or not 6 <= int(found[1]) <= LAST_AGE:
        raise Unreadable(f"“{text.strip()}” is no team: write it as “U10 Lions”, from U6 to U18.")
    return f"u{int(found[1])}", found[2].strip()


def written(team: TeamName) -> str:
    """U10 Lions for ("u10", "Lions")."""
    return f"{team[0].upper()} {team[1]}"


def next_season(season: Any) -> dict[str, Any]:
    """The next season's values from those of `season`: every date a year later, prices the same."""
    later = {
        name: a_year_later(getattr(season, name))
        for name in (
            "opens_on",
            "closes_on",
            "first_month",
            "last_month",
            "policy_on",
            "earliest_birthday",
        )
    }
    kept = {
        name: getattr(season, name)
        for name in (
            "signing_on_fee_pence",
            "monthly_fee_pence",
            "sibling_percents",
            "kit_sizes",
            "payment_days",
            "first_reminder_days",
            "second_reminder_days",
            "arrears_staff_days",
            "suspension_days",
            "reminders_from_hour",
            "reminders_until_hour",
            "automatic_offers",
            "offer_hours",
            "keep_drafts_days",
            "keep_transcripts_days",
            "keep_photos_days",
            "keep_medical_days",
        )
    }
    code = next_code(season.code)
    return {"code": code, "airtable_table": f"registrations_{code}", **later, **kept}


def before_and_after(season: Any, values: dict[str, Any]) -> list[tuple[str, str, str]]:
    """(what, last season, new season) for each of the new season's values, as people read it."""
    return [
        (_called(season, name), _read(name, getattr(season, name)), _read(name, value))
        for name, value in values.items()
    ]


def _called(season: Any, name: str) -> str:
    words = str(season._meta.get_field(name).verbose_name).removesuffix(" pence")
    return words[:1].upper() + words[1:]


def _read(name: str, value: Any) -> str:
    if name.endswith("_pence"):
        return pounds(value)
    if isinstance(value, date):
        return f"{value:%-d %B %Y}"
    if isinstance(value, list):
        return ", ".join(map(str, value)) or "none"
    return {True: "yes", False: "no"}[value] if isinstance(value, bool) else str(value)


def next_code(code: str) -> str:
    """2728 for 2627."""
    first = (int(code[:2]) + 1) % 100
    return f"{first:02d}{(first + 1) % 100:02d}"


def a_year_later(day: date) -> date:
    """The same day next year; 28 February for the 29th."""
    try:
        return day.replace(year=day.year + 1)
    except ValueError:
        return day.replace(year=day.year + 1, day=28)


def dealt(children: Sequence[Any], parts: int) -> list[list[Any]]:
    """A squad dealt out evenly into `parts`, in its order."""
    return [list(children[place::parts]) for place in range(parts)]


def _named(team: TeamName) -> TeamName:
    """A new team whose code a parent can type."""
    word = team[1].lower().replace(" ", "_")
    try:
        codes.parse(f"200-{word}-{team[0]}-2627")
    except codes.Invalid:
        raise Unreadable(f"“{team[1]}”: no code can be made of this name.") from None
    return team


def _folded(name: str) -> str:
    return " ".join(name.replace("_", " ").casefold().split())
