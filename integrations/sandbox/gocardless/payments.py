"""Payments: by Bacs on a mandate, or the first one by Faster Payments from the hosted page."""

from collections.abc import Callable
from datetime import date, datetime
from typing import Any

from integrations import clock
from integrations.sandbox.gocardless import bacs, events, payouts, records
from integrations.sandbox.gocardless.checks import (
    boolean,
    checked,
    iso_date,
    metadata,
    one_of,
    text,
    whole,
)
from integrations.sandbox.gocardless.errors import invalid_field, invalid_state
from integrations.sandbox.gocardless.ids import new_id, timestamp
from integrations.sandbox.store import Store

_DEAD_MANDATE = ("cancelled", "failed", "expired", "consumed", "blocked")
# The retries of payments know payments, so they are handed in here.
PlanRetry = Callable[[Store, dict, datetime], bool]
_SPEC = {
    "amount": whole(1),
    "currency": one_of("GBP"),
    "charge_date": iso_date,
    "description": text(100),
    "reference": text(10),
    "retry_if_possible": boolean,
    "app_fee": whole(0),
    "metadata": metadata,
    "links": {"mandate": text()},
}
_CHANGES = {"metadata": metadata, "retry_if_possible": boolean}


def new(store: Store, values: dict[str, Any], *, scheme: str, charge: date, at: datetime) -> dict:
    """A payment that waits for its submission; `values` hold amount, links and the words."""
    links = {"creditor": records.creditor(store)["id"], **values["links"]}
    payment = {
        "id": new_id("PM"),
        "created_at": timestamp(at),
        "charge_date": charge.isoformat(),
        "amount": values["amount"],
        "amount_refunded": 0,
        "currency": "GBP",
        "description": values.get("description"),
        "reference": values.get("reference"),
        "status": "pending_submission",
        "scheme": scheme,
        "retry_if_possible": values.get("retry_if_possible", False),
        "faster_ach": False,
        "metadata": values.get("metadata") or {},
        "fx": {
            "fx_currency": "GBP",
            "fx_amount": None,
            "exchange_rate": None,
            "estimated_exchange_rate": None,
        },
        "links": links,
    }
    mandate = records.find(store, "mandates", links.get("mandate"))
    if mandate and mandate.get("_used"):
        records.save(store, "mandates", mandate | {"_used": timestamp(at)})
    return records.save(store, "payments", payment)


def create(store: Store, params: Any) -> dict:
    """A one-off Bacs payment (3.2)."""
    required = ("amount", "currency", "links/mandate")
    values = checked("payments", params, _SPEC, required)
    mandate = usable_mandate(store, "payments", values["links"]["mandate"])
    now = clock.now()
    soonest = soonest_charge(mandate, now)
    wanted = values.get("charge_date")
    charge = bacs.rolled_forward(date.fromisoformat(wanted)) if wanted else soonest
    if charge < soonest:
        message = f"must be on or after mandate's next_possible_charge_date {soonest}"
        raise invalid_field("payments", "charge_date", message)
    payment = new(store, values, scheme="bacs", charge=charge, at=now)
    events.emit(store, "payments", "created", payment, origin="api")
    return payment


def usable_mandate(store: Store, resource: str, id: str) -> dict:
    """The mandate that a new resource links to; ApiError when unknown or dead."""
    mandate = records.linked(store, "mandates", resource, "mandate", id)
    if not alive(mandate):
        raise invalid_state("mandate_is_inactive", "Mandate is inactive")
    return mandate


def alive(mandate: dict) -> bool:
    """Whether something can still be collected on it."""
    return mandate["status"] not in _DEAD_MANDATE


def soonest_charge(mandate: dict, at: datetime) -> date:
    """The mandate's next possible charge date as it stands at that moment."""
    soonest = bacs.next_possible_charge_date(at, new_mandate=False)
    kept = mandate.get("next_possible_charge_date")
    return max(soonest, date.fromisoformat(kept)) if kept else soonest


