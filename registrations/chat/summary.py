"""What the club has understood, line by line, for the parent to check (domain 2.1 step 28)."""

from collections.abc import Callable, Iterable
from datetime import date

from registrations.actions import drafts
from registrations.chat.steps import OWN_CONTACTS_FROM
from registrations.models import Draft
from registrations.models.people import national

Line = tuple[str, str]
_PHOTO = {
    "all": "squad and league lists, website and social media",
    "squad_list": "squad and league lists only",
    "identity_only": "proof of identity only",
}


def lines(draft: Draft) -> list[Line]:
    """(label, normalised value) of everything that applies to this child."""
    return [line for field in _LINES for line in _line(draft, field)]


def changed(draft: Draft, names: Iterable[str]) -> list[Line]:
    """Only the lines that these fields stand in."""
    shown = {_SHOWN_IN.get(name, name) for name in names}
    return [line for field in _LINES if field in shown for line in _line(draft, field)]


def british(iso: str) -> str:
    """14 May 2017 for 2017-05-14."""
    day = date.fromisoformat(iso)
    return f"{day.day} {day:%B %Y}"


def _line(draft: Draft, field: str) -> list[Line]:
    label, value = _LINES[field]
    text = value(draft)
    return [(label, text)] if text else []


def _full_name(field: str) -> Callable[[Draft], str]:
    return lambda draft: " ".join(draft.answers[field])


def _plain(field: str) -> Callable[[Draft], str]:
    return lambda draft: str(draft.answers.get(field, ""))


def _yes(field: str) -> Callable[[Draft], str]:
    return lambda draft: "Yes" if draft.answers.get(field) else "No"


def _day(field: str) -> Callable[[Draft], str]:
    return lambda draft: british(draft.answers[field])


def _phone(field: str) -> Callable[[Draft], str]:
    return lambda draft: national(draft.answers.get(field, ""))


def _medical(draft: Draft) -> str:
    facts = draft.answers["medical"]
    if not facts["has"]:
        return "None"
    notes = drafts.secrets(draft).get("medical_notes", "")
    return notes or "Yes, no notes kept as you asked"


def _last_season(draft: Draft) -> str:
    if draft.answers["played_last_season"]:
        return "Played for us"
    elsewhere = draft.answers.get("previous_team") or {}
    if elsewhere.get("played"):
        return f"Played for {elsewhere['team'] or 'another team'}"
    return "Did not play for a club"


def _relationship(draft: Draft) -> str:
    given = draft.answers["relationship"]
    return f"{given['value']} ({given['detail']})" if given["detail"] else given["value"]


def _address(who: str) -> Callable[[Draft], str]:
    return lambda draft: (draft.answers.get(f"{who}_address") or {}).get("full_address", "")


def _child_address(draft: Draft) -> str:
    if draft.answers.get("same_address"):
        return "Same as yours"
    return _address("child")(draft)


def _own(field: str, show: Callable[[Draft], str]) -> Callable[[Draft], str]:
    """The child's own contact, only where the team's age group asks for it."""
    return lambda draft: show(draft) if draft.team.age_number >= OWN_CONTACTS_FROM else ""


def _second_contact(draft: Draft) -> str:
    contact = draft.answers.get("second_contact") or {}
    if not contact.get("name"):
        return ""
    return f"{contact['name']}, {national(contact['phone'])}"


def _not_to_collect(draft: Draft) -> str:
    return drafts.secrets(draft).get("not_to_collect", "")


_LINES: dict[str, tuple[str, Callable[[Draft], str]]] = {
    "parent_name": ("Your name", _full_name("parent_name")),
    "child_name": ("Child's name", _full_name("child_name")),
    "child_dob": ("Child's date of birth", _day("child_dob")),
    "gender": ("Gender", lambda draft: draft.answers["gender"]["value"]),
    "medical": ("Medical", _medical),
    "played_last_season": ("Last season", _last_season),
    "relationship": ("You are the child's", _relationship),
    "parent_mobile": ("Your mobile", _phone("parent_mobile")),
    "parent_email": ("Your e-mail", _plain("parent_email")),
    "comms_consent": ("Club e-mails and texts", _yes("comms_consent")),
    "parent_dob": ("Your date of birth", _day("parent_dob")),
    "parent_address": ("Your address", _address("parent")),
    "child_address": ("Child's address", _child_address),
    "child_mobile": ("Child's mobile", _own("child_mobile", _phone("child_mobile"))),
    "child_email": ("Child's e-mail", _own("child_email", _plain("child_email"))),
    "photo_use": ("Photo may be used for", lambda draft: _PHOTO[draft.answers["photo_use"]]),
    "second_contact": ("Second contact", _second_contact),
    "not_to_collect": ("Collecting", _not_to_collect),
}
_SHOWN_IN = {
    "previous_team": "played_last_season",
    "parent_postcode": "parent_address",
    "parent_house": "parent_address",
    "child_postcode": "child_address",
    "child_house": "child_address",
    "same_address": "child_address",
    "medical_follow_up": "medical",
    "medical_consent": "medical",
}
