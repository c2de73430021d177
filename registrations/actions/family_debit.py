"""A parent proves their phone in the chat, to use the family's Direct Debit for another child.

Six digits go by text to the number that the registration names: whoever asks is treated alike,
whether that number is known to the club or not (design 3.8).
"""

from datetime import datetime

from django.db import transaction
from django.db.models import Q

from integrations import queue
from registrations.actions import changing, states
from registrations.actions.changing import Field, Verdict
from registrations.models import (
    ContactCode,
    Guardian,
    OptOut,
    Registration,
    TimelineEntry,
    note,
)


@transaction.atomic
def ask(registration_id: int, *, at: datetime) -> bool:
    """Owe six digits to the phone; False where there is none, or too many were asked for."""
    registration = states.locked(registration_id)
    guardian = registration.guardian
    if not guardian.phone:
        return False
    # Counted for the phone as well: nobody can have a stranger texted all day.
    same = Q(registration__guardian=guardian) | Q(to_phone=guardian.phone, field=Field.DEBIT)
    if changing.is_too_often(ContactCode.objects.filter(same), at):
        return False
    mine = ContactCode.objects.filter(registration=registration, field=Field.DEBIT, used_at=None)
    mine.update(due_at=None, tries_left=0)
    wanted = not OptOut.objects.filter(phone=guardian.phone).exists()
    ContactCode.objects.create(
        registration=registration,
        field=Field.DEBIT,
        to_phone=guardian.phone,
        created_at=at,
        due_at=at if wanted else None,
    )
    queue.ring("registrations.send_messages")
    return True


@transaction.atomic
def confirm(registration_id: int, given: str, *, at: datetime) -> Verdict:
    """Take six digits as they were typed; the right ones prove the phone."""
    registration = states.locked(registration_id)
    guardian = registration.guardian
    codes = ContactCode.objects.filter(registration=registration, field=Field.DEBIT)
    verdict = changing.take(codes.filter(to_phone=guardian.phone).first(), given, at=at)
    if verdict == Verdict.RIGHT:
        Guardian.objects.filter(pk=guardian.pk, phone_proven_at=None).update(phone_proven_at=at)
        words = "The parent proved the mobile number by a code"
        note(registration, TimelineEntry.Kind.MESSAGE, words, at=at)
    return verdict


def is_proved(registration: Registration) -> bool:
    """Whether the number that it names now was proved by a code of its own."""
    codes = ContactCode.objects.filter(registration=registration, field=Field.DEBIT)
    proved = codes.filter(to_phone=registration.guardian.phone, used_at__isnull=False)
    return bool(registration.guardian.phone) and proved.exists()
