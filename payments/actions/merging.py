"""Two registrations of one child become one: the money of the one that goes is the other's.

Where both are collected from, the Direct Debit of the one that goes is ended first (`ending`), and
what it had collected follows when the bank's side has ended; so nothing is stopped or lost between.
"""

from __future__ import annotations

from datetime import datetime

from django.db import IntegrityError, transaction
from django.db.models import Q, QuerySet

from integrations import clock
from payments.actions import requests
from payments.actions.fulfilment import ENDED
from payments.models import (
    ArrearsCase,
    HandPayment,
    MonthlyCharge,
    Payment,
    ReconciliationDifference,
    SiblingCase,
    Subscription,
)
from registrations.actions import states
from registrations.models import Registration
from registrations.wording import pounds

BECAUSE = "merged with another registration"
COLLECTED = ("confirmed", "paid_out")
Standing = SiblingCase.Standing


def foresee(gone: Registration, kept: Registration) -> list[tuple[str, str]]:
    """What becomes of the money, in lines (label, words) for staff."""
    lines = []
    if gone.payments.exists() or gone.hand_payments.exists():
        lines.append(("Payments that follow", _listed(gone)))
    for plan in _running(gone):
        ends = f"{pounds(plan.pence)} a month is ended: the other one is collected already"
        goes = f"{pounds(plan.pence)} a month runs on, for the one that stays"
        lines.append(("Direct Debit", ends if _is_collected(kept) else goes))
    if gone.fee_settled_at and kept.fee_settled_at:
        lines.append(("Signing-on fee", "settled on both: look whether one is to be given back"))
    elif gone.fee_settled_at:
        lines.append(("Signing-on fee", "counts for the one that stays"))
    if gone.billing_requests.filter(closed_at=None).exists():
        lines.append(("Payment link", "of the one that goes leads nowhere any more"))
    return lines or [("Money", "none has come or is arranged")]


def move(gone: Registration, kept: Registration, *, at: datetime) -> None:
    """Give `kept` what money there is. Call inside a transaction that has locked both.

    A subscription that is to be ended stays, with its payments, until `follow`.
    """
    _requests(gone, kept, at)
    running = _running(gone)
    staying = list(running.values_list("pk", flat=True)) if _is_collected(kept) else []
    _months(gone, kept, staying)
    gone.subscriptions.exclude(pk__in=staying).update(registration=kept)
    stays = Q(subscription__in=staying)
    gone.payments.exclude(pk__in=gone.payments.filter(stays)).update(registration=kept)
    _by_hand(gone, kept)
    _open_ones(gone, kept, at)
    _siblings(gone, kept)
    ReconciliationDifference.objects.filter(registration=gone).update(registration=kept)


def follow(registration_id: int) -> None:
    """What an ended Direct Debit had collected goes where the rest has gone, if it was merged.

    Call inside a transaction that has locked them, as `lock` does.
    """
    gone, *merged = _merged(registration_id)
    if merged:
        move(gone, merged[-1], at=clock.now())


def lock(registration_id: int) -> Registration:
    """Lock a registration and, in the one safe order, whatever it was merged into."""
    states.locked_together(row.pk for row in _merged(registration_id))
    return states.locked(registration_id)


def _merged(registration_id: int) -> list[Registration]:
    """The registration, what it was merged into, what that was merged into; the last one stays."""
    found = [Registration.objects.get(pk=registration_id)]
    while found[-1].cancelled_at and found[-1].duplicate_of:
        found.append(found[-1].duplicate_of)
    return found


def _running(registration: Registration) -> QuerySet[Subscription]:
    return registration.subscriptions.exclude(status__in=ENDED)


def _is_collected(kept: Registration) -> bool:
    """Whether the months are arranged already: by a Direct Debit, by hand, or not asked for."""
    by = Registration.CollectionSource
    by_hand = kept.collection_arranged_by in (by.BY_HAND, by.EXEMPT)
    return by_hand or _running(kept).exists()


