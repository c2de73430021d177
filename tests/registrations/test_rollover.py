"""From one season to the next: the plan, its carrying out, its undoing."""

import io
import os
from collections import Counter
from datetime import date

import pytest
from django.core.management import CommandError, call_command
from django.db import connection, connections

from integrations import clock
from integrations.airtable import client, push
from integrations.models import AirtableRow, ServiceState
from payments.models import Ending, Mandate, Subscription
from registrations.actions import rollover_commit, rollover_plan, rollover_tables, rollover_undo
from registrations.actions.rollover_plan import NotPossible, Wishes
from registrations.models import (
    PlannedTeam,
    Registration,
    ReturningPlace,
    Rollover,
    Season,
    Team,
    TeamStaff,
    TimelineEntry,
)
from tests import factories
from tests.benchmarks import rollover as large

SOAK = bool(os.environ.get("SOAK"))  # then ten thousand players are killed and pushed
MOVES = """U10 Lions = U11 Lions, U11 Bears
U11 Hawks = U12 Eagles
U11 Owls = U12 Eagles
U12 Foxes ="""


@pytest.fixture
def old_season(db) -> Season:
    """A small club: a team to split, two to merge, one to end, U18s, one that just moves up."""
    season = factories.season()
    squads = [
        ("u10", "Lions", [1, 2, 3, 4], date(2017, 3, 5)),
        ("u11", "Hawks", [7, 8], date(2016, 3, 5)),
        ("u11", "Owls", [7, 9], date(2016, 5, 5)),
        ("u12", "Foxes", [5], date(2015, 3, 5)),
        ("u17", "Kites", [4], date(2010, 3, 5)),
        ("u18", "Bees", [2], date(2009, 3, 5)),
    ]
    for age_group, name, shirts, dob in squads:
        team = factories.team(season=season, age_group=age_group, name=name)
        for shirt in shirts:
            parent = factories.guardian()
            child = factories.player(family=parent.family, dob=dob)
            factories.active_registration(
                team=team, guardian=parent, player=child, shirt_number=shirt
            )
    return season


@pytest.fixture
def staff(old_season, django_user_model):
    """Coach of a team that is split, manager of two that become one; the first offers itself."""
    user = django_user_model.objects.create_user("sam")
    for name, role in [("Lions", "coach"), ("Hawks", "manager"), ("Owls", "manager")]:
        user.teams.create(team=old_season.teams.get(name=name), role=role)
    old_season.teams.filter(name="Lions").update(automatic_offers=True)
    return user


def _plan(season: Season, **given: object) -> Rollover:
    wishes = Wishes(**({"moves": MOVES, "limits": "3\nU11 Bears = 2"} | given))
    return rollover_plan.plan(season, wishes, at=clock.now(), by="reg")


def _commit(rollover: Rollover) -> Rollover:
    return rollover_commit.commit(rollover.pk, at=clock.now(), by="reg")


def _everything() -> dict[str, list]:
    """All that a rollover may touch, but for its own record of itself."""
    teams = Team.objects.values_list("season__code", "age_group", "name", "squad_limit", "state")
    seasons = list(Season.objects.values())
    for row in seasons:
        row |= {"id": None, "closed_at": bool(row["closed_at"])}
    return {
        "seasons": seasons,
        "teams": sorted(map(repr, teams)),
        "registrations": sorted(
            map(repr, Registration.objects.values_list("pk", "team", "shirt_number", "status"))
        ),
        "places": sorted(
            map(repr, ReturningPlace.objects.values_list("player", "team__name", "shirt_number"))
        ),
        "rows": sorted(AirtableRow.objects.filter(gone_at=None).values_list("kind").iterator()),
        "endings": Ending.objects.count(),
        "staff": list(TeamStaff.objects.values_list("user", "team")),
    }


def test_a_plan_splits_merges_ends_and_names_every_problem(old_season):
    before = _everything()
    rollover = _plan(old_season)

    squads = {row["team"]: (row["players"], row["limit"]) for row in rollover.totals["per_team"]}
    assert squads == {
        "U11 Lions": (2, 3),
        "U11 Bears": (2, 2),
        "U12 Eagles": (4, 3),
        "U18 Kites": (1, 3),
    }
    assert rollover.totals["unplaced"] == 2
    assert rollover.totals["placed"] == 9
    kinds = Counter(problem["kind"] for problem in rollover.problems)
    assert kinds == {"unplaced": 2, "shirt": 1, "limit": 1}
    assert next(p for p in rollover.problems if p["kind"] == "limit")["words"] == (
        "4 children for 3 places"
    )
    after = _everything()
    assert before | {"places": after["places"]} == after  # a dry run changes nothing else
    assert Season.objects.count() == 1


