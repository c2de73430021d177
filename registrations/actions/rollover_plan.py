"""Plan the next season: the whole plan is stored, and nothing else is touched."""

import hashlib
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from django.db import transaction

from registrations import moving
from registrations.models import PlannedTeam, Registration, ReturningPlace, Rollover, Season, Team
from registrations.models.seasons import IN_AGE_ORDER
from registrations.moving import TeamName
from registrations.ports import desk

BATCH = 1000
LET_WAIT = "still waiting when the season ended"
DAYS = ("opens_on", "closes_on", "first_month", "last_month", "policy_on", "earliest_birthday")
_READ = (
    "pk",
    "player_id",
    "player__family_id",
    "player__dob",
    "team_id",
    "shirt_number",
    "waiting_since",
    "status",
)


class NotPossible(ValueError):
    """The season cannot be planned, committed or undone so; the text says why, for staff."""


@dataclass(frozen=True)
class Wishes:
    """What staff decide: text as moving reads it, and values of the season."""

    moves: str = ""
    limits: str = ""
    kit: str = ""
    values: dict[str, Any] = field(default_factory=dict)
    waiting: str = Rollover.Waiting.CARRY
    arrears: str = Rollover.Arrears.INVITE


@dataclass(frozen=True)
class Child:
    """One live registration of the season that ends; the fields stand in the order of _READ."""

    pk: int
    player: int
    family: int
    dob: date
    team: int
    shirt: int | None
    waiting_since: datetime | None
    status: str


@transaction.atomic
def plan(season: Season, wishes: Wishes, *, at: datetime, by: str) -> Rollover:
    """Store a plan, in the place of an earlier one that was not committed; raises NotPossible."""
    season = Season.objects.select_for_update().get(pk=season.pk)
    values = _values(season, wishes.values)
    _refuse(season, values)
    old_teams = list(season.teams.order_by(*IN_AGE_ORDER))
    try:
        moves = moving.read_moves(wishes.moves, [_name(team) for team in old_teams])
        limits = moving.read_limits(wishes.limits)
        kit = moving.read_teams(wishes.kit)
    except moving.Unreadable as error:
        raise NotPossible(str(error)) from None
    Rollover.objects.filter(from_season=season, started_at=None).delete()
    children = read_children(season)
    rollover = Rollover.objects.create(
        from_season=season,
        to_code=values["code"],
        values={name: _kept(value) for name, value in values.items()},
        waiting=wishes.waiting,
        arrears=wishes.arrears,
        fingerprint=fingerprint(children, old_teams),
        planned_at=at,
        planned_by=by,
    )
    teams = _teams(rollover, old_teams, moves)
    _set_limits(teams, limits)
    for name in kit:
        _named(teams, name).kit_due = True
    PlannedTeam.objects.bulk_create(teams.values())
    places = _places(rollover, children, old_teams, moves, teams)
    owing = desk().in_arrears(season.pk)
    for place in places:
        place.in_arrears = place.before_id in owing
    ReturningPlace.objects.bulk_create(places, batch_size=BATCH)
    rollover.problems = _problems(places, teams, owing)
    rollover.totals = _totals(places, teams)
    rollover.save(update_fields=["problems", "totals"])
    return rollover


def read_children(season: Season) -> list[Child]:
    """Every live registration of a season: shirts first, then in the order of joining."""
    rows = Registration.objects.live().filter(season=season).order_by("submitted_at", "pk")
    return [Child(*row) for row in rows.values_list(*_READ)]


def fingerprint(children: Iterable[Child], teams: Iterable[Team]) -> str:
    """Changes when anything changes that the plan was made from."""
    facts = [repr((c.pk, c.team, c.shirt, c.waiting_since)) for c in children]
    facts += [repr((team.pk, team.age_group, team.name)) for team in teams]
    return hashlib.sha256("\n".join(sorted(facts)).encode()).hexdigest()


