"""Refunds and payouts, kept as GoCardless's books show them; the callers hold the transaction."""

from __future__ import annotations

from datetime import datetime

from integrations import clock
from integrations import gocardless_books as theirs
from payments.models import Payment, Payout, PayoutItem, Refund
from registrations.actions import states
from registrations.models import TimelineEntry, note
from registrations.wording import pounds


def keep_refund(seen: theirs.Refund, *, at: datetime) -> bool:
    """Store a refund of one of our payments as it was read at `at`; False where nothing is new."""
    payment = Payment.objects.filter(gocardless_id=seen.payment_id or "-").first()
    if payment is None:
        return False
    registration = states.locked(payment.registration_id)
    refund, made = Refund.objects.get_or_create(
        gocardless_id=seen.id,
        defaults={
            "payment": payment,
            "pence": seen.pence,
            "status": seen.status,
            "status_at": at,
            "created_at": clock.now(),
        },
    )
    newer = refund.status_at is None or refund.status_at < at
    if not made and newer and refund.status != seen.status:
        Refund.objects.filter(pk=refund.pk).update(status=seen.status, status_at=at)
        made = True
    if made:
        words = f"Refund of {pounds(seen.pence)} {seen.id}: {seen.status.replace('_', ' ')}"
        note(registration, TimelineEntry.Kind.PAYMENT, words, at=clock.now())
    return made


def claim_lines(payment: Payment) -> None:
    """A payment that is known from now on: payouts may have told of it before."""
    lines = PayoutItem.objects.filter(payment=None, payment_gocardless_id=payment.gocardless_id)
    lines.update(payment=payment)


def keep_payout(seen: theirs.Payout) -> bool:
    """Store a payout with its lines, whole, in place of what was known of it."""
    payout, made = Payout.objects.update_or_create(
        gocardless_id=seen.id,
        defaults={
            "pence": seen.pence,
            "fees_pence": seen.fees_pence,
            "arrives_on": seen.arrives_on,
            "reference": seen.reference[:100],
            "status": seen.status,
        },
        create_defaults={
            "pence": seen.pence,
            "fees_pence": seen.fees_pence,
            "arrives_on": seen.arrives_on,
            "reference": seen.reference[:100],
            "status": seen.status,
            "created_at": clock.now(),
        },
    )
    ids = {line.payment_id for line in seen.lines} - {""}
    ours = dict(Payment.objects.filter(gocardless_id__in=ids).values_list("gocardless_id", "pk"))
    payout.items.all().delete()
    PayoutItem.objects.bulk_create(
        PayoutItem(
            payout=payout,
            position=position,
            kind=line.kind[:60],
            pence=line.pence,
            payment_id=ours.get(line.payment_id),
            payment_gocardless_id=line.payment_id,
        )
        for position, line in enumerate(seen.lines)
    )
    return True
