"""Words about many monthly payments at once: a day's collection comes as hundreds of events.

The same facts as `following.move_payment` stores one by one, in a dozen statements for all.
"""

from __future__ import annotations

from collections.abc import Sequence

from django.db import transaction
from django.db.models import OuterRef, Subquery

from payments.actions import following
from payments.actions.history import Word
from payments.models import MonthlyCharge, Payment
from registrations.actions import states, sync


@transaction.atomic
def hear(said: Sequence[tuple[str, Word]]) -> list[bool | None]:
    """Take in words, each with the GoCardless id of its payment.

    Returns for each word whether it changed anything; None where the payment is not known or is a
    signing-on fee, on which more depends than its month.
    """
    monthly = Payment.objects.exclude(purpose=Payment.Purpose.SIGNING_ON_FEE)
    monthly = monthly.filter(gocardless_id__in={id for id, _ in said})
    owners = states.locked_together(monthly.values_list("registration_id", flat=True))
    payments = {
        payment.gocardless_id: payment
        for payment in monthly.select_for_update(of=("self",)).order_by("pk")
        if payment.registration_id in owners
    }
    results = [_take_in(payments.get(id), word) for id, word in said]
    heard = {id for (id, _), changed in zip(said, results, strict=True) if changed is not None}
    moved = {id for (id, _), changed in zip(said, results, strict=True) if changed}
    _save([payments[id] for id in heard])
    sync.touch_all([owners[payments[id].registration_id] for id in moved])
    return [
        None if id not in payments else bool(changed)
        for (id, _), changed in zip(said, results, strict=True)
    ]


def _take_in(payment: Payment | None, word: Word) -> bool | None:
    return following.take_in(payment, word, payment.charge_on) if payment else None


def _save(payments: list[Payment]) -> None:
    # One statement for all of them: each row is there already, so each "conflicts" and is updated.
    Payment.objects.bulk_create(
        payments, update_conflicts=True, unique_fields=["id"], update_fields=following.STANDING
    )
    said = Payment.objects.filter(pk=OuterRef("payment_id"))
    MonthlyCharge.objects.filter(payment__in=payments).update(
        status=Subquery(said.values("status")[:1]),
        status_at=Subquery(said.values("status_at")[:1]),
    )
