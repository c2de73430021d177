"""A family that comes back: proof first, then last season's answers group by group (domain 2.3)."""

import re
from datetime import date, datetime

from integrations import clock
from registrations import fields, wording
from registrations.actions import drafts, proving_back, returning
from registrations.actions.proving_back import Verdict
from registrations.chat import replies, steps
from registrations.chat.replies import RETURNING, Reply
from registrations.chat.turns import Turn
from registrations.codes import Code
from registrations.fields import Refused
from registrations.models import ChatSession, Draft, ReturningVisit, Season, Team

GROUPS = steps.GROUPS
_EMAIL = re.compile(r"\be-?mail", re.IGNORECASE)
_AGAIN = re.compile(r"\b(again|another|new|nothing|no|not|resend|didn't|hasn't)\b", re.IGNORECASE)
_LEAVES = re.compile(
    r"\b(not|isn't|isnt|won't|wont) (be )?(com(ing|e)|return(ing)?|play(ing)?)( back)?\b"
    r"|\b(has|have|is) (left|leaving)\b|\bleaves\b",
    re.IGNORECASE,
)
_OUTGROWN = re.compile(
    r"\b(outgrown|too (small|tight|short)|new (kit|size)|(bigger|larger|another|different) "
    r"(kit|size))\b",
    re.IGNORECASE,
)
_PAYING = re.compile(r"\b(pay|payment|collect|debit|day)\b", re.IGNORECASE)
_SIX = re.compile(r"(?<!\d)\d{3}[ -]?\d{3}(?!\d)")


# --- before the proof: every answer is the same whoever is asked for
def enter(key: str, code: Code, team: Team, at: datetime) -> Reply:
    """A returning child's code: thanks, and the question that proves nothing by itself."""
    proving_back.begin(key, team, code, at=at)
    return Reply(wording.markdown("back_birthday", team=str(team)), RETURNING)


def prove(visit: ReturningVisit, session: ChatSession, text: str, at: datetime) -> Reply:
    """An answer of somebody who has not proved yet who they are."""
    if visit.dob is None:
        return _birthday(visit, text, at)
    found = _SIX.search(text)
    if found is None:
        return _about_digits(visit, text, at)
    digits = re.sub(r"\D", "", found[0])
    verdict = proving_back.confirm(visit, digits, at=at)
    if verdict == Verdict.PROVEN:
        visit.refresh_from_db()
        return opened(session, visit, at)
    name = "back_wrong" if verdict == Verdict.WRONG else "back_over"
    return Reply(wording.markdown(name), RETURNING)


def opened(session: ChatSession, visit: ReturningVisit, at: datetime) -> Reply:
    """The proof is there: the first group of the first child."""
    assert visit.family_id
    family = returning.open_family(session, visit.family_id, visit.team.season, at=at)
    if not family.drafts:
        return Reply(wording.markdown("back_all_answered"), RETURNING)
    first = drafts.locked(family.first.pk)
    names = [one.answers["child_name"][0] for one in family.drafts]
    hello = replies.say("back_welcome", first, children=wording.listed(names))
    reply = replies.at_step(first, hello)
    if visit.invitation_id:
        # The page opens with these words; after a code they are the answer to what was typed.
        drafts.write_down(first, heard="", said=reply.text, step=27, at=at)
    return reply


def _birthday(visit: ReturningVisit, text: str, at: datetime) -> Reply:
    try:
        season = visit.team.season
        born = fields.date_of_birth(text, earliest=_floor(season), today=clock.today())
    except Refused:
        return Reply(wording.markdown("back_birthday_again"), RETURNING)
    if not proving_back.give_birthday(visit, born, at=at):
        return Reply(wording.markdown("back_locked"), RETURNING)
    return Reply(wording.markdown("back_digits"), RETURNING)


def _floor(season: Season) -> date:
    return season.earliest_birthday.replace(year=season.earliest_birthday.year - 2)


def _about_digits(visit: ReturningVisit, text: str, at: datetime) -> Reply:
    by_email = bool(_EMAIL.search(text))
    if not by_email and not _AGAIN.search(text):
        return Reply(wording.markdown("back_digits_form"), RETURNING)
    if not proving_back.send_again(visit, by_email=by_email, at=at):
        return Reply(wording.markdown("back_locked"), RETURNING)
    return Reply(wording.markdown("back_digits_again", by_email=by_email), RETURNING)


