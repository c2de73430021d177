"""What a parent has answered so far, kept at every step (domain 2.2, 3.9)."""

import json
from datetime import datetime, timedelta
from functools import cache
from typing import Any

from django.conf import settings
from django.db import connection, transaction

from registrations.actions import sync
from registrations.models import ChatMessage, ChatSession, Draft, Registration, Team

QUIET_AFTER = timedelta(hours=24)
# What a conversation reads of its rows; anything else costs Django more, every turn, than a query
# of its own costs the rare turn that wants it.
_READ = {
    "": "key offered_code wants_person_at entered_by",
    "draft__": "session kind code answers sensitive asked registration place last_answer_at"
    " entered_by",
    "draft__team__": "age_group name kit_due season",
}
_SESSIONS = (
    ChatSession.objects.select_related("draft__team")
    .only(*(f"{row}{name}" for row, names in _READ.items() for name in names.split()))
    .order_by()
)
# What another tab, a worker or staff may have changed of a draft since it was read.
_CHANGING = ("code", "answers", "sensitive", "asked", "registration_id", "place_id")

# In SQL for the same reason as the limits: Django takes longer to write it, every turn, than a
# database to carry it out.
_TWO_LINES = """
    INSERT INTO registrations_chatmessage (session_id, draft_id, role, text, step, at)
    VALUES (%(session)s, %(draft)s, %(parent)s, %(heard)s, %(step)s, %(at)s),
           (%(session)s, %(draft)s, %(club)s, %(said)s, %(step)s, %(at)s)
"""


def find_session(key: str) -> ChatSession | None:
    """The session of a key, with its draft and what the conversation reads of it."""
    session = next(iter(_SESSIONS.filter(key=key)), None)
    if session is not None and session.draft is not None:
        session.draft.session = session
        _bring_registration(session.draft)
    return session


def locked(draft_id: int) -> Draft:
    """The draft, locked until the transaction ends: two tabs take turns."""
    rows = Draft.objects.select_for_update(of=("self",), no_key=True)
    rows = rows.select_related("session", "team__season")
    return _bring_registration(rows.get(pk=draft_id))


def locked_again(draft: Draft) -> Draft:
    """A draft just read, locked and as it is now; its session and team are those just read."""
    now = next(iter(Draft.objects.raw(_locking(), [draft.pk])), None)
    if now is None:
        raise Draft.DoesNotExist
    for name in _CHANGING:
        setattr(draft, name, getattr(now, name))
    return _bring_registration(draft)


@cache
def _locking() -> str:
    # Every turn takes the lock, and Django writes the SQL of a query anew each time it is asked.
    rows = Draft.objects.select_for_update(no_key=True).filter(pk=0).only(*_CHANGING).order_by()
    return str(rows.query.sql_with_params()[0])


def _bring_registration(draft: Draft) -> Draft:
    # Read by itself: most turns come before there is one, and its row is the widest of all.
    if draft.registration_id:
        rows = Registration.objects.select_related("season", "guardian", "team__season")
        draft.registration = rows.get(pk=draft.registration_id)
        # The child may have gone to another team since the code was typed.
        draft.team = draft.registration.team
    return draft


def sent_in(draft: Draft) -> Registration:
    """The registration of a draft that has been sent in; LookupError before."""
    if draft.registration is None:
        raise LookupError("this draft has not been sent in")
    return draft.registration


def is_quiet(draft: Draft, at: datetime) -> bool:
    """Nobody has answered for a day and nothing was sent in: the key alone no longer opens it."""
    return draft.registration_id is None and draft.last_answer_at < at - QUIET_AFTER


