"""What a parent has told before it was asked: offered for a yes or a no, never taken unasked."""

from registrations.chat import reading, steps, summary
from registrations.chat.steps import Step
from registrations.chat.words import Command
from registrations.fields import Refused
from registrations.fields.plain import tidy, words
from registrations.models import Draft

# A consent is never among them, nor what is private, nor what yes and no answer by themselves.
OFFERED = frozenset(
    {"parent_name", "child_name", "child_dob", "gender", "relationship", "parent_dob"}
)
LONGEST = 120  # characters
_AGREED = frozenset(
    "yes y yeah yep yup ye aye ok okay correct right that's thats that is it it's its him her me "
    "he she all good fine perfect exactly spot on sure indeed absolutely please thanks "
    "thank you 100".split()
)
_YES = frozenset(
    "yes y yeah yep yup ye aye ok okay correct right good fine perfect exactly spot "
    "sure indeed absolutely".split()
)
_DENIED = frozenset(
    "no nope nah n not wrong incorrect isn't isnt that's thats that is it it's its sorry right "
    "correct he she him her".split()
)
_NO = frozenset("no nope nah n not wrong incorrect isn't isnt".split())


def standing(draft: Draft, step: Step) -> str:
    """The words that are offered for this step, "" where none are."""
    return str((draft.asked.get("offered") or {}).get(step.field, ""))


def read(draft: Draft, step: Step, text: str) -> list[Command]:
    """The commands of a message where something is offered: a yes takes it, a no lets go of it.

    Nothing where it is neither: then it is an answer like any other.
    """
    offered = standing(draft, step)
    said = set(words(tidy(text[:200])))
    if not offered or not said:
        return []
    if said <= _DENIED and said & _NO:
        return [Command("decline", step.field)]
    if said <= _AGREED and said & _YES:
        return [Command("set", step.field, offered)]
    return []


def keep(draft: Draft, commands: list[Command]) -> bool:
    """Put what is offered on the locked draft, unsaved; whether there was anything."""
    before = dict(draft.asked.get("offered") or {})
    found = {each.field: each.text for each in commands if _is_welcome(draft, each)}
    if found:
        draft.asked = {**draft.asked, "offered": {**before, **found}}
    return bool(found)


def drop(draft: Draft, field: str) -> None:
    """Let go of what is offered for a field, on the locked draft, unsaved."""
    offered = dict(draft.asked.get("offered") or {})
    if offered.pop(field, None) is not None:
        draft.asked = {**draft.asked, "offered": offered}


def shown(draft: Draft, step: Step) -> str:
    """What is offered, as it would be kept: "14 May 2017"; "" where it does not fit any more."""
    offered = standing(draft, step)
    try:
        value = reading.read(draft, step.field, offered).answers[step.field] if offered else None
    except (Refused, KeyError):
        return ""
    if isinstance(value, list):
        return " ".join(value)
    if isinstance(value, dict):
        return str(value["value"])
    return summary.british(value) if value else ""


def _is_welcome(draft: Draft, command: Command) -> bool:
    """Whether it is still to be asked and its own reader takes it."""
    step = steps.BY_FIELD.get(command.field)
    if command.kind != "offer" or step is None or command.field not in OFFERED:
        return False
    if len(command.text) > LONGEST or not step.applies(draft) or step.settled(draft):
        return False
    try:
        reading.read(draft, command.field, command.text)
    except Refused:
        return False
    return True