# --- after the proof
def answer(turn: Turn) -> Reply | None:
    """Settle a group, or None where the message asks for something that any step answers."""
    command = turn.commands[0]
    if turn.step.field == "same_child" and _LEAVES.search(turn.text):
        return _leaves(turn)
    if turn.step.field == "same_child" and _OUTGROWN.search(turn.text):
        return _kept(turn, "back_outgrown", kit_outgrown=True)
    if turn.step.field == "same_consents" and _PAYING.search(turn.text):
        return _pay_on(turn)
    if command.kind not in ("set", "unclear"):
        return None
    if command.kind == "unclear" or command.text != "yes":
        return _what_changed(turn)
    if turn.step.field == "same_consents":
        return _send_in(turn)
    drafts.set_answers(turn.draft, {turn.step.field: True}, at=turn.at)
    drafts.save(turn.draft, at=turn.at)
    return _next(turn)


def again(turn: Turn) -> Reply:
    """Start again: every group as it was last season."""
    draft = turn.draft
    assert draft.place
    family = returning.open_family(
        turn.session, draft.place.family_id, draft.team.season, at=turn.at
    )
    turn.draft = drafts.locked(family.first.pk)
    return replies.at_step(turn.draft, replies.say("restarted", turn.draft))


def carry_on(turn: Turn, reply: Reply) -> Reply:
    """After the last question about one child, the next child who lacks something."""
    if turn.draft.place_id is None or reply.routine_number != steps.DONE:
        return reply
    following = _lacking(turn)
    if following is None:
        return reply
    _move(turn, following)
    return replies.at_step(turn.draft, replies.say("back_next_child", turn.draft))


def _next(turn: Turn) -> Reply:
    """The next group of this child, or the next child."""
    if steps.next_step(turn.draft).submitted:
        rest = [one for one in returning.of_session(turn.draft.session_id) if not _through(one)]
        if rest:
            _move(turn, rest[0])
    return replies.at_step(turn.draft)


def _through(draft: Draft) -> bool:
    return draft.registration_id is not None or (
        "same_child" in draft.answers and not draft.asked.get("last")
    )


def _kept(turn: Turn, words: str, **answers: object) -> Reply:
    drafts.set_answers(turn.draft, answers, at=turn.at)
    drafts.save(turn.draft, at=turn.at)
    return replies.at_step(turn.draft, replies.say(words, turn.draft))


def _pay_on(turn: Turn) -> Reply:
    try:
        day = fields.payment_day(turn.text)
    except Refused as refusal:
        words = replies.refused(
            turn.draft, steps.BY_FIELD["payment_day"], "payment_day", refusal.reason, refusal.detail
        )
        return replies.at_step(turn.draft, words, question=False)
    return _kept(turn, "back_day", payment_day=day)


def _what_changed(turn: Turn) -> Reply:
    if turn.step.field == "same_consents" and turn.commands[0].kind == "set":
        names = ("comms_consent", "photo_use")
        drafts.clear_answers(turn.draft, names)
        drafts.save(turn.draft, at=turn.at)
        return replies.at_step(turn.draft, replies.say("back_ask_anew", turn.draft))
    words = replies.say("back_what_changed", turn.draft, group=turn.step.field)
    return replies.at_step(turn.draft, words, question=False)


def _leaves(turn: Turn) -> Reply:
    """The child does not come back; the others go on."""
    child = turn.draft.answers["child_name"][0]
    session_id = turn.draft.session_id
    returning.decline(turn.draft, at=turn.at)
    rest = [one for one in returning.of_session(session_id) if one.registration_id is None]
    goodbye = wording.markdown("back_leaves", child=child)
    if not rest:
        turn.gone = True
        return Reply(goodbye, RETURNING)
    turn.draft = drafts.locked(rest[0].pk)
    open_ones = [one for one in rest if not _through(one)] or rest[-1:]
    _move(turn, open_ones[0])
    return replies.at_step(turn.draft, goodbye)


def _send_in(turn: Turn) -> Reply:
    """Everything is confirmed: the registrations of all children, in one go."""
    made = returning.submit(turn.draft.session_id, at=turn.at)
    children = [one.player.first_name for one in made]
    turn.draft = drafts.locked(turn.draft.pk)
    following = _lacking(turn)
    _move(turn, following or turn.draft)
    charged = [one for one in made if one.asks_for_payment]
    thanks = replies.say(
        "back_thanks",
        turn.draft,
        children=wording.listed(children),
        several=len(made) > 1,
        charged=len(charged),
        ending=str(made[0].guardian.phone)[-3:] if made else "",
        reused=any(one.collection_arranged_at for one in made),
    )
    return replies.at_step(turn.draft, thanks)


def _lacking(turn: Turn) -> Draft | None:
    """A child of this sitting for whom something is still to be chosen or sent."""
    mine = [drafts.locked(one.pk) for one in returning.of_session(turn.draft.session_id)]
    sent = [one for one in mine if one.registration_id]
    return next((one for one in sent if steps.next_step(one).number != steps.DONE), None)


def _move(turn: Turn, draft: Draft) -> None:
    """The conversation goes on about another child."""
    turn.draft = drafts.locked(draft.pk)
    turn.session.draft = turn.draft
    turn.session.save(update_fields=["draft"])
