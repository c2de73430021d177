"""A parent changes a phone or an e-mail address, after proof that a contact on file is theirs.

The proof is a code of six digits: sent to the contact on file, ten minutes, five tries
(design 3.8). It is made when it is sent, and kept as a keyed digest only.
"""

import secrets
from datetime import datetime, timedelta
from enum import StrEnum

from django.db import transaction
from django.db.models import F, QuerySet
from django.utils.crypto import constant_time_compare, salted_hmac

from integrations import audit, clock, mail, queue, sms
from integrations.audit import AuditEntry
from registrations import fields, wording
from registrations.actions import contacts, states
from registrations.models import ContactCode, OptOut, Registration

LASTS = timedelta(minutes=10)
AN_HOUR, A_DAY = 3, 6
BATCH = 50
Field = ContactCode.Field


class Verdict(StrEnum):
    """What became of a code that was typed in."""

    RIGHT = "right"
    WRONG = "wrong"
    OVER = "over"  # too old, tried too often, or replaced by a newer one


def read(field: str, text: str) -> str:
    """The new value in its canonical form; raises fields.Refused."""
    return fields.mobile(text) if field == Field.PHONE else fields.email(text)


def why_not(field: str, refusal: fields.Refused) -> str:
    """Why a value could not be taken, in the chat's own words (markdown)."""
    asked = "parent_mobile" if field == Field.PHONE else "parent_email"
    given = {"reason": refusal.reason, **refusal.detail}
    return wording.markdown("refused", field=asked, **given)


@transaction.atomic
def ask(
    registration_id: int, *, field: str, value: str, by_email: bool, at: datetime
) -> ContactCode | None:
    """Owe a code to the phone (or e-mail address) on file; it replaces every earlier one.

    None where too many were asked for, or where there is no such contact.
    """
    registration = states.locked(registration_id)
    guardian = registration.guardian
    to = guardian.email if by_email else str(guardian.phone)
    # Counted for the parent: their children's pages are no way round the limit.
    asked = ContactCode.objects.filter(registration__guardian=guardian)
    if not to or is_too_often(asked, at):
        return None
    asked.filter(used_at=None).update(due_at=None, tries_left=0)
    code = ContactCode.objects.create(
        registration=registration,
        field=field,
        value=value,
        to_phone="" if by_email else to,
        to_email=to if by_email else "",
        created_at=at,
        due_at=at,
    )
    queue.ring("registrations.send_messages")
    return code


def ways(registration: Registration) -> list[tuple[str, str]]:
    """How a code can be sent, in words that tell no contact: ("text", …), ("mail", …)."""
    guardian, found = registration.guardian, []
    if guardian.phone and not OptOut.objects.filter(phone=guardian.phone).exists():
        found.append(("text", f"by text to the number ending {str(guardian.phone)[-3:]}"))
    if guardian.email:
        found.append(("mail", "by e-mail to the address that you gave us"))
    return found


def is_too_often(asked: QuerySet[ContactCode], at: datetime) -> bool:
    """Whether no more codes may be asked for just now."""
    lately = asked.filter(created_at__gt=at - timedelta(hours=1)).count()
    today = asked.filter(created_at__gt=at - timedelta(days=1)).count()
    return lately >= AN_HOUR or today >= A_DAY


@transaction.atomic
def confirm(registration_id: int, given: str, *, at: datetime) -> Verdict:
    """Take a code as it was typed; the right one makes the change, each other one costs a try."""
    registration = states.locked(registration_id)
    codes = ContactCode.objects.filter(registration=registration)
    code = codes.exclude(field=Field.DEBIT).first()
    verdict = take(code, given, at=at)
    if code and verdict == Verdict.RIGHT:
        change = contacts.correct_phone if code.field == Field.PHONE else contacts.correct_email
        change(registration.pk, code.value, at=at, by="the parent, proved by a code")
        changed = code.get_field_display()
        audit.record(AuditEntry.Verb.CHANGED, registration, fields=[changed], by="the parent")
    return verdict


def take(code: ContactCode | None, given: str, *, at: datetime) -> Verdict:
    """Compare what was typed with the code; each try counts. In the caller's transaction."""
    if code is None or code.used_at or (code.expires_at and code.expires_at <= at):
        return Verdict.OVER
    mine = ContactCode.objects.filter(pk=code.pk, tries_left__gt=0, used_at=None)
    if not mine.update(tries_left=F("tries_left") - 1):
        return Verdict.OVER
    digits = "".join(letter for letter in given if letter.isascii() and letter.isdigit())
    if not code.digest or not constant_time_compare(_digest(code.pk, digits), code.digest):
        return Verdict.WRONG if code.tries_left > 1 else Verdict.OVER
    ContactCode.objects.filter(pk=code.pk).update(used_at=at, due_at=None)
    return Verdict.RIGHT


def send_due() -> int:
    """Send the codes that were asked for; how many were taken up."""
    taken = 0
    for pk in ContactCode.objects.due().order_by("due_at").values_list("pk", flat=True)[:BATCH]:
        code = ContactCode.objects.claim(pk)
        if code:
            taken += 1
            _send(code)
    return taken


def _send(code: ContactCode) -> None:
    """Every attempt sends a new code; the last one that was sent is the one that works."""
    moment = clock.now()
    if code.created_at <= moment - 2 * LASTS:
        code.settle()  # whoever asked has long gone
        return
    digits = f"{secrets.randbelow(1_000_000):06}"
    mine = ContactCode.objects.filter(pk=code.pk, attempts=code.attempts, used_at=None)
    if not mine.update(digest=_digest(code.pk, digits), expires_at=moment + LASTS):
        return
    with code.reporting():
        if code.to_email:
            subject, _, body = _words("email", code, digits).partition("\n")
            mail.send(code.to_email, subject.strip(), body.strip() + "\n")
        else:
            sms.send(str(code.to_phone), sms.plain(_words("sms", code, digits)))
        code.settle()


def _words(kind: str, code: ContactCode, digits: str) -> str:
    minutes = int(LASTS.total_seconds() // 60)
    debit = code.field == Field.DEBIT
    return wording.plain(f"{kind}/contact_code.txt", code=digits, minutes=minutes, debit=debit)


def _digest(pk: int, digits: str) -> str:
    return salted_hmac("registrations.contact_code", f"{pk} {digits}").hexdigest()
