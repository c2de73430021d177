"""Carry out a stored plan, in small transactions: whoever is killed is carried on from there.

What is done is seen in the rows themselves, so a second run, or two at once, changes nothing.
"""

from collections import defaultdict
from collections.abc import Callable
from datetime import datetime

from django.db import IntegrityError, transaction
from django.db.models import OuterRef, Subquery

from integrations import clock, outbox, queue
from registrations.actions import states
from registrations.actions.rollover_plan import (
    NotPossible,
    fingerprint,
    read_children,
    season_values,
)
from registrations.airtable_ids import team_sync_id
from registrations.models import PlannedTeam, ReturningPlace, Rollover, Season, Team, TeamStaff
from registrations.ports import desk

TEAMS, PLACES, LEAVERS = 250, 2500, 20  # how many a transaction takes
LET_GO = "no place before the season ended"


def commit(rollover_id: int, *, at: datetime, by: str) -> Rollover:
    """Begin or carry on; raises NotPossible where the plan is no longer true or was undone."""
    _begin(rollover_id, at, by)
    for step in STEPS:
        while step(rollover_id):
            pass
    _finish(rollover_id, by)
    return Rollover.objects.get(pk=rollover_id)


def locked(rollover_id: int) -> Rollover:
    """The rollover, locked until the transaction ends; raises NotPossible once it was undone."""
    rows = Rollover.objects.select_for_update(of=("self",)).select_related(
        "from_season", "to_season"
    )
    rollover = rows.filter(pk=rollover_id).first()
    if rollover is None:
        raise NotPossible("This plan was replaced by a newer one.")
    if rollover.undone_at:
        raise NotPossible("This rollover was undone: make a new plan.")
    return rollover


@transaction.atomic
def _begin(rollover_id: int, at: datetime, by: str) -> None:
    rollover = locked(rollover_id)
    if rollover.started_at:
        return
    season = rollover.from_season
    now = fingerprint(read_children(season), season.teams.all())
    if now != rollover.fingerprint:
        raise NotPossible("Children or teams have changed since the plan was made: plan again.")
    rollover.started_at, rollover.committed_by = at, by[:150]
    try:
        with transaction.atomic():
            rollover.save(update_fields=["started_at", "committed_by"])
    except IntegrityError:
        raise NotPossible("Another plan for this season is being carried out.") from None


@transaction.atomic
def _make_season(rollover_id: int) -> bool:
    rollover = locked(rollover_id)
    if rollover.to_season_id is None:
        values = season_values(rollover)
        try:
            with transaction.atomic():
                rollover.to_season = Season.objects.create(**values)
        except IntegrityError:
            raise NotPossible(f"There is a season {rollover.to_code} already.") from None
        rollover.save(update_fields=["to_season"])
    return False


@transaction.atomic
def _make_teams(rollover_id: int) -> bool:
    rollover = locked(rollover_id)
    rows = list(rollover.teams.filter(team=None)[:TEAMS])
    made = [
        Team(
            season=rollover.to_season,
            age_group=row.age_group,
            name=row.name,
            squad_limit=row.squad_limit,
            kit_due=row.kit_due,
            automatic_offers=row.automatic_offers,
        )
        for row in rows
    ]
    for row, team in zip(rows, Team.objects.bulk_create(made), strict=True):
        row.team = team
    PlannedTeam.objects.bulk_update(rows, ["team"])
    if made:
        ids = {team.pk: team_sync_id(team) for team in made}
        outbox.mark_behind("team", ids, table="team_info")
        _take_staff(rollover, rows)
    return bool(made)


def _take_staff(rollover: Rollover, rows: list[PlannedTeam]) -> None:
    """Whoever looks after a team looks after what becomes of it."""
    beside: dict[str, list[TeamStaff]] = defaultdict(list)
    old = TeamStaff.objects.filter(team__season=rollover.from_season_id)
    for one in old.select_related("team"):
        beside[str(one.team)].append(one)
    places = {
        (one.user_id, row.team): one.role
        for row in rows
        for name in row.old_names
        for one in beside[name]
    }
    TeamStaff.objects.bulk_create(
        TeamStaff(user_id=user, team=team, role=role) for (user, team), role in places.items()
    )


@transaction.atomic
def _give_places(rollover_id: int) -> bool:
    rollover = locked(rollover_id)
    ids = rollover.places.filter(team=None, planned_team__isnull=False).values_list("pk", flat=True)
    mine = list(ids[:PLACES])
    team = PlannedTeam.objects.filter(pk=OuterRef("planned_team_id")).values("team_id")[:1]
    ReturningPlace.objects.filter(pk__in=mine).update(team_id=Subquery(team))
    return bool(mine)


@transaction.atomic
def _let_go(rollover_id: int) -> bool:
    rollover = locked(rollover_id)
    if rollover.waiting != Rollover.Waiting.LET_GO:
        return False
    leavers = rollover.places.filter(waiting_since__isnull=False, let_go=False)
    mine = list(leavers[:LEAVERS])
    for place in mine:
        states.cancel(place.before_id, reason=LET_GO, at=clock.now(), by=rollover.committed_by)
        ReturningPlace.objects.filter(pk=place.pk).update(let_go=True)
    return bool(mine)


@transaction.atomic
def _finish(rollover_id: int, by: str) -> None:
    rollover, moment = locked(rollover_id), clock.now()
    if rollover.committed_at:
        return
    Season.objects.filter(pk=rollover.from_season_id).update(closed_at=moment)
    desk().end_season(rollover.from_season_id, by=by)
    # The new table is made and checked by a job: no call inside a transaction (design 3.2).
    rollover.committed_at, rollover.due_at = moment, moment
    rollover.save(update_fields=["committed_at", "due_at"])
    queue.ring("registrations.roll_tables")


STEPS: tuple[Callable[[int], bool], ...] = (_make_season, _make_teams, _give_places, _let_go)
