"""What becomes of a mandate, and of every child that is collected by it.

The callers hold the one transaction; registrations are locked first, in the order of their keys.
"""

from __future__ import annotations

from datetime import datetime

from django.db.models import Q

from integrations import clock, gocardless
from payments.actions import hearing, history, requests
from payments.actions.fulfilment import DEAD_MANDATE, ENDED, SKEW, plan_subscription, withdraw
from payments.actions.history import Word
from payments.models import BillingRequest, Mandate, Subscription
from registrations.actions import states
from registrations.models import Registration, TimelineEntry, note


def move_mandate(mandate: Mandate, said: Word) -> bool:
    """Add a word about a mandate; a dead one ends monthly collection, a revived one restores it."""
    touched = [states.locked(pk) for pk in _touched(mandate)]
    mandate = Mandate.objects.select_for_update().get(pk=mandate.pk)
    kept = hearing.kept(mandate, said)
    if kept is None:
        return False
    standing = history.fold(kept, history.MANDATE, dead=DEAD_MANDATE)
    died_before = history.fold(kept[:-1], history.MANDATE, dead=DEAD_MANDATE).died_at
    before = (mandate.status, died_before)
    mandate.history, mandate.status = kept, standing.status
    mandate.status_at = datetime.fromisoformat(standing.word["at"])
    if standing.status in DEAD_MANDATE:
        mandate.next_possible_charge_date = None
    mandate.save(update_fields=["history", "status", "status_at", "next_possible_charge_date"])
    changed = before != (standing.status, standing.died_at)
    if changed and standing.died_at:
        for subscription in mandate.subscriptions.exclude(status__in=ENDED):
            withdraw(subscription)
    for registration in touched if changed else []:
        _judge(registration, standing, alone=len(touched) == 1)
    return changed


def replace_mandate(
    mandate: Mandate, seen: gocardless.Mandate, moved: list[str], *, at: datetime
) -> bool:
    """GoCardless put another mandate in its place; `moved` are subscriptions that went along."""
    touched = [states.locked(pk) for pk in _touched(mandate)]
    new, made = Mandate.objects.get_or_create(
        gocardless_id=seen.id,
        defaults={
            "guardian": mandate.guardian,
            "billing_request": mandate.billing_request,
            "customer_id": seen.customer_id or mandate.customer_id,
            "status": seen.status,
            "next_possible_charge_date": seen.next_possible_charge_date,
            "created_at": clock.now(),
            "status_at": at - SKEW,
        },
    )
    Mandate.objects.filter(pk=mandate.pk).update(replaced_by=new)
    mandate.subscriptions.filter(gocardless_id__in=moved).update(mandate=new)
    left = mandate.subscriptions.exclude(status__in=ENDED)
    left.filter(gocardless_id="").update(mandate=new)
    behind = set(left.exclude(gocardless_id="").values_list("registration", flat=True))
    for registration in touched if made else []:
        words = "GoCardless replaced the mandate by another"
        note(registration, TimelineEntry.Kind.PAYMENT, words, at=clock.now())
        if registration.pk in behind:
            words = f"{words}; the subscription stayed behind"
            states.flag(registration.pk, words, at=clock.now())
    return made


def living_mandate(registration: Registration) -> Mandate | None:
    """The newest mandate by which this registration can be collected: its own, or the family's
    that it uses already."""
    mine = Q(billing_request__registration=registration) | Q(
        pk__in=Subscription.objects.filter(registration=registration).values("mandate")
    )
    return Mandate.objects.filter(mine, replaced_by=None).exclude(status__in=DEAD_MANDATE).first()


def _judge(registration: Registration, standing: history.Standing, *, alone: bool) -> None:
    """GoCardless cancels the subscriptions of a mandate that dies, for good (wire 3.1)."""
    moment = clock.now()
    if standing.status not in DEAD_MANDATE:
        states.arrange_collection(registration.pk, at=moment)
        if standing.died_at:
            words = "the mandate came back to life: look at its months"
            states.flag(registration.pk, words, at=moment)
            plan_again(registration.pk)
        return
    if living_mandate(registration):
        return
    cause = standing.word["cause"] or standing.status
    shared = "" if alone else "the family's "
    reason = f"{shared}mandate {standing.status}: {cause.replace('_', ' ')}"[:150]
    states.collection_lost(registration.pk, at=moment, reason=reason)
    reopen(registration.pk)


def _touched(mandate: Mandate) -> list[int]:
    """The registrations that are collected by it: its own, and those of the family that still are.

    Whoever objected, left or finished the season is not; what its death took away still is.
    """
    rows = mandate.subscriptions.exclude(status=Subscription.Status.FINISHED)
    rows = rows.exclude(ending__due_at__lte=clock.now()).exclude(ending__done_at__isnull=False)
    found = set(rows.filter(registration__cancelled_at=None).values_list("registration", flat=True))
    if mandate.billing_request:
        found.add(mandate.billing_request.registration_id)
    return sorted(found)


def plan_again(registration_id: int) -> None:
    """What was withdrawn before anything was made by it is planned anew once all is well again."""
    registration = states.locked(registration_id)
    last = registration.subscriptions.first()
    alive = living_mandate(registration)
    if not (alive and last and registration.fee_settled_at):
        return
    if last.status == Subscription.Status.CANCELLED and not last.gocardless_id:
        joined = datetime.combine(last.joined_on, datetime.min.time(), tzinfo=clock.LONDON)
        plan_subscription(registration_id, alive, at=joined)


def reopen(registration_id: int) -> None:
    """The used billing request makes room, so that the parent's link asks for what is missing."""
    used = BillingRequest.objects.filter(
        registration_id=registration_id, closed_at=None, status=BillingRequest.Status.FULFILLED
    )
    for row in used:
        requests.close(row, at=clock.now())
