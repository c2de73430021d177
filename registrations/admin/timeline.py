"""One registration's timeline: what was noted, said, sent, paid and pushed, newest first."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime

from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.auth.models import AnonymousUser

from integrations.models import AirtableRow
from registrations.models import ChatMessage, Registration


@dataclass(frozen=True)
class Line:
    """One line: when, of what kind, in words, and whose doing (a name or "")."""

    at: datetime
    kind: str
    text: str
    by: str = ""


Source = Callable[[Registration], Iterator[Line]]


# Kinds of lines that only whoever holds the permission reads.
RIGHTS = {
    "conversation": "registrations.see_transcripts",
    "payment": "registrations.see_money",
    "SMS": "registrations.view_sms",
    "e-mail": "registrations.view_email",
}


def timeline(registration: Registration, user: AbstractBaseUser | AnonymousUser) -> list[Line]:
    """All that is known to have happened and that `user` may read, newest first."""
    may = {kind: user.has_perm(right) for kind, right in RIGHTS.items()}  # type: ignore[union-attr]
    lines = [line for source in SOURCES for line in source(registration)]
    lines = [line for line in lines if may.get(line.kind, True)]
    return sorted(lines, key=lambda line: line.at, reverse=True)


def _noted(registration: Registration) -> Iterator[Line]:
    for entry in registration.timeline.all():
        yield Line(entry.at, entry.get_kind_display(), entry.text, entry.by)


def _said(registration: Registration) -> Iterator[Line]:
    for message in ChatMessage.objects.filter(draft__registration=registration):
        yield Line(message.at, "conversation", message.text, message.get_role_display())


def _texted(registration: Registration) -> Iterator[Line]:
    for sms in registration.sms.all():
        ending = f": {sms.error}" if sms.error else ""
        words = f"{sms.get_kind_display().capitalize()} to {sms.to} ({sms.get_status_display()}"
        at = sms.status_at or sms.sent_at or sms.created_at
        yield Line(at, "SMS", f"{words}{ending})\n{sms.body}", sms.asked_by)


def _mailed(registration: Registration) -> Iterator[Line]:
    for email in registration.emails.all():
        state = "sent" if email.sent_at else email.last_error or "not sent yet"
        words = f"{email.get_kind_display().capitalize()} to {email.to} ({state})"
        yield Line(email.sent_at or email.created_at, "e-mail", words)


def _pushed(registration: Registration) -> Iterator[Line]:
    for row in AirtableRow.objects.filter(kind="registration", object_id=registration.pk):
        if row.pushed_at:
            yield Line(row.pushed_at, "Airtable", f"Up to date in {row.table} ({row.record_id})")
        if row.last_error and row.last_error_at:
            yield Line(row.last_error_at, "Airtable", f"Not written: {row.last_error}")


# Apps above add theirs, such as payments.
SOURCES: list[Source] = [_noted, _said, _texted, _mailed, _pushed]
