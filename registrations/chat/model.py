"""Reads with a language model what the rules could not read: the twin of `words` (design 3.5).

It is asked only where the rules are at a loss, with the question and the answer and nothing else.
What it gives back are commands of the same grammar; each value must be made of words that the
parent wrote and pass the same reader as ever. Whatever goes wrong, the rules' own reading stands.
"""

import json
import time
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.conf import settings

from integrations import openai, openai_answers
from integrations.errors import OutsideError
from registrations import wording
from registrations.actions import reading as calls
from registrations.chat import offers, privacy, reading, steps, thanks
from registrations.chat.steps import Step
from registrations.chat.words import OPTIONAL, Command
from registrations.fields import Refused
from registrations.fields.plain import tidy, words
from registrations.models import Draft, ModelCall

SECONDS = 12.0  # for all tries of a turn: with an address search it stays under 25
TRIES = 2  # a value that does not fit is asked for once more
FEWEST_WORDS = 3  # "help" and "not sure" are understood well enough
# What may be read, and what it is called. Never here: what is medical, private, an address or a
# contact, a consent, a yes to the summary, and whatever comes after the registration is sent in.
READ = {
    "parent_name": "the parent's first and last name",
    "child_name": "the child's first and last name",
    "child_dob": "the child's date of birth",
    "gender": "whether the child is a boy or a girl",
    "played_last_season": "yes or no: whether the child played for this club last season",
    "previous_team": "the other team that the child played for last season, or no",
    "relationship": "what the parent is to the child",
    "parent_dob": "the parent's date of birth",
    "parent_address_ok": "yes or no: whether the address shown is right",
    "same_address": "yes or no: whether the child lives at the parent's address",
    "child_address_ok": "yes or no: whether the address shown is right",
}
CONFIRMED = "confirmed"
# The reasons at which other words for the same answer may help; a landline stays a landline.
_AT_A_LOSS = frozenset(
    "unclear characters not_a_name not_a_date no_number incomplete two too_long".split()
)
_INFERRED = frozenset({"child_dob", "parent_dob", "gender", "relationship"})
_REQUESTS = frozenset({"back", "why", "restart", "handover", "skip"})
_KINDS = ["set", "correct", *sorted(_REQUESTS), "unclear"]
Outcome = ModelCall.Outcome


@dataclass(frozen=True)
class Heard:
    """What a message asks for, and a few friendly words where a model found them."""

    commands: list[Command]
    thanks: str = ""


@dataclass(frozen=True)
class _Found:
    """What came of one answer of the model; `wrong` says which values did not fit, and why."""

    outcome: ModelCall.Outcome
    commands: tuple[Command, ...] = ()
    wrong: tuple[dict[str, str], ...] = ()
    phrase: object = ""


def is_on() -> bool:
    """Whether anything is read with a model at all."""
    return settings.AI_READING and openai.configured()


def hear(draft: Draft, step: Step, text: str, by_rule: list[Command], at: datetime) -> Heard:
    """The commands of a message: the rules' where they are clear, or where no model can help.

    Makes a network call, so never inside a transaction.
    """
    if not is_on() or not _is_wanted(draft, step, text, by_rule) or not calls.may_call(draft, at):
        return Heard(by_rule)
    try:
        found = _ask(draft, step, privacy.without_contacts(text), at)
    except OutsideError:
        return Heard(by_rule)
    if not found.commands:
        return Heard(by_rule)
    if all(command.kind == "offer" and command.field != step.field for command in found.commands):
        return Heard([*by_rule, *found.commands])
    names = [*draft.answers.get("parent_name", []), *draft.answers.get("child_name", [])]
    names += [command.text for command in found.commands if command.field.endswith("_name")]
    # The question after the parent's name greets them by itself.
    phrase = "" if step.field == "parent_name" else thanks.sieved(found.phrase, names)
    return Heard(list(found.commands), phrase)


def _is_wanted(draft: Draft, step: Step, text: str, by_rule: list[Command]) -> bool:
    if step.field not in READ and step.field != CONFIRMED:
        return False
    if draft.asked.get("no_model") or draft.asked.get("restart") or draft.session.offered_code:
        return False
    if len(words(tidy(text))) < FEWEST_WORDS or not privacy.may_leave(text):
        return False
    return any(_at_a_loss(draft, step, command) for command in by_rule)


def _at_a_loss(draft: Draft, step: Step, command: Command) -> bool:
    """Whether the rules made nothing of it, or something that its reader cannot take."""
    if command.kind == "unclear":
        return True
    if command.kind not in ("set", "correct") or command.field == CONFIRMED or not command.text:
        return False
    return _reason(draft, command.field or step.field, command.text) in _AT_A_LOSS


def _reason(draft: Draft, field: str, text: str) -> str:
    """Why the field's own reader refuses the words, "" where it takes them."""
    try:
        reading.read(draft, field, text)
    except Refused as refusal:
        return refusal.reason
    except KeyError:
        return "no_reader"
    return ""


