"""What happens after the payer's yes: fulfilling, then the records, then the bank's answer."""

from datetime import datetime, timedelta
from typing import Any

from integrations import clock
from integrations.sandbox.config import SandboxConfig
from integrations.sandbox.gocardless import (
    bacs,
    billing_requests,
    events,
    mandates,
    payments,
    records,
)
from integrations.sandbox.gocardless.actions import complete
from integrations.sandbox.gocardless.checks import checked, metadata
from integrations.sandbox.gocardless.errors import invalid_state
from integrations.sandbox.gocardless.ids import moment, timestamp
from integrations.sandbox.store import Store

DUE = "gocardless.due"


def authorise(
    store: Store, config: SandboxConfig, id: str, payer: dict[str, Any], *, refused: bool = False
) -> None:
    """The payer finished the hosted page; with `refused` the bank will turn the payment down.

    `payer` has `customer`, `customer_billing_detail` and `bank_account` as the API takes them.
    """
    with store.lock:
        details = {part: payer[part] for part in ("customer", "customer_billing_detail")}
        billing_requests.collect_customer_details(store, id, details, origin="payer")
        billing_requests.collect_bank_account(store, id, payer["bank_account"], origin="payer")
        billing_requests.confirm_payer_details(store, id, {}, origin="payer")
        request = records.fetch(store, "billing_requests", id)
        if request["payment_request"] is not None:
            complete(request, "bank_authorisation")
            events.emit(
                store, "billing_requests", "bank_authorisation_authorised", request, origin="payer"
            )
        _begin(store, config, request, refused=refused)


def fulfil(store: Store, config: SandboxConfig, id: str, params: Any) -> dict:
    """The API's own fulfil: only when every action is done."""
    request = records.fetch(store, "billing_requests", id)
    checked("data", params, {"metadata": metadata})
    if request["status"] != "ready_to_fulfil":
        message = "Billing request is not ready to be fulfilled"
        raise invalid_state("billing_request_not_ready_to_fulfil", message)
    return _begin(store, config, request, refused=False)


def _begin(store: Store, config: SandboxConfig, request: dict, *, refused: bool) -> dict:
    request["status"] = "fulfilling"
    records.save(store, "billing_requests", request)
    now = clock.now()
    fulfil_at = now + timedelta(seconds=config.fulfil_seconds)
    answer_at = now + timedelta(seconds=max(config.confirm_seconds, config.fulfil_seconds))
    due = {
        "id": request["id"],
        "step": "fulfil",
        "at": timestamp(fulfil_at),
        "answer_at": timestamp(answer_at),
        "refused": refused,
    }
    store.put(DUE, request["id"], due)
    return request


def at_once(store: Store, request: dict, at: datetime, *, refused: bool) -> dict:
    """Authorise, fulfil and let the bank answer now; returns the payment.

    Everything but the bank's authorisation must have been done already.
    """
    waiting = [one["type"] for one in request["actions"] if one["status"] == "pending"]
    if waiting != ["bank_authorisation"]:
        message = "Every action but bank_authorisation must be completed"
        raise invalid_state("billing_request_not_ready_to_fulfil", message)
    complete(request, "bank_authorisation")
    name = "bank_authorisation_authorised"
    events.emit(store, "billing_requests", name, request, origin="payer")
    records.save(store, "billing_requests", request)
    due = {"id": request["id"], "at": timestamp(at), "answer_at": timestamp(at)}
    _fulfil(store, due | {"refused": refused})
    links = records.fetch(store, "billing_requests", request["id"])["links"]
    answer = store.get(DUE, links["payment_request_payment"])
    if answer is not None:
        _answer(store, answer)
    return records.fetch(store, "payments", links["payment_request_payment"])


def run_due(store: Store) -> None:
    """Take every step whose moment has come."""
    if not store.count(DUE):
        return
    with store.lock:
        for due in store.all(DUE):
            if moment(due["at"]) <= clock.now():
                _STEPS[due["step"]](store, due)


def _fulfil(store: Store, due: dict) -> None:
    store.delete(DUE, due["id"])
    request = records.find(store, "billing_requests", due["id"])
    if request is None:
        return
    at = moment(due["at"])
    mandate = _make_mandate(store, request, at)
    payment = _make_payment(store, request, mandate, at)
    request |= {"status": "fulfilled", "actions": []}
    records.save(store, "billing_requests", request)
    names = (
        "customer",
        "customer_bank_account",
        "mandate_request_mandate",
        "payment_request_payment",
    )
    links = {name: request["links"][name] for name in names if name in request["links"]}
    events.emit(store, "billing_requests", "fulfilled", request, at=at, links=links)
    if mandate:
        events.emit(store, "mandates", "created", mandate, at=at)
    if payment:
        events.emit(store, "payments", "created", payment, at=at)
        if payment["scheme"] == "faster_payments":
            answer = {"id": payment["id"], "step": "answer", "at": due["answer_at"]}
            store.put(DUE, payment["id"], answer | {"refused": due["refused"]})


def _make_mandate(store: Store, request: dict, at: datetime) -> dict | None:
    part = request["mandate_request"]
    if part is None:
        return None
    account = request["resources"]["customer_bank_account"]
    mandate = mandates.new(store, account, {"metadata": part["metadata"]}, at)
    part["links"]["mandate"] = mandate["id"]
    request["links"]["mandate_request_mandate"] = mandate["id"]
    return mandate


def _make_payment(store: Store, request: dict, mandate: dict | None, at: datetime) -> dict | None:
    part = request["payment_request"]
    if part is None:
        return None
    values = {name: part[name] for name in ("amount", "description", "reference", "metadata")}
    values["links"] = {"mandate": mandate["id"]} if mandate else {}
    if part["scheme"] == "faster_payments":
        charge = at.astimezone(bacs.LONDON).date()
    else:
        charge = bacs.next_possible_charge_date(at, new_mandate=True)
    payment = payments.new(store, values, scheme=part["scheme"], charge=charge, at=at)
    part["links"]["payment"] = payment["id"]
    request["links"]["payment_request_payment"] = payment["id"]
    return payment


def _answer(store: Store, due: dict) -> None:
    """The payer's bank answers the Faster Payment; a refusal ends the mandate too (2.4.4)."""
    store.delete(DUE, due["id"])
    payment = records.find(store, "payments", due["id"])
    if payment is None:
        return
    at = moment(due["at"])
    if not due["refused"]:
        payments.move(store, payment, "confirmed", at=at)
        return
    payments.move(
        store,
        payment,
        "failed",
        cause="insufficient_funds",
        at=at,
        origin="bank",
        scheme="faster_payments",
        reason_code="FAILED",
        will_attempt_retry=False,
    )
    mandate = records.find(store, "mandates", payment["links"].get("mandate"))
    if mandate:
        mandates.end(store, mandate, "cancelled", cause="initial_one_off_payment_failed", at=at)


_STEPS = {"fulfil": _fulfil, "answer": _answer}
