"""Send the payment link again to many: one order, one row a family, each queued exactly once."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import Max

from integrations import clock, queue
from registrations.actions import messages, states
from registrations.models import Email, OptOut, Registration, Sms
from registrations.models.messages import Kind
from registrations.models.resends import Resend, ResendRecipient

LATELY = timedelta(hours=1)
BATCH = 100
# Twilio's codes for numbers that take no texts at all.
LANDLINE = ("21614", "30006")
SKIP_LATELY = "one went out less than an hour ago"


@dataclass(frozen=True)
class Known:
    """What is known of the numbers of one order, read once for all of them."""

    opted_out: frozenset[str]
    landlines: frozenset[str]
    last: dict[int, datetime]


def known(rows: Iterable[Registration]) -> Known:
    """Look up opt-outs, landlines and the last link of each registration."""
    some = list(rows)
    phones = {str(row.guardian.phone) for row in some if row.guardian.phone}
    lost = Sms.objects.filter(to__in=phones, error_code__in=LANDLINE)
    kept: dict[int, datetime] = {}
    pks = [row.pk for row in some]
    # A text that did not arrive may be followed by another at once.
    gone = [Sms.Status.FAILED, Sms.Status.UNDELIVERED]
    texts = Sms.objects.filter(registration__in=pks, kind=Kind.PAYMENT_LINK)
    mails: Any = Email.objects.filter(registration__in=pks, kind=Kind.PAYMENT_LINK)
    for sent in (texts.exclude(status__in=gone), mails):
        for pk, last in sent.values_list("registration").annotate(Max("created_at")).order_by():
            kept[pk] = max(last, kept.get(pk, last))
    opted = OptOut.objects.filter(phone__in=phones).values_list("phone", flat=True)
    return Known(
        frozenset(str(phone) for phone in opted),
        frozenset(str(phone) for phone in lost.values_list("to", flat=True)),
        kept,
    )


def left_out(row: Registration, facts: Known, at: datetime) -> str:
    """Why this registration gets nothing; "" where it does."""
    if not row.asks_for_payment:
        return "nothing is asked: waiting, cancelled or a double"
    if row.fee_settled_at and row.collection_arranged_at:
        return "everything is paid and set up"
    if row.pk in facts.last and facts.last[row.pk] > at - LATELY:
        return SKIP_LATELY
    return _unreachable(row, facts)


def _unreachable(row: Registration, facts: Known) -> str:
    phone = str(row.guardian.phone or "")
    if not phone:
        return "" if row.guardian.email else "there is no number and no e-mail address"
    if phone in facts.opted_out:
        return "asked for no more texts"
    return "a landline, or nobody's number" if phone in facts.landlines else ""


@transaction.atomic
def order(rows: list[Registration], *, key: UUID, by: str, at: datetime) -> Resend:
    """Store the order and its recipients; the same key again is the same order."""
    resend, made = Resend.objects.get_or_create(key=key, defaults={"asked_by": by, "asked_at": at})
    if made:
        facts = known(rows)
        ResendRecipient.objects.bulk_create(
            ResendRecipient(resend=resend, registration=row, left_out=left_out(row, facts, at))
            for row in rows
        )
        queue.ring("registrations.resend_links")
    return resend


def carry_on() -> int:
    """Queue the next recipients of every open order; how many were taken up."""
    open_rows = ResendRecipient.objects.filter(queued_at=None, left_out="").order_by("pk")
    return sum(_queue(pk) for pk in open_rows.values_list("pk", flat=True)[:BATCH])


@transaction.atomic
def _queue(pk: int) -> int:
    """One family's text, in one transaction with the mark that it is queued."""
    rows = ResendRecipient.objects.select_for_update(of=("self",)).select_related("resend")
    row = rows.filter(pk=pk, queued_at=None, left_out="").first()
    if row is None:
        return 0  # another worker was quicker
    registration, now = states.locked(row.registration_id), clock.now()
    # Looked at again: since the order was given somebody may have paid, or opted out.
    row.left_out = left_out(registration, known([registration]), now)
    if not row.left_out:
        queued = messages.queue_payment_link(registration, at=now, by=row.resend.asked_by)
        row.sms = queued if isinstance(queued, Sms) else None
        row.email = queued if isinstance(queued, Email) else None
    row.queued_at = now
    row.save()
    return 1
