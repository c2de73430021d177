"""Edits that volunteers made in Airtable: each cell is read, checked and applied (domain 4.2)."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from django.db import IntegrityError, transaction

from integrations import audit, clock
from integrations.audit import AuditEntry
from registrations import ages, fields, keys
from registrations.actions import contacts, states, sync, transferring
from registrations.fields.plain import Refused, clean
from registrations.models import Consent, Registration, Team, TimelineEntry, note
from registrations.models.registrations import Registration as R

BY = "Airtable"
WORDING = "airtable"  # a consent that volunteers recorded there
Reader = Callable[[Any], Any]


class NotTaken(ValueError):
    """A cell cannot be taken; the text says why, for volunteers."""


def text(limit: int, *, empty: bool = True, lines: bool = False) -> Reader:
    """A reader of plain text of at most `limit` characters."""

    def read(value: Any) -> str:
        typed = "" if value is None else str(value)
        try:
            return clean(typed, limit=limit, lines=lines)
        except Refused as refused:
            if refused.reason == "too_long":
                raise NotTaken(f"is longer than {limit} characters") from None
            if empty:
                return ""
            raise NotTaken("may not be empty") from None

    return read


def letter(value: Any) -> bool:
    """Y or N; empty is N."""
    if value in (None, "", "N", "n"):
        return False
    if value in ("Y", "y"):
        return True
    raise NotTaken("must be Y or N")


def birthday(value: Any) -> Any:
    """A date of birth as DD-MM-YYYY, or as the base's date columns write it."""
    for form in ("%d-%m-%Y", "%d/%m/%Y", "%Y-%m-%d"):
        try:
            day = datetime.strptime(str(value or "").strip(), form).date()  # noqa: DTZ007
        except ValueError:
            continue
        if 1900 <= day.year and day <= clock.today():
            return day
    raise NotTaken("must be a date such as 14-05-2017")


def one_of(*choices: str, empty: bool = False) -> Reader:
    """A reader of one of the choices, in any letter case."""

    def read(value: Any) -> str:
        typed = str(value or "").strip()
        if not typed and empty:
            return ""
        for choice in choices:
            if choice.casefold() == typed.casefold():
                return choice
        raise NotTaken(f"must be one of {', '.join(choices)}")

    return read


def read_by(reader: Reader, words: str, *, empty: bool = False) -> Reader:
    """A reader of the chat's, with its refusals in words for volunteers."""

    def read(value: Any) -> Any:
        if value in (None, ""):
            if empty:
                return ""
            raise NotTaken("may not be empty")
        try:
            return reader(str(value))
        except ValueError:
            raise NotTaken(words) from None

    return read


def shirt(value: Any) -> int | None:
    """1 to 25, or nothing."""
    if value in (None, ""):
        return None
    try:
        return fields.shirt_number(str(value))
    except ValueError:
        raise NotTaken("must be 1 to 25") from None


MOBILE = read_by(fields.mobile, "must be a UK mobile number")
EMAIL = read_by(fields.email, "must be an e-mail address")
ADDRESS: dict[str, tuple[str, Reader]] = {
    "post_code": ("postcode", read_by(fields.postcode, "must be a UK postcode", empty=True)),
    "house_number": ("house_number", text(20)),
    "full_address": ("full_address", text(200)),
    "address_line_1": ("address_line_1", text(100)),
    "town": ("town", text(50)),
    "city": ("city", text(50)),
}
# Field of the base: attribute here, and how its cell is read.
PLAYER: dict[str, tuple[str, Reader]] = {
    "player_first_name": ("first_name", text(50, empty=False)),
    "player_last_name": ("last_name", text(50, empty=False)),
    "player_dob": ("dob", birthday),
    "player_gender": ("gender", one_of("Male", "Female", "Not Disclosed")),
    "player_telephone": ("phone", read_by(fields.mobile, "must be a UK mobile", empty=True)),
    "player_email": ("email", read_by(fields.email, "must be an e-mail address", empty=True)),
    **{f"player_{name}": part for name, part in ADDRESS.items()},
}
GUARDIAN: dict[str, tuple[str, Reader]] = {
    "parent_first_name": ("first_name", text(50, empty=False)),
    "parent_last_name": ("last_name", text(50, empty=False)),
    "parent_dob": ("dob", lambda value: birthday(value) if value else None),
    "parent_email": ("email", EMAIL),
    **{f"parent_{name}": part for name, part in ADDRESS.items()},
}
OWN: dict[str, tuple[str, Reader]] = {
    "parent_relationship_to_player": ("relationship", one_of(*R.Relationship.values)),
    "registree_role": ("registree_role", one_of("Parent", "Player", "Other")),
    "player_has_any_medical_issues": ("has_medical_issues", letter),
    "description_of_player_medical_issues": ("medical_notes", text(500, lines=True)),
    "played_for_urmston_town_last_season": ("played_last_season", letter),
    "played_elsewhere_last_season": ("played_elsewhere", letter),
    "previous_team_name": ("previous_team", text(100)),
    "new_kit_required": ("new_kit_required", letter),
    "kit_size": ("kit_size", text(10)),
    "shirt_number": ("shirt_number", shirt),
}
TEAM = ("age_group", "team")


