"""The official scenario simulators: they take a resource to a state at once (3.5)."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from integrations import clock
from integrations.sandbox.gocardless import (
    fulfilment,
    mandates,
    payments,
    payouts,
    records,
    refunds,
    revival,
)
from integrations.sandbox.gocardless.checks import checked, text
from integrations.sandbox.gocardless.errors import invalid_state, not_found
from integrations.sandbox.store import Store

Scenario = Callable[[Store, dict, datetime], Any]
_SPEC = {"links": {"resource": text()}}


def run(store: Store, name: str, params: Any) -> dict:
    """Run one; 404 for an unknown name or resource, `invalid_state` where it cannot begin."""
    values = checked("data", params, _SPEC, ("links/resource",))
    if name not in _SCENARIOS:
        raise not_found()
    plural, starts, scenario = _SCENARIOS[name]
    resource = records.fetch(store, plural, values["links"]["resource"])
    if resource["status"] not in starts:
        message = f"{name} cannot begin with a resource that is {resource['status']}"
        raise invalid_state("resource_in_wrong_state", message)
    scenario(store, resource, clock.now())
    return {"id": name}


def _submit(store: Store, payment: dict, at: datetime) -> None:
    if payment["status"] == "pending_submission":
        payments.move(store, payment, "submitted", at=at)


def _confirm(store: Store, payment: dict, at: datetime) -> None:
    _need_active_mandate(store, payment)
    _submit(store, payment, at)
    if payment["status"] == "submitted":
        payments.move(store, payment, "confirmed", at=at)


def _need_active_mandate(store: Store, payment: dict) -> None:
    mandate = records.find(store, "mandates", payment["links"].get("mandate"))
    if payment["scheme"] == "bacs" and mandate and mandate["status"] != "active":
        raise invalid_state("resource_in_wrong_state", "The payment's mandate must be active")


def _pay_out(store: Store, payment: dict, at: datetime) -> None:
    if payment["status"] != "paid_out":
        _confirm(store, payment, at)
        payments.pay_out(store, payment, at)
        payouts.send_all(store, at)


def _fail(store: Store, payment: dict, at: datetime) -> None:
    _need_active_mandate(store, payment)
    _submit(store, payment, at)
    payments.fail(store, payment, at)


def _charge_back(store: Store, payment: dict, at: datetime) -> None:
    _pay_out(store, payment, at)
    payments.charge_back(store, payment, at)


def _late_failure(store: Store, payment: dict, at: datetime) -> None:
    _pay_out(store, payment, at)
    payments.fail(store, payment, at)


def _and_settle(scenario: Scenario) -> Scenario:
    """The scenario, and a payout that takes the money back."""

    def settled(store: Store, resource: dict, at: datetime) -> None:
        scenario(store, resource, at)
        payouts.send_all(store, at, settle=resource["id"])

    return settled


def _activate(store: Store, mandate: dict, at: datetime) -> None:
    if mandate["status"] == "pending_submission":
        mandates.submit(store, mandate, at)
    mandates.activate(store, mandate, at)


def _expire(store: Store, mandate: dict, at: datetime) -> None:
    _activate(store, mandate, at)
    mandates.end(store, mandate, "expired", cause="mandate_expired", at=at)


def _transfer(store: Store, mandate: dict, at: datetime) -> None:
    _activate(store, mandate, at)
    revival.transfer(store, mandate, at)


def _transfer_and_resubmit(store: Store, mandate: dict, at: datetime) -> None:
    _transfer(store, mandate, at)
    revival.resubmit(store, mandate, at)


def _pay_refund(store: Store, refund: dict, at: datetime) -> None:
    if refund["status"] != "paid":
        refunds.pay(store, refund, at)


def _fulfil(outcome: str) -> Scenario:
    """A billing request whose payer has only the bank's page before them."""

    def fulfilled(store: Store, request: dict, at: datetime) -> None:
        payment = fulfilment.at_once(store, request, at, refused=outcome == "failed")
        if outcome == "confirmed_to_failed":
            payments.fail(store, payment, at)
        elif outcome == "paid_out":
            payments.pay_out(store, payment, at)
            payouts.send_all(store, at)

    return fulfilled


_NEW = ("pending_submission",)
_UNSETTLED = ("created", "submitted", "paid")
_SCENARIOS: dict[str, tuple[str, tuple[str, ...], Scenario]] = {
    "payment_submitted": ("payments", _NEW, _submit),
    "payment_confirmed": ("payments", _NEW, _confirm),
    "payment_paid_out": ("payments", (*_NEW, "submitted", "confirmed"), _pay_out),
    "payment_failed": ("payments", (*_NEW, "submitted"), _fail),
    "payment_charged_back": ("payments", (*_NEW, "confirmed", "paid_out"), _charge_back),
    "payment_chargeback_settled": ("payments", _NEW, _and_settle(_charge_back)),
    "payment_late_failure": ("payments", (*_NEW, "paid_out"), _late_failure),
    "payment_late_failure_settled": (
        "payments",
        (*_NEW, "paid_out"),
        _and_settle(_late_failure),
    ),
    "mandate_activated": ("mandates", _NEW, _activate),
    "mandate_failed": ("mandates", (*_NEW, "submitted"), mandates.refuse),
    "mandate_expired": ("mandates", (*_NEW, "submitted"), _expire),
    "mandate_transferred": ("mandates", _NEW, _transfer),
    "mandate_transferred_with_resubmission": ("mandates", _NEW, _transfer_and_resubmit),
    "refund_paid": ("refunds", ("created", "submitted"), _pay_refund),
    "refund_settled": ("refunds", _UNSETTLED, _and_settle(_pay_refund)),
    "refund_bounced": (
        "refunds",
        _UNSETTLED,
        lambda store, refund, at: refunds.come_back(store, refund, "bounced"),
    ),
    "refund_returned": (
        "refunds",
        ("created",),
        lambda store, refund, at: refunds.come_back(store, refund, "funds_returned"),
    ),
    "payout_bounced": (
        "payouts",
        ("paid",),
        lambda store, payout, at: payouts.bounce(store, payout),
    ),
    "billing_request_fulfilled": ("billing_requests", ("pending",), _fulfil("")),
    "billing_request_fulfilled_and_payment_failed": (
        "billing_requests",
        ("pending",),
        _fulfil("failed"),
    ),
    "billing_request_fulfilled_and_payment_confirmed_to_failed": (
        "billing_requests",
        ("pending",),
        _fulfil("confirmed_to_failed"),
    ),
    "billing_request_fulfilled_and_payment_paid_out": (
        "billing_requests",
        ("pending",),
        _fulfil("paid_out"),
    ),
}
