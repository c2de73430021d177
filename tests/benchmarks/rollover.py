"""B7: a season's rollover, planned and committed, against bulk_create of the same rows."""

from datetime import date, timedelta
from typing import Any

from django.db import models

from integrations import clock
from integrations.models import AirtableRow
from payments.models import Ending
from registrations.actions import rollover_commit, rollover_plan, rollover_undo
from registrations.models import (
    Family,
    Guardian,
    PlannedTeam,
    Player,
    Registration,
    ReturningPlace,
    Rollover,
    Season,
    Team,
)
from tests import factories
from tests.benchmarks.measure import Line, at_most, in_turns, seconds

PLAYERS = 10_000
SQUAD = 20
MADE = (PlannedTeam, Team, AirtableRow, ReturningPlace)


def run() -> list[Line]:
    """One line: the whole rollover."""
    season = fill()
    made = _kept(season)

    def ours() -> float:
        took = seconds(lambda: _roll(season))
        _undo(season)
        return took

    def floor() -> float:
        rollover = Rollover.objects.create(
            from_season=season, to_code="2728", planned_at=clock.now(), undone_at=clock.now()
        )
        rows = {model: [_copy(row, rollover) for row in made[model]] for model in made}
        took = seconds(lambda: _create(rows))
        for model in (ReturningPlace, AirtableRow, PlannedTeam, Team):
            model.objects.filter(pk__in=[row.pk for row in rows[model]]).delete()
        Rollover.objects.filter(pk=rollover.pk).delete()
        return took

    words = f"rollover of {PLAYERS} players"
    return [at_most("B7", words, "seconds", *in_turns(ours, floor), 3)]


def _roll(season: Season) -> Rollover:
    plan = rollover_plan.plan(season, rollover_plan.Wishes(), at=clock.now(), by="bench")
    return rollover_commit.commit(plan.pk, at=clock.now(), by="bench")


def _undo(season: Season) -> None:
    for rollover in season.rollovers.filter(undone_at=None):
        rollover_undo.undo(rollover.pk, at=clock.now(), by="bench")
    season.rollovers.all().delete()
    # Nothing is sent here: the rows that say what is gone there would stay.
    AirtableRow.objects.filter(kind="team").delete()
    season.refresh_from_db()


def _kept(season: Season) -> dict[type[models.Model], list[Any]]:
    """The rows that one rollover makes, as they are in the end."""
    _roll(season)
    assert not Ending.objects.exists()
    place_rows = list(ReturningPlace.objects.all())
    assert len(place_rows) == PLAYERS
    new = Season.objects.exclude(pk=season.pk).get()
    made = {
        PlannedTeam: list(PlannedTeam.objects.all()),
        Team: list(new.teams.all()),
        AirtableRow: list(AirtableRow.objects.filter(kind="team")),
        ReturningPlace: place_rows,
    }
    _undo(season)
    return made


def _copy(row: Any, rollover: Rollover) -> Any:
    """An unsaved copy with the same columns; what it points to need not be the same."""
    values = {f.attname: getattr(row, f.attname) for f in row._meta.concrete_fields}
    values.pop("id")
    if isinstance(row, Team):
        values["season_id"] = rollover.from_season_id
        values["name"] = f"Copy {row.pk}"[:20]
    if isinstance(row, PlannedTeam | ReturningPlace):
        values["rollover_id"] = rollover.pk
    if isinstance(row, PlannedTeam):
        values["team_id"] = None
    if isinstance(row, ReturningPlace):
        values |= {"team_id": None, "planned_team_id": None}
    return type(row)(**values)


def _create(rows: dict[type[models.Model], list[Any]]) -> None:
    for model in MADE:
        model._default_manager.bulk_create(rows[model], batch_size=1000)


def fill() -> Season:
    """As many players, a family each, in squads of twenty; nothing of it is owed any more."""
    season = factories.season()
    Registration.objects.all().delete()
    squads = -(-PLAYERS // SQUAD)
    teams = Team.objects.bulk_create(
        Team(season=season, age_group=f"u{7 + n % 10}", name=f"Team {_word(n // 10)}")
        for n in range(squads)
    )
    moment = clock.now() - timedelta(days=200)
    families = Family.objects.bulk_create(Family(created_at=moment) for _ in range(PLAYERS))
    adults = Guardian.objects.bulk_create(
        Guardian(family=family, first_name="Ann", last_name="Lee", phone="+447700900001")
        for family in families
    )
    children = Player.objects.bulk_create(
        Player(
            family=family,
            first_name=f"Sam{number}",
            last_name="Lee",
            dob=date(2015, 3, 5),
            gender="Female",
        )
        for number, family in enumerate(families)
    )
    Registration.objects.bulk_create(
        (
            Registration(
                season=season,
                team=teams[number // SQUAD],
                player=child,
                guardian=adult,
                code="200",
                relationship="Mother",
                signing_on_fee_pence=0,
                monthly_fee_pence=0,
                payment_day=15,
                shirt_number=1 + number % SQUAD,
                submitted_at=moment,
                fee_settled_at=moment,
                fee_settled_by="waived",
                collection_arranged_at=moment,
                collection_arranged_by="exempt",
                status="active",
                child_key=f"sam{number} lee",
                contact_key="+447700900001",
            )
            for number, (child, adult) in enumerate(zip(children, adults, strict=True))
        ),
        batch_size=1000,
    )
    return season


def _word(number: int) -> str:
    """A team's name of letters: 0 is a, 27 is ab."""
    word = ""
    number += 1
    while number:
        number, letter = divmod(number - 1, 26)
        word = chr(97 + letter) + word
    return word
