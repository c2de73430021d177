"""What the chat says about an upload, at once and while it is looked at (domain 3.4, 3.5)."""

import time
from dataclasses import dataclass
from datetime import datetime, timedelta

from integrations import clock
from registrations import photos, wording
from registrations.actions import drafts
from registrations.actions import photos as photo_actions
from registrations.chat import replies, steps
from registrations.chat.replies import NEW, Reply
from registrations.models import Photo

STALE = timedelta(minutes=5)
PATIENCE = 15.0  # seconds: the CDN allows 30


@dataclass(frozen=True)
class Progress:
    """How an upload stands: `reply` once it has ended; `error` where there is no photo."""

    at: datetime
    reply: Reply | None = None
    error: bool = False
    looking: bool = False


def receive(key: str, name: str, raw: bytes) -> tuple[Reply, bool]:
    """Take an upload of a session: the reply, and whether it is now being processed."""
    at = clock.now()
    session = drafts.find_session(key)
    draft = session.draft if session else None
    if draft is None or draft.with_staff or drafts.is_quiet(draft, at):
        return Reply(wording.markdown("photo_without_registration")), False
    step = steps.next_step(draft)
    if step.number < steps.UPLOAD:
        return replies.at_step(draft, replies.say("photo_too_early", draft)), False
    if not drafts.sent_in(draft).in_squad:
        return replies.at_step(draft, replies.say("photo_waiting", draft), question=False), False
    try:
        photos.check_size(len(raw))
    except photos.Unreadable as refusal:
        return _refused(draft, refusal.reason), False
    photo_actions.receive(draft, name=name, raw=raw, at=at)
    reply = replies.at_step(draft, replies.say("photo_processing", draft), question=False)
    drafts.write_down(
        draft, heard="\N{PAPERCLIP} Uploaded photo", said=reply.text, step=step.number, at=at
    )
    return reply, True


def progress(key: str) -> Progress:
    """How the last upload of a session stands; an unknown or stale one has ended in error."""
    moment = clock.now()
    photo = Photo.objects.filter(chat_session__key=key).order_by("-uploaded_at", "-pk").first()
    if photo is None:
        return Progress(moment, Reply(wording.markdown("photo_lost"), NEW, steps.UPLOAD), True)
    if photo.state == Photo.State.RECEIVED:
        if photo.uploaded_at < moment - STALE or photo.needs_person_at:
            return Progress(moment, Reply(wording.markdown("photo_lost"), NEW, steps.UPLOAD), True)
        return Progress(photo.uploaded_at, looking=photo.leased_until is not None)
    return _ended(key, photo, moment)


def _ended(key: str, photo: Photo, moment: datetime) -> Progress:
    session = drafts.find_session(key)
    draft = session.draft if session else None
    if photo.state == Photo.State.REFUSED:
        kept = draft is not None and steps.next_step(draft).number == steps.DONE
        text = wording.markdown("photo_refused", reason=photo.refusal, kept=kept)
        return Progress(moment, Reply(text, NEW, steps.DONE if kept else steps.UPLOAD), True)
    if draft is None or draft.registration_id != photo.registration_id:
        return Progress(moment, Reply(wording.markdown("photo_accepted"), NEW, steps.DONE))
    return Progress(moment, replies.at_step(draft, replies.say("photo_accepted", draft)))


def _refused(draft, reason: str) -> Reply:
    kept = steps.next_step(draft).number == steps.DONE
    text = replies.say("photo_refused", draft, reason=reason, kept=kept)
    return replies.at_step(draft, text, question=False)


def finish(key: str) -> Reply | None:
    """How an upload ended, waited for up to fifteen seconds; None where it still goes on."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        seen = progress(key)
        if seen.reply is not None:
            return seen.reply
        time.sleep(0.2)
    return None
