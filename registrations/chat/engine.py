"""One turn of the conversation: the code decides, the reader only reads (design 3.5, 4)."""

import re
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime

from django.db import transaction

from integrations import clock
from registrations import fields
from registrations.actions import drafts, submitting
from registrations.chat import (
    addresses,
    after,
    coming_back,
    doorstep,
    mending,
    model,
    offers,
    privacy,
    reading,
    replies,
    steps,
    summary,
    words,
)
from registrations.chat.model import Heard
from registrations.chat.replies import KEPT_APART, SENSITIVE, Reply
from registrations.chat.steps import Step
from registrations.chat.turns import Turn
from registrations.chat.words import Command
from registrations.fields import Refused
from registrations.models import Draft

_COLLECTING = re.compile(r"\b(collect|pick(ed|ing)? .{0,20}up)", re.IGNORECASE)
# The reader knows the questions within step 5 by the step's own name.
_SKIPPED = {"second_contact": "skip", "previous_team": "no"}
_READ_AS = {"medical_follow_up": "medical", "medical_consent": "medical", "done": "photo"}


def answer(key: str, text: str) -> Reply:
    """The reply to one message of the session `key`; what it changes is committed with it."""
    at = clock.now()
    session = drafts.find_session(key)
    draft = session.draft if session else None
    if session is None or draft is None or draft.with_staff or drafts.is_quiet(draft, at):
        return doorstep.answer(key, session, text, at)
    step = steps.next_step(draft)
    # The two calls that a parent may wait for; outside the transaction, like every call.
    heard = _heard(text, step, draft, at)
    found = addresses.look_up(draft, heard.commands)
    with transaction.atomic():
        turn = Turn(session, drafts.locked_again(draft), step, text, heard, found, at)
        reply = _carry_out(turn)
        written = KEPT_APART if _is_sensitive(turn) else text
        said = reply.kept or reply.text
        if turn.gone:
            return reply
        drafts.write_down(turn.draft, heard=written, said=said, step=step.number, at=at)
    return reply


def _heard(text: str, step: Step, draft: Draft, at: datetime) -> Heard:
    """By rule, and where the rules are at a loss with a model."""
    agreed = offers.read(draft, step, text)
    return Heard(agreed) if agreed else model.hear(draft, step, text, _read(text, step, draft), at)


def _read(text: str, step: Step, draft: Draft) -> list[Command]:
    field = _READ_AS.get(step.field, step.field)
    summary = step.field == "confirmed" or step.field in steps.GROUPS
    commands = words.read(text, step=step.number, field=field, summary=summary)
    commands = commands or [Command("unclear", text=text)]
    return mending.follow_up(draft, text, commands) if summary else commands


def _is_sensitive(turn: Turn) -> bool:
    named = {command.field for command in turn.commands if command.kind == "correct"}
    return bool(
        turn.step.field in SENSITIVE
        or named & SENSITIVE
        or fields.mentions_health(turn.text)
        or (turn.step.field == "confirmed" and _COLLECTING.search(turn.text))
    )


def _carry_out(turn: Turn) -> Reply:
    if steps.next_step(turn.draft).field != turn.step.field:
        # Another tab was quicker: this message was meant for a question that is settled.
        return replies.at_step(turn.draft, replies.say("already_answered", turn.draft))
    pending = _pending(turn)
    if pending is not None:
        return pending
    if privacy.NO_COMPUTER.search(turn.text):
        return _no_computer(turn)
    if offers.keep(turn.draft, turn.commands):
        drafts.save(turn.draft, at=turn.at)
    group = coming_back.answer(turn) if turn.step.field in steps.GROUPS else None
    return group or _KINDS[turn.commands[0].kind](turn)


def _pending(turn: Turn) -> Reply | None:
    """A yes or no that was asked for outside the steps; anything else drops the question."""
    code, restart = turn.session.offered_code, turn.draft.asked.get("restart")
    if not code and not restart:
        return None
    if code:
        drafts.offer_code(turn.session, "")
    else:
        _remember(turn, restart=False)
    try:
        agreed = fields.yes_no(turn.text)
    except Refused:
        return None
    if not agreed:
        return replies.at_step(turn.draft, replies.say("carry_on", turn.draft))
    return _second_registration(turn, code) if code else _afresh(turn)


