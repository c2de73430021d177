"""What our own page shows of a session: what was said, the question as a form, the way to pay."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.conf import settings
from django.template.loader import render_to_string

from integrations import clock
from registrations import wording
from registrations.actions import drafts, kit, proving_back, resuming
from registrations.chat import asking, doorstep, engine, html, replies, steps, uploads
from registrations.chat.asking import Ask
from registrations.chat.replies import Reply
from registrations.models import ChatMessage, ChatSession, Draft, Registration
from registrations.ports import desk

LAST_BEFORE_SENDING = 28
KEPT = "[kept by the club]"
# Longer answers after the registration was sent in may hold anything (domain 3.9).
SHORT = 40
_COUNT = re.compile(r"\n*^\*Question \d+ of about \d+\*$", re.MULTILINE)


@dataclass(frozen=True)
class Line:
    """One line of the conversation: "parent" or "club", and harmless HTML."""

    role: str
    html: str


@dataclass(frozen=True)
class Screen:
    """All that the page shows; `form` is the question's HTML."""

    key: str
    lines: list[Line]
    ask: Ask
    form: str
    progress: tuple[int, int] | None
    pay_url: str


def answer(key: str, text: str, answering: str) -> tuple[Reply, bool]:
    """The reply to a message that was written under the question `answering` ("" for any).

    Where that question is settled (sent twice, another tab, the browser's back button), nothing
    is done, and the second value is True: the page shows where things stand.
    """
    session, draft = _found(key)
    if answering and answering != asking.name(session, draft):
        if draft is None or draft.with_staff:
            return Reply(_first_words(session)), True
        return replies.at_step(draft), True
    return engine.answer(key, text), False


def page(key: str, reply: Reply, *, stale: bool = False) -> dict[str, Any]:
    """What POST /chat carries besides for our own page."""
    return _as_json(_screen(key, [])) | {"html": _club(reply.text).html, "stale": stale}


def again(key: str) -> dict[str, Any]:
    """Everything that was said and the question that stands, for a page that comes back."""
    shown = transcript(key)
    lines = [{"role": line.role, "html": line.html} for line in shown.lines]
    return {"lines": lines, "page": _as_json(shown)}


def transcript(key: str, said: tuple[str, Reply] | None = None) -> Screen:
    """The whole screen of a session; `said` is the turn that has just been taken, if any."""
    session, draft = _found(key)
    lines = _lines(session, draft) if session and draft else []
    if not lines and not said:
        lines = [_club(_first_words(session))]
    if said:
        # What was said under a draft is in the transcript already, in places as a placeholder.
        lines = lines[:-1] if lines else [Line("parent", html.typed(said[0]))]
        lines.append(_club(said[1].text))
    return _screen(key, lines)


def _first_words(session: ChatSession | None) -> str:
    """What stands on a page that shows nothing else."""
    if session is not None and session.draft is not None:
        return wording.markdown("gone_quiet")
    visit = proving_back.open_visit(session, clock.now())
    if visit is None:
        return _greeting()
    team = str(visit.team)
    return wording.markdown("back_digits" if visit.dob else "back_birthday", team=team)


def _greeting() -> str:
    return wording.markdown("greeting", example=doorstep.example())


def _as_json(shown: Screen) -> dict[str, Any]:
    body: dict[str, Any] = {"ask": shown.ask.as_json, "form": shown.form}
    if shown.progress:
        body["progress"] = dict(zip(("done", "of"), shown.progress, strict=True))
    return body | ({"pay_url": shown.pay_url} if shown.pay_url else {})


def _found(key: str) -> tuple[ChatSession | None, Draft | None]:
    """The session and the draft that its key still opens (domain 3.9)."""
    session = drafts.find_session(key)
    draft = session.draft if session else None
    if draft is not None and drafts.is_quiet(draft, clock.now()):
        draft = None
    return session, draft


def _screen(key: str, lines: list[Line]) -> Screen:
    session, draft = _found(key)
    free: tuple[int, ...] = ()
    if draft is not None and asking.name(session, draft) == "shirt_number":
        free = tuple(kit.free_shirts(draft, at=clock.now()))
    ask = asking.ask(session, draft, free)
    progress = _progress(draft)
    pay_url = _pay_url(draft)
    form = render_to_string(
        "chat/page_ask.html",
        {
            "key": key,
            "ask": ask,
            "progress": progress,
            "pay_url": pay_url,
            "next": _next(draft) if ask.kind == "done" and draft else None,
            "shirts": range(1, 26),
            "club_email": settings.CLUB_EMAIL,
            "elsewhere": _elsewhere(session, draft),
        },
    )
    return Screen(key, lines, ask, form, progress, pay_url)


