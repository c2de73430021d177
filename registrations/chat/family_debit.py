"""One Direct Debit for a family, in the chat: six digits first, then the offer (design 3.8).

Whoever asks is answered alike, whether there is such a Direct Debit or not: nothing is told before
the digits that went to the phone were typed here.
"""

import re
from datetime import datetime

from registrations import fields, wording
from registrations.actions import drafts, family_debit
from registrations.actions.changing import Verdict
from registrations.chat import replies
from registrations.chat.replies import Reply
from registrations.fields import Refused
from registrations.models import Draft
from registrations.ports import desk

# What `asked` of the draft holds under "debit".
SENT, OFFERED = "sent", "offered"
_WANTED = re.compile(
    r"\b(same|existing|current|family'?s?|already|other child(ren)?'?s?)\b.*\bdirect debit|"
    r"\bdirect debit\b.*\b(same|already|too|as well|existing)\b",
    re.IGNORECASE,
)
_SIX_DIGITS = re.compile(r"\D*(?:\d[ -]?){6}\D*")


def answer(draft: Draft, text: str, at: datetime) -> Reply | None:
    """What is said of the family's Direct Debit; None where the message is about something else."""
    standing = draft.asked.get("debit")
    if standing == OFFERED:
        return _decide(draft, text, at)
    if standing == SENT and _SIX_DIGITS.fullmatch(text):
        return _confirm(draft, text, at)
    if _WANTED.search(text):
        proved = family_debit.is_proved(drafts.sent_in(draft))
        return _offer(draft, at) if proved else _send(draft, at)
    return None


def _send(draft: Draft, at: datetime) -> Reply:
    registration = drafts.sent_in(draft)
    if not family_debit.ask(registration.pk, at=at):
        return _say(draft, "debit_too_often")
    _remember(draft, SENT, at)
    return _say(draft, "debit_sent", ending=str(registration.guardian.phone)[-3:])


def _confirm(draft: Draft, text: str, at: datetime) -> Reply:
    verdict = family_debit.confirm(drafts.sent_in(draft).pk, text, at=at)
    if verdict == Verdict.RIGHT:
        return _offer(drafts.locked(draft.pk), at)
    if verdict == Verdict.OVER:
        _remember(draft, "", at)
    return _say(draft, "debit_wrong" if verdict == Verdict.WRONG else "debit_over")


def _offer(draft: Draft, at: datetime) -> Reply:
    """Each child an item of its own; only ever shown to whoever has proved the phone."""
    registration = drafts.sent_in(draft)
    items = desk().debit_to_share(registration.pk)
    _remember(draft, "" if items is None else OFFERED, at)
    if items is None:
        return replies.at_step(draft, replies.say("debit_none", draft))
    lines = [(name, wording.pounds(pence)) for name, pence in items]
    return _say(draft, "debit_offer", items=lines)


def _decide(draft: Draft, text: str, at: datetime) -> Reply | None:
    """A yes or no to the offer; anything else drops it, and means the question."""
    _remember(draft, "", at)
    registration = drafts.sent_in(draft)
    try:
        wanted = fields.yes_no(text)
    except Refused:
        return None
    if not wanted:
        return replies.at_step(draft, replies.say("debit_own", draft))
    # The number may have been changed since it was proved.
    proved = family_debit.is_proved(registration)
    shared = proved and desk().share_debit(registration.pk)
    fresh = drafts.locked(draft.pk)
    return replies.at_step(fresh, replies.say("debit_shared" if shared else "debit_none", fresh))


def _say(draft: Draft, template: str, **given: object) -> Reply:
    return replies.at_step(draft, replies.say(template, draft, **given), question=False)


def _remember(draft: Draft, standing: str, at: datetime) -> None:
    draft.asked = {**draft.asked, "debit": standing}
    drafts.save(draft, at=at)