def season_values(rollover: Rollover) -> dict[str, Any]:
    """What the new season's row holds, as the plan says."""
    return {
        name: date.fromisoformat(value) if name in DAYS else value
        for name, value in rollover.values.items()
    }


def _values(season: Season, wished: dict[str, Any]) -> dict[str, Any]:
    return moving.next_season(season) | {
        name: value for name, value in wished.items() if value not in (None, "")
    }


def _refuse(season: Season, values: dict[str, Any]) -> None:
    """Raise NotPossible where there is nothing to plan."""
    if season.closed_at or season.rollovers.filter(started_at__isnull=False, undone_at=None):
        raise NotPossible(f"{season.label} has been rolled over already.")
    if Season.objects.filter(code=values["code"]).exists():
        raise NotPossible(f"There is a season {values['code']} already.")
    if not values["opens_on"] < values["closes_on"]:
        raise NotPossible("The season must open before it closes.")
    if not values["first_month"] <= values["last_month"]:
        raise NotPossible("The first month must not come after the last one.")
    if values["first_month"].day != 1 or values["last_month"].day != 1:
        raise NotPossible("Months are given by their first day.")


def _teams(
    rollover: Rollover, old_teams: list[Team], moves: moving.Moves
) -> dict[TeamName, PlannedTeam]:
    """The new teams by folded name, unsaved; where several meet, the first word of them counts."""
    planned: dict[TeamName, PlannedTeam] = {}
    for old in old_teams:
        for name in moves.of(_name(old)):
            team = planned.setdefault(_key(name), _planned(rollover, name))
            team.comes_from = ", ".join(filter(None, [team.comes_from, str(old)]))[:200]
            team.squad_limit = team.squad_limit or old.squad_limit
            if team.automatic_offers is None:
                team.automatic_offers = old.automatic_offers
    return planned


def _set_limits(
    planned: dict[TeamName, PlannedTeam], limits: tuple[int | None, dict[TeamName, int]]
) -> None:
    for_all, own = limits
    for team in planned.values():
        team.squad_limit = for_all or team.squad_limit
    for name, limit in own.items():
        _named(planned, name).squad_limit = limit


def _named(planned: dict[TeamName, PlannedTeam], name: TeamName) -> PlannedTeam:
    """The planned team of a name; raises NotPossible."""
    if _key(name) not in planned:
        raise NotPossible(f"There is no team {moving.written(name)} in the new season.")
    return planned[_key(name)]


def _planned(rollover: Rollover, name: TeamName) -> PlannedTeam:
    return PlannedTeam(rollover=rollover, age_group=name[0], name=name[1])


def _places(
    rollover: Rollover,
    children: list[Child],
    old_teams: list[Team],
    moves: moving.Moves,
    teams: dict[TeamName, PlannedTeam],
) -> list[ReturningPlace]:
    """A place for every child, unsaved; those who cannot be placed name the reason."""
    by_team: dict[int, list[Child]] = defaultdict(list)
    for child in children:
        by_team[child.team].append(child)
    floor = date.fromisoformat(rollover.values["earliest_birthday"])
    places: list[ReturningPlace] = []
    worn: dict[int, set[int]] = defaultdict(set)
    for old in old_teams:
        targets = [teams[_key(name)] for name in moves.of(_name(old))]
        for target, child in _dealt(targets, by_team[old.pk]):
            place = _place(rollover, child)
            place.reason = _why_not(target, old, child, floor, rollover)
            if not place.reason and target is not None:
                place.planned_team = target
                # Waiting children wear no shirt; of two with one number the elder joiner keeps it.
                if child.shirt and child.shirt not in worn[target.pk]:
                    place.shirt_number = child.shirt
                    worn[target.pk].add(child.shirt)
            places.append(place)
    return places


def _dealt(
    targets: list[PlannedTeam], squad: list[Child]
) -> list[tuple[PlannedTeam | None, Child]]:
    if not targets:
        return [(None, child) for child in squad]
    parts = moving.dealt(squad, len(targets))
    return [(target, child) for target, part in zip(targets, parts, strict=True) for child in part]


