"""The billing request that a registration needs now: one open row, its key stored before asking."""

from datetime import datetime

from integrations import queue
from payments.models import BillingRequest
from registrations.models import Registration

Status = BillingRequest.Status
Purpose = BillingRequest.Purpose
# At GoCardless a request can be paid once; it cannot be reopened (domain 5.3).
USED = (Status.FULFILLED, Status.CANCELLED)


def is_settled(registration: Registration) -> bool:
    """Whether nothing is left to ask for."""
    return bool(registration.fee_settled_at and registration.collection_arranged_at)


def needed_purpose(registration: Registration) -> BillingRequest.Purpose:
    """A settled fee is never asked for again, nor a Direct Debit where the family's is used."""
    if registration.collection_arranged_by == Registration.CollectionSource.MANDATE:
        if not registration.fee_settled_at:
            return Purpose.FEE_ONLY
    return Purpose.MANDATE_ONLY if registration.fee_settled_at else Purpose.FEE_AND_MANDATE


def owe(registration: Registration, *, at: datetime) -> BillingRequest | None:
    """The open billing request, kept or made, due to be asked for; None where nothing is owed.

    Call inside a transaction that has locked the registration.
    """
    if not registration.asks_for_payment or is_settled(registration):
        return None
    row = registration.billing_requests.filter(closed_at=None).first()
    if row is not None:
        paying = row.status == Status.FULFILLING
        if paying or (row.status not in USED and row.purpose == needed_purpose(registration)):
            _wake(row, at=at)
            return row
        close(row, at=at)
    return _make(registration, at=at)


def close(row: BillingRequest, *, at: datetime) -> None:
    """Make room for another request; what is paid on this one later is still recorded."""
    row.closed_at, row.due_at = at, None
    row.save(update_fields=["closed_at", "due_at"])


def _wake(row: BillingRequest, *, at: datetime) -> None:
    """One that was laid aside, while there was no place, is to be asked for after all."""
    if row.status == Status.WAITING and row.due_at is None and row.needs_person_at is None:
        row.due_at = at
        row.save(update_fields=["due_at"])
        queue.ring("payments.ask")


def _make(registration: Registration, *, at: datetime) -> BillingRequest:
    purpose = needed_purpose(registration)
    fee = 0 if purpose == Purpose.MANDATE_ONLY else registration.signing_on_fee_pence
    row = BillingRequest.objects.create(
        registration=registration, purpose=purpose, pence=fee, created_at=at, due_at=at
    )
    queue.ring("payments.ask")
    return row