def _second_registration(turn: Turn, code: str) -> Reply:
    reply, started = doorstep.enter(turn.session.key, turn.draft, code, turn.at)
    turn.draft = started or turn.draft
    if started is None and reply.last_agent == replies.RETURNING:
        return reply  # a child who comes back: nothing is shown before the proof
    return reply if started else replies.at_step(turn.draft, reply.text)


def _afresh(turn: Turn) -> Reply:
    """Every answer of an unfinished draft is taken away; the code stays."""
    if turn.draft.place_id:
        return coming_back.again(turn)
    turn.draft.answers, turn.draft.sensitive = {}, ""
    turn.draft.asked = {"no_model": bool(turn.draft.asked.get("no_model"))}
    drafts.save(turn.draft, at=turn.at)
    return replies.at_step(turn.draft, replies.say("restarted", turn.draft))


def _set(turn: Turn) -> Reply:
    command, step = turn.commands[0], turn.step
    if step.field == "confirmed":
        return _settle_summary(turn)
    given = command.text or _SKIPPED.get(step.field, turn.text)
    if step.submitted:
        reply = after.answer(turn.draft, step.field, given, turn.text, turn.at)
        return coming_back.carry_on(turn, reply)
    try:
        names = _keep(turn, step.field, given, sure=False)
    except Refused as refusal:
        return _refuse(turn, step.field, refusal)
    _keep_what_else_was_said(turn)
    return replies.at_step(turn.draft, turn.thanks, replies.remark(turn.draft, names))


def _settle_summary(turn: Turn) -> Reply:
    if any(command.kind == "correct" for command in turn.commands):
        return _correct(turn)
    if turn.commands[0].text != "yes":
        return _what_to_change(turn)
    if turn.draft.asked.get("correcting"):
        # A mistake was named and never put right: show everything once more before it is sent in.
        _remember(turn, correcting="")
        return replies.at_step(turn.draft)
    return _confirm(turn)


def _keep_what_else_was_said(turn: Turn) -> None:
    """ "No, he played for Flixton" answers the next question too; what is unclear is asked."""
    for command in turn.commands[1:]:
        if command.kind == "set" and command.field == steps.next_step(turn.draft).field:
            with suppress(Refused):
                _keep(turn, command.field, command.text, sure=False)


def _keep(turn: Turn, field: str, text: str, *, sure: bool) -> list[str]:
    """Read an answer and keep it; the names of what it set. Raises Refused."""
    draft = turn.draft
    notes = drafts.secrets(draft).get("medical_notes", "")
    change = reading.read(draft, field, text, notes)
    answers = addresses.adjust(draft, change.answers, turn.found, sure=sure)
    if answers.get("played_last_season"):
        drafts.clear_answers(draft, ("previous_team",))
    drafts.set_answers(draft, answers, at=turn.at)
    offers.drop(draft, field)
    if change.secret:
        drafts.set_secret(draft, **change.secret)
    drafts.save(draft, at=turn.at)
    return list(answers)


def _refuse(turn: Turn, field: str, refusal: Refused) -> Reply:
    step = turn.step
    text = replies.refused(turn.draft, step, field, refusal.reason, refusal.detail)
    return replies.at_step(turn.draft, text, question=False)


def _confirm(turn: Turn) -> Reply:
    submitting.submit(turn.draft.pk, at=turn.at)
    turn.draft = drafts.locked(turn.draft.pk)
    return replies.at_step(turn.draft, replies.say("sent_in", turn.draft))


def _what_to_change(turn: Turn) -> Reply:
    return replies.at_step(turn.draft, replies.say("what_to_change", turn.draft), question=False)