def read(values: Mapping[str, Any], table: Mapping[str, tuple[str, Reader]]) -> tuple[dict, dict]:
    """Attributes that could be read, and {field: why not} for the rest."""
    taken, refused = {}, {}
    for name, value in values.items():
        if name in table:
            attribute, reader = table[name]
            try:
                taken[attribute] = reader(value)
            except NotTaken as error:
                refused[name] = f"{name} {error}"
    return taken, refused


@transaction.atomic
def change(registration_id: int, values: Mapping[str, Any], *, at: datetime) -> dict[str, str]:
    """Apply edited cells; returns {field: why not} for those that cannot be taken.

    The rest is applied. A clash with another registration takes nothing.
    """
    registration = states.locked(registration_id)
    if registration.season.closed_at:
        return {name: f"{name}: the season is closed, it can only be read" for name in values}
    refused: dict[str, str] = {}
    try:
        with transaction.atomic():
            refused = _apply(registration, values, at)
    except IntegrityError:
        words = "another registration has that child, number or place already"
        return {name: f"{name}: {words}" for name in values}
    taken = [name for name in values if name not in refused]
    if taken:
        words = f"Edited in Airtable: {', '.join(sorted(taken))}"
        note(registration, TimelineEntry.Kind.SYNC, words, at=at, by=BY)
        audit.record(
            AuditEntry.Verb.CHANGED, registration, "in Airtable", fields=sorted(taken), by=BY
        )
    return refused


def _apply(registration: Registration, values: Mapping[str, Any], at: datetime) -> dict[str, str]:
    player, not_player = read(values, PLAYER)
    guardian, not_guardian = read(values, GUARDIAN)
    own, not_own = read(values, OWN)
    refused = not_player | not_guardian | not_own
    if player:
        _update(registration.player, player)
    if guardian:
        _update(registration.guardian, guardian)
    if "parent_telephone" in values:
        refused |= _phone(registration, values["parent_telephone"], at)
    registration = states.locked(registration.pk)
    for attribute, value in own.items():
        setattr(registration, attribute, value)
    before = registration.team
    if any(name in values for name in TEAM):
        refused |= _move(registration, values, at)
    if "communication_consent" in values:
        refused |= _consent(registration, values["communication_consent"], at)
    _rekey(registration, bool(player))
    states.save(registration)
    if registration.team_id != before.pk:
        transferring.follow(registration, before, at=at)
    sync.touch_all(_same_people(registration))
    return refused


def _update(person: Any, attributes: Mapping[str, Any]) -> None:
    type(person).objects.filter(pk=person.pk).update(**attributes)


def _phone(registration: Registration, value: Any, at: datetime) -> dict[str, str]:
    try:
        contacts.correct_phone(registration.pk, MOBILE(value), at=at, by=BY)
    except NotTaken as error:
        return {"parent_telephone": f"parent_telephone {error}"}
    return {}


def _move(registration: Registration, values: Mapping[str, Any], at: datetime) -> dict[str, str]:
    age_group = str(values.get("age_group", registration.team.age_group) or "")
    name = str(values.get("team", registration.team.name) or "")
    team = find_team(registration.season_id, age_group, name)
    if team is None:
        words = f"there is no team {age_group} {name} in this season"
        return {part: f"{part}: {words}" for part in TEAM if part in values}
    if team.pk != registration.team_id:
        transferring.lock(registration.team_id, team.pk)
        typed = registration.shirt_number if "shirt_number" in values else None
        transferring.put(registration, team, shirt=typed, at=at)
    return {}


def find_team(season_id: int, age_group: str, name: str) -> Team | None:
    """The team of that name, in any letter case; u10, U10 and u10s are one age group."""
    group = age_group.strip().lower().rstrip("s")
    rows = Team.objects.filter(season=season_id, age_group=group, name__iexact=name.strip())
    return rows.select_related("season").first()


def _consent(registration: Registration, value: Any, at: datetime) -> dict[str, str]:
    try:
        given = letter(value)
    except NotTaken as error:
        return {"communication_consent": f"communication_consent {error}"}
    Consent.objects.create(
        registration=registration,
        kind=Consent.Kind.CLUB_MESSAGES,
        wording=WORDING,
        given=given,
        decided_at=at,
    )
    return {}


def _rekey(registration: Registration, renamed: bool) -> None:
    child = registration.player
    registration.age_mismatch = ages.mismatch(registration.team, child.dob)
    if not renamed:
        return
    key = keys.child_key(child.first_name, child.last_name, child.dob)
    registration.child_key = key
    Registration.objects.filter(player=child).exclude(pk=registration.pk).update(child_key=key)


def _same_people(registration: Registration) -> list[Registration]:
    mine = Registration.objects.filter(guardian=registration.guardian_id)
    mine |= Registration.objects.filter(player=registration.player_id)
    return list(mine.exclude(pk=registration.pk).select_related("season"))