def test_a_child_who_is_only_on_trial_gets_no_place_and_arrears_rules_go_on(old_season):
    Season.objects.update(suspension_days=40, offer_hours=24, keep_photos_days=400)
    row = Registration.objects.filter(team__name="Lions").first()
    Registration.objects.filter(pk=row.pk).update(status="trial", trial_ends_at=clock.now())
    rollover = _commit(_plan(old_season))
    assert rollover.places.get(before=row).reason == "only on trial"
    new = rollover.to_season
    assert (new.suspension_days, new.offer_hours, new.keep_photos_days) == (40, 24, 400)


def test_commit_applies_exactly_the_plan_and_a_second_commit_changes_nothing(old_season, staff):
    rollover = _plan(old_season, values={"monthly_fee_pence": 3000}, kit="u11 bears")
    of_teams = "age_group", "name", "squad_limit", "kit_due", "automatic_offers"
    planned_teams = set(rollover.teams.values_list(*of_teams))
    assert ("u11", "Bears", 2, True, True) in planned_teams
    assert ("u12", "Eagles", 3, False, None) in planned_teams
    planned = dict(rollover.places.values_list("player", "planned_team__name"))
    shirts = dict(rollover.places.values_list("player", "shirt_number"))

    _commit(rollover)
    season = Season.objects.get(code="2728")
    assert season.monthly_fee_pence == 3000
    assert season.opens_on == date(2027, 6, 1)
    assert season.airtable_table == "registrations_2728"
    assert set(season.teams.values_list(*of_teams)) == planned_teams
    beside = staff.teams.filter(team__season=season).values_list("team__name", "role")
    assert sorted(beside) == [("Bears", "coach"), ("Eagles", "manager"), ("Lions", "coach")]
    assert dict(rollover.places.values_list("player", "team__name")) == planned
    assert dict(rollover.places.values_list("player", "shirt_number")) == shirts
    assert AirtableRow.objects.filter(kind="team", due_at__isnull=False).count() == 4
    old_season.refresh_from_db()
    assert old_season.closed_at
    assert not old_season.is_open(date(2026, 9, 1))

    whole = _everything()
    _commit(rollover)
    assert _everything() == whole
    with pytest.raises(NotPossible, match="rolled over already"):
        _plan(old_season)


def test_a_plan_that_is_no_longer_true_is_refused(old_season):
    rollover = _plan(old_season)
    factories.active_registration(team=old_season.teams.first())
    with pytest.raises(NotPossible, match="plan again"):
        _commit(rollover)
    assert Season.objects.count() == 1
    assert not Season.objects.get().closed_at


@pytest.mark.parametrize(
    ("wishes", "words"),
    [
        ({"moves": "U10 Tigers = U11 Tigers"}, "there is no team U10 Tigers"),
        ({"moves": "U10 Lions U11 Lions"}, "U10 Lions = U11 Lions"),
        ({"moves": "U10 Lions = Lions"}, "is no team"),
        ({"moves": "U10 Lions = U11 Li*ns"}, "no code can be made"),
        ({"limits": "many"}, "a number from 1 to 60"),
        ({"limits": "U9 Lions = 4"}, "no team U9 Lions in the new season"),
        ({"kit": "U9 Lions"}, "no team U9 Lions in the new season"),
        ({"values": {"opens_on": date(2029, 1, 1)}}, "open before it closes"),
    ],
)
def test_what_cannot_be_planned_is_said_and_stores_nothing(old_season, wishes, words):
    with pytest.raises(NotPossible, match=words.replace("(", r"\(")):
        _plan(old_season, **wishes)
    assert not Rollover.objects.exists()


def test_an_undo_leaves_everything_as_it_was(old_season, staff):
    waits = factories.registration(
        team=old_season.teams.get(name="Lions"), waiting_since=clock.now(), status="waiting"
    )
    running = Registration.objects.filter(status="active").first()
    mandate = Mandate.objects.create(
        gocardless_id="MD1", guardian=running.guardian, created_at=clock.now()
    )
    Subscription.objects.create(
        registration=running,
        mandate=mandate,
        gocardless_id="SB1",
        status="active",
        pence=2750,
        joined_on=date(2026, 9, 1),
        day_of_month=15,
        created_at=clock.now(),
    )
    before = _everything()
    rollover = _plan(old_season, waiting=Rollover.Waiting.LET_GO)
    planned = _everything()
    _commit(rollover)
    waits.refresh_from_db()
    assert waits.cancelled_reason == rollover_commit.LET_GO
    assert Ending.objects.get().due_at > clock.now()

    rollover_undo.undo(rollover.pk, at=clock.now(), by="reg")
    after = _everything()
    assert after["rows"].count(("team",)) == 0
    assert {**after, "rows": planned["rows"]} == planned
    assert {**planned, "places": before["places"]} == before
    with pytest.raises(NotPossible, match="undone"):
        _commit(rollover)
    _commit(_plan(old_season))  # and it can be done anew


