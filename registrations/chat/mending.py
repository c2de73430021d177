"""A correction that the summary asked about: the next message is read as its answer."""

from registrations.chat import reading
from registrations.chat.words import Command
from registrations.fields import Refused
from registrations.models import Draft

# At these almost anything reads as an answer, so that "all good" stays a yes to the summary.
_TAKES_ANYTHING = frozenset(
    {"parent_name", "child_name", "parent_house", "child_house", "parent_address", "child_address"}
)


def follow_up(draft: Draft, text: str, commands: list[Command]) -> list[Command]:
    """The commands of a message at the summary, where a correction may still be open.

    After "Did Sam play for us last season?" a plain "yes" is about that, not about the summary.
    """
    field = draft.asked.get("correcting")
    first = commands[0]
    if not field or first.kind not in ("set", "correct", "unclear"):
        return commands
    if any(command.kind == "correct" and command.text for command in commands):
        return commands
    if first.kind == "unclear":
        return [Command("correct", field, text)]
    if field in _TAKES_ANYTHING or not _reads(draft, field, text):
        return commands
    return [Command("correct", field, text)]


def _reads(draft: Draft, field: str, text: str) -> bool:
    try:
        reading.read(draft, field, text)
    except (Refused, KeyError):
        return False
    return True
