"""The steps after a registration was sent in: payment day, link, kit, photo (domain 2.1, 29 to 35).

These replies hold no address, birthday, contact or medical text (domain 3.9).
"""

import re
from collections.abc import Callable
from datetime import datetime

from registrations import fields, wording
from registrations.actions import contacts, drafts, kit, paying
from registrations.chat import family_debit, replies, steps
from registrations.chat.replies import Reply
from registrations.fields import Refused
from registrations.models import Draft

_EMAIL = re.compile(r"\be-?mail", re.IGNORECASE)
_AGAIN = re.compile(r"\b(re-?send|again|another (one|text|link)|new (one|link|text))\b", re.I)
_LATER = re.compile(r"\b(later|carry on|continue|move on|skip|go on)\b", re.IGNORECASE)
_ASKING = re.compile(r"\?\s*$|\b(free|available|taken|left)\b", re.IGNORECASE)


def answer(draft: Draft, field: str, given: str, text: str, at: datetime) -> Reply:
    """Carry out the answer to a step after submission, on the locked draft.

    `given` is the answer as it was read, `text` the whole message.
    """
    about_debit = family_debit.answer(draft, text, at)
    if about_debit is not None:
        return about_debit
    try:
        if field == "sms_received":
            return _sms_received(draft, given, text, at)
        return _ANSWERS[field](draft, text, at)
    except Refused as refusal:
        step = steps.BY_FIELD[field]
        words = replies.refused(draft, step, field, refusal.reason, refusal.detail)
        return replies.at_step(draft, words, question=False)


def _payment_day(draft: Draft, text: str, at: datetime) -> Reply:
    day = _day(draft, text, at)
    paying.choose_day(drafts.sent_in(draft).pk, day, at=at)
    fresh = drafts.locked(draft.pk)
    return replies.at_step(fresh, replies.say("day_kept", fresh, day=wording.ordinal_day(day)))


def _day(draft: Draft, text: str, at: datetime) -> int:
    """The day; after an offer of the last day instead of the 29th to 31st, "yes" takes it."""
    try:
        return fields.payment_day(text)
    except Refused as refusal:
        if refusal.reason == "late_day":
            _remember(draft, at, late_day=True)
            raise
        if draft.asked.get("late_day") and _is_yes(text):
            return fields.LAST_DAY
        raise


def _sms_received(draft: Draft, given: str, text: str, at: datetime) -> Reply:
    number = _number_in(text)
    if number:
        return _another_number(draft, number, at)
    if _EMAIL.search(text):
        paying.mail_link(drafts.sent_in(draft).pk, at=at)
        return _carry_on(draft, "link_by_email", "email", at)
    if _AGAIN.search(text):
        return _send_again(draft, at)
    if _LATER.search(text):
        return _carry_on(draft, "link_later", "later", at)
    if not fields.yes_no(given):
        return replies.at_step(draft, _about_link(draft, "link_missing"), question=False)
    paying.link_arrived(drafts.sent_in(draft).pk, at=at)
    fresh = drafts.locked(draft.pk)
    return replies.at_step(fresh, replies.say("link_arrived", fresh))


def _another_number(draft: Draft, number: str, at: datetime) -> Reply:
    contacts.correct_phone(drafts.sent_in(draft).pk, number, at=at)
    paying.resend_link(drafts.sent_in(draft).pk, at=at)
    fresh = drafts.locked(draft.pk)
    return replies.at_step(fresh, _about_link(fresh, "link_to_new_number"), question=False)


def _send_again(draft: Draft, at: datetime) -> Reply:
    if draft.asked.get("resent"):
        return replies.at_step(draft, _about_link(draft, "link_sent_twice"), question=False)
    paying.resend_link(drafts.sent_in(draft).pk, at=at)
    _remember(draft, at, resent=True)
    return replies.at_step(draft, _about_link(draft, "link_sent_again"), question=False)


def _carry_on(draft: Draft, template: str, how: str, at: datetime) -> Reply:
    drafts.set_answers(draft, {"sms_received": how}, at=at)
    drafts.save(draft, at=at)
    return replies.at_step(draft, replies.say(template, draft))


def _kit_size(draft: Draft, text: str, at: datetime) -> Reply:
    size = fields.kit_size(text)
    if size not in draft.team.season.kit_sizes:
        raise Refused("not_a_size")
    kit.choose_size(drafts.sent_in(draft).pk, size, at=at)
    fresh = drafts.locked(draft.pk)
    return replies.at_step(fresh, replies.say("size_kept", fresh, size=size))


def _shirt_number(draft: Draft, text: str, at: datetime) -> Reply:
    """A number is taken at once; one that is only asked about is held for half an hour."""
    held = draft.asked.get("shirt")
    number = _number(draft, text, held, at)
    if number is None:
        return _free(draft, "another_shirt", at)
    try:
        if number != held and _ASKING.search(text):
            kit.hold_shirt(draft, number, at=at)
            _remember(draft, at, shirt=number)
            words = replies.say("shirt_held", draft, shirt=number)
            return replies.at_step(draft, words, question=False)
        kit.take_shirt(draft, number, at=at)
    except kit.Taken:
        _remember(draft, at, shirt=None)
        return _free(draft, "shirt_taken", at, number)
    fresh = drafts.locked(draft.pk)
    words = replies.say("shirt_kept", fresh, shirt=number, keeper=number in (1, 12))
    return replies.at_step(fresh, words)


def _number(draft: Draft, text: str, held: int | None, at: datetime) -> int | None:
    """The number meant; None where the parent lets go of the one that is held."""
    try:
        return fields.shirt_number(text)
    except Refused as refusal:
        if refusal.reason == "any":
            free = [number for number in kit.free_shirts(draft, at=at) if number not in (1, 12)]
            raise Refused("any", free=_listed(free)) from None
        if not held:
            raise
    if fields.yes_no(text):
        return held
    kit.let_go(draft)
    _remember(draft, at, shirt=None)
    return None


def _free(draft: Draft, template: str, at: datetime, number: int = 0) -> Reply:
    free = _listed(kit.free_shirts(draft, at=at))
    words = replies.say(template, draft, shirt=number, free=free)
    return replies.at_step(draft, words, question=False)


def _photo(draft: Draft, text: str, at: datetime) -> Reply:
    return replies.at_step(draft, replies.say("photo_how", draft), question=False)


def _done(draft: Draft, text: str, at: datetime) -> Reply:
    return replies.at_step(draft)


def _about_link(draft: Draft, template: str) -> str:
    """Words about the link that name the phone by its last three digits only."""
    ending = str(drafts.sent_in(draft).guardian.phone)[-3:]
    return replies.say(template, draft, ending=ending)


def _remember(draft: Draft, at: datetime, **said: object) -> None:
    draft.asked = {**draft.asked, **said}
    drafts.save(draft, at=at)


def _number_in(text: str) -> str:
    """A mobile in the message, "" where there is none; raises Refused for a bad one."""
    if sum(letter.isdigit() for letter in text) < 7:
        return ""
    return fields.mobile(text)


def _is_yes(text: str) -> bool:
    try:
        return fields.yes_no(text)
    except Refused:
        return False


def _listed(numbers: list[int]) -> str:
    return ", ".join(str(number) for number in numbers[:8])


_ANSWERS: dict[str, Callable[[Draft, str, datetime], Reply]] = {
    "payment_day": _payment_day,
    "kit_size": _kit_size,
    "shirt_number": _shirt_number,
    "photo": _photo,
    "done": _done,
}
