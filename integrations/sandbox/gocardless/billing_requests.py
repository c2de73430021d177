"""Billing requests: a first payment, a mandate, or both, until the payer has said yes."""

from typing import Any

from integrations.sandbox.gocardless import customers, events, records
from integrations.sandbox.gocardless.actions import action_list, complete, missing_fields
from integrations.sandbox.gocardless.checks import (
    boolean,
    checked,
    metadata,
    one_of,
    text,
    whole,
)
from integrations.sandbox.gocardless.errors import invalid_field, invalid_state
from integrations.sandbox.gocardless.ids import new_id
from integrations.sandbox.store import Store

OPEN = ("pending", "ready_to_fulfil")
_SPEC = {
    "payment_request": {
        "amount": whole(1),
        "currency": one_of("GBP"),
        "description": text(),
        "reference": text(18),
        "scheme": one_of("faster_payments", None),
        "app_fee": whole(0),
        "metadata": metadata,
    },
    "mandate_request": {
        "currency": one_of("GBP"),
        "scheme": one_of("bacs", None),
        "verify": one_of("minimum", "recommended", "when_available", "always"),
        "description": text(),
        "reference": text(10),
        "metadata": metadata,
    },
    "metadata": metadata,
    "fallback_enabled": boolean,
    "links": {"customer": text(), "customer_bank_account": text(), "creditor": text()},
}
_CUSTOMER_SPEC = {
    "customer": customers.PERSON_SPEC,
    "customer_billing_detail": customers.ADDRESS_SPEC | {"ip_address": text()},
}
_NOTIFY_SPEC = {"notification_type": one_of("email"), "redirect_uri": text()}


def create(store: Store, params: Any) -> dict:
    """A pending request; its customer is made at once unless an existing one is linked."""
    spec_name = "billing_requests"
    values = checked(spec_name, params, _SPEC)
    payment, mandate = values.get("payment_request"), values.get("mandate_request")
    if payment is None and mandate is None:
        raise invalid_field(spec_name, "mandate_request", "or payment_request is required")
    for part, fields in (
        ("payment_request", ("amount", "currency")),
        ("mandate_request", ("currency",)),
    ):
        for field in fields:
            if values.get(part) is not None and not values[part].get(field):
                raise invalid_field(spec_name, f"{part}/{field}", "is required")
    request = _new(store, values, _customer(store, values.get("links", {}).get("customer")))
    request["actions"] = action_list(request)
    save(store, request)
    _emit(store, request, "created", origin="api")
    return request


def _customer(store: Store, id: str | None) -> dict:
    if id:
        return records.linked(store, "customers", "billing_requests", "customer", id)
    return records.save(store, "customers", customers.new_customer({}))


def _new(store: Store, values: dict[str, Any], customer: dict) -> dict:
    payment, mandate = values.get("payment_request"), values.get("mandate_request")
    links = {
        "customer": customer["id"],
        "customer_billing_detail": new_id("CBD"),
        "creditor": records.creditor(store)["id"],
        "organisation": new_id("OR"),
    }
    if mandate is not None:
        links["mandate_request"] = new_id("MRQ")
    if payment is not None:
        links["payment_request"] = new_id("PRQ")
    return records.created("BRQ") | {
        "status": "pending",
        "mandate_request": _mandate_request(mandate),
        "payment_request": _payment_request(payment),
        "metadata": values.get("metadata"),
        "fallback_enabled": values.get("fallback_enabled", False),
        "fallback_occurred": False,
        "sign_flow_url": None,
        "creditor_name": records.creditor(store)["name"],
        "links": links,
        "actions": [],
        "resources": _resources(customer, links["customer_billing_detail"]),
    }


def _mandate_request(values: dict | None) -> dict | None:
    if values is None:
        return None
    return {
        "currency": "GBP",
        "constraints": None,
        "scheme": "bacs",
        "sweeping": False,
        "verify": values.get("verify", "minimum"),
        "links": {},
        "metadata": values.get("metadata") or {},
        "description": values.get("description"),
        "payer_requested_dual_signature": False,
    }


def _payment_request(values: dict | None) -> dict | None:
    if values is None:
        return None
    return {
        "description": values.get("description"),
        "currency": "GBP",
        "amount": values["amount"],
        "app_fee": values.get("app_fee"),
        "scheme": "faster_payments",
        "reference": values.get("reference"),
        "links": {},
        "metadata": values.get("metadata") or {},
    }


