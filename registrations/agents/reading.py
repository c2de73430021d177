"""Tools that read: registrations, teams, what waits, how the services are."""

from __future__ import annotations

from typing import Literal

from django.db.models import Count
from pydantic import Field

from integrations import clock, health
from integrations.agents.tools import Answer, Arguments, Caller, Id, Text, Tool
from integrations.office.worklists import worklists
from registrations.admin.timeline import timeline
from registrations.agents import rows
from registrations.models import Registration, Season

VIEW = "registrations.view_registration"
TEAM = "registrations.view_team"
LINES = 40  # of a timeline
OLDEST = 5  # of each list that waits
Status = Literal["", "waiting", "pending_payment", "incomplete", "active", "suspended", "cancelled"]
SEASON = "a season's code such as 2627; empty for the one that takes registrations now"


class Find(Arguments):
    """What to look for."""

    told = frozenset({"status", "season"})
    text: Text = Field(
        default="", description="a child's or parent's name, a phone, a postcode or a code"
    )
    status: Status = Field(default="", description="only those that stand so")
    team_id: Id | None = Field(default=None, description="only this team (see teams)")
    season: str = Field(default="", pattern=r"^(\d{4})?$", description=SEASON)
    limit: int = Field(default=20, ge=1, le=100, description="how many at the most")


class One(Arguments):
    """Which registration."""

    registration_id: Id = Field(description="as find_registrations tells it")


class InSeason(Arguments):
    """Which season."""

    told = frozenset({"season"})
    season: str = Field(default="", pattern=r"^(\d{4})?$", description=SEASON)


class OfTeam(Arguments):
    """Which team."""

    team_id: Id = Field(description="as teams tells it")


class Nothing(Arguments):
    """No arguments."""


def find(caller: Caller, given: Find) -> Answer:
    """Registrations that fit."""
    found = rows.registrations(caller).filter(season=rows.season(given.season))
    if given.status:
        found = found.filter(status=given.status)
    if given.team_id is not None:
        found = found.filter(team=rows.team(caller, given.team_id))
    if given.text:
        found = rows.found_by(caller, found, given.text)
    count = found.count()
    return {"found": count, "registrations": [rows.line(row) for row in found[: given.limit]]}


def one(caller: Caller, given: One) -> Answer:
    """How one registration stands, and what happened to it."""
    row = rows.registration(caller, given.registration_id)
    facts = rows.line(row) | {
        "kind": row.get_kind_display(),
        "parent": row.guardian.full_name,
        "shirt_number": row.shirt_number,
        "kit_size": row.kit_size,
        "suspended_because": _suspended_because(row),
    }
    if caller.may("registrations.see_money"):
        facts |= {"monthly_fee": rows.WORDS.monthly(row), "payment_day": row.payment_day}
    if caller.may("registrations.change_registration"):
        facts["needs_a_person_because"] = [rows.plain(words) for words in row.flags]
    # What was said in the chat stays in the club: it is a family's own words.
    told = [each for each in timeline(row, caller.user) if each.kind != "conversation"]
    facts["timeline"] = [
        {
            "at": clock.london(each.at).isoformat(timespec="minutes"),
            "kind": each.kind,
            "text": rows.plain(each.text),
            "by": each.by,
        }
        for each in told[:LINES]
    ]
    return facts


def _suspended_because(row: Registration) -> str:
    open_one = row.suspensions.filter(lifted_at=None).first()
    return rows.plain(open_one.reason) if open_one else ""


def teams(caller: Caller, given: InSeason) -> Answer:
    """Teams with their counts."""
    season = rows.season(given.season)
    may_count = caller.may(VIEW) or caller.may("registrations.see_numbers")
    counts = _by_status(caller, season) if may_count else {}
    listed = [
        {
            "team_id": team.pk,
            "team": str(team),
            "state": team.state,
            "squad_limit": team.squad_limit,
            **({"registered": getattr(team, "registered", 0), "by_status": counts.get(team.pk, {})}
               if may_count else {}),
        }
        for team in rows.teams(caller).filter(season=season)
    ]  # fmt: skip
    return {"season": season.code, "teams": listed}


def _by_status(caller: Caller, season: Season) -> dict[int, dict[str, int]]:
    counted = rows.registrations(caller).filter(season=season).order_by()
    found: dict[int, dict[str, int]] = {}
    for team, status, number in counted.values_list("team", "status").annotate(Count("pk")):
        found.setdefault(team, {})[status] = number
    return found


def squad(caller: Caller, given: OfTeam) -> Answer:
    """The players of one team."""
    team = rows.team(caller, given.team_id)
    players = rows.registrations(caller).filter(team=team, duplicate_of=None)
    players = players.exclude(status=Registration.Status.CANCELLED)
    listed = players.order_by("player__last_name", "player__first_name")
    return {
        "team": str(team),
        "season": team.season.code,
        "players": [
            {
                "registration_id": row.pk,
                "child": row.player.full_name,
                "status": row.get_status_display(),
                "shirt_number": row.shirt_number,
                "kit_size": row.kit_size,
            }
            for row in listed
        ],
    }


def services(caller: Caller, given: Nothing) -> Answer:
    """How the services outside are."""
    report = health.report()
    kept = ("name", "level", "status", "waiting", "needs_person", "last_success_at")
    return {
        "overall_status": report["overall_status"],
        "services": {
            key: {name: entry[name] for name in kept} for key, entry in report["services"].items()
        },
    }


def waiting(caller: Caller, given: Nothing) -> Answer:
    """What waits for a person, as the person's own work queue shows it."""
    lists = []
    for owner, worklist in worklists(caller.request):
        open_rows = worklist.open()
        number = open_rows.count()
        if number:
            oldest = [
                {
                    "what": rows.plain(owner.summary(row)),
                    "why": rows.plain(worklist.reason(row)),
                    "since": getattr(row, worklist.since),
                }
                for row in open_rows.order_by(worklist.since)[:OLDEST]
            ]
            lists.append({"list": worklist.title, "waiting": number, "oldest": oldest})
    return {"waiting": sum(each["waiting"] for each in lists), "lists": lists}


TOOLS = [
    Tool(
        "find_registrations",
        Find,
        "Find registrations of one season by name, phone, postcode, status or team. Returns how "
        "many fit and the first of them, each with its registration_id, team, status, and how "
        "fee and Direct Debit stand.",
        find,
        needs=(VIEW,),
    ),
    Tool(
        "registration_status",
        One,
        "How one registration stands and what happened to it, newest first. No health notes, no "
        "telephone numbers, nothing of what the parent wrote in the chat.",
        one,
        needs=(VIEW,),
    ),
    Tool(
        "teams",
        InSeason,
        "The teams of a season: team_id, whether they take players, and how many are registered, "
        "by status.",
        teams,
        needs=(TEAM,),
    ),
    Tool(
        "team_list",
        OfTeam,
        "The players of one team with status, shirt number and kit size.",
        squad,
        needs=(TEAM, VIEW),
    ),
    Tool(
        "service_health",
        Nothing,
        "How Airtable, GoCardless, Twilio and the others are just now, and how much waits for "
        "each.",
        services,
        needs=("integrations.view_servicestate",),
    ),
    Tool(
        "what_waits",
        Nothing,
        "Everything that waits for a person, list by list, with the oldest of each.",
        waiting,
    ),
]
