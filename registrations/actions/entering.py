"""A registration that volunteers entered as a new row in Airtable."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db import transaction

from registrations import ages, codes, keys
from registrations.actions import states
from registrations.actions.edits import BY, GUARDIAN, MOBILE, OWN, PLAYER, NotTaken, find_team, read
from registrations.models import (
    Family,
    Guardian,
    Player,
    Registration,
    Season,
    Team,
    TimelineEntry,
    note,
)

NEEDED = (
    "player_first_name",
    "player_last_name",
    "player_dob",
    "player_gender",
    "age_group",
    "team",
    "parent_first_name",
    "parent_last_name",
    "parent_telephone",
    "parent_relationship_to_player",
)


class NotEntered(ValueError):
    """The row cannot become a registration; the text says everything that is wrong with it."""


@transaction.atomic
def enter(season: Season, cells: Mapping[str, Any], *, at: datetime) -> Registration:
    """The registration of a row that was typed into the base; raises NotEntered.

    It is flagged: nobody has agreed a payment day or seen the privacy notice yet.
    """
    if season.closed_at:
        raise NotEntered("The season is closed: it can be read, no longer changed")
    missing = [name for name in NEEDED if cells.get(name) in (None, "")]
    if missing:
        raise NotEntered(f"Still missing: {', '.join(missing)}")
    player, guardian, own, phone = _read(cells)
    team = find_team(season.pk, str(cells["age_group"]), str(cells["team"]))
    if team is None:
        named = f"{cells['age_group']} {cells['team']}"
        raise NotEntered(f"There is no team {named} in the season {season.label}")
    child = keys.child_key(player["first_name"], player["last_name"], player["dob"])
    same = Registration.objects.live().filter(season=season, child_key=child)
    if same.exists():
        raise NotEntered("This child is registered for this season already")
    return _make(team, player, guardian | {"phone": phone}, own, child, cells, at)


def same_child(cells: Mapping[str, Any]) -> list[Registration]:
    """Registrations of a child of that name and birthday, in any season."""
    player, wrong = read(cells, PLAYER)
    if wrong or not {"first_name", "last_name", "dob"} <= set(player):
        return []
    key = keys.child_key(player["first_name"], player["last_name"], player["dob"])
    rows = Registration.objects.filter(child_key=key, duplicate_of=None)
    return list(rows.select_related("season"))


def _read(cells: Mapping[str, Any]) -> tuple[dict, dict, dict, str]:
    player, wrong = read(cells, PLAYER)
    guardian, wrong_too = read({n: v for n, v in cells.items() if v}, GUARDIAN)
    own, wrong_as_well = read(cells, OWN)
    problems = [*wrong.values(), *wrong_too.values(), *wrong_as_well.values()]
    phone = ""
    try:
        phone = MOBILE(cells["parent_telephone"])
    except NotTaken as error:
        problems.append(f"parent_telephone {error}")
    if problems:
        raise NotEntered("; ".join(problems))
    return player, guardian, own, phone


def _make(
    team: Team,
    player: dict[str, Any],
    guardian: dict[str, Any],
    own: dict[str, Any],
    child_key: str,
    cells: Mapping[str, Any],
    at: datetime,
) -> Registration:
    season = team.season
    number = own.get("shirt_number")
    worn = Registration.objects.exclude(status=Registration.Status.CANCELLED)
    if number and worn.filter(team=team, shirt_number=number).exists():
        raise NotEntered(f"shirt_number {number} is taken in that team")
    family = Family.objects.create(created_at=at)
    parent = Guardian.objects.create(family=family, **guardian)
    child = Player.objects.create(family=family, **player)
    registration = Registration.objects.create(
        season=season,
        team=team,
        player=child,
        guardian=parent,
        kind=_kind(cells),
        code=str(cells.get("registration_code") or team.code_for_new_players)[:120],
        signing_on_fee_pence=season.signing_on_fee_pence,
        monthly_fee_pence=season.monthly_fee_pence,
        submitted_at=at,
        child_key=child_key,
        contact_key=keys.contact_key(str(parent.phone)),
        age_mismatch=ages.mismatch(team, child.dob),
        **own,
    )
    words = "entered in Airtable: consents, payment day and payment link are still to be agreed"
    states.add_flag(registration, words, at=at)
    note(registration, TimelineEntry.Kind.SYNC, "Entered in Airtable", at=at, by=BY)
    states.save(registration)
    return registration


def _kind(cells: Mapping[str, Any]) -> str:
    """100 or 200: as typed, else as the code says, else a new player."""
    if cells.get("registration_type") in Registration.Kind.values:
        return str(cells["registration_type"])
    try:
        return codes.parse(str(cells.get("registration_code") or "")).kind
    except codes.Invalid:
        return Registration.Kind.NEW
