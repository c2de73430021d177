"""Following a parent's payment link: our token, or a billing request id from an older text."""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from django.conf import settings
from django.db import transaction
from django.db.models import Q

from integrations import clock, gocardless, queue
from integrations.errors import OutsideError, Rejected
from payments.actions import asking, fulfilment, proving, requests, reusing
from payments.models import BillingRequest
from registrations.actions import states
from registrations.models import Guardian, Registration, TimelineEntry, note

Status = BillingRequest.Status
FLOW_LASTS = timedelta(minutes=10)
FLOW_LEASE = timedelta(seconds=30)
# How long a visitor waits while another visit, or a job, makes what both need.
PATIENCE_SECONDS = 8.0
_PAUSE_SECONDS = 0.1
LONGEST_ID = 255


class Answer(StrEnum):
    """What a visitor is shown."""

    UNKNOWN = "unknown"
    PAID = "paid"
    WAITING_FOR_PLACE = "waiting_for_place"
    CANCELLED = "cancelled"
    AT_THE_BANK = "at_the_bank"
    AWAY = "away"
    BY_TEXT = "by_text"
    FAMILY = "family"
    GO = "go"


@dataclass(frozen=True)
class Outcome:
    """The answer, and with GO where to send the parent."""

    answer: Answer
    url: str = ""


def open_link(token: str, mark: str = "", *, own: bool = False) -> Outcome:
    """Where this link leads now; makes the billing request and the flow where they are missing.

    `mark` tells which text or e-mail the link was in (payments.actions.proving). Whoever holds
    the phone of a family's Direct Debit is offered it first, unless they want one of their `own`.
    """
    registration = find(token)
    if registration is None:
        return Outcome(Answer.UNKNOWN)
    if mark and not own and reusing.offered(registration, mark):
        return Outcome(Answer.FAMILY)
    # A request that was cancelled or paid meanwhile is found out on the first round.
    for _ in range(2):
        standing = _standing(registration)
        if standing:
            return standing
        row = _visit(registration.pk, mark)
        outcome = _lead(row) if row else None
        if outcome:
            return outcome
        registration.refresh_from_db()
    return _standing(registration) or Outcome(Answer.AWAY)


def come_back(token: str) -> Outcome:
    """The parent returns from the hosted page: never proof of payment, so look again soon."""
    registration = find(token)
    if registration is None:
        return Outcome(Answer.UNKNOWN)
    if requests.is_settled(registration):
        return Outcome(Answer.PAID)
    free = Q(leased_until=None) | Q(leased_until__lte=clock.now())
    rows = registration.billing_requests.filter(free, closed_at=None, needs_person_at=None)
    # The flow has served: whoever opens the link now hears from us, not of a page that is over.
    if rows.exclude(status__in=requests.USED).update(due_at=clock.now(), flow_made_at=None):
        queue.ring("payments.ask")
    return Outcome(Answer.AT_THE_BANK)


def find(token: str) -> Registration | None:
    """The registration of a token or of a billing request id; None where nobody has it."""
    if "\x00" in token or len(token) > LONGEST_ID:  # PostgreSQL takes no NUL
        return None
    found = Registration.objects.filter(token=token).first()
    if found is None and token.startswith("BRQ"):
        found = Registration.objects.filter(billing_requests__gocardless_id=token).first()
    return found


def _standing(registration: Registration) -> Outcome | None:
    if registration.cancelled_at:
        return Outcome(Answer.CANCELLED)
    if requests.is_settled(registration):
        return Outcome(Answer.PAID)
    if registration.duplicate_of_id:
        # The first registration's own link went to its number; here nothing may be told of it.
        return Outcome(Answer.BY_TEXT)
    if not registration.asks_for_payment:
        return Outcome(Answer.WAITING_FOR_PLACE)
    return None


@transaction.atomic
def _visit(registration_id: int, mark: str) -> BillingRequest | None:
    """Note the visit on the request that is open now; the webhook may be lost, so look later."""
    moment = clock.now()
    registration = states.locked(registration_id)
    row = requests.owe(registration, at=moment)
    if row is not None:
        proving.note_opening(registration, mark, at=moment)
        BillingRequest.objects.filter(pk=row.pk).update(visited_at=moment)
        if row.gocardless_id and row.needs_person_at is None:
            look_at = moment + asking.FIRST_LOOK
            later = Q(due_at=None) | Q(due_at__gt=look_at)
            BillingRequest.objects.filter(later, pk=row.pk).update(due_at=look_at)
    return row


