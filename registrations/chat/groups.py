"""What the questions to a family that comes back show of last season's answers."""

from typing import Any

from registrations import wording
from registrations.actions import returning
from registrations.chat import masked, steps
from registrations.models import Draft
from registrations.ports import desk


def facts(draft: Draft, field: str) -> dict[str, Any]:
    """What the groups' questions show; everything masked."""
    assert draft.place
    if field == "same_parent":
        return {"lines": masked.parent(draft)}
    if field == "same_child":
        return {"lines": masked.child(draft), **_kit(draft)}
    day = draft.answers.get("payment_day")
    return {
        "lines": masked.consents(draft, _unsent(draft)),
        "day": wording.ordinal_day(day) if day else "",
        "mandate": desk().has_family_mandate(draft.place.before_id),
        "several": not draft.asked.get("lead"),
    }


def _unsent(draft: Draft) -> list[Draft]:
    return [one for one in steps.sitting(draft) if one.registration_id is None]


def _kit(draft: Draft) -> dict[str, Any]:
    place = draft.place
    assert place
    return {
        "shirt": place.shirt_number,
        "size": place.before.kit_size,
        "kit_due": draft.team.kit_due,
        "outgrown": bool(draft.answers.get("kit_outgrown")),
        "photo_due": returning.due_photo(place) is None,
        "waits": bool(place.waiting_since),
    }