def _elsewhere(session: ChatSession | None, draft: Draft | None) -> dict[str, bool] | None:
    """Whether a link to carry on elsewhere can be shown, or mailed; None where there is none."""
    kept = session.draft if session else None
    if kept is None or kept.with_staff or (session and session.entered_by):
        return None
    ways = {"show": draft is not None, "mail": bool(resuming.mailbox(kept))}
    return ways if any(ways.values()) else None


def _progress(draft: Draft | None) -> tuple[int, int] | None:
    if draft is None or draft.with_staff or steps.next_step(draft).number == steps.DONE:
        return None
    done, of = steps.progress(draft)
    return done, max(done, of)


def _pay_url(draft: Draft | None) -> str:
    """The payment link while something is to be paid.

    A double has one too: its absence would tell that the child is on file (design 3.8).
    """
    registration = draft.registration if draft else None
    if registration is None or registration.payment_day is None or _is_paid(registration):
        return ""
    if not registration.in_squad or registration.cancelled_at:
        return ""
    return desk().link(registration.pk)


def _is_paid(registration: Registration) -> bool:
    return bool(registration.fee_settled_at and registration.collection_arranged_at)


def _next(draft: Draft) -> dict[str, Any] | None:
    """What is done and what is still to come, at the end."""
    registration = draft.registration
    if registration is None:
        return None
    return {
        "waiting": bool(registration.waiting_since),
        "trial": bool(registration.trial_ends_at),
        "paid": _is_paid(registration),
        "photo": draft.answers.get("photo") == "accepted",
        "days": draft.team.season.payment_days,
        "fee": wording.pounds(registration.signing_on_fee_pence),
        "ending": str(registration.guardian.phone)[-3:],
        "status": f"{desk().link(registration.pk)}/status",
    }


def _lines(session: ChatSession, draft: Draft) -> list[Line]:
    """What was said, as far as the key may show it, up to the question that stands now."""
    at = clock.now()
    rows = session.messages.select_related("draft__registration").exclude(draft=None)
    lines = [line for message in rows for line in _line(message, at)]
    photo = _photo(session, draft)
    if photo:
        lines.append(_club(photo))
    elif lines and not draft.with_staff and _is_placeholder(rows):
        lines[-1] = _club(replies.at_step(draft).text)
    note = [_club(wording.markdown("answers_sent"))] if draft.registration_id else []
    return note + lines


def _is_placeholder(rows: Iterable[ChatMessage]) -> bool:
    *_, last = rows
    return last.text in (replies.SUMMARY_KEPT_APART, replies.KEPT_APART)


def _line(message: ChatMessage, at: datetime) -> list[Line]:
    draft = message.draft
    if draft is None or drafts.is_quiet(draft, at):
        return []
    if draft.registration is None:
        return [_as_line(message, message.text)]
    is_club = message.role == ChatMessage.Role.CLUB
    if (message.step or 0) < LAST_BEFORE_SENDING or message.at < draft.registration.submitted_at:
        return []
    if message.step == LAST_BEFORE_SENDING and not is_club:
        return []
    return [_as_line(message, message.text if is_club else _discreet(message.text))]


def _as_line(message: ChatMessage, text: str) -> Line:
    if message.role == ChatMessage.Role.CLUB:
        return _club(text)
    return Line("parent", html.typed(text))


def _discreet(text: str) -> str:
    """What a parent wrote after sending in, unless it may hold contacts or an address."""
    digits = sum(letter.isdigit() for letter in text)
    return KEPT if len(text) > SHORT or "@" in text or digits > 4 else text


def _photo(session: ChatSession, draft: Draft) -> str:
    """How the photo ended; the transcript knows only that it came."""
    if steps.next_step(draft).number < steps.UPLOAD or draft.registration_id is None:
        return ""
    last = session.photos.filter(registration=draft.registration_id).first()
    if last is None or draft.last_answer_at > (last.accepted_at or last.uploaded_at):
        return ""
    reply = uploads.progress(session.key).reply
    return reply.text if reply else ""


def _club(text: str) -> Line:
    return Line("club", html.safe(_without_count(text)))


def _without_count(text: str) -> str:
    """The page has a bar for this."""
    return _COUNT.sub("", text)