def test_a_rollover_that_a_parent_answered_stays(old_season):
    rollover = _plan(old_season)
    _commit(rollover)
    rollover.places.filter(pk=rollover.places.first().pk).update(answered_at=clock.now())
    whole = _everything()
    with pytest.raises(NotPossible, match="A parent has answered"):
        rollover_undo.undo(rollover.pk, at=clock.now(), by="reg")
    assert _everything() == whole


def test_the_command_plans_commits_and_undoes(old_season):
    said = io.StringIO()
    wishes = "--move", "U12 Foxes =", "--monthly-fee-pence", "3050", "--kit-sizes", "S, M"
    call_command("rollover_season", "2627", "--dry-run", *wishes, stdout=said)
    for words in (
        "11 children: 9 placed, 0 waiting, 2 without a place",
        "Monthly fee: £27.50 -> £30.50",
        "Registration opens: 1 June 2026 -> 1 June 2027",
        ", S, M, L, XL, 2XL, 3XL -> S, M",
    ):
        assert words in said.getvalue()
    assert not Season.objects.filter(code="2728").exists()
    call_command("rollover_season", "2627", "--commit", stdout=said)
    assert Season.objects.filter(code="2728").exists()
    call_command("rollover_season", "2627", "--undo", stdout=said)
    assert not Season.objects.filter(code="2728").exists()
    with pytest.raises(CommandError, match="Nothing was committed"):
        call_command("rollover_season", "2627", "--undo", stdout=said)
    with pytest.raises(CommandError, match="no season 9900"):
        call_command("rollover_season", "9900", "--dry-run", stdout=said)


class Killed(BaseException):
    """The process is gone; nothing catches this."""


def _die_at(rollover_id: int, n: int) -> bool:
    """Commit in a process that kills itself before its n-th statement; True if it was killed."""
    connection.close()  # no socket may be shared with a child
    child = os.fork()
    if child == 0:
        count = 0

        def counting(execute, sql, params, many, context):
            nonlocal count
            count += 1
            if count == n:
                os.kill(os.getpid(), 9)
            return execute(sql, params, many, context)

        try:
            with connection.execute_wrapper(counting):
                rollover_commit.commit(rollover_id, at=clock.now(), by="reg")
        finally:
            connections.close_all()
            os._exit(0)
    _, status = os.waitpid(child, 0)
    return os.WIFSIGNALED(status)


def _three_teams() -> Season:
    for name in ("Lions", "Bears", "Hawks"):
        for shirt in (1, 2, 3):
            factories.active_registration(team=factories.team(name=name), shirt_number=shirt)
    return factories.season()


@pytest.mark.django_db(transaction=True)
def test_killed_at_the_nth_statement_and_carried_on_it_ends_as_planned(monkeypatch):
    season = large.fill() if SOAK else _three_teams()
    for name, batch in {"TEAMS": 25, "PLACES": 250}.items():
        monkeypatch.setattr(rollover_commit, name, batch if SOAK else 1)
    rollover = _plan(season, moves="", limits="")
    before = _everything()
    children = dict(rollover.places.values_list("player", "planned_team__name"))
    teams = set(rollover.teams.values_list("age_group", "name"))
    assert len(children) == (large.PLAYERS if SOAK else 9)

    killed = 0
    for n in range(1, 301, 3) if SOAK else range(1, 60, 7):
        killed += _die_at(rollover.pk, n)
        _commit(rollover)
        assert dict(rollover.places.values_list("player", "team__name")) == children
        made = Team.objects.filter(season__code="2728").values_list("age_group", "name")
        assert sorted(made) == sorted(teams)
        assert AirtableRow.objects.filter(kind="team", gone_at=None).count() == len(teams)
        rollover_undo.undo(rollover.pk, at=clock.now(), by="reg")
        assert _everything() | {"places": before["places"]} == before
        season.rollovers.all().delete()
        AirtableRow.objects.filter(kind="team").delete()
        rollover = _plan(season, moves="", limits="")
    assert killed == (100 if SOAK else 9)
    assert not PlannedTeam.objects.filter(rollover__undone_at=None, team__isnull=False).exists()


