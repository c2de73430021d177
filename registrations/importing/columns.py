"""The columns that an import knows, and which of a file's columns they most likely are. Pure."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from dataclasses import dataclass

from registrations import fields, moving
from registrations.actions import edits
from registrations.actions.edits import NotTaken, Reader, read_by, text
from registrations.models.seasons import KIT_SIZES


@dataclass(frozen=True)
class Column:
    """One column: its name here, what staff read, how a cell is read, other names for it.

    `of` says whose it is: "player", "parent" or "own" (the registration's, or the team's).
    """

    name: str
    title: str
    reader: Reader
    of: str = "own"
    aliases: tuple[str, ...] = ()


def yes_no(value: str) -> bool:
    """Whatever people write for yes and no; empty is no."""
    typed = value.casefold()
    if typed in ("", "n", "no", "false", "0", "none"):
        return False
    if typed in ("y", "yes", "true", "1", "x", "✓"):
        return True
    raise NotTaken("must be yes or no")


def birthday(value: str) -> object:
    """Day first, with any separator; or as a computer writes it."""
    return edits.birthday(value.replace(".", "-").replace("/", "-").replace(" ", "-"))


def age_group(value: str) -> str:
    """u10 for U10, U10s, Under 10 or 10."""
    digits = "".join(filter(str.isdigit, value))
    if not digits or not 6 <= int(digits[:3]) <= 18:
        raise NotTaken("must be U6 to U18")
    return f"u{int(digits)}"


def limit(value: str) -> int | None:
    """How many children a squad holds."""
    if not value:
        return None
    if not value.isdecimal() or not 1 <= int(value) <= 200:
        raise NotTaken("must be a number from 1 to 200")
    return int(value)


def kit(value: str) -> str:
    """A kit size of the club's list."""
    return read_by(fields.kit_size, f"must be one of {', '.join(KIT_SIZES)}", empty=True)(value)


def related(value: str) -> str:
    """Mother, Father, Guardian or Other; Other where nothing is said."""
    reader = read_by(lambda typed: fields.relationship(typed).value, "must be a relationship")
    return reader(value) if value else "Other"


def whole_name(value: str) -> tuple[str, str]:
    """First and last name from one cell: the first word, and the rest."""
    first, _, last = value.partition(" ")
    if not last.strip():
        raise NotTaken("must be a first and a last name")
    return text(50)(first), text(50)(last)


_NAME = text(50, empty=False)
_GENDER = read_by(fields.gender, "must be Male, Female or Not Disclosed")
_MOBILE = read_by(fields.mobile, "must be a UK mobile number, such as 07700 900123", empty=True)
_EMAIL = read_by(fields.email, "must be an e-mail address", empty=True)
_POSTCODE = read_by(fields.postcode, "must be a UK postcode", empty=True)
AGE_GROUP = Column("age_group", "Age group", age_group, aliases=("age", "group", "year group"))
TEAMS = (
    AGE_GROUP,
    Column("name", "Team", text(20, empty=False), aliases=("team name", "short team name")),
    Column("squad_limit", "Squad limit", limit, aliases=("limit", "max players", "squad size")),
    Column(
        "kit_due", "New kit this season", yes_no,
        aliases=("kit due", "need new kit current season", "new kit"),
    ),
)  # fmt: skip
PLAYERS = (
    Column("player_name", "Child's full name", whole_name, "player", ("name", "player",
           "player name", "child", "child name", "player full name", "full name")),
    Column("first_name", "Child's first name", _NAME, "player",
           ("player first name", "forename", "first name", "child first name")),
    Column("last_name", "Child's last name", _NAME, "player",
           ("player last name", "surname", "last name", "child last name", "family name")),
    Column("dob", "Child's date of birth", birthday, "player",
           ("player dob", "dob", "date of birth", "birthday", "born", "child dob", "d o b")),
    Column("gender", "Gender", _GENDER, "player", ("player gender", "sex")),
    Column("fan", "FAN", text(20), "player", ("fa number", "fan number", "fa fan", "fan id")),
    AGE_GROUP,
    Column("team", "Team", text(30, empty=False), aliases=("team name", "squad")),
    Column("parent_name", "Parent's full name", whole_name, "parent", ("parent",
           "parent name", "parent full name", "guardian", "guardian name", "parent guardian",
           "contact name")),
    Column("first_name", "Parent's first name", _NAME, "parent",
           ("parent first name", "guardian first name")),
    Column("last_name", "Parent's last name", _NAME, "parent",
           ("parent last name", "guardian last name", "parent surname")),
    Column("phone", "Parent's mobile", _MOBILE, "parent", ("mobile", "phone", "telephone",
           "parent telephone", "parent phone", "parent mobile", "contact number",
           "mobile number", "mobile no", "phone number", "tel")),
    Column("email", "Parent's e-mail", _EMAIL, "parent",
           ("email", "e mail", "parent email", "email address")),
    Column("house_number", "House number or name", text(20), "parent",
           ("house number", "parent house number", "house")),
    Column("address_line_1", "Street", text(100), "parent",
           ("street", "address line 1", "address", "parent address line 1")),
    Column("town", "Town", text(50), "parent", ("town", "parent town", "city")),
    Column("postcode", "Postcode", _POSTCODE, "parent",
           ("post code", "postcode", "parent post code", "zip")),
    Column("relationship", "Relationship to the child", related,
           aliases=("relationship", "parent relationship to player", "relation")),
    Column("has_medical_issues", "Medical issues (yes or no)", yes_no,
           aliases=("medical issues", "player has any medical issues")),
    Column("medical_notes", "Medical notes", text(500), aliases=("medical", "medical notes",
           "description of player medical issues", "medical conditions", "medical information")),
    Column("emergency_name", "Second emergency contact", text(101),
           aliases=("emergency contact", "emergency name", "second contact")),
    Column("emergency_phone", "Second emergency contact's mobile", _MOBILE,
           aliases=("emergency phone", "emergency number", "emergency contact number")),
    Column("kit_size", "Kit size", kit, aliases=("kit size", "size", "shirt size")),
    Column("shirt_number", "Shirt number", edits.shirt,
           aliases=("shirt number", "shirt", "number", "squad number", "shirt no")),
    Column("club_messages", "Agreed to club messages", yes_no,
           aliases=("communication consent", "comms consent", "marketing consent")),
)  # fmt: skip
OF_KIND = {"teams": TEAMS, "players": PLAYERS, "past": PLAYERS}


def key(column: Column) -> str:
    """How a form names the column: unique within its kind."""
    return f"{column.of}.{column.name}"


def guess(header: Sequence[str], columns: Sequence[Column]) -> list[str]:
    """For each heading of the file the key of the column that it most likely is, or ""."""
    known = {_bare(name): key(column) for column in columns for name in _names(column)}
    found: list[str] = []
    for heading in header:
        bare = _bare(heading)
        close = [bare] if bare in known else difflib.get_close_matches(bare, known, 1, 0.88)
        name = known[close[0]] if close else ""
        found.append(name if name not in found else "")
    return found


def team_of(value: str, group: str) -> tuple[str, str]:
    """("u10", "Lions") of a team's cell and, where it says so by itself, without a group's."""
    try:
        named = moving.read_team(value)
    except moving.Unreadable:
        return group, value
    return (group or named[0]), named[1]


def _names(column: Column) -> tuple[str, ...]:
    return (column.title, f"{column.of} {column.name}", *column.aliases)


def _bare(heading: str) -> str:
    words = "".join(letter if letter.isalnum() else " " for letter in heading.casefold())
    return " ".join(words.replace(" s ", " ").split())
