"""Reads a message by rule into commands: a whole request first, then an answer (design 3.5)."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from registrations import codes, fields
from registrations.chat import corrections
from registrations.fields.plain import has, tidy

Kind = Literal[
    "set",
    "correct",
    "back",
    "why",
    "restart",
    "handover",
    "unclear",
    "skip",
    "code",
    "offer",  # told before it was asked: to be offered when its turn comes
    "decline",  # not what was offered
]
LIMIT = 4000  # characters; what is longer is a paste, and goes to the field's reader to refuse

_OPENING = (
    r"(?:(?:hi|hello|hey|oh|ok|okay|sorry|oops|um|actually|wait|no|please|and|but|well)[\s,.!]*)*"
)
_CLOSING = (
    r"(?:[\s,.!?]*(?:please|thanks|thank you|now|then|x+|sorry|if (?:possible|i can|that's ok)))*"
    r"[\s,.!?]*"
)
_CAN = (
    r"(?:(?:can|could|may|shall) (?:i|we|you)|i(?:'d| would) (?:like|love|prefer) to|i (?:want|"
    r"need|wish|have) to|"
    r"i(?:'d)? rather|let me|let's|is it possible to|how (?:do|can) i|take me|bring me|just)? ?"
)
_WHOLE = {
    "back": (
        r"(?:please )?(?:go |step |move )?back(?:wards?)?(?: a| one)?(?: step| question| page)?|"
        r"previous(?: (?:step|question|page))?|"
        r"(?:go |step |move )?(?:back )?to the (?:previous|last) (?:step|question|one)|go to the "
        r"previous \w+|undo(?: that)?|"
        r"(?:change|redo|correct|fix|edit) (?:my|the|that) (?:last|previous) (?:answer|question|"
        r"one)|"
        r"(?:i )?(?:made|put|typed|entered) (?:a|the) (?:mistake|wrong (?:thing|answer))(?: (?:on|"
        r"in) the last (?:one|question))?"
    ),
    "restart": (
        r"(?:start|begin)(?: (?:all|it all|it|everything))?(?: over)?(?: again| afresh| from "
        r"(?:the )?(?:beginning|start|scratch))+|"
        r"start (?:all )?over|restart|reset|start (?:a)?fresh|from the (?:top|beginning)|start a "
        r"new one"
    ),
    "handover": (
        r"(?:speak|talk|chat|get through|be put through|write)(?: (?:with|to))+ (?:a |an |some |"
        r"the |your )?(?:real |actual |live )?"
        r"(?:person|human(?: being)?|someone|somebody|volunteer|staff|people|registrar|coach|"
        r"manager|agent|club|secretary)"
        r"(?: (?:real|human|else|instead|at the club|from the club|in person))*|"
        r"(?:a |get me a |i need a |give me a )?(?:real |actual )?(?:human(?: being)?|real person|"
        r"agent|operator)|"
        r"(?:can |could |will )?(?:someone|somebody|a person|a human|a volunteer)(?: please)? "
        r"(?:call|ring|phone|help|contact) me|"
        r"(?:call|ring|phone|contact) me(?: back)?|is there (?:a|any) (?:real )?(?:person|human|"
        r"one)(?: (?:here|there))?"
        r"(?: i can (?:speak|talk) to)?|(?:who|whom) can i (?:speak|talk) to"
    ),
    "unclear": r"help(?: me)?|i need help|what|huh|pardon|i don't understand|i'm (?:confused|lost|"
    r"stuck)|\?+",
}
_WHY = (
    r"why|why (?:do|are|would|does|did|should|must|have|is|am) .{1,120}|why (?:that|this|though|"
    r"not just)|how come(?: .{1,80})?|"
    r"what(?:'s| is| are) (?:this|that|it|these) (?:for|used for|about)|what (?:do|will|would) "
    r"(?:you|the club|they) "
    r"(?:need|want|use|do|ask) .{1,100}|(?:is|are) (?:this|that|it|these)(?: really| all)? "
    r"(?:necessary|needed|required|"
    r"compulsory|mandatory)|(?:do|must) i (?:have|need) to (?:say|tell|give|answer|provide) "
    r".{1,100}|what for|"
    r"for what(?: reason)?|what is the reason.{0,60}"
)
_SKIP = (
    r"skip(?: (?:this|it|that|please|for now|this one|question|this (?:step|question)))*|pass|"
    r"next(?: question)?|"
    r"leave (?:it|this|that) (?:blank|empty|out)|move on|not now|(?:i'll )?(?:do (?:it|this|that) "
    r")?later|"
    r"carry on|continue"
)
OPTIONAL = frozenset({"second_contact", "previous_team"})

# What counts as a yes or a no at one question only.
_YES_AT = {
    "played_last_season": r"(?:(?:he|she|they|we|i) )?(?:did|has|have|was|were|played)(?: "
    "(?:indeed|last season|for you))?",
    "comms_consent": r"(?:i )?(?:consent|agree|accept|opt in)|that's fine|both|either|email|sms|"
    "texts?",
    "parent_address_ok": r"that's (?:it|us|me|the one|ours|mine)|it is|this is (?:it|us|right)",
    "child_address_ok": r"that's (?:it|us|the one)|it is|this is (?:it|right)",
    "sms_received": r"(?:i've |i have |just |yes )*(?:got|received|had|seen|have) (?:it|the "
    "(?:text|sms|link|message))(?: now| just now)?|"
    r"got it|received|it(?:'s| has)? (?:just )?(?:arrived|come|came|came through|here)(?: "
    r"through)?|arrived|it's here|done|paid",
}
_NO_AT = {
    "played_last_season": r"(?:(?:he|she|they) (?:is|are)|(?:he|she)'s)? ?(?:new|brand new|first "
    "(?:time|season|year))"
    r"(?: (?:to (?:the club|football)|here|with you|player))*|first (?:time|season|year)",
    "comms_consent": r"opt out|no emails?|no texts?|unsubscribe|stop(?: it)?",
    "sms_received": r"(?:nothing|not)(?: (?:yet|received|arrived|come|here|got it|had it|through|"
    "so far|has))*|still (?:waiting|nothing)|"
    r"(?:i )?(?:haven'?t|have not|hasn'?t|didn'?t|did not|never)(?: (?:got|received|had|arrived|"
    r"come|"
    r"get|receive|it|yet|anything|"
    r"through|the|text|message|link|sms|a))*|where is it|nowt(?: yet)?|(?:re-?send|send)(?: "
    r"(?:it|the|text|link|message|again|to "
    r"me))*|it (?:hasn't|has not|didn't|never) (?:\w+ "
    r"?){1,3}",
}
_YES_NO_FIELDS = frozenset(
    {"played_last_season", "comms_consent", "parent_address_ok", "child_address_ok", "sms_received"}
)
_OTHER_TEAM = re.compile(
    r"^(?:no|nope|nah)\b[\s,.;-]*(?P<team>.*\b(?:played|was|been|plays|playing|were)\b.*\b(?:for|"
    r"at|with)\b.+)$",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Command:
    """One thing that a message asks for; `text` is what the reader of `field` should be given."""

    kind: Kind
    field: str = ""
    text: str = ""


def read(text: str, *, step: int, field: str, summary: bool = False) -> list[Command]:
    """The commands in a message, never none; `step` and `field` are what was asked (domain 2.1).

    At the summary a correction without a new value has an empty text: ask for it.
    """
    message = tidy(text[:LIMIT])
    if not message:
        return [Command("unclear", field)]
    request = _whole_request(message, field)
    if request is not None:
        return [request]
    code = _whole_code(text[:LIMIT])
    if code:
        return [Command("code", "", code)]
    if summary:
        return _at_summary(text[:LIMIT])
    return _answer(text, message, field)


def _whole_request(message: str, field: str) -> Command | None:
    """A message that is nothing but a request; a part of a longer answer never is."""
    for kind in ("back", "restart", "handover", "unclear"):
        if _is_whole(message, _CAN + f"(?:{_WHOLE[kind]})"):
            return Command(kind, field)
    if _is_whole(message, _WHY):
        return Command("why", field)
    if _is_whole(message, _SKIP) and field not in ("photo_use", "gender", "sms_received"):
        return Command("skip" if field in OPTIONAL else "unclear", field)
    return None


def _is_whole(message: str, pattern: str) -> bool:
    return re.fullmatch(rf"{_OPENING}(?:{pattern}){_CLOSING}", message, re.IGNORECASE) is not None


def _whole_code(text: str) -> str:
    """A registration code that can be read, as typed; "" for anything less."""
    candidate = codes.looks_like_code(text)
    if candidate is None:
        return ""
    try:
        return codes.parse(candidate).raw
    except codes.Invalid:
        return ""


def _answer(text: str, message: str, field: str) -> list[Command]:
    if field == "same_address":
        return [Command("set", field, _by_reader(message, fields.same_address))]
    if field not in _YES_NO_FIELDS:
        return [Command("set", field, text)]
    said = Command("set", field, _yes_or_no(message, field))
    return [said, *_more_in(message, field)]


def _by_reader(message: str, reader: Callable[[str], bool]) -> str:
    try:
        return "yes" if reader(message) else "no"
    except fields.Refused:
        return message


def _yes_or_no(message: str, field: str) -> str:
    """A "yes", a "no", or the message itself for the reader to refuse."""
    if _is_whole(message, _NO_AT.get(field, r"(?!)")):
        return "no"
    if _is_whole(message, _YES_AT.get(field, r"(?!)")):
        return "yes"
    if _more_in(message, field):
        return "no"
    reader = fields.played_here if field == "played_last_season" else fields.yes_no
    return _by_reader(message, reader)


def _more_in(message: str, field: str) -> list[Command]:
    """What a "no" already tells of the next question: another team, the right address."""
    if field == "played_last_season" and (other := _OTHER_TEAM.match(message)):
        return [Command("set", "previous_team", other["team"])]
    if field in ("parent_address_ok", "child_address_ok") and has(message[:20], r"no|nope|wrong"):
        rest = re.sub(
            r"^(?:no|nope|wrong|that's wrong)\b[\s,.]*(?:it's|it is)?\s*", "", message, flags=re.I
        )
        if _reads(fields.typed_address, rest):
            return [Command("set", field.removesuffix("_ok"), rest)]
    return []


def _reads(reader: Callable[[str], object], text: str) -> bool:
    try:
        reader(text)
    except fields.Refused:
        return False
    return True


def _at_summary(text: str) -> list[Command]:
    """Corrections if there are any, otherwise yes or no."""
    found = corrections.read(text)
    if found:
        return [Command("correct", field, value) for field, value in found]
    answer = _by_reader(tidy(text), _all_correct)
    if answer in ("yes", "no"):
        return [Command("set", "confirmed", answer)]
    return [Command("unclear", "confirmed")]


def _all_correct(message: str) -> bool:
    """A yes or no to "is it all correct?", where "nothing to change" is a yes."""
    if re.fullmatch(
        r"(?:no|nope|yes)?[\s,.]*(?:(?:i )?confirm(?:ed)?|submit(?: it)?|"
        r"send(?: it)?|nothing(?: (?:to change|wrong|else))?|no (?:changes?|"
        r"corrections?|mistakes)"
        r"(?: needed)?|(?:it's |that's )?(?:all )?(?:good|great|correct|right|fine|perfect|lovely|"
        r"done))[\s,.!]*"
        r"(?:thanks|thank you|to go)?[\s.!]*",
        message,
        re.IGNORECASE,
    ):
        return True
    return fields.yes_no(message)
