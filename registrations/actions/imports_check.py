"""What the rows of an import mean for the club as it is: read once, compared in memory."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from integrations import clock
from registrations import ages, codes, keys
from registrations.actions import squads
from registrations.importing import columns, rows
from registrations.importing.rows import Row
from registrations.models import Import, Registration, Season, Team

NEEDED: dict[str, dict[str, tuple[str, ...]]] = {
    "teams": {"own": ("age_group", "name")},
    "players": {
        "player": ("first_name", "last_name", "dob", "gender"),
        "own": ("team",),
        "parent": ("first_name", "last_name", "phone"),
    },
    # What is needed to invite a family again; an old list seldom holds more.
    "past": {
        "player": ("first_name", "last_name", "dob"),
        "own": ("team",),
        "parent": ("first_name", "last_name"),
    },
}
TeamKey = tuple[str, str]


def check(one: Import, lines: Iterable[tuple[int, dict[str, Any]]]) -> tuple[list[Row], list[str]]:
    """Every row with its problems and standing, and what is wrong with the table as a whole."""
    known = columns.OF_KIND[one.kind]
    problems = _season(one) or _columns(one)
    if problems:
        return [], problems
    found = [rows.read(number, cells, known) for number, cells in lines]
    titles = {columns.key(column): column.title for column in known}
    for row in found:
        rows.missing(row, NEEDED[one.kind], titles)
    if one.kind == Import.Kind.TEAMS:
        _teams(one.season, found)
    else:
        _players(one, found)
    return found, []


def team_key(group: str, name: str) -> TeamKey:
    """By what two names mean one team of a season."""
    return group.casefold(), " ".join(name.replace("_", " ").casefold().split())


def teams(season: Season) -> dict[TeamKey, Team]:
    """The season's teams by key."""
    rows_ = season.teams.select_related("season")
    return {team_key(team.age_group, team.name): team for team in rows_}


def _season(one: Import) -> list[str]:
    season, past = one.season, one.kind == Import.Kind.PAST
    if past and season.closes_on >= clock.today() and not season.closed_at:
        return [f"The season {season.label} is not over: import its players as players."]
    if not past and season.closed_at:
        return [f"The season {season.label} is closed: it can be read, no longer changed."]
    return []


def _columns(one: Import) -> list[str]:
    """Columns without which no row can be taken; a whole name stands for its two parts."""
    titles = {columns.key(column): column.title for column in columns.OF_KIND[one.kind]}
    chosen = set(one.columns)
    lacking = []
    for of, names in NEEDED[one.kind].items():
        for name in names:
            whole = name in ("first_name", "last_name") and f"{of}.{of}_name" in chosen
            if f"{of}.{name}" not in chosen and not whole:
                lacking.append(titles[f"{of}.{name}"])
    return [f"No column of the file is “{title}”." for title in lacking]


def _teams(season: Season, found: list[Row]) -> None:
    here, seen = teams(season), dict[TeamKey, int]()
    for row in found:
        if row.problems:
            continue
        group, name = row.team
        row.own["age_group"], row.own["name"] = group, name
        key = team_key(group, name)
        try:
            codes.parse(Team(season=season, age_group=group, name=name).code_for_new_players)
        except codes.Invalid:
            row.problems.append(f"Team “{name}”: no code can be made of this name, letters only")
        if key in seen:
            row.problems.append(f"The same team is in line {seen[key]} too")
        elif key in here:
            row.standing = "here"
        seen.setdefault(key, row.line)


class _Squad:
    """Who and which shirts are in the season already, and in the lines so far."""

    def __init__(self, one: Import) -> None:
        live = Registration.objects.filter(season=one.season)
        live = live.exclude(status=Registration.Status.CANCELLED)
        self.season, self.teams = one.season, teams(one.season)
        self.children = set(live.values_list("child_key", flat=True))
        worn = live.filter(shirt_number__isnull=False)
        # The line that takes a shirt; 0 for one that is worn already.
        self.shirts: dict[tuple[int, int | None], int] = dict.fromkeys(
            worn.values_list("team_id", "shirt_number"), 0
        )
        self.lines: dict[str, int] = {}
        self._free: dict[int, int] = {}

    def over_by(self, team: Team) -> int:
        """By how many a team passes its limit when one more joins; the one joins."""
        if team.squad_limit is None:
            return 0
        if team.pk not in self._free:
            self._free[team.pk] = squads.squad(team).free or 0
        self._free[team.pk] -= 1
        return max(-self._free[team.pk], 0)


def _players(one: Import, found: list[Row]) -> None:
    squad = _Squad(one)
    for row in found:
        _place(row, squad)
        if "dob" in row.player and not row.problems:
            _compare(row, squad)
        if one.kind == Import.Kind.PLAYERS and row.standing == "new" and not row.problems:
            _count(row, squad)


def _count(row: Row, squad: _Squad) -> None:
    team: Team = row.own["team"]
    over = squad.over_by(team)
    if over:
        limit = f"its limit of {team.squad_limit}"
        row.warnings.append(f"{team} is full: with this line it passes {limit} by {over}")


def _place(row: Row, squad: _Squad) -> None:
    if not row.own.get("team"):
        return
    group, name = row.team
    team = squad.teams.get(team_key(group, name))
    if team is None:
        named = f"{group.upper()} {name}".strip()
        row.problems.append(f"There is no team {named} in the season {squad.season.label}")
        return
    row.own["team"] = team
    born = row.player.get("dob")
    if born and born < squad.season.earliest_birthday:
        row.problems.append("Child's date of birth is too early for any team of the season")
    elif born and ages.mismatch(team, born):
        row.warnings.append(f"The birthday does not fit {team.age_group.upper()}")


def _compare(row: Row, squad: _Squad) -> None:
    child = row.player
    key = keys.child_key(child["first_name"], child["last_name"], child["dob"])
    if key in squad.lines:
        row.problems.append(f"The same child is in line {squad.lines[key]} too")
        return
    squad.lines[key] = row.line
    if key in squad.children:
        row.standing = "here"
        return
    number = row.own.get("shirt_number")
    if number is None:
        return
    shirt = row.own["team"].pk, number
    if shirt in squad.shirts:
        whose = f"by line {squad.shirts[shirt]}" if squad.shirts[shirt] else "already"
        row.problems.append(f"Shirt number {number} is taken {whose}")
    squad.shirts.setdefault(shirt, row.line)
