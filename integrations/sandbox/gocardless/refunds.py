"""Refunds of a payment: asked for, sent, arrived, and settled with a payout (3.2, 4.4)."""

from datetime import datetime
from typing import Any

from integrations import clock
from integrations.sandbox.gocardless import bacs, events, payouts, records
from integrations.sandbox.gocardless.checks import checked, metadata, text, whole
from integrations.sandbox.gocardless.errors import invalid_state, usage
from integrations.sandbox.gocardless.ids import moment
from integrations.sandbox.store import Store

_SPEC = {
    "amount": whole(1),
    "total_amount_confirmation": whole(1),
    "reference": text(18),
    "metadata": metadata,
    "links": {"payment": text()},
}
_REFUNDABLE = ("confirmed", "paid_out")


def create(store: Store, params: Any) -> dict:
    """Give back part of a payment; the confirmation is the total given back, this one included."""
    required = ("amount", "total_amount_confirmation", "links/payment")
    values = checked("refunds", params, _SPEC, required)
    if not records.creditor(store).get("can_create_refunds"):
        raise usage(403, "insufficient_permissions", "Insufficient permissions")
    payment = records.linked(store, "payments", "refunds", "payment", values["links"]["payment"])
    if payment["status"] not in _REFUNDABLE:
        message = "Payment must be confirmed or paid out to be refunded"
        raise invalid_state("refund_payment_invalid_state", message)
    total = payment["amount_refunded"] + values["amount"]
    if total > payment["amount"]:
        message = "The refund is more than is left of the payment"
        raise invalid_state("available_refund_amount_insufficient", message)
    if total != values["total_amount_confirmation"]:
        message = "Total amount confirmation does not match the total amount refunded"
        raise invalid_state("total_amount_confirmation_invalid", message)
    records.save(store, "payments", payment | {"amount_refunded": total})
    return _new(store, payment, values)


def _new(store: Store, payment: dict, values: dict[str, Any]) -> dict:
    mandate = payment["links"].get("mandate")
    refund = records.created("RF") | {
        "amount": values["amount"],
        "currency": "GBP",
        "fx": payment["fx"],
        "reference": values.get("reference"),
        "metadata": values.get("metadata") or {},
        "status": "created",
        "links": {"payment": payment["id"]} | ({"mandate": mandate} if mandate else {}),
    }
    records.save(store, "refunds", refund)
    events.emit(store, "refunds", "created", refund, origin="api")
    return refund


def update(store: Store, id: str, params: Any) -> dict:
    """Replace the metadata."""
    refund = records.fetch(store, "refunds", id)
    values = checked("refunds", params, {"metadata": metadata})
    return records.save(store, "refunds", refund | values)


def next_step(refund: dict) -> datetime | None:
    """When its state changes next: submitted on its working day, paid on the next."""
    zero = bacs.day_zero(moment(refund["created_at"]))
    if refund["status"] == "created":
        return max(bacs.at(zero, bacs.SUBMITS_AT), moment(refund["created_at"]))
    if refund["status"] == "submitted":
        return bacs.at(bacs.add_working_days(zero, 1), bacs.REPORTS_AT)
    return None


def age(store: Store, refund: dict, at: datetime) -> None:
    """Take the next step that was due at that moment."""
    if refund["status"] == "created":
        records.save(store, "refunds", refund | {"status": "submitted"})
    else:
        pay(store, refund, at)


def pay(store: Store, refund: dict, at: datetime) -> None:
    """The payer has it; the next payout is less by as much."""
    refund["status"] = "paid"
    records.save(store, "refunds", refund)
    events.emit(store, "refunds", "paid", refund, at=at)
    links = {"payment": refund["links"]["payment"], "refund": refund["id"]}
    payouts.take_back(store, "payment_refunded", refund["amount"], links)


def come_back(store: Store, refund: dict, status: str) -> None:
    """The payer's bank did not take it (`bounced`), or it came back later (`funds_returned`)."""
    payment = records.fetch(store, "payments", refund["links"]["payment"])
    payment["amount_refunded"] -= refund["amount"]
    records.save(store, "payments", payment)
    refund["status"] = status
    records.save(store, "refunds", refund)
    action = "failed" if status == "bounced" else status
    events.emit(store, "refunds", action, refund, at=clock.now())


FILTERS = records.by_field("created_at", "status") | records.by_link("payment", "mandate")
