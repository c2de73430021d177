"""`airtable_database_operation` as the club's agents know it (domain 9): a season and a question.

The question is read by rule into one of two plans, counting or searching, over the rows that the
agent's person sees; nothing is ever written by a sentence.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Annotated, Any

from django.db.models import QuerySet
from pydantic import AfterValidator, Field

from integrations.agents.tools import Answer, Arguments, Caller, NotFound, Tool, storable
from registrations.agents import rows
from registrations.agents.reading import VIEW
from registrations.models import Registration, Season, Team

MOST = 50
Status = Registration.Status
_WRITES = re.compile(
    r"\b(create|add|insert|update|change|edit|set|mark|delete|remove|erase|cancel|move|rename)\b",
    re.IGNORECASE,
)
_COUNTS = re.compile(r"\b(how many|count|number of|total)\b", re.IGNORECASE)
_LISTS = re.compile(
    r"\b(list|all|every|show|find|get|search|who|which|registrations?|players?|children|kids|status)\b",
    re.IGNORECASE,
)
_STATUSES = [
    (r"\b(pending payment|unpaid|not paid|have ?n.t paid|owe the fee)\b", Status.PENDING_PAYMENT),
    (r"\b(incomplete|no direct debit|without (a )?direct debit)\b", Status.INCOMPLETE),
    (r"\b(waiting( list| for a place)?)\b", Status.WAITING),
    (r"\bsuspended\b", Status.SUSPENDED),
    (r"\bcancelled\b", Status.CANCELLED),
    (r"\bactive\b", Status.ACTIVE),
]
_AGE = re.compile(r"\b(?:u|under)[ -]?(\d{1,2})(?:'?s)?\b", re.IGNORECASE)
_QUOTED = re.compile(r"[\"“”]([^\"“”]{2,60})[\"“”]")
_NAME = re.compile(r"\b[A-Z][\w'’-]*(?: [A-Z][\w'’-]*)*")
# Words that begin a sentence or name a thing of the base, not a person.
_NOT_NAMES = frozenset(
    "how what who which where show list find get search count give tell is are does has all every "
    "the number total please in for of status direct debit airtable season team teams player "
    "players registration registrations children kids active suspended cancelled waiting "
    "incomplete pending i u".split()
)
UNREAD = (
    "That question was not understood. Ask for a count or a list by status, team or name, such as "
    "“how many active players are in U10 Lions” or “find registrations of Okafor”."
)
READ_ONLY = "This tool only reads. Use the tools that write, or ask a person in the office."


class Question(Arguments):
    """A season and a question."""

    told = frozenset({"season"})
    season: str = Field(pattern=r"^\d{4}$", description="a season's code such as 2526 or 2627")
    query: Annotated[str, AfterValidator(storable)] = Field(
        min_length=1, max_length=500, description="a question in plain English; it only reads"
    )


@dataclass
class Plan:
    """What a question asks for."""

    count: bool
    status: str = ""
    team: Team | None = None
    age_group: str = ""
    name: str = ""
    whole: bool = False
    words: list[str] = field(default_factory=list)

    @property
    def empty(self) -> bool:
        """Whether nothing at all was recognised."""
        return not (self.status or self.team or self.age_group or self.name or self.whole)

    def told(self) -> Answer:
        """The plan in the form of domain 9."""
        params: dict[str, Any] = {"status": self.status, "age_group": self.age_group}
        params |= {"team": str(self.team) if self.team else "", "name": self.name}
        return {
            "operation_type": "read",
            "method": "count" if self.count else "search",
            "params": {name: value for name, value in params.items() if value}
            | ({} if self.count else {"max_records": MOST}),
            "explanation": f"{'Count' if self.count else 'Find'} the registrations of the season"
            f"{''.join(f', {each}' for each in self.words)}.",
        }


def operation(caller: Caller, given: Question) -> Answer:
    """The answer, or the reason why not, in the form that the club's agents read."""
    try:
        season = rows.season(given.season)
    except NotFound as error:
        return _error(str(error))
    if _WRITES.search(given.query):
        return _error(READ_ONLY)
    plan = read(given.query, rows.teams(caller).filter(season=season))
    if plan.empty:
        return _error(UNREAD)
    return _success(given.query, season, plan, _carry_out(caller, season, plan))


def read(query: str, teams: QuerySet[Team]) -> Plan:
    """The plan that a question asks for, over these teams."""
    plan, rest = Plan(count=bool(_COUNTS.search(query))), query
    for pattern, status in _STATUSES:
        if re.search(pattern, rest, re.IGNORECASE):
            plan.status = status
            plan.words.append(f"status {status.label}")
            rest = re.sub(pattern, " ", rest, flags=re.IGNORECASE)
            break
    if age := _AGE.search(rest):
        plan.age_group = f"u{int(age[1])}"
        plan.words.append(f"age group {plan.age_group.upper()}")
        rest = _AGE.sub(" ", rest)
    rest = _read_team(plan, rest, teams)
    plan.name = _name(rest)
    if plan.name:
        plan.words.append("with that name")
    plan.whole = plan.count or bool(_LISTS.search(query))
    return plan


def _read_team(plan: Plan, rest: str, teams: QuerySet[Team]) -> str:
    """Take a team's name out of the question; one name may belong to several age groups."""
    fitting = [
        team
        for team in teams
        if (not plan.age_group or team.age_group == plan.age_group)
        and re.search(rf"\b{re.escape(team.name)}\b", rest, re.IGNORECASE)
    ]
    if len(fitting) == 1:
        plan.team = fitting[0]
        plan.words.append(f"team {fitting[0]}")
        return re.sub(rf"\b{re.escape(fitting[0].name)}\b", " ", rest, flags=re.IGNORECASE)
    return rest


def _name(rest: str) -> str:
    if quoted := _QUOTED.search(rest):
        return quoted[1].strip()
    for found in _NAME.findall(rest):
        words = [word for word in found.split() if word.casefold() not in _NOT_NAMES]
        if words:
            return " ".join(words)[:60]
    return ""


def _carry_out(caller: Caller, season: Season, plan: Plan) -> Any:
    found = rows.registrations(caller).filter(season=season, duplicate_of=None)
    if plan.status:
        found = found.filter(status=plan.status)
    elif plan.count:
        found = found.exclude(status=Status.CANCELLED)
    if plan.team:
        found = found.filter(team=plan.team)
    elif plan.age_group:
        found = found.filter(team__age_group=plan.age_group)
    if plan.name:
        found = rows.found_by(caller, found, plan.name)
    return found.count() if plan.count else [rows.line(row) for row in found[:MOST]]


def _success(query: str, season: Season, plan: Plan, result: Any) -> Answer:
    found = result if isinstance(result, int) else len(result)
    data = {
        "query": query,
        "season": season.code,
        "table": season.airtable_table,
        "operation_plan": plan.told(),
        "result": result,
    }
    return {"status": "success", "message": f"{found} found.", "data": data}


def _error(words: str) -> Answer:
    return {"status": "error", "message": words, "data": None}


TOOLS = [
    Tool(
        "airtable_database_operation",
        Question,
        "Ask about the registrations of a season in plain English, as of the club's base in "
        "Airtable: counts and lists by status, age group, team or name. Read-only. Prefer "
        "find_registrations and teams where they fit.",
        operation,
        needs=(VIEW, "registrations.view_team"),
    )
]
