"""Asking GoCardless for billing requests, and looking again where no webhook came."""

from datetime import datetime, timedelta

from django.db import transaction

from integrations import clock, gocardless
from payments.actions import fulfilment
from payments.models import BillingRequest
from registrations.actions import states, sync
from registrations.models import TimelineEntry, note

Status = BillingRequest.Status
FIRST_LOOK = timedelta(minutes=10)
# A flow lasts seven days (wire 2.3); after that nobody can pay on it.
LAST_LOOK = timedelta(days=8)


def ask_due() -> None:
    """Make every billing request that is due, and re-read those that wait for the payer's bank."""
    for pk in BillingRequest.objects.due().values_list("pk", flat=True):
        row = BillingRequest.objects.claim(pk)
        if row is not None:
            with row.reporting():
                attend(row)


def attend(row: BillingRequest) -> None:
    """Do what a claimed row waits for; raises the four outcomes."""
    if row.closed_at or row.status in (Status.FULFILLED, Status.CANCELLED):
        row.settle()
    elif row.gocardless_id:
        _look_again(row)
    else:
        _ask(row)


def _ask(row: BillingRequest) -> None:
    registration = row.registration
    if not registration.asks_for_payment:
        row.settle()
        return
    answer = gocardless.create_billing_request(
        pence=row.pence,
        description="Signing-on fee",
        mandate_description=_mandate(row),
        metadata={"registration": str(registration.sync_id)},
        key=str(row.key),
    )
    _record_asked(row, answer)


def _mandate(row: BillingRequest) -> str:
    """What the payer reads beside the Direct Debit; "" asks for none."""
    return "" if row.purpose == BillingRequest.Purpose.FEE_ONLY else "Monthly subscription"


@transaction.atomic
def _record_asked(row: BillingRequest, answer: gocardless.BillingRequest) -> None:
    """Only the worker that still holds the row stores the answer; nobody looks before a visit."""
    # First, as everywhere, so that no two wait for each other.
    registration = states.locked(row.registration_id)
    if not row.settle():
        return
    row.gocardless_id, row.customer_id = answer.id, answer.customer_id or ""
    row.status = answer.status if answer.status in Status.values else Status.PENDING
    if row.status == Status.FULFILLED:
        row.status = Status.FULFILLING  # recorded as fulfilled only with what it made
    row.asked_at = clock.now()
    row.save(update_fields=["gocardless_id", "customer_id", "status", "asked_at"])
    words = "Payment request made at GoCardless"
    note(registration, TimelineEntry.Kind.PAYMENT, words, at=row.asked_at)
    sync.touch(registration)  # the base shows the request's id


def _look_again(row: BillingRequest) -> None:
    """A lost webhook only delays: ten minutes after a visit, then after growing gaps."""
    reading = fulfilment.read(row.gocardless_id)
    fulfilment.record(row.pk, reading, at=reading.read_at)
    if reading.request.status in (Status.FULFILLED, Status.CANCELLED):
        row.settle()
        return
    following = next_look(row, clock.now())
    if following:
        row.postpone(following)
    else:
        row.settle()


def next_look(row: BillingRequest, moment: datetime) -> datetime | None:
    """When to re-read a request that was visited; None where it can no longer be paid."""
    if row.visited_at is None or moment - row.visited_at > LAST_LOOK:
        return None
    return moment + max(FIRST_LOOK, moment - row.visited_at)
