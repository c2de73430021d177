"""Teams as the club keeps them in team_info (domain 4.1)."""

from collections.abc import Mapping
from typing import Any

from django.db import IntegrityError, transaction

from registrations.actions import sync
from registrations.models import Registration, Season, Team
from registrations.models.seasons import AGE_GROUPS

KEY = ("short_team_name", "age_group", "current_season")
CLOSED = "the season is closed: it can be read, no longer changed"


class NotTaken(ValueError):
    """A row is no team; the text says why, for volunteers."""


def named(cells: Mapping[str, Any]) -> list[Team]:
    """The teams that a row names; none or one."""
    rows = Team.objects.filter(
        season__code=str(cells.get("current_season") or ""),
        age_group=_age_group(cells.get("age_group")),
        name__iexact=str(cells.get("short_team_name") or "").strip(),
    )
    return list(rows)


@transaction.atomic
def enter(cells: Mapping[str, Any]) -> Team:
    """The team of a new row, which may be on file already; raises NotTaken."""
    if found := named(cells):
        return found[0]
    missing = [name for name in KEY if not cells.get(name)]
    if missing:
        raise NotTaken(f"Still missing: {', '.join(missing)}")
    name, group = str(cells["short_team_name"]).strip(), _age_group(cells["age_group"])
    season = Season.objects.filter(code=str(cells["current_season"])).first()
    if season is None:
        raise NotTaken(f"there is no season {cells['current_season']}")
    if season.closed_at:
        raise NotTaken(CLOSED)
    if group not in dict(AGE_GROUPS):
        raise NotTaken("age_group must be u6s to u18s")
    if not 1 <= len(name) <= 20:
        raise NotTaken("short_team_name must have 1 to 20 letters")
    kit_due = cells.get("need_new_kit_current_season") == "Y"
    return Team.objects.create(season=season, age_group=group, name=name, kit_due=kit_due)


@transaction.atomic
def change(team_id: int, cells: Mapping[str, Any]) -> dict[str, str]:
    """Rename a team, or note that new kit is due; returns {field: why not}."""
    rows = Team.objects.select_for_update(of=("self",)).select_related("season")
    team = rows.get(pk=team_id)
    if team.season.closed_at:
        return {name: f"{name}: {CLOSED}" for name in cells}
    refused: dict[str, str] = {}
    if "need_new_kit_current_season" in cells:
        team.kit_due = cells["need_new_kit_current_season"] == "Y"
    if "short_team_name" in cells:
        refused |= _rename(team, str(cells["short_team_name"] or "").strip())
    for name in KEY[1:]:
        if name in cells:
            refused[name] = f"{name} stays: make another row for another team"
    try:
        with transaction.atomic():
            team.save()
    except IntegrityError:
        return {name: f"{name}: there is such a team already" for name in cells}
    for registration in Registration.objects.filter(team=team).select_related("season"):
        sync.touch(registration)
    return refused


def _rename(team: Team, name: str) -> dict[str, str]:
    if not 1 <= len(name) <= 20:
        return {"short_team_name": "short_team_name must have 1 to 20 letters"}
    team.name = name
    return {}


def _age_group(value: Any) -> str:
    return str(value or "").strip().lower().rstrip("s")
