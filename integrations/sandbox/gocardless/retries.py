"""Collecting a failed payment again: by hand, or by GoCardless itself (wire section 5)."""

from datetime import date, datetime
from typing import Any

from integrations import clock
from integrations.sandbox.gocardless import bacs, payments, records
from integrations.sandbox.gocardless.checks import checked, iso_date, metadata
from integrations.sandbox.gocardless.errors import invalid_field, invalid_state
from integrations.sandbox.gocardless.ids import moment, timestamp
from integrations.sandbox.store import Store

MOST = 3
_KIND = "retries"
# GoCardless picks its own day; here it is a week's working days after the failure.
_AUTOMATIC_AFTER = 5


def left(store: Store, payment_id: str) -> bool:
    """Whether the payment may be tried again at all."""
    return _made(store, payment_id)["count"] < MOST


def _made(store: Store, payment_id: str) -> dict:
    return records.find(store, _KIND, payment_id) or {"id": payment_id, "count": 0, "at": None}


def plan(store: Store, payment: dict, at: datetime) -> bool:
    """Plan GoCardless's own retry of a payment that just failed; False when there is none."""
    if not payment["retry_if_possible"] or not left(store, payment["id"]):
        return False
    day = bacs.add_working_days(at.date(), _AUTOMATIC_AFTER)
    due = {"at": timestamp(bacs.at(day, bacs.CREATES_AT))}
    records.save(store, _KIND, _made(store, payment["id"]) | due)
    return True


def next_step(retry: dict) -> datetime | None:
    """When GoCardless tries again by itself."""
    return moment(retry["at"]) if retry["at"] else None


def age(store: Store, retry: dict, at: datetime) -> None:
    """Try again, unless the mandate has died or the payment is not failed any more."""
    records.save(store, _KIND, retry | {"at": None})
    payment = records.find(store, "payments", retry["id"])
    mandate = records.find(store, "mandates", payment["links"].get("mandate")) if payment else None
    if payment and mandate and payment["status"] == "failed" and payments.alive(mandate):
        charge = bacs.next_possible_charge_date(at, new_mandate=False)
        _again(store, payment, charge, cause="payment_autoretried", at=at)


def retry(store: Store, id: str, params: Any) -> dict:
    """The API's own retry: the same payment, another charge date, at most three times."""
    payment = records.fetch(store, "payments", id)
    values = checked("data", params, {"charge_date": iso_date, "metadata": metadata})
    waiting = _made(store, id)["at"]
    if payment["status"] != "failed" or payment["scheme"] != "bacs" or waiting:
        raise invalid_state("retry_failed", "Payment could not be retried")
    if not left(store, id):
        raise invalid_state("retry_failed", "Payment was retried as often as is allowed")
    mandate = payments.usable_mandate(store, "payments", payment["links"]["mandate"])
    soonest = payments.soonest_charge(mandate, clock.now())
    wanted = values.get("charge_date")
    charge = bacs.rolled_forward(date.fromisoformat(wanted)) if wanted else soonest
    if charge < soonest:
        message = f"must be on or after mandate's next_possible_charge_date {soonest}"
        raise invalid_field("payments", "charge_date", message)
    return _again(store, payment, charge, cause="payment_retried", origin="api")


def _again(store: Store, payment: dict, charge: date, **event: Any) -> dict:
    made = _made(store, payment["id"])
    records.save(store, _KIND, made | {"count": made["count"] + 1, "at": None})
    payment["charge_date"] = charge.isoformat()
    action = "resubmission_requested"
    return payments.move(store, payment, "pending_submission", action=action, **event)
