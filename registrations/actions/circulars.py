"""Write to many families: who gets it, why somebody does not, at a set rate, each exactly once."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import transaction

from integrations import clock, queue
from registrations.actions import messages, resends, states
from registrations.models import (
    Circular,
    CircularRecipient,
    Consent,
    OptOut,
    Registration,
    Sms,
)

A_MINUTE = timedelta(minutes=1)
Way, Purpose = Circular.Way, Circular.Purpose
WORDS = ("{parent}", "{child}", "{team}")


@dataclass(frozen=True)
class Reach:
    """Where one family's message goes, or why it gets none."""

    by_sms: bool = False
    by_email: bool = False
    left_out: str = ""


@dataclass(frozen=True)
class Known:
    """What is known of many families, read once: who agreed, and which numbers take no texts."""

    agreed: dict[int, bool]
    silent: frozenset[str]


def known(rows: Iterable[Registration]) -> Known:
    """Consents to club messages, opt-outs and landlines of the rows."""
    some = list(rows)
    said = Consent.objects.filter(
        registration__in=[row.pk for row in some], kind=Consent.Kind.CLUB_MESSAGES
    )
    agreed = dict(said.order_by("decided_at", "pk").values_list("registration", "given"))
    phones = {str(row.guardian.phone) for row in some if row.guardian.phone}
    out = OptOut.objects.filter(phone__in=phones).values_list("phone", flat=True)
    lost = Sms.objects.filter(to__in=phones, error_code__in=resends.LANDLINE)
    silent = {str(phone) for phone in (*out, *lost.values_list("to", flat=True))}
    return Known(agreed, frozenset(silent))


def reach(row: Registration, purpose: str, way: str, facts: Known) -> Reach:
    """Consent first, then what can be reached in the way that was chosen."""
    if row.cancelled_at or row.duplicate_of_id:
        return Reach(left_out="cancelled, or a double")
    if purpose == Purpose.NEWS and not facts.agreed.get(row.pk):
        asked = row.pk in facts.agreed
        return Reach(left_out="said no to club messages" if asked else "was never asked")
    phone, email = str(row.guardian.phone or ""), bool(row.guardian.email)
    texted = bool(phone) and phone not in facts.silent
    by_sms = texted and way != Way.EMAIL
    by_email = email and (way != Way.SMS or not texted)
    if by_sms or by_email:
        return Reach(by_sms, by_email)
    if way != Way.EMAIL and phone:
        return Reach(left_out="takes no texts, and there is no e-mail address")
    return Reach(left_out="there is no e-mail address" if phone else "no number, no e-mail address")


def plan(
    rows: list[Registration], *, purpose: str, way: str, text: str
) -> list[tuple[Registration, Reach]]:
    """Where each family's message would go; a parent of several gets one, unless it names each."""
    facts, told = known(rows), dict[int, str]()
    found: list[tuple[Registration, Reach]] = []
    for row in rows:
        went = reach(row, purpose, way, facts)
        if not went.left_out and "{child}" not in text:
            first = told.setdefault(row.guardian_id, row.player.first_name)
            if first != row.player.first_name:
                went = Reach(left_out=f"the same parent is told for {first}")
        found.append((row, went))
    return found


def worded(text: str, row: Registration) -> str:
    """The text with a family's own names in it."""
    names = row.guardian.first_name, row.player.first_name, str(row.team)
    for word, name in zip(WORDS, names, strict=True):
        text = text.replace(word, name)
    return text


@transaction.atomic
def order(rows: list[Registration], *, key: UUID, at: datetime, **given: Any) -> Circular:
    """Store a circular and its recipients; the same key again is the same circular."""
    circular, made = Circular.objects.get_or_create(key=key, defaults={"made_at": at, **given})
    if made:
        planned = plan(rows, purpose=circular.purpose, way=circular.way, text=circular.text)
        CircularRecipient.objects.bulk_create(
            CircularRecipient(circular=circular, registration=row, left_out=went.left_out[:100])
            for row, went in planned
        )
        queue.ring("registrations.send_circulars")
    return circular


@transaction.atomic
def stop(circular_id: int, *, at: datetime) -> int:
    """Send no more of it; how many had not been told yet."""
    Circular.objects.filter(pk=circular_id, stopped_at=None).update(stopped_at=at)
    open_rows = CircularRecipient.objects.filter(circular=circular_id, queued_at=None, left_out="")
    return open_rows.update(left_out="the circular was stopped")


def send_due() -> int:
    """Queue the next families of every circular that has begun, no faster than it says."""
    open_rows = CircularRecipient.objects.filter(queued_at=None, left_out="")
    begun = Circular.objects.filter(starts_at__lte=clock.now(), stopped_at=None)
    begun = begun.filter(pk__in=open_rows.values("circular"))
    return sum(_send_some(pk) for pk in begun.values_list("pk", flat=True))


@transaction.atomic
def _send_some(circular_id: int) -> int:
    # The lock makes two workers take turns: together they keep the rate, and nobody is told twice.
    circular = Circular.objects.select_for_update().get(pk=circular_id)
    if circular.stopped_at:
        return 0
    now = clock.now()
    lately = circular.recipients.filter(queued_at__gt=now - A_MINUTE, left_out="").count()
    room = max(circular.a_minute - lately, 0)
    rows = list(circular.recipients.filter(queued_at=None, left_out="").order_by("pk")[:room])
    for row in rows:
        _tell(circular, row, now)
    return len(rows)


def _tell(circular: Circular, row: CircularRecipient, now: datetime) -> None:
    registration = states.locked(row.registration_id)
    # Looked at again: since it was written somebody may have left, or asked for no more.
    went = reach(registration, circular.purpose, circular.way, known([registration]))
    row.left_out, row.queued_at = went.left_out[:100], now
    if not went.left_out:
        row.sms, row.email = messages.queue_circular(
            registration,
            kind=circular.purpose,
            subject=circular.subject,
            text=worded(circular.text, registration),
            by_sms=went.by_sms,
            by_email=went.by_email,
            at=now,
            by=circular.made_by,
        )
    row.save()