def _ask(draft: Draft, step: Step, sent: str, at: datetime) -> _Found:
    until, found = time.monotonic() + SECONDS, _Found(Outcome.UNCLEAR)
    fields = _fields(draft, step)
    for _ in range(TRIES):
        answer = openai.ask(
            "read",
            instructions=wording.plain("chat/model/reading.txt"),
            content=json.dumps(_question(step, sent, fields, found.wrong), ensure_ascii=False),
            name="reading",
            schema=_schema(step, fields),
            seconds=until - time.monotonic(),
        )
        found = _found(draft, step, sent, fields, answer)
        calls.record(
            answer, ModelCall.Purpose.READING, found.outcome, draft=draft, step=step.number, at=at
        )
        if found.outcome != Outcome.WRONG:
            break
    return found


@dataclass(frozen=True)
class _Fields:
    """Which fields an answer at this step may tell besides, and which it may correct."""

    told: dict[str, str]
    settled: dict[str, str]


def _fields(draft: Draft, step: Step) -> _Fields:
    told = {
        name: READ[name]
        for name in READ
        if name in offers.OFFERED
        and name != step.field
        and steps.BY_FIELD[name].applies(draft)
        and not steps.BY_FIELD[name].settled(draft)
    }
    settled = {name: words for name, words in READ.items() if name in draft.answers}
    return _Fields(told, {} if draft.place_id else settled)


def _question(
    step: Step, sent: str, fields: _Fields, wrong: tuple[dict[str, str], ...]
) -> dict[str, Any]:
    """All that leaves: no name, no earlier answer, nothing that is on file."""
    question = {
        "step": step.number,
        "asked": step.field,
        "question": READ.get(step.field, "whether all that was shown is right, or what is wrong"),
        "fields": fields.told,
        "settled": fields.settled,
        "answer": sent,
    }
    return question | ({"not_accepted": list(wrong)} if wrong else {})


def _schema(step: Step, fields: _Fields) -> dict[str, Any]:
    named = sorted({"", step.field, *fields.told, *fields.settled} - {CONFIRMED})
    command = {
        "type": "object",
        "properties": {
            "kind": {"type": "string", "enum": _KINDS},
            "field": {"type": "string", "enum": named},
            "text": {"type": "string"},
        },
        "required": ["kind", "field", "text"],
        "additionalProperties": False,
    }
    properties = {
        "commands": {"type": "array", "items": command},
        "agent_final_response": {"type": "string"},
        "routine_number": {"type": "integer"},
    }
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }


def _found(draft: Draft, step: Step, sent: str, fields: _Fields, answer: openai.Answer) -> _Found:
    """The commands that an answer of the model holds, as far as they fit."""
    if answer.refused:
        return _Found(Outcome.REFUSED)
    if not answer.complete:
        return _Found(Outcome.CUT)
    body = openai_answers.parsed(answer.text)
    given = body.get("commands") if isinstance(body, dict) else None
    if not isinstance(body, dict) or not isinstance(given, list):
        return _Found(Outcome.NO_FORM)
    commands, wrong = _judged(draft, step, sent, fields, [each for each in given if _formed(each)])
    if wrong and not commands:
        return _Found(Outcome.WRONG, wrong=wrong)
    outcome = Outcome.READ if commands else Outcome.UNCLEAR
    return _Found(outcome, commands, phrase=body.get("agent_final_response"))


def _formed(each: object) -> bool:
    return isinstance(each, dict) and all(
        isinstance(each.get(name), str) for name in ("kind", "field", "text")
    )


def _judged(
    draft: Draft, step: Step, sent: str, fields: _Fields, given: list[dict[str, str]]
) -> tuple[tuple[Command, ...], tuple[dict[str, str], ...]]:
    """The commands that this step may be given, and what is wrong with a value that is not."""
    if given and given[0]["kind"] in _REQUESTS:
        request = given[0]["kind"]
        may = request != "skip" or step.field in OPTIONAL
        return ((Command(request, step.field),) if may else ()), ()  # type: ignore[arg-type]
    commands: list[Command] = []
    wrong: list[dict[str, str]] = []
    for each in given:
        kind, field, text = each["kind"], each["field"], each["text"]
        if kind == "set" and field == step.field in READ and not commands:
            command = _answered(draft, field, text, sent)
            why = "" if command else _complaint(draft, field, text, sent)
            commands += [command] if command else []
            wrong += [{"field": field, "text": text[:200], "why": why}] if why else []
        elif kind == "set" and field in fields.told and _is_said(text, sent):
            commands.append(Command("offer", field, text))
        elif kind == "correct" and field in fields.settled and _is_said(text, sent):
            commands += [] if _reason(draft, field, text) else [Command("correct", field, text)]
    return tuple(commands), tuple(wrong)


def _answered(draft: Draft, field: str, text: str, sent: str) -> Command | None:
    """The asked field with the parent's own words; what was only inferred is offered first."""
    reason = _reason(draft, field, text)
    if _is_said(text, sent):
        # Its own reader refuses in its own words what is understood and cannot be had.
        return None if reason in _AT_A_LOSS else Command("set", field, text)
    return Command("offer", field, text) if field in _INFERRED and not reason else None


def _complaint(draft: Draft, field: str, text: str, sent: str) -> str:
    if not _is_said(text, sent):
        return "these words are not in the answer"
    return f"this is not {READ[field]}: {_reason(draft, field, text)}"


def _is_said(text: str, sent: str) -> bool:
    """Whether every word of a value stands in the message: nothing is made up."""
    said = words(tidy(sent))
    known = {*said, *(word.removesuffix("'s") for word in said)}
    found = words(tidy(text))
    return bool(found) and set(found) <= known
