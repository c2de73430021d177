"""GoCardless's events: what must be read is read outside, then applied in one transaction.

An event is a hint (wire 4.5): payments and mandates are matched by stored ids, since their events
link nothing else, and whatever is not known yet is asked for (domain 5.4 [R]).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from integrations import clock, gocardless, gocardless_books
from integrations.errors import Unavailable
from integrations.models import WebhookEvent
from payments.actions import books, following, fulfilment, hearing, history, mandates, months
from payments.models import BillingRequest, Mandate, Payment, Subscription

Outcome = WebhookEvent.Outcome
Status = BillingRequest.Status
KNOWN = {
    "billing_requests",
    "mandates",
    "payments",
    "subscriptions",
    "refunds",
    "payouts",
    "customers",
    "creditors",
    "instalment_schedules",
    "exports",
    "scheme_identifiers",
}
_RE_READ = {"fulfilled", "cancelled", "failed", "bank_authorisation_authorised"}
_PAYMENT_STATUS = {
    "created": "pending_submission",
    "submitted": "submitted",
    "confirmed": "confirmed",
    "paid_out": "paid_out",
    "failed": "failed",
    "charged_back": "charged_back",
    "cancelled": "cancelled",
    "customer_approval_denied": "customer_approval_denied",
    "resubmission_requested": "pending_submission",
}
# The charge date, or the status that returns, is not in the event.
_PAYMENT_RE_READ = {"resubmission_requested", "chargeback_cancelled"}
_MANDATE_STATUS = {
    "created": "pending_submission",
    "submitted": "submitted",
    "active": "active",
    "failed": "failed",
    "cancelled": "cancelled",
    "expired": "expired",
    "consumed": "consumed",
    "blocked": "blocked",
}
_MANDATE_RE_READ = {"reinstated", "transferred", "resubmission_requested"}
_SUBSCRIPTION_STATUS = {
    "paused": "paused",
    "resumed": "active",
    "finished": "finished",
    "cancelled": "cancelled",
}
_PATIENCE = timedelta(days=1)


@dataclass(frozen=True)
class Reading:
    """What was asked for on behalf of one event."""

    at: datetime
    request_row: int | None = None
    request: fulfilment.Reading | None = None
    payment: gocardless.Payment | None = None
    mandate: gocardless.Mandate | None = None
    moved: tuple[str, ...] = ()
    refund: gocardless_books.Refund | None = None
    payout: gocardless_books.Payout | None = None


class Handler:
    """Named by settings.WEBHOOK_HANDLERS; see integrations.inbox."""

    def read(self, event: WebhookEvent) -> Reading:
        """Ask GoCardless for what this event only hints at; raises the four outcomes."""
        reader = None if _is_test(event) else _READERS.get(event.resource_type)
        return reader(event) if reader else Reading(clock.now())

    def apply_together(self, events: list[WebhookEvent]) -> dict[int, str]:
        """Words about known monthly payments, which come by the hundred on a collection day."""
        plain = [event for event in events if _is_plain(event)]
        said = [(_link(e, "payment"), _word(e, _PAYMENT_STATUS[e.action])) for e in plain]
        heard = months.hear(said) if plain else []
        return {
            event.pk: Outcome.APPLIED if changed else Outcome.RECORDED
            for event, changed in zip(plain, heard, strict=True)
            if changed is not None
        }

    def apply(self, event: WebhookEvent, reading: Reading) -> str:
        """Store the facts; returns what became of the event."""
        if event.resource_type not in KNOWN:
            return Outcome.UNKNOWN
        fulfilled = _apply_request(event, reading)
        applier = None if _is_test(event) else _APPLIERS.get(event.resource_type)
        applied = applier(event, reading) if applier else False
        return Outcome.APPLIED if fulfilled or applied else Outcome.RECORDED


def _read_request(event: WebhookEvent) -> Reading:
    row = BillingRequest.objects.filter(gocardless_id=_link(event, "billing_request")).first()
    if row is None or not row.gocardless_id or event.action not in _RE_READ:
        return Reading(clock.now())
    reading = _read_row(row)
    seen = reading.request.request.status if reading.request else Status.FULFILLED
    early = event.action == "fulfilled" and seen not in (Status.FULFILLED, Status.CANCELLED)
    if early and clock.now() - event.received_at < _PATIENCE:
        raise Unavailable("gocardless", f"the billing request is still {seen}")
    return reading


def _read_payment(event: WebhookEvent) -> Reading:
    id = _link(event, "payment")
    known = Payment.objects.filter(gocardless_id=id).exists()
    if not id or (known and event.action not in _PAYMENT_RE_READ):
        return Reading(clock.now())
    if not known:
        waiting = _read_waiting_request(event)
        if waiting:
            return waiting
    at = clock.now()
    return Reading(at, payment=gocardless.get_payment(id))


def _read_mandate(event: WebhookEvent) -> Reading:
    mandate = _known_mandate(event)
    if mandate is None:
        return _read_waiting_request(event) or Reading(clock.now())
    at = clock.now()
    if event.action == "replaced" and _link(event, "new_mandate"):
        new = _link(event, "new_mandate")
        made = mandate.subscriptions.exclude(gocardless_id="")
        moved = tuple(
            id
            for id in made.values_list("gocardless_id", flat=True)
            if gocardless_books.mandate_of_subscription(id) == new
        )
        return Reading(at, mandate=gocardless.get_mandate(new), moved=moved)
    if event.action in _MANDATE_RE_READ:
        return Reading(at, mandate=gocardless.get_mandate(mandate.gocardless_id))
    return Reading(at)


def _read_new_payment(event: WebhookEvent) -> Reading:
    id = _link(event, "payment")
    ours = Subscription.objects.filter(gocardless_id=_link(event, "subscription") or "-").exists()
    at = clock.now()
    known = Payment.objects.filter(gocardless_id=id).exists()
    if event.action != "payment_created" or not id or not ours or known:
        return Reading(at)
    return Reading(at, payment=gocardless.get_payment(id))


def _read_refund(event: WebhookEvent) -> Reading:
    id = _link(event, "refund")
    at = clock.now()
    return Reading(at, refund=gocardless_books.get_refund(id)) if id else Reading(at)


def _read_payout(event: WebhookEvent) -> Reading:
    id = _link(event, "payout")
    at = clock.now()
    return Reading(at, payout=gocardless_books.get_payout(id)) if id else Reading(at)


def _read_waiting_request(event: WebhookEvent) -> Reading | None:
    """A payment or mandate not known yet may belong to a request whose own event is late."""
    sync_id = _registration(event)
    if sync_id is None:
        return None
    rows = BillingRequest.objects.exclude(gocardless_id="")
    rows = rows.filter(registration__sync_id=sync_id).exclude(status__in=("fulfilled", "cancelled"))
    row = rows.first()
    return _read_row(row) if row else None


def _read_row(row: BillingRequest) -> Reading:
    if row.status == Status.FULFILLED:
        return Reading(clock.now())
    request = fulfilment.read(row.gocardless_id)
    return Reading(request.read_at, request_row=row.pk, request=request)


def _apply_request(event: WebhookEvent, reading: Reading) -> bool:
    if reading.request is None or reading.request_row is None:
        return False
    at = _moment(event)
    return fulfilment.record(reading.request_row, reading.request, at=at)


def _apply_payment(event: WebhookEvent, reading: Reading) -> bool:
    payment = Payment.objects.filter(gocardless_id=_link(event, "payment") or "-").first()
    if payment is None:
        return _learn(reading)
    status = _PAYMENT_STATUS.get(event.action)
    moved = status is not None and following.move_payment(payment, _word(event, status))
    if reading.payment:
        return following.refresh_payment(payment, reading.payment, at=reading.at) or moved
    return moved


def _learn(reading: Reading) -> bool:
    seen = reading.payment
    return seen is not None and following.learn_payment(seen, at=reading.at)


def _apply_mandate(event: WebhookEvent, reading: Reading) -> bool:
    mandate = _known_mandate(event)
    if mandate is None:
        return False
    if event.action == "replaced":
        seen, moved = reading.mandate, list(reading.moved)
        return seen is not None and mandates.replace_mandate(mandate, seen, moved, at=reading.at)
    status = _MANDATE_STATUS.get(event.action)
    heard = status is not None and mandates.move_mandate(mandate, _word(event, status))
    if reading.mandate:
        said = hearing.reading(reading.mandate.status, reading.at)
        return mandates.move_mandate(mandate, said) or heard
    return heard


def _apply_subscription(event: WebhookEvent, reading: Reading) -> bool:
    id = _link(event, "subscription") or "-"
    subscription = Subscription.objects.filter(gocardless_id=id).first()
    if subscription is None:
        return False
    if event.action == "payment_created":
        return _learn(reading)
    status = _SUBSCRIPTION_STATUS.get(event.action)
    return status is not None and following.move_subscription(subscription, _word(event, status))


def _apply_refund(event: WebhookEvent, reading: Reading) -> bool:
    seen = reading.refund
    return seen is not None and books.keep_refund(seen, at=reading.at)


def _apply_payout(event: WebhookEvent, reading: Reading) -> bool:
    return reading.payout is not None and books.keep_payout(reading.payout)


_READERS = {
    "billing_requests": _read_request,
    "payments": _read_payment,
    "mandates": _read_mandate,
    "subscriptions": _read_new_payment,
    "refunds": _read_refund,
    "payouts": _read_payout,
}
_APPLIERS = {
    "payments": _apply_payment,
    "mandates": _apply_mandate,
    "subscriptions": _apply_subscription,
    "refunds": _apply_refund,
    "payouts": _apply_payout,
}


def _is_plain(event: WebhookEvent) -> bool:
    """Whether the event itself says all that there is to know about its payment."""
    said = event.action in _PAYMENT_STATUS and event.action not in _PAYMENT_RE_READ
    known = event.resource_type == "payments" and bool(_link(event, "payment"))
    return known and said and not _is_test(event)


def _is_test(event: WebhookEvent) -> bool:
    """The dashboard's "send test webhook" links things that do not exist (wire 4.3)."""
    return event.event_id.startswith("EVTEST") or _details(event).get("cause") == "test_failure"


def _word(event: WebhookEvent, status: str) -> history.Word:
    details = _details(event)
    return history.word(
        status,
        _moment(event),
        id=event.event_id,
        cause=str(details.get("cause") or event.action),
        retry=details.get("will_attempt_retry") is True,
    )


def _details(event: WebhookEvent) -> dict[str, Any]:
    details = event.body.get("details")
    return details if isinstance(details, dict) else {}


def _known_mandate(event: WebhookEvent) -> Mandate | None:
    return Mandate.objects.filter(gocardless_id=_link(event, "mandate") or "-").first()


def _link(event: WebhookEvent, name: str) -> str:
    links = event.body.get("links")
    value = links.get(name) if isinstance(links, dict) else None
    return value if isinstance(value, str) else ""


def _registration(event: WebhookEvent) -> UUID | None:
    """Our id in the metadata of the resource (not of the call: wire 4.3)."""
    metadata = event.body.get("resource_metadata")
    try:
        return UUID(str(metadata["registration"])) if isinstance(metadata, dict) else None
    except (KeyError, ValueError):
        return None


def _moment(event: WebhookEvent) -> datetime:
    """When it happened; never later than now, whatever the event claims."""
    now = clock.now()
    return min(event.happened_at or now, now)