def _lead(row: BillingRequest) -> Outcome | None:
    """The way to the hosted page; None where the request turned out to be of no use any more."""
    row = _asked(row)
    if row.status == Status.FULFILLING:
        return Outcome(Answer.AT_THE_BANK)
    if row.closed_at or row.status in requests.USED:
        return None
    if not row.gocardless_id:
        return Outcome(Answer.AWAY)
    try:
        return _flow(row)
    except Rejected:
        return _look(row)
    except OutsideError:
        return Outcome(Answer.AWAY)


def _asked(row: BillingRequest) -> BillingRequest:
    """The row once GoCardless has been asked: by us right now, or by whoever is at it."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not row.gocardless_id and row.needs_person_at is None and row.closed_at is None:
        # The parent waits, so the next try is now, even where the row backs off.
        waiting = BillingRequest.objects.filter(pk=row.pk, gocardless_id="")
        waiting.filter(needs_person_at=None, closed_at=None).update(due_at=clock.now())
        mine = BillingRequest.objects.claim(row.pk)
        if mine is not None:
            with mine.reporting():
                asking.attend(mine)
            _look_later(mine.pk)
            return BillingRequest.objects.get(pk=row.pk)
        if time.monotonic() > deadline:
            break
        time.sleep(_PAUSE_SECONDS)
        row.refresh_from_db()
    return row


def _look_later(pk: int) -> None:
    made = BillingRequest.objects.filter(pk=pk, needs_person_at=None).exclude(gocardless_id="")
    made.update(due_at=clock.now() + asking.FIRST_LOOK)


def _flow(row: BillingRequest) -> Outcome:
    """One flow for all who visit within ten minutes (link previews do): who leases makes it."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while True:
        moment = clock.now()
        if row.flow_url and row.flow_made_at and _is_young(row.flow_made_at, moment):
            return Outcome(Answer.GO, row.flow_url)
        free = Q(flow_leased_until=None) | Q(flow_leased_until__lte=moment)
        # The same flow_made_at as read: somebody may have made one since.
        mine = BillingRequest.objects.filter(free, pk=row.pk, flow_made_at=row.flow_made_at)
        if mine.update(flow_leased_until=moment + FLOW_LEASE):
            return _make_flow(row)
        if time.monotonic() > deadline:
            return Outcome(Answer.AWAY)
        time.sleep(_PAUSE_SECONDS)
        row.refresh_from_db()


def _is_young(made_at: datetime, moment: datetime) -> bool:
    return timedelta() <= moment - made_at < FLOW_LASTS


def _make_flow(row: BillingRequest) -> Outcome:
    registration = row.registration
    base = f"{settings.PUBLIC_URL}/reg_setup/{registration.token}"
    rows = BillingRequest.objects.filter(pk=row.pk)
    try:
        flow = gocardless.create_flow(
            row.gocardless_id,
            redirect_uri=f"{base}/return",
            exit_uri=f"{base}/exit",
            prefilled=prefilled(registration.guardian),
        )
    except OutsideError:
        rows.update(flow_leased_until=None)
        raise
    moment = clock.now()
    rows.update(flow_url=flow.url, flow_made_at=moment, flow_leased_until=None)
    note(registration, TimelineEntry.Kind.PAYMENT, "Payment page opened by its link", at=moment)
    return Outcome(Answer.GO, flow.url)


def _look(row: BillingRequest) -> Outcome | None:
    """GoCardless refuses a flow: the request was paid, cancelled or has expired there."""
    try:
        reading = fulfilment.read(row.gocardless_id)
    except Rejected:
        with transaction.atomic():
            states.locked(row.registration_id)
            requests.close(row, at=clock.now())
        return None
    except OutsideError:
        return Outcome(Answer.AWAY)
    fulfilment.record(row.pk, reading, at=reading.read_at)
    if reading.request.status in (Status.FULFILLED, Status.CANCELLED):
        return None
    at_the_bank = reading.request.status == Status.FULFILLING
    return Outcome(Answer.AT_THE_BANK if at_the_bank else Answer.AWAY)


def prefilled(guardian: Guardian) -> dict[str, str]:
    """What the hosted page need not ask again; blank values are left out (domain 5.3)."""
    street = guardian.address_line_1
    if guardian.house_number and not street.startswith(guardian.house_number):
        street = f"{guardian.house_number} {street}".strip()
    given = {
        "given_name": guardian.first_name,
        "family_name": guardian.last_name,
        "email": guardian.email,
        "address_line1": street,
        "city": guardian.city or guardian.town,
        "postal_code": guardian.postcode,
    }
    known = {name: value for name, value in given.items() if value}
    return known | {"country_code": "GB"} if known else {}
