"""Carry on on another device: a link that opens one draft, once (domain 3.9, design 3.8)."""

import hashlib
import secrets
from datetime import datetime, timedelta
from enum import StrEnum

from django.conf import settings
from django.db import transaction

from integrations import clock, mail, queue
from registrations import wording
from registrations.actions import drafts
from registrations.models import ChatSession, Draft, Registration, ResumeLink

LASTS = timedelta(days=7)
MAILS_AN_HOUR = 3
BATCH = 50


class Door(StrEnum):
    """What a link opens."""

    OPEN = "open"
    USED = "used"
    EXPIRED = "expired"
    UNKNOWN = "unknown"


@transaction.atomic
def make_link(key: str, *, at: datetime) -> str:
    """A new link for the draft that the key opens, to be shown this once; "" where it opens none.

    A key that has gone quiet shows nothing any more: only its e-mail address gets a link.
    """
    draft = _draft(key)
    if draft is None or drafts.is_quiet(draft, at):
        return ""
    return _made(draft, at)


@transaction.atomic
def link_of(registration: Registration, *, at: datetime) -> str:
    """A new link for the conversation of a registration whose parent has just proved to be it;
    "" where none is kept."""
    draft = Draft.objects.filter(registration=registration).first()
    return _made(draft, at) if draft else ""


@transaction.atomic
def mail_link(key: str, *, at: datetime) -> bool:
    """Owe a link to the e-mail address that was given in this chat; False where there is none.

    Asked for too often, or twice in a row, nothing more is sent: the earlier ones still work.
    """
    draft = _draft(key)
    address = mailbox(draft)
    if draft is None or not address:
        return False
    drafts.locked(draft.pk)
    lately = ResumeLink.objects.filter(draft=draft, created_at__gt=at - timedelta(hours=1))
    mailed = lately.exclude(to="")
    if mailed.count() < MAILS_AN_HOUR and not mailed.filter(due_at__isnull=False).exists():
        ResumeLink.objects.create(
            draft=draft, to=address, created_at=at, expires_at=at + LASTS, due_at=at
        )
        queue.ring("registrations.send_messages")
    return True


def mailbox(draft: Draft | None) -> str:
    """Where a link may be mailed: the parent's e-mail address as given in this very draft."""
    if draft is None or draft.with_staff:
        return ""
    return str(draft.answers.get("parent_email", ""))


def look(token: str, *, at: datetime) -> Door:
    """What a link would open; looking, as mail scanners do, uses nothing up."""
    link = ResumeLink.objects.filter(digest=_digest(token)).first()
    if link is None:
        return Door.UNKNOWN
    if link.used_at:
        return Door.USED
    return Door.EXPIRED if link.expires_at <= at else Door.OPEN


@transaction.atomic
def follow(token: str, *, at: datetime) -> str:
    """Move the draft's conversation to a new key, which is returned; "" where nothing opens.

    The key of the device left behind opens nothing any more.
    """
    mine = ResumeLink.objects.filter(digest=_digest(token), used_at=None, expires_at__gt=at)
    if not mine.update(used_at=at):
        return ""
    link = ResumeLink.objects.select_related("draft").get(digest=_digest(token))
    draft = drafts.locked(link.draft_id)
    key = f"page-{secrets.token_urlsafe(16)}"
    ChatSession.objects.filter(pk=draft.session_id).update(
        key=key, draft=draft, offered_code="", entered_by="", last_seen_at=at
    )
    drafts.save(draft, at=at)
    return key


def send_due() -> int:
    """Mail the links that were asked for; how many were taken up."""
    taken = 0
    for pk in ResumeLink.objects.due().order_by("due_at").values_list("pk", flat=True)[:BATCH]:
        link = ResumeLink.objects.claim(pk)
        if link:
            taken += 1
            _send(link)
    return taken


def _send(link: ResumeLink) -> None:
    token = secrets.token_urlsafe(32)
    # The link must work when the e-mail is opened, whatever becomes of this worker.
    mine = ResumeLink.objects.filter(pk=link.pk, attempts=link.attempts)
    if not mine.update(digest=_digest(token)):
        return
    with link.reporting():
        text = wording.plain("email/resume_link.txt", link=_address(token), days=LASTS.days)
        subject, _, body = text.partition("\n")
        mail.send(link.to, subject.strip(), body.strip() + "\n")
        if link.settle():
            ResumeLink.objects.filter(pk=link.pk).update(sent_at=clock.now())


def _made(draft: Draft, at: datetime) -> str:
    token = secrets.token_urlsafe(32)
    ResumeLink.objects.create(
        draft=draft, digest=_digest(token), created_at=at, expires_at=at + LASTS
    )
    return _address(token)


def _draft(key: str) -> Draft | None:
    session = drafts.find_session(key)
    draft = session.draft if session else None
    return None if draft is None or draft.with_staff else draft


def _address(token: str) -> str:
    return f"{settings.PUBLIC_URL}/resume/{token}"


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode("utf-8", "replace")).hexdigest()