def _resources(customer: dict, billing_detail_id: str) -> dict:
    person = ("id", "created_at", *customers.PERSON, "metadata")
    return {
        "customer": {name: customer[name] for name in person},
        "customer_billing_detail": {
            "id": billing_detail_id,
            "created_at": customer["created_at"],
            **{name: customer[name] for name in customers.ADDRESS},
            "ip_address": None,
        },
    }


def save(store: Store, request: dict) -> dict:
    """Keep it; while it is open, it is ready as soon as every required action is done."""
    if request["status"] in OPEN:
        waiting = [one for one in request["actions"] if one["status"] == "pending"]
        request["status"] = "pending" if waiting else "ready_to_fulfil"
    return records.save(store, "billing_requests", request)


def _emit(store: Store, request: dict, action: str, *, origin: str, **links: str) -> None:
    links = {"customer": request["links"]["customer"]} | links
    events.emit(store, "billing_requests", action, request, origin=origin, links=links)


def open_request(store: Store, id: str) -> dict:
    """The request, which can still be worked on; ApiError otherwise."""
    request = records.fetch(store, "billing_requests", id)
    if request["status"] not in OPEN:
        message = f"Billing request is {request['status']}"
        raise invalid_state(f"billing_request_{request['status']}", message)
    return request


def collect_customer_details(store: Store, id: str, params: Any, origin: str = "api") -> dict:
    """Take the payer's name and address, on the request and on its customer."""
    request = open_request(store, id)
    values = checked("data", params, _CUSTOMER_SPEC)
    person, address = values.get("customer", {}), values.get("customer_billing_detail", {})
    request["resources"]["customer"] |= person
    request["resources"]["customer_billing_detail"] |= address
    customer = records.fetch(store, "customers", request["links"]["customer"])
    kept = {name: value for name, value in address.items() if name in customer}
    records.save(store, "customers", customer | person | kept)
    missing = missing_fields(request)
    if any(missing.values()):
        request["actions"] = action_list(request)
    else:
        complete(request, "collect_customer_details")
    _emit(store, request, "collect_customer_details", origin=origin)
    return save(store, request)


def collect_bank_account(store: Store, id: str, params: Any, origin: str = "api") -> dict:
    """Take the payer's account; the account's record is made here, its number is not kept."""
    request = open_request(store, id)
    values = checked("data", params, customers.ACCOUNT_COLLECTION_SPEC)
    _require_done(request, "collect_customer_details")
    customers.check_account("data", values)
    account = customers.new_bank_account(store, values, request["links"]["customer"])
    request["resources"]["customer_bank_account"] = account
    request["links"]["customer_bank_account"] = account["id"]
    complete(request, "collect_bank_account")
    links = {"customer_bank_account": account["id"]}
    _emit(store, request, "collect_bank_account", origin=origin, **links)
    return save(store, request)


def confirm_payer_details(store: Store, id: str, params: Any, origin: str = "api") -> dict:
    """The payer has seen that the details are right."""
    request = open_request(store, id)
    allowed = {"metadata": metadata, "payer_requested_dual_signature": boolean}
    checked("data", params, allowed)
    _require_done(request, "collect_customer_details", "collect_bank_account")
    complete(request, "confirm_payer_details")
    _emit(store, request, "payer_details_confirmed", origin=origin)
    return save(store, request)


def _require_done(request: dict, *types: str) -> None:
    for one in request["actions"]:
        if one["type"] in types and one["status"] == "pending":
            message = f"The action {one['type']} must be completed first"
            raise invalid_state("action_not_available", message)


def cancel(store: Store, id: str, params: Any) -> dict:
    """Give it up; its flows no longer work."""
    request = open_request(store, id)
    checked("data", params, {"metadata": metadata})
    request |= {"status": "cancelled", "actions": []}
    records.save(store, "billing_requests", request)
    _emit(store, request, "cancelled", origin="api")
    return request


def notify(store: Store, id: str, params: Any) -> dict:
    """Ask GoCardless to e-mail the payer; the sandbox has no e-mail, so only the checks count."""
    request = open_request(store, id)
    checked("data", params, _NOTIFY_SPEC, ("notification_type",))
    return request


def fallback(store: Store, id: str, params: Any) -> dict:
    """Collect the first payment by Direct Debit instead (needs `fallback_enabled`)."""
    request = open_request(store, id)
    checked("data", params, {})
    if not request["fallback_enabled"] or request["payment_request"] is None:
        raise invalid_state("fallback_not_available", "Fallback is not available")
    request["fallback_occurred"] = True
    request["payment_request"]["scheme"] = "bacs"
    request["actions"] = [one for one in request["actions"] if one["type"] != "bank_authorisation"]
    return save(store, request)


FILTERS = records.by_field("created_at", "status") | records.by_link("customer")