def test_the_new_table_is_made_in_airtable_and_an_undo_takes_the_teams_away(
    db, sandbox, monkeypatch
):
    season = large.fill() if SOAK else _three_teams()
    sandbox.store.put("airtable.settings", "limits", {"per_second": 0})
    monkeypatch.setattr("integrations.guard.SPACING", {"airtable": 0})
    rollover = _plan(season, moves="", limits="")
    _commit(rollover)
    sandbox.down("airtable")
    rollover_tables.roll_due()
    rollover.refresh_from_db()
    assert rollover.table_checked_at is None
    assert rollover.due_at > clock.now()

    sandbox.up("airtable")
    Rollover.objects.update(due_at=clock.now())
    ServiceState.objects.all().delete()
    rollover_tables.roll_due()
    rollover.refresh_from_db()
    assert rollover.table_checked_at, rollover.last_error
    assert "registrations_2728" in {table["name"] for table in client.tables()}
    call_command("airtable_check", "--create", stdout=io.StringIO())
    AirtableRow.objects.update(due_at=clock.now())
    while push.push_due():
        continue
    assert _teams_in_airtable(sandbox) == {"2728": rollover.teams.count()}

    rollover_undo.undo(rollover.pk, at=clock.now(), by="reg")
    AirtableRow.objects.update(due_at=clock.now())
    while push.push_due():
        continue
    assert _teams_in_airtable(sandbox) == {}


def _teams_in_airtable(sandbox) -> dict[str, int]:
    tables = {doc["name"]: doc["id"] for doc in sandbox.store.all("airtable.tables")}
    records = sandbox.store.all(f"airtable.records.{tables['team_info']}")
    return dict(Counter(doc["fields"].get("current_season") for doc in records))


def test_a_closed_season_is_read_and_no_longer_edited(old_season, admin_client):
    _commit(_plan(old_season))
    row = Registration.objects.filter(season=old_season).first()
    page = f"/admin/registrations/registration/{row.pk}/"
    assert admin_client.get(f"{page}change/").status_code == 200
    answer = admin_client.post(f"{page}do/suspend/", {"confirmed": "1", "reason": "x"}, follow=True)
    assert "is closed" in answer.content.decode()
    assert admin_client.post(f"{page}change/", {"kit_size": "M"}).status_code == 403
    row.refresh_from_db()
    assert row.status == "active"
    assert not TimelineEntry.objects.filter(registration=row, text__startswith="Suspended").exists()


def test_the_wizard_plans_commits_and_undoes(old_season, admin_client, client, django_user_model):
    page = "/admin/new-season/"
    first = admin_client.get(page)
    start = first.context["form"].initial
    assert "U10 Lions = U11 Lions\n" in start["moves"]
    assert start["moves"].endswith("U18 Bees =")
    wishes = {name: start[name] for name in first.context["form"].fields if name in start}
    wrong = admin_client.post(page, wishes | {"what": "plan", "limits": "lots"}, follow=True)
    assert "a number from 1 to 60" in wrong.content.decode()
    assert wrong.context["form"].data["limits"] == "lots"  # nothing typed is lost

    planned = admin_client.post(
        page,
        wishes | {"what": "plan", "moves": MOVES, "limits": "3", "kit": "U12 Eagles"},
        follow=True,
    )
    shown = planned.content.decode()
    for words in ("Nothing has been changed yet", "4 children for 3 places", "U18s end here"):
        assert words in shown
    # The form keeps what the plan was made of: planning again from it gives the same plan, and
    # so does the command.
    again = planned.context["form"].initial
    assert "U10 Lions = U11 Lions, U11 Bears" in again["moves"]
    whole = _whole_plan()
    kept = {name: again[name] for name in planned.context["form"].fields}
    admin_client.post(page, kept | {"what": "plan"})
    assert _whole_plan() == whole
    moves = [f"--move={line}" for line in MOVES.splitlines()]
    wished = *moves, "--limit=3", "--new-kit=U12 Eagles"
    call_command("rollover_season", "2627", "--dry-run", *wished, stdout=io.StringIO())
    assert _whole_plan() == whole
    rollover = Rollover.objects.get()
    made = admin_client.post(page, {"what": "commit", "rollover": rollover.pk}, follow=True)
    assert "The new season is there" in made.content.decode()
    undone = admin_client.post(page, {"what": "undo", "rollover": rollover.pk}, follow=True)
    assert "as it was before" in undone.content.decode()
    assert undone.context["form"].initial["kit"] == "U12 Eagles"  # nobody types it all twice
    assert admin_client.post(page, {"what": "dance"}).status_code == 404

    volunteer = django_user_model.objects.create_user("vol", is_staff=True)
    client.force_login(volunteer)
    assert client.get(page).status_code == 403


def _whole_plan() -> tuple:
    """All of the one stored plan but for its numbers and moments."""
    plan = Rollover.objects.get()
    teams = plan.teams.order_by("pk").values(
        "age_group", "name", "comes_from", "squad_limit", "kit_due", "automatic_offers"
    )
    places = plan.places.order_by("pk").values("player", "planned_team__name", "shirt_number")
    problems = [problem | {"place": bool(problem["place"])} for problem in plan.problems]
    said = plan.values, plan.totals, plan.waiting, plan.arrears, plan.fingerprint
    return (*said, problems, list(teams), list(places))