def _requests(gone: Registration, kept: Registration, at: datetime) -> None:
    """What is paid on a closed one later is still recorded, and for the one that stays."""
    for row in gone.billing_requests.filter(closed_at=None):
        requests.close(row, at=at)
    gone.billing_requests.update(registration=kept)


def _months(gone: Registration, kept: Registration, staying: list[int]) -> None:
    """A month that was paid counts; a month for which both were has a payment besides the plan."""
    mine = {charge.month: charge for charge in kept.monthly_charges.all()}
    for charge in gone.monthly_charges.select_related("payment"):
        payment, other = charge.payment, mine.get(charge.month)
        if payment and payment.subscription_id in staying:
            continue
        wanted = payment or not _is_collected(kept)
        if wanted and other and not other.payment_id:
            other.delete()
            other = None
        if wanted and other is None:
            MonthlyCharge.objects.filter(pk=charge.pk).update(registration=kept)
        else:
            charge.delete()


def _by_hand(gone: Registration, kept: Registration) -> None:
    """What stands in both, to the letter, was written down twice: it counts once."""
    for row in HandPayment.objects.filter(registration=gone):
        try:
            with transaction.atomic():
                HandPayment.objects.filter(pk=row.pk).update(registration=kept)
        except IntegrityError:
            change = {"undone_at": clock.now(), "undone_reason": "stood on both registrations"}
            HandPayment.objects.filter(pk=row.pk).update(registration=kept, **change)
    if not hasattr(kept, "opening_balance") and hasattr(gone, "opening_balance"):
        balance = gone.opening_balance
        balance.registration = kept
        balance.save(update_fields=["registration"])


def _open_ones(gone: Registration, kept: Registration, at: datetime) -> None:
    """Cases, plans and hardship notes: one of each kind may be open, the one that stays first."""
    ArrearsCase.objects.filter(registration=gone, closed_at=None).update(
        closed_at=at, closed_because=BECAUSE
    )
    gone.arrears_cases.update(registration=kept)
    for mine, theirs in (
        (gone.arrears_plans, kept.arrears_plans),
        (gone.hardships, kept.hardships),
    ):
        if theirs.filter(ended_at=None).exists():
            mine.filter(ended_at=None).update(ended_at=at)
        mine.update(registration=kept)


def _siblings(gone: Registration, kept: Registration) -> None:
    """What staff decided about the one counts for the other; they are no siblings of each other."""
    for case in SiblingCase.objects.of({gone.pk}):
        other = case.other_id if case.one_id == gone.pk else case.one_id
        if other == kept.pk:
            SiblingCase.objects.filter(pk=case.pk).update(
                standing=Standing.REJECTED, reason="one child, registered twice"
            )
            continue
        low, high = sorted((kept.pk, other))
        known = SiblingCase.objects.filter(one=low, other=high).first()
        if known is None:
            SiblingCase.objects.filter(pk=case.pk).update(one=low, other=high)
        elif known.standing not in SiblingCase.DECIDED:
            names = "standing", "reason", "decided_at", "decided_by_id"
            decided = {name: getattr(case, name) for name in names}
            if case.standing in SiblingCase.DECIDED:
                SiblingCase.objects.filter(pk=known.pk).update(**decided)


def _listed(gone: Registration) -> str:
    through = list(gone.payments.filter(status__in=COLLECTED).values_list("pence", flat=True))
    by_hand = gone.hand_payments.filter(undone_at=None).exclude(method=HandPayment.Method.WAIVED)
    recorded = list(by_hand.values_list("pence", flat=True))
    other = Payment.objects.filter(registration=gone).exclude(status__in=COLLECTED).count()
    words = [f"{pounds(sum(through))} through GoCardless ({len(through)})"] if through else []
    words += [f"{pounds(sum(recorded))} by hand ({len(recorded)})"] if recorded else []
    words += [f"{other} that failed or are on their way"] if other else []
    return ", ".join(words) or "none that counts"
