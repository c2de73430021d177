"""Last season's details as they are shown to a parent who comes back: known again, not given away.

Whoever looks over a shoulder, or holds the phone for a moment, learns no address, birthday, number
or medical note; the parent knows them again.
"""

import re
from collections.abc import Iterable
from datetime import date

from registrations.chat import steps
from registrations.models import Draft

Line = tuple[str, str]
_PHOTO = {
    "all": "squad and league lists, website and social media",
    "squad_list": "squad and league lists only",
    "identity_only": "proof of identity only",
}


def parent(draft: Draft) -> list[Line]:
    """How to reach the parent, and where the family lives."""
    given = draft.answers
    contact = given.get("second_contact") or {}
    lines = [
        ("You", _name(given["parent_name"])),
        ("Your mobile", phone(given.get("parent_mobile", ""))),
        ("Your e-mail", email(given.get("parent_email", ""))),
        ("Your address", address(given.get("parent_address") or {})),
        ("Second contact", contact.get("name", "").split(" ")[0] if contact else "none"),
    ]
    return [line for line in lines if line[1]]


def child(draft: Draft) -> list[Line]:
    """About the child; of the medical notes only whether there are any."""
    given = draft.answers
    notes = "there are notes, kept by the club" if given["medical"]["has"] else "none"
    home = "with you" if given.get("same_address") else address(given.get("child_address") or {})
    lines = [
        ("Child", _name(given["child_name"])),
        ("Born", born(given["child_dob"])),
        ("Medical", notes),
        ("Lives", home),
        ("Child's mobile", phone(given.get("child_mobile", ""))),
        ("Child's e-mail", email(given.get("child_email", ""))),
    ]
    return [line for line in lines if line[1]]


def consents(draft: Draft, sitting: Iterable[Draft]) -> list[Line]:
    """What was agreed to before; of medical notes for each child of the sitting that has some."""
    given = draft.answers
    lines = [
        ("Club e-mails and texts", "yes" if given.get("comms_consent") else "no"),
        ("Photo may be used for", _PHOTO[given.get("photo_use", "identity_only")]),
    ]
    for one in sitting:
        if steps.medical(one, "has"):
            first, _ = one.answers["child_name"]
            kept = steps.medical(one, "consent") is not False
            lines.append((f"We keep {first}'s medical notes", "yes" if kept else "no"))
    return lines


def phone(number: str) -> str:
    """07… ending 123."""
    return f"07\u2026 ending {number[-3:]}" if number else ""


def email(address: str) -> str:
    """p…@example.org."""
    name, at, domain = address.partition("@")
    return f"{name[:1]}\u2026@{domain}" if at else ""


def address(kept: dict[str, str]) -> str:
    """12 S… R…, M41 …: the number, the initials of the street, the first half of the postcode."""
    house = kept.get("house_number", "")
    line = re.sub(rf"^{re.escape(house)}\b,? *", "", kept.get("address_line_1", ""))
    street = re.sub(r"(?<=\w)\w+", "\u2026", line)
    code = re.sub(r"\d?[a-z]{2}$", "", kept.get("postcode", "").replace(" ", ""), flags=re.I)
    start = f"{house} {street}".strip()
    return ", ".join(part for part in (start, f"{code} \u2026" if code else "") if part)


def born(iso: str) -> str:
    """14 May …: the year is left out."""
    day = date.fromisoformat(iso)
    return f"{day.day} {day:%B} \u2026"


def _name(pair: list[str]) -> str:
    first, last = pair
    return f"{first} {last[:1]}\u2026"