def update(store: Store, id: str, params: Any) -> dict:
    """Replace the metadata, or change whether it is retried."""
    payment = records.fetch(store, "payments", id)
    return records.save(store, "payments", payment | checked("payments", params, _CHANGES))


def cancel(store: Store, id: str, params: Any) -> dict:
    """Cancel a payment that was not submitted yet."""
    payment = records.fetch(store, "payments", id)
    values = checked("data", params, {"metadata": metadata})
    if payment["status"] != "pending_submission":
        raise invalid_state("cancellation_failed", "Payment could not be cancelled")
    return end(store, payment | values, origin="api", cause="payment_cancelled")


def end(store: Store, payment: dict, *, cause: str, **event: Any) -> dict:
    """Mark it cancelled, with its event."""
    return move(store, payment, "cancelled", cause=cause, **event)


def move(store: Store, payment: dict, status: str, *, action: str = "", **event: Any) -> dict:
    """Put the payment into a state, with its event (named as the state unless `action`)."""
    payment["status"] = status
    records.save(store, "payments", payment)
    events.emit(store, "payments", action or status, payment, **event)
    return payment


def magic_name(store: Store, mandate: dict) -> str:
    """The payer's given name, which chooses the fate of a test payment (3.5)."""
    customer = records.find(store, "customers", mandate["links"].get("customer"))
    return (customer or {}).get("given_name") or ""


def next_step(payment: dict) -> datetime | None:
    """When its state changes next, by 3.4; None when it has come to rest."""
    charge = date.fromisoformat(payment["charge_date"])
    instant = payment["scheme"] == "faster_payments"
    if payment["status"] == "pending_submission" and not instant:
        return bacs.at(bacs.add_working_days(charge, -2), bacs.SUBMITS_AT)
    if payment["status"] == "submitted" and not instant:
        return bacs.at(bacs.add_working_days(charge, 1), bacs.REPORTS_AT)
    if payment["status"] == "confirmed":
        days = 1 if instant else 2
        return bacs.at(bacs.add_working_days(charge, days), bacs.REPORTS_AT)
    return None


def age(store: Store, payment: dict, at: datetime, plan_retry: PlanRetry) -> None:
    """Take the next step that was due at that moment."""
    mandate = records.find(store, "mandates", payment["links"].get("mandate"))
    name = magic_name(store, mandate) if mandate and payment["scheme"] == "bacs" else ""
    if payment["status"] == "pending_submission":
        move(store, payment, "submitted", at=at)
    elif payment["status"] == "submitted":
        if name == "Penniless":
            fail(store, payment, at, retried=plan_retry(store, payment, at))
        else:
            move(store, payment, "confirmed", at=at)
    else:
        pay_out(store, payment, at)
        if name == "Fickle":
            charge_back(store, payment, at)
        elif name == "Late":
            fail(store, payment, at)


def pay_out(store: Store, payment: dict, at: datetime) -> None:
    """Put it into the day's payout."""
    payouts.collect(store, payment, at)
    move(store, payment, "paid_out", at=at)


def charge_back(store: Store, payment: dict, at: datetime) -> None:
    """The payer took it back under the guarantee; a later payout is less by as much."""
    bank = events.bank("DDICA-4")
    move(store, payment, "charged_back", cause="authorisation_disputed", at=at, **bank)
    links = {"payment": payment["id"]}
    payouts.take_back(store, "payment_charged_back", payment["amount"], links)


def fail(store: Store, payment: dict, at: datetime, *, retried: bool = False) -> None:
    """The bank reports no money; late, when it was paid out already and is taken back."""
    late = payment["status"] == "paid_out"
    details: dict[str, Any] = {"will_attempt_retry": retried}
    if not retried:
        details["not_retried_reason"] = "other"
    bank = events.bank("ARUDD-0")
    move(store, payment, "failed", cause="refer_to_payer", at=at, **details, **bank)
    if late:
        links = {"payment": payment["id"]}
        payouts.take_back(store, "payment_failed", payment["amount"], links)


FILTERS = records.by_field("created_at", "charge_date", "status", "currency") | records.by_link(
    "mandate", "subscription", "creditor"
)
