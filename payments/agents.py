"""What agents may ask about money; what moves any is a proposal (registrations/agents/writing)."""

from __future__ import annotations

from pydantic import Field

from integrations import clock
from integrations.agents.tools import Answer, Arguments, Caller, Id, Tool
from payments import lines
from payments.actions.arrears import owing
from registrations.agents import rows
from registrations.agents.reading import SEASON, VIEW


class Late(Arguments):
    """Where to look for what is late."""

    told = frozenset({"season"})
    season: str = Field(default="", pattern=r"^(\d{4})?$", description=SEASON)
    team_id: Id | None = Field(default=None, description="only this team (see teams)")
    limit: int = Field(default=50, ge=1, le=200, description="how many at the most, longest first")


def arrears(caller: Caller, given: Late) -> Answer:
    """Who is late with how much, since when."""
    season = rows.season(given.season)
    seen = rows.registrations(caller).filter(season=season)
    if given.team_id is not None:
        seen = seen.filter(team=rows.team(caller, given.team_id))
    mine = set(seen.values_list("pk", flat=True))
    found = [line for line in lines.entries(season, today=clock.today())
             if line.owner.registration in mine]  # fmt: skip
    owners = {line.owner.registration: line.owner for line in found}
    owed = sorted(owing(found).items(), key=lambda each: (each[1].since, each[0]))
    return {
        "season": season.code,
        "accounts": len(owed),
        "pence": sum(debt.pence for _, debt in owed),
        "late": [
            {
                "registration_id": pk,
                "child": owners[pk].child,
                "team": owners[pk].team,
                "pence": debt.pence,
                "since": debt.since.isoformat(),
                "bank_still_tries": debt.retried,
            }
            for pk, debt in owed[: given.limit]
        ],
    }


TOOLS = [
    Tool(
        "arrears",
        Late,
        "What is late today: accounts, their total in pence, and each child's amount and since "
        "when, the longest first.",
        arrears,
        needs=(VIEW, "payments.see_books"),
    )
]