def _correct(turn: Turn) -> Reply:
    """Take corrections at the summary and show again only what they changed (domain 2.1, 28)."""
    names: list[str] = []
    problems: list[str] = []
    still_open = ""
    for command in turn.commands:
        if command.kind != "correct":
            continue
        try:
            names += _keep(turn, command.field, command.text, sure=True)
        except (Refused, KeyError) as error:
            problems.append(_problem(turn, command, error))
            still_open = command.field if isinstance(error, Refused) else still_open
    _remember(turn, correcting=still_open)
    if steps.next_step(turn.draft).field != "confirmed":
        return replies.at_step(turn.draft, *problems, replies.say("corrected", turn.draft))
    shown = summary.changed(turn.draft, names)
    remark = replies.remark(turn.draft, names)
    again = replies.say("changed", turn.draft, lines=shown) if shown else ""
    reply = replies.at_step(turn.draft, *problems, remark, again, question=False)
    return Reply(reply.text, reply.last_agent, reply.routine_number, replies.SUMMARY_KEPT_APART)


def _problem(turn: Turn, command: Command, error: Exception) -> str:
    """Why one of several corrections could not be taken."""
    if not isinstance(error, Refused):
        return replies.say("comes_later", turn.draft)
    return replies.refused(turn.draft, turn.step, command.field, error.reason, error.detail)


def _back(turn: Turn) -> Reply:
    before = steps.step_before(turn.draft)
    if before is None:
        template = "back_too_late" if turn.step.submitted else "back_at_start"
        return replies.at_step(turn.draft, replies.say(template, turn.draft))
    drafts.clear_answers(turn.draft, before.clears)
    drafts.save(turn.draft, at=turn.at)
    return replies.at_step(turn.draft, replies.say("gone_back", turn.draft))


def _why(turn: Turn) -> Reply:
    return replies.at_step(turn.draft, replies.say("why", turn.draft, field=turn.step.field))


def _restart(turn: Turn) -> Reply:
    if turn.step.submitted:
        return replies.at_step(turn.draft, replies.say("back_too_late", turn.draft))
    _remember(turn, restart=True)
    return replies.at_step(turn.draft, replies.say("restart", turn.draft), question=False)


def _hand_over(turn: Turn) -> Reply:
    drafts.ask_for_person(turn.session, at=turn.at)
    return replies.at_step(turn.draft, replies.say("person", turn.draft))


def _unclear(turn: Turn) -> Reply:
    if turn.step.field == "confirmed":
        return _what_to_change(turn)
    if turn.step.field in ("photo", "done"):
        return after.answer(turn.draft, turn.step.field, turn.text, turn.text, turn.at)
    return _refuse(turn, turn.step.field, Refused("unclear"))


def _offer(turn: Turn) -> Reply:
    """The answer was understood but not said in so many words: the parent confirms it."""
    return replies.at_step(turn.draft)


def _decline(turn: Turn) -> Reply:
    offers.drop(turn.draft, turn.step.field)
    drafts.save(turn.draft, at=turn.at)
    return replies.at_step(turn.draft)


def _code(turn: Turn) -> Reply:
    """A code in the middle of a registration: is a second one meant? (domain 1.4)"""
    code = turn.commands[0].text
    if not turn.draft.answers and code.casefold() == turn.draft.code.casefold():
        return doorstep.welcome(turn.draft)
    admission = doorstep.admit(code)
    if admission.problem:
        return replies.at_step(turn.draft, admission.words)
    drafts.offer_code(turn.session, code)
    other = str(admission.team)
    sent, finished = turn.step.submitted, turn.step.number == steps.DONE
    text = replies.say("second_code", turn.draft, other=other, sent=sent, finished=finished)
    return replies.at_step(turn.draft, text, question=False)


def _no_computer(turn: Turn) -> Reply:
    _remember(turn, no_model=True)
    return replies.at_step(turn.draft, replies.say("no_computer", turn.draft))


def _remember(turn: Turn, **said: object) -> None:
    turn.draft.asked = {**turn.draft.asked, **said}
    drafts.save(turn.draft, at=turn.at)


_KINDS: dict[str, Callable[[Turn], Reply]] = {
    "set": _set,
    "skip": _set,
    "correct": _correct,
    "back": _back,
    "why": _why,
    "restart": _restart,
    "handover": _hand_over,
    "unclear": _unclear,
    "code": _code,
    "offer": _offer,
    "decline": _decline,
}
