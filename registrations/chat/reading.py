"""What an answer puts on the draft: the reader of each field, with what the draft adds."""

import re
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from datetime import date
from typing import Any

from integrations import clock
from registrations import fields
from registrations.fields import PersonName, Refused
from registrations.models import Draft

EARLIEST_PARENT = date(1900, 1, 1)
FOLLOW_UP_LIMIT = 500
_ABOUT_HEALTH = re.compile(
    r"\b(medical|health|allerg|conditions?|issues?|problems?)", re.IGNORECASE
)


@dataclass(frozen=True)
class Change:
    """Canonical values by field name, and what belongs among the sensitive notes."""

    answers: dict[str, Any]
    secret: dict[str, str] = field(default_factory=dict)


def read(draft: Draft, name: str, text: str, notes: str = "") -> Change:
    """The change that an answer to field `name` makes; raises Refused.

    `notes` are the medical notes so far.
    """
    if name in _SPECIAL:
        return _SPECIAL[name](draft, text, notes)
    return Change({name: _PLAIN[name](text)})


def _gender(text: str) -> dict[str, Any]:
    return {"value": fields.gender(text), "note": fields.gender_needs_note(text)}


def _relationship(text: str) -> dict[str, str]:
    return asdict(fields.relationship(text))


def _parent_dob(text: str) -> str:
    born = fields.date_of_birth(text, earliest=EARLIEST_PARENT, today=clock.today())
    return born.isoformat()


def _played_elsewhere(text: str) -> dict[str, Any]:
    played, team = fields.played_elsewhere(text)
    return {"played": played, "team": team}


def _typed_address(text: str) -> dict[str, str]:
    typed = fields.typed_address(text)
    return {
        "house_number": typed.house_number,
        "address_line_1": typed.line_1,
        "town": typed.town,
        "city": typed.city,
        "postcode": typed.postcode,
        "full_address": typed.full[:200],
        "source": "typed",
    }


_PLAIN: dict[str, Callable[[str], Any]] = {
    "gender": _gender,
    "relationship": _relationship,
    "comms_consent": fields.yes_no,
    "parent_dob": _parent_dob,
    "previous_team": _played_elsewhere,
    "parent_house": fields.house_number,
    "child_house": fields.house_number,
    "parent_postcode": fields.postcode,
    "child_postcode": fields.postcode,
    "parent_address_ok": fields.yes_no,
    "child_address_ok": fields.yes_no,
    "same_address": fields.same_address,
    "photo_use": fields.photo_use,
}


def _name(field: str) -> Callable[[Draft, str, str], Change]:
    """A whole name; once there is one, its first or last part alone may be corrected."""

    def read_name(draft: Draft, text: str, notes: str) -> Change:
        known = draft.answers.get(field)
        name = fields.renamed(PersonName(*known), text) if known else fields.person_name(text)
        return Change({field: [name.first, name.last]})

    return read_name


def _child_dob(draft: Draft, text: str, notes: str) -> Change:
    earliest = draft.team.season.earliest_birthday
    born = fields.date_of_birth(text, earliest=earliest, today=clock.today())
    return Change({"child_dob": born.isoformat()})


def _medical(draft: Draft, text: str, notes: str) -> Change:
    read_out = fields.medical(text)
    facts = {"has": read_out.has, "serious": read_out.serious}
    return Change({"medical": facts}, {"medical_notes": read_out.notes})


def _medical_follow_up(draft: Draft, text: str, notes: str) -> Change:
    """The one follow-up: whatever is said is kept as said, up to the limit of the notes."""
    said = " ".join(text.split())
    if len(said) > FOLLOW_UP_LIMIT:
        raise Refused("too_long", limit=FOLLOW_UP_LIMIT)
    facts = {**draft.answers["medical"], "followed_up": True}
    return Change({"medical": facts}, {"medical_notes": _joined(notes, said)})


def _medical_consent(draft: Draft, text: str, notes: str) -> Change:
    """Yes keeps the notes, no lets them go; more about the child's health adds to them, and the
    question says that this counts as a yes."""
    if _nothing_after_all(text):
        return Change({"medical": {"has": False, "serious": False}}, {"medical_notes": ""})
    facts = draft.answers["medical"]
    try:
        agreed = fields.yes_no(text)
    except Refused:
        if not fields.mentions_health(text) or len(text) > FOLLOW_UP_LIMIT:
            raise
        agreed, notes = True, _joined(notes, " ".join(text.split()))
    kept = notes if agreed else ""
    return Change({"medical": {**facts, "consent": agreed}}, {"medical_notes": kept})


def _nothing_after_all(text: str) -> bool:
    """ "No, he has no medical issues": that answers step 5 itself, not whether notes are kept."""
    if not _ABOUT_HEALTH.search(text):
        return False
    try:
        return not fields.medical(text).has
    except Refused:
        return False


def _joined(notes: str, said: str) -> str:
    if said.casefold() in notes.casefold():
        return notes
    return f"{notes}. {said[:1].upper()}{said[1:]}".strip(". ")


def _played_last_season(draft: Draft, text: str, notes: str) -> Change:
    """ "No, she played for Flixton Juniors" settles both questions of step 6."""
    played = fields.played_here(text)
    if played:
        return Change({"played_last_season": True})
    answers: dict[str, Any] = {"played_last_season": False}
    try:
        elsewhere = _played_elsewhere(text)
    except Refused:
        elsewhere = {"played": False, "team": ""}
    if elsewhere["team"]:
        answers["previous_team"] = elsewhere
    return Change(answers)


def _mobile(name: str, other: str) -> Callable[[Draft, str, str], Change]:
    def read_mobile(draft: Draft, text: str, notes: str) -> Change:
        number = fields.mobile(text)
        if number == draft.answers.get(other):
            raise Refused("same_as_parent")
        return Change({name: number})

    return read_mobile


def _email(name: str, other: str) -> Callable[[Draft, str, str], Change]:
    def read_email(draft: Draft, text: str, notes: str) -> Change:
        address = fields.email(text)
        if address.casefold() == str(draft.answers.get(other, "")).casefold():
            raise Refused("same_as_parent")
        return Change({name: address})

    return read_email


def _address(name: str) -> Callable[[Draft, str, str], Change]:
    def read_address(draft: Draft, text: str, notes: str) -> Change:
        return Change({name: _typed_address(text)})

    return read_address


def _second_contact(draft: Draft, text: str, notes: str) -> Change:
    contact = fields.second_contact(text)
    if contact is None:
        return Change({"second_contact": {}}, {"not_to_collect": ""})
    kept = {"name": contact.name, "phone": contact.phone}
    return Change({"second_contact": kept}, {"not_to_collect": contact.not_to_collect})


_SPECIAL: dict[str, Callable[[Draft, str, str], Change]] = {
    "parent_name": _name("parent_name"),
    "child_name": _name("child_name"),
    "child_dob": _child_dob,
    "medical": _medical,
    "medical_follow_up": _medical_follow_up,
    "medical_consent": _medical_consent,
    "played_last_season": _played_last_season,
    "parent_mobile": _mobile("parent_mobile", "child_mobile"),
    "child_mobile": _mobile("child_mobile", "parent_mobile"),
    "parent_email": _email("parent_email", "child_email"),
    "child_email": _email("child_email", "parent_email"),
    "parent_address": _address("parent_address"),
    "child_address": _address("child_address"),
    "second_contact": _second_contact,
}