@transaction.atomic
def start(key: str, team: Team, *, kind: str, code: str, at: datetime) -> Draft:
    """A new draft for a code; the session is born with its first code.

    A code that is sent twice, from two tabs or by a second press, starts one draft.
    """
    ChatSession.objects.get_or_create(key=key, defaults={"started_at": at, "last_seen_at": at})
    rows = ChatSession.objects.select_for_update(of=("self",), no_key=True)
    rows = rows.select_related("draft__team__season")
    session = rows.get(key=key)
    before = session.draft
    if before and (before.team_id, before.kind, before.code) == (team.pk, kind, code[:120]):
        if _is_untouched(before, at):
            return before
    draft = Draft.objects.create(
        session=session,
        team=team,
        kind=kind,
        code=code[:120],
        started_at=at,
        last_answer_at=at,
        entered_by=session.entered_by,
    )
    session.draft, session.offered_code = draft, ""
    session.save(update_fields=["draft", "offered_code"])
    return draft


@transaction.atomic
def begin_for_parent(key: str, by: str, *, at: datetime) -> None:
    """A session in which staff (a username) type what a parent tells them."""
    given = {"started_at": at, "last_seen_at": at, "entered_by": by}
    ChatSession.objects.get_or_create(key=key, defaults=given)


def _is_untouched(draft: Draft, at: datetime) -> bool:
    blank = not draft.answers or draft.handed_over_at is not None
    return blank and draft.registration_id is None and not is_quiet(draft, at)


@transaction.atomic
def hand_over(draft: Draft, *, child: list[str], at: datetime) -> None:
    """Give a returning player's code to staff as work (domain 2.3)."""
    draft.answers = {**draft.answers, "claimed_child": child}
    draft.handed_over_at = draft.handed_over_at or at
    draft.save(update_fields=["answers", "handed_over_at"])


def set_answers(draft: Draft, answers: dict[str, Any], *, at: datetime) -> None:
    """Put canonical values on a locked draft, unsaved; what hung on a changed address goes."""
    draft.answers = {**draft.answers, **answers}
    decided = dict(draft.asked.get("at") or {})
    decided.update({field: at.isoformat() for field in answers})
    draft.asked = {**draft.asked, "at": decided}


def clear_answers(draft: Draft, fields: tuple[str, ...]) -> None:
    """Take answers away from a locked draft, unsaved; with "medical" its notes go too."""
    draft.answers = {key: value for key, value in draft.answers.items() if key not in fields}
    if "medical" in fields:
        set_secret(draft, medical_notes="")


def secrets(draft: Draft) -> dict[str, str]:
    """What is kept encrypted: "medical_notes", "not_to_collect"."""
    return json.loads(draft.sensitive) if draft.sensitive else {}


def set_secret(draft: Draft, **values: str) -> None:
    """Put sensitive text on a locked draft, unsaved."""
    kept = {name: text for name, text in {**secrets(draft), **values}.items() if text}
    draft.sensitive = json.dumps(kept) if kept else ""


def save(draft: Draft, *, at: datetime) -> None:
    """Keep the locked draft."""
    draft.last_answer_at = at
    draft.save(update_fields=["answers", "sensitive", "asked", "last_answer_at", "registration"])


def write_down(draft: Draft, *, heard: str, said: str, step: int | None, at: datetime) -> None:
    """Two lines of transcript: what the parent wrote and what the club answered."""
    with connection.cursor() as cursor:
        moment = connection.ops.adapt_datetimefield_value(at)
        line = {"session": draft.session_id, "draft": draft.pk, "step": step, "at": moment}
        roles = {"parent": ChatMessage.Role.PARENT.value, "club": ChatMessage.Role.CLUB.value}
        cursor.execute(_TWO_LINES, line | roles | {"heard": heard, "said": said})
    if settings.AIRTABLE_CONVERSATIONS and draft.registration is not None:
        sync.touch(draft.registration)


def offer_code(session: ChatSession, code: str) -> None:
    """Remember a code that came in the middle of another registration, or forget it with ""."""
    session.offered_code = code[:120]
    session.save(update_fields=["offered_code"])


def ask_for_person(session: ChatSession, *, at: datetime) -> None:
    """The parent would rather speak to somebody; staff see the session."""
    if session.wants_person_at is None:
        session.wants_person_at = at
        session.save(update_fields=["wants_person_at"])


@transaction.atomic
def forget(key: str) -> None:
    """Clear a session: what was sent in stays, an unfinished draft is left to the club."""
    ChatSession.objects.filter(key=key).update(draft=None, offered_code="")