def _place(rollover: Rollover, child: Child) -> ReturningPlace:
    return ReturningPlace(
        rollover_id=rollover.pk,
        before_id=child.pk,
        player_id=child.player,
        family_id=child.family,
        waiting_since=child.waiting_since,
    )


def _why_not(
    target: PlannedTeam | None, old: Team, child: Child, floor: date, rollover: Rollover
) -> str:
    """Why a child gets no place; "" where they do."""
    if child.waiting_since and rollover.waiting == Rollover.Waiting.LET_GO:
        return LET_WAIT
    if child.status == Registration.Status.TRIAL:
        return "only on trial"
    if target is None:
        ended = old.age_number >= moving.LAST_AGE
        return "U18s end here" if ended else "the team ends"
    if child.dob < floor:
        return "too old for the new season"
    return ""


def _problems(
    places: list[ReturningPlace], teams: dict[TeamName, PlannedTeam], owing: dict[int, int]
) -> list[dict[str, Any]]:
    """What staff should look at before they commit; children by the id of their place."""
    before = dict(
        Registration.objects.filter(
            pk__in=[p.before_id for p in places if p.planned_team and not p.shirt_number]
        ).values_list("pk", "shirt_number")
    )
    found: list[dict[str, Any]] = []
    squads: dict[int, int] = defaultdict(int)
    for place in places:
        if place.planned_team is None:
            if place.reason != LET_WAIT:
                found.append(_problem("unplaced", place, place.reason))
            continue
        squads[place.planned_team.pk] += not place.waiting_since
        if number := before.get(place.before_id):
            found.append(_problem("shirt", place, f"shirt {number} is another child's there"))
        if place.in_arrears:
            owed = f"owes £{owing[place.before_id] / 100:.2f}"
            found.append(_problem("arrears", place, owed))
    for team in teams.values():
        size = squads[team.pk]
        if team.squad_limit and size > team.squad_limit:
            words = f"{size} children for {team.squad_limit} places"
            found.append({"kind": "limit", "team": str(team), "place": None, "words": words})
    return found


def _problem(kind: str, place: ReturningPlace, words: str) -> dict[str, Any]:
    team = str(place.planned_team) if place.planned_team else ""
    return {"kind": kind, "team": team, "place": place.pk, "words": words}


def _totals(
    places: list[ReturningPlace], teams: dict[TeamName, PlannedTeam]
) -> dict[str, int | list[dict[str, Any]]]:
    """Counts over all, and per new team before and after."""
    squads: dict[int, list[ReturningPlace]] = defaultdict(list)
    for place in places:
        if place.planned_team_id:
            squads[place.planned_team_id].append(place)
    placed = [place for place in places if place.planned_team_id]
    per_team = [
        {
            "team": str(team),
            "from": team.comes_from,
            "players": sum(not p.waiting_since for p in squads[team.pk]),
            "waiting": sum(bool(p.waiting_since) for p in squads[team.pk]),
            "limit": team.squad_limit,
            "kit": team.kit_due,
        }
        for team in teams.values()
    ]
    families: dict[int, int] = defaultdict(int)
    for place in placed:
        families[place.family_id] += 1
    return {
        "players": len(places),
        "placed": sum(not place.waiting_since for place in placed),
        "waiting": sum(bool(place.waiting_since) for place in placed),
        "unplaced": len(places) - len(placed),
        "teams": len(teams),
        "families": len(families),
        "families_of_several": sum(count > 1 for count in families.values()),
        "arrears": sum(place.in_arrears for place in places),
        "per_team": per_team,
    }


def _name(team: Team) -> TeamName:
    return team.age_group, team.name


def _key(name: TeamName) -> TeamName:
    return name[0], " ".join(name[1].replace("_", " ").casefold().split())


def _kept(value: Any) -> Any:
    return value.isoformat() if isinstance(value, date) else value
