"""What a fulfilled billing request means: fee and mandate recorded, one subscription planned."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction

from integrations import clock, gocardless, queue
from payments.actions import books, discounts, proving, requests
from payments.models import BillingRequest, Mandate, Payment, Subscription
from registrations.actions import states
from registrations.models import Registration, TimelineEntry, note

Status = BillingRequest.Status
LOST_PAYMENT = ("failed", "cancelled", "charged_back", "customer_approval_denied")
DEAD_MANDATE = ("failed", "cancelled", "expired", "consumed", "blocked")
ENDED = (Subscription.Status.CANCELLED, Subscription.Status.FINISHED)
# Their clock and ours may differ: what was read counts as a little older than it is.
SKEW = timedelta(minutes=1)


@dataclass(frozen=True)
class Reading:
    """A billing request as GoCardless shows it now, with what its fulfilment made."""

    request: gocardless.BillingRequest
    payment: gocardless.Payment | None
    mandate: gocardless.Mandate | None
    read_at: datetime


def read(gocardless_id: str) -> Reading:
    """Ask GoCardless how a request stands; raises the four outcomes. Outside any transaction.

    The redirect and the event are hints only: at that instant ids may be absent (wire 2.4).
    """
    at = clock.now()
    request = gocardless.get_billing_request(gocardless_id)
    if request.status != Status.FULFILLED:
        return Reading(request, None, None, at)
    payment = gocardless.get_payment(request.payment_id) if request.payment_id else None
    mandate = gocardless.get_mandate(request.mandate_id) if request.mandate_id else None
    return Reading(request, payment, mandate, at)


@transaction.atomic
def record(row_id: int, reading: Reading, *, at: datetime) -> bool:
    """Store what was read, once; True where this made the request fulfilled.

    `at` is when it happened. The registration is locked first, as everywhere.
    """
    owner = BillingRequest.objects.values_list("registration_id", flat=True).get(pk=row_id)
    registration = states.locked(owner)
    row = BillingRequest.objects.select_for_update().get(pk=row_id)
    if row.status == Status.FULFILLED:
        return False
    if reading.request.status != Status.FULFILLED:
        _keep_status(row, reading.request.status, at)
        return False
    row.status, row.fulfilled_at, row.due_at = Status.FULFILLED, at, None
    row.customer_id = reading.request.customer_id or row.customer_id
    row.save(update_fields=["status", "fulfilled_at", "due_at", "customer_id"])
    mandate = _keep_mandate(row, registration, reading)
    paid = _keep_fee(row, registration, mandate, reading, at)
    if (paid or mandate) and proving.note_payment(registration, at=at):
        discounts.look_again(registration.pk, at=clock.now())
    if mandate and mandate.status not in DEAD_MANDATE:
        states.arrange_collection(registration.pk, at=at)
        if paid:
            plan_subscription(registration.pk, mandate, at=at)
    if not paid or mandate is None or mandate.status in DEAD_MANDATE:
        requests.close(row, at=clock.now())  # the parent's link then makes another
    return True


def plan_subscription(registration_id: int, mandate: Mandate, *, at: datetime) -> None:
    """Store the one subscription to be created; the registration is locked by the caller.

    Joining counts from the day on which the mandate was given, London time (domain 5.6).
    """
    registration = Registration.objects.get(pk=registration_id)
    source = registration.collection_arranged_by
    if registration.cancelled_at or source != Registration.CollectionSource.MANDATE:
        return
    live = registration.subscriptions.exclude(status__in=ENDED).first()
    if live is not None and live.mandate.status not in DEAD_MANDATE:
        return
    if live is not None:
        withdraw(live)
    if registration.payment_day is None:
        states.flag(registration_id, "paid, but no payment day was chosen", at=clock.now())
        return
    Subscription.objects.create(
        registration=registration,
        mandate=mandate,
        pence=registration.monthly_fee_pence,
        joined_on=clock.london(at).date(),
        day_of_month=registration.payment_day,
        created_at=clock.now(),
        due_at=clock.now(),
    )
    queue.ring("payments.collect")


def withdraw(subscription: Subscription) -> None:
    """Take back a subscription whose mandate is gone (GoCardless cancels its own, wire 3.1)."""
    change = {"status": Subscription.Status.CANCELLED, "due_at": None, "needs_person_at": None}
    Subscription.objects.filter(pk=subscription.pk).update(**change)


def _keep_status(row: BillingRequest, status: str, at: datetime) -> None:
    if status == Status.CANCELLED:
        row.status = Status.CANCELLED
        row.save(update_fields=["status"])
        requests.close(row, at=at)
        words = "The payment request was cancelled at GoCardless; the link makes another"
        note(row.registration, TimelineEntry.Kind.PAYMENT, words, at=clock.now())
    elif status in Status.values:
        row.status = status
        row.save(update_fields=["status"])


def _keep_mandate(
    row: BillingRequest, registration: Registration, reading: Reading
) -> Mandate | None:
    if reading.mandate is None:
        return None
    kept, _ = Mandate.objects.update_or_create(
        gocardless_id=reading.mandate.id,
        defaults={
            "status": reading.mandate.status,
            "next_possible_charge_date": reading.mandate.next_possible_charge_date,
            "status_at": reading.read_at - SKEW,
        },
        create_defaults={
            "guardian": registration.guardian,
            "billing_request": row,
            "customer_id": reading.mandate.customer_id or row.customer_id,
            "status": reading.mandate.status,
            "next_possible_charge_date": reading.mandate.next_possible_charge_date,
            "created_at": clock.now(),
            "status_at": reading.read_at - SKEW,
        },
    )
    return kept


def _keep_fee(
    row: BillingRequest,
    registration: Registration,
    mandate: Mandate | None,
    reading: Reading,
    at: datetime,
) -> bool:
    """Store the fee's payment; whether the fee is settled now."""
    if reading.payment is None:
        return registration.fee_settled_at is not None
    payment, made = Payment.objects.get_or_create(
        gocardless_id=reading.payment.id,
        defaults={
            "registration": registration,
            "mandate": mandate,
            "purpose": Payment.Purpose.SIGNING_ON_FEE,
            "pence": reading.payment.pence,
            "status": reading.payment.status,
            "charge_on": reading.payment.charge_on,
            "created_at": clock.now(),
            "status_at": reading.read_at - SKEW,
        },
    )
    if made:
        books.claim_lines(payment)
    if payment.status in LOST_PAYMENT:
        words = "the payment of the signing-on fee failed"
        states.flag(registration.pk, words, at=clock.now())
        return registration.fee_settled_at is not None
    if made and registration.fee_settled_at:
        states.flag(registration.pk, "the signing-on fee was paid twice", at=clock.now())
    states.settle_fee(registration.pk, at=at)
    return True
