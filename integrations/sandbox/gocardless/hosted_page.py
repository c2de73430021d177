"""The hosted payment page `/pay/<flow>`: one form, works without JavaScript."""

from flask import Blueprint, redirect, render_template, request
from werkzeug.wrappers import Response

from integrations.sandbox import faults
from integrations.sandbox.config import SandboxConfig
from integrations.sandbox.gocardless import events, flows, fulfilment, records
from integrations.sandbox.gocardless.billing_requests import OPEN
from integrations.sandbox.gocardless.errors import ApiError
from integrations.sandbox.store import Store

PERSON = {"given_name": "First name", "family_name": "Last name", "email": "E-mail"}
ADDRESS = {"address_line1": "Address", "city": "Town", "postal_code": "Postcode"}
BANK = {"branch_code": "Sort code", "account_number": "Account number"}
# The vendor's own test account (wire/gocardless_twilio 3.5) and a payer who does not exist.
TEST_DETAILS = {
    "given_name": "Successful",
    "family_name": "Payer",
    "email": "payer@example.com",
    "address_line1": "1 Example Street",
    "city": "Manchester",
    "postal_code": "M41 0AA",
    "branch_code": "20-00-00",
    "account_number": "55779911",
}
_GONE = {
    "fulfilling": "This payment has been made.",
    "fulfilled": "This payment has been made.",
    "cancelled": "This payment request was cancelled.",
}
Page = tuple[str, int]


def blueprint(store: Store, config: SandboxConfig) -> Blueprint:
    """The page and the answer to its form."""
    pages = Blueprint("hosted_page", __name__, url_prefix="/pay")

    @pages.before_request
    def check() -> None:
        faults.check(store, "gocardless")

    @pages.get("/<flow_id>")
    def show(flow_id: str) -> Page:
        flow = records.find(store, "billing_request_flows", flow_id)
        return _closed(store, flow) or _form(store, flow or {}, _prefilled(flow or {}))

    @pages.post("/<flow_id>")
    def finish(flow_id: str) -> Page | Response:
        with store.lock:
            flow = records.find(store, "billing_request_flows", flow_id)
            closed = _closed(store, flow)
            if closed or flow is None:
                return closed or _message("This page does not exist.", 404)
            if request.form.get("choice") == "cancel":
                return _leave(store, flow)
            return _pay(store, config, flow)

    return pages


def _closed(store: Store, flow: dict | None) -> Page | None:
    """The page that says why there is no form, or None when there is one."""
    if flow is None:
        return _message("This page does not exist.", 404)
    asked = _request_of(store, flow)
    if asked["status"] not in OPEN:
        return _message(_GONE[asked["status"]], 410)
    if flows.expired(flow):
        return _message("This payment link has expired. Please ask the club for a new one.", 410)
    return None


def _request_of(store: Store, flow: dict) -> dict:
    return records.fetch(store, "billing_requests", flow["links"]["billing_request"])


def _prefilled(flow: dict) -> dict[str, str]:
    given = flow.get("prefilled_customer") or {}
    return {name: given.get(name) or usual for name, usual in TEST_DETAILS.items()}


def _form(store: Store, flow: dict, values: dict[str, str], errors: tuple[str, ...] = ()) -> Page:
    asked = _request_of(store, flow)
    page = render_template(
        "pay.html",
        creditor=asked["creditor_name"],
        payment=asked["payment_request"],
        mandate=asked["mandate_request"],
        groups={"About you": PERSON, "Your address": ADDRESS, "Your bank account": BANK},
        values=values,
        errors=errors,
    )
    return page, 422 if errors else 200


def _pay(store: Store, config: SandboxConfig, flow: dict) -> Page | Response:
    values = {name: request.form.get(name, "").strip() for name in TEST_DETAILS}
    empty = [f"{label} is needed." for label in _labels(values)]
    if empty:
        return _form(store, flow, values, tuple(empty))
    refused = request.form.get("choice") == "fail"
    try:
        fulfilment.authorise(
            store, config, flow["links"]["billing_request"], _payer(values), refused=refused
        )
    except ApiError as error:
        return _form(store, flow, values, tuple(_sentence(one) for one in error.errors))
    if flow["redirect_uri"]:
        return redirect(flow["redirect_uri"], 303)
    return _message("Thank you. You can close this page.", 200)


def _sentence(detail: dict) -> str:
    label = (PERSON | ADDRESS | BANK).get(detail.get("field", ""), "")
    return f"{label} {detail['message']}.".strip()


def _labels(values: dict[str, str]) -> list[str]:
    """The labels of the fields that were left empty."""
    return [label for name, label in (PERSON | ADDRESS | BANK).items() if not values[name]]


def _payer(values: dict[str, str]) -> dict:
    return {
        "customer": {name: values[name] for name in PERSON},
        "customer_billing_detail": {name: values[name] for name in ADDRESS}
        | {"country_code": "GB"},
        "bank_account": {name: values[name] for name in BANK}
        | {
            # Bacs has room for 18 letters of a name.
            "account_holder_name": f"{values['given_name']} {values['family_name']}"[:18],
            "country_code": "GB",
        },
    }


def _leave(store: Store, flow: dict) -> Page | Response:
    """Back to the shop without paying; the request stays open."""
    asked = _request_of(store, flow)
    links = {"billing_request_flow": flow["id"]}
    events.emit(store, "billing_requests", "flow_exited", asked, origin="payer", links=links)
    target = flow["exit_uri"] or flow["redirect_uri"]
    return redirect(target, 303) if target else _message("You left without paying.", 200)


def _message(text: str, status: int) -> Page:
    return render_template("pay_message.html", text=text), status
