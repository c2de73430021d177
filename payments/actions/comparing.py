"""What GoCardless lists against what we hold, one kind at a time; yields each difference.

A status that differs is mended at once by what was read. Talk and write in turn: a whole list is
read before anything is written. All of it raises the four outcomes.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.db.models import Sum

from integrations import clock, gocardless_books
from integrations.gocardless_books import ListedPayment, ListedSubscription
from payments.actions import books, following, hearing
from payments.actions.fulfilment import ENDED
from payments.actions.mandates import move_mandate
from payments.entry import COLLECTED
from payments.models import Mandate, Payment, Payout, Refund, Subscription
from registrations.wording import pounds


@dataclass(frozen=True)
class Difference:
    """One thing on which the two sides differ; pence is theirs minus ours."""

    id: str
    what: str
    registration: int | None = None
    ours: str = ""
    theirs: str = ""
    pence: int = 0
    mended: bool = False


def mandates(since: datetime) -> Iterator[Difference]:
    """Mandates that stand otherwise there, or that are not there."""
    at = clock.now()
    seen = dict(gocardless_books.mandates_since(since))
    for ours in Mandate.objects.select_related("billing_request"):
        owner = ours.billing_request.registration_id if ours.billing_request else None
        status = seen.get(ours.gocardless_id)
        if status is None:
            if ours.created_at >= since:
                yield Difference(ours.gocardless_id, "not there", owner, ours.status)
        elif status != ours.status:
            before = ours.status
            with transaction.atomic():
                mended = move_mandate(ours, hearing.reading(status, at))
            yield Difference(ours.gocardless_id, "status", owner, before, status, mended=mended)


def subscriptions(since: datetime) -> Iterator[Difference]:
    """Subscriptions that stand or cost otherwise, that we do not know, or that are not there."""
    at = clock.now()
    seen = {each.id: each for each in gocardless_books.subscriptions_since(since)}
    known = Subscription.objects.exclude(gocardless_id="")
    for ours in known:
        found = seen.pop(ours.gocardless_id, None)
        if found:
            yield from _subscription(ours, found, at)
        elif ours.created_at >= since:
            pence = -ours.pence
            yield Difference(
                ours.gocardless_id, "not there", ours.registration_id, ours.status, "", pence
            )
    owners = _owners()
    for found in seen.values():
        if found.mandate_id in owners:
            owner = owners[found.mandate_id]
            yield Difference(found.id, "unknown to us", owner, "", found.status, found.pence)


def payments(since: datetime) -> Iterator[Difference]:
    """Payments that stand, cost or were refunded otherwise, unknown ones, and missing ones."""
    at = clock.now()
    seen = {each.payment.id: each for each in gocardless_books.payments_since(since)}
    refunds_ = Refund.objects.exclude(status__in=Refund.BOUNCED)
    refunded = dict(
        refunds_.values_list("payment_id")
        .annotate(sum=Sum("pence"))
        .values_list("payment_id", "sum")
    )
    for ours in Payment.objects.exclude(gocardless_id=""):
        found = seen.pop(ours.gocardless_id, None)
        if found:
            yield from _payment(ours, found, refunded.get(ours.pk, 0), at)
        elif ours.created_at >= since:
            yield Difference(
                ours.gocardless_id, "not there", ours.registration_id, ours.status, "", -ours.pence
            )
    owners = _owners()
    for found in seen.values():
        if found.payment.mandate_id in owners:
            yield _unknown_payment(found, owners[found.payment.mandate_id], at)


def refunds(since: datetime) -> Iterator[Difference]:
    """Refunds of our payments that no event has told us of; they are taken in."""
    at = clock.now()
    for found in list(gocardless_books.refunds_since(since)):
        ours = Refund.objects.filter(gocardless_id=found.id).first()
        if ours is None or ours.status != found.status:
            before = ours.status if ours else ""
            pence = 0 if ours else found.pence
            with transaction.atomic():
                if books.keep_refund(found, at=at):
                    yield Difference(
                        found.id, "status", None, before, found.status, pence, mended=True
                    )


def payouts(since: datetime) -> Iterator[Difference]:
    """Payouts that no event has told us of; they are taken in with all their lines."""
    for id, status in list(gocardless_books.payouts_since(since)):
        ours = Payout.objects.filter(gocardless_id=id).first()
        if ours is None or ours.status != status:
            seen = gocardless_books.get_payout(id)
            with transaction.atomic():
                books.keep_payout(seen)
            before, pence = (ours.status, 0) if ours else ("", seen.pence)
            yield Difference(id, "status", None, before, status, pence, mended=True)
    for payout in Payout.objects.filter(created_at__gte=since).prefetch_related("items"):
        total = sum(item.pence for item in payout.items.all())
        if total != payout.pence:
            text = f"lines come to {total} pence"
            pence = payout.pence - int(total)
            yield Difference(payout.gocardless_id, "sum", None, text, str(payout.pence), pence)


def _subscription(
    ours: Subscription, found: ListedSubscription, at: datetime
) -> Iterator[Difference]:
    before, owner = ours.status, ours.registration_id
    if before != found.status:
        mended = False
        if before not in ENDED:
            with transaction.atomic():
                said = hearing.reading(found.status, at)
                mended = following.move_subscription(ours, said)
        over = before in ENDED and found.status in ENDED
        if not over:
            yield Difference(
                ours.gocardless_id, "status", owner, before, found.status, mended=mended
            )
    if ours.pence != found.pence and found.status not in ENDED:
        pence = found.pence - ours.pence
        yield Difference(
            ours.gocardless_id, "amount", owner, pounds(ours.pence), pounds(found.pence), pence
        )


def _payment(
    ours: Payment, found: ListedPayment, refunded: int, at: datetime
) -> Iterator[Difference]:
    seen, owner, id = found.payment, ours.registration_id, ours.gocardless_id
    before = ours.status
    if before != seen.status:
        with transaction.atomic():
            mended = following.refresh_payment(ours, seen, at=at)
        pence = _got(seen.status, seen.pence) - _got(before, ours.pence)
        yield Difference(id, "status", owner, before, seen.status, pence, mended=mended)
    if ours.pence != seen.pence:
        pence = seen.pence - ours.pence
        yield Difference(id, "amount", owner, pounds(ours.pence), pounds(seen.pence), pence)
    if refunded != found.refunded:
        pence = refunded - found.refunded  # what they gave back is missing there
        yield Difference(id, "refunded", owner, pounds(refunded), pounds(found.refunded), pence)


def _got(status: str, pence: int) -> int:
    return pence if status in COLLECTED else 0


def _unknown_payment(found: ListedPayment, owner: int, at: datetime) -> Difference:
    seen = found.payment
    with transaction.atomic():
        learnt = following.learn_payment(seen, at=at)
    return Difference(seen.id, "unknown to us", owner, "", seen.status, seen.pence, mended=learnt)


def _owners() -> dict[str, int]:
    """Whose each of our mandates is, by its GoCardless id."""
    rows = Mandate.objects.exclude(billing_request=None)
    return dict(rows.values_list("gocardless_id", "billing_request__registration_id"))
