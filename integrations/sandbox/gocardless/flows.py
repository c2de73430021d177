"""Billing request flows: the hosted page of one billing request, for seven days."""

from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

from integrations import clock
from integrations.sandbox.config import SandboxConfig
from integrations.sandbox.gocardless import billing_requests, customers, events, records
from integrations.sandbox.gocardless.checks import boolean, checked, one_of, text
from integrations.sandbox.gocardless.errors import invalid_field, invalid_state
from integrations.sandbox.gocardless.ids import moment, timestamp
from integrations.sandbox.store import Store

_LASTS = timedelta(days=7)
_CHOICES = {
    "lock_customer_details": False,
    "lock_bank_account": False,
    "lock_currency": False,
    "customer_details_captured": False,
    "auto_fulfil": True,
    "skip_success_screen": False,
    "show_redirect_buttons": False,
    "show_success_redirect_button": False,
}
_SPEC = {
    "redirect_uri": text(2000),
    "exit_uri": text(2000),
    "language": text(10),
    "prefilled_customer": customers.ADDRESS_SPEC
    | {name: text() for name in ("given_name", "family_name", "company_name", "email")},
    "prefilled_bank_account": {"account_type": one_of("savings", "checking")},
    "links": {"billing_request": text()},
} | {name: boolean for name in _CHOICES}


def create(store: Store, config: SandboxConfig, params: Any) -> dict:
    """A hosted page for an open billing request; `authorisation_url` is where the payer goes."""
    name = "billing_request_flows"
    values = checked(name, params, _SPEC, ("links/billing_request",))
    request_id = values["links"]["billing_request"]
    records.linked(store, "billing_requests", name, "billing_request", request_id)
    request = billing_requests.open_request(store, request_id)
    for field in ("redirect_uri", "exit_uri"):
        if values.get(field) and urlsplit(values[field]).scheme not in ("http", "https"):
            raise invalid_field(name, field, "is not a valid URI")
    flow = _new(values, config)
    records.save(store, "billing_request_flows", flow)
    links = {"billing_request_flow": flow["id"]}
    events.emit(store, "billing_requests", "flow_created", request, origin="api", links=links)
    return flow


def _new(values: dict[str, Any], config: SandboxConfig) -> dict:
    flow = records.created("BRF")
    return flow | {
        "authorisation_url": f"{config.public_url}/pay/{flow['id']}",
        "expires_at": timestamp(moment(flow["created_at"]) + _LASTS),
        "redirect_uri": values.get("redirect_uri"),
        "exit_uri": values.get("exit_uri"),
        "language": values.get("language", "en"),
        "prefilled_customer": values.get("prefilled_customer"),
        "prefilled_bank_account": values.get("prefilled_bank_account"),
        "session_token": None,
        **{name: values.get(name, usual) for name, usual in _CHOICES.items()},
        "links": values["links"],
    }


def initialise(store: Store, id: str, params: Any) -> dict:
    """Begin a drop-in session on a flow that has not expired."""
    flow = records.fetch(store, "billing_request_flows", id)
    checked("data", params, {})
    if expired(flow):
        raise invalid_state("flow_expired", "Billing request flow has expired")
    flow["session_token"] = f"sesh_{flow['id'][3:]}"
    return records.save(store, "billing_request_flows", flow)


def expired(flow: dict) -> bool:
    """Whether its seven days are over."""
    return clock.now() >= moment(flow["expires_at"])
