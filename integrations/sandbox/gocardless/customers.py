"""Customers and their bank accounts."""

from typing import Any

from integrations.sandbox.gocardless import records
from integrations.sandbox.gocardless.checks import checked, metadata, one_of, text
from integrations.sandbox.gocardless.errors import invalid_field, invalid_state
from integrations.sandbox.store import Store

PERSON = ("given_name", "family_name", "company_name", "email", "phone_number", "language")
ADDRESS = (
    "address_line1",
    "address_line2",
    "address_line3",
    "city",
    "region",
    "postal_code",
    "country_code",
)
_NORDIC = ("danish_identity_number", "swedish_identity_number")
PERSON_SPEC = {name: text() for name in PERSON} | {"metadata": metadata}
ADDRESS_SPEC = {name: text() for name in (*ADDRESS, *_NORDIC)}
_SPEC = PERSON_SPEC | ADDRESS_SPEC
_ACCOUNT_SPEC = {
    "account_holder_name": text(18),
    "account_number": text(),
    "branch_code": text(),
    "bank_code": text(),
    "iban": text(),
    "country_code": text(2),
    "currency": one_of("GBP"),
    "account_type": text(),
    "metadata": metadata,
    "links": {"customer": text(), "customer_bank_account_token": text()},
}


def create(store: Store, params: Any) -> dict:
    """A customer; a name (or a company) is required."""
    values = checked("customers", params, _SPEC)
    if not (values.get("company_name") or (values.get("given_name") and values.get("family_name"))):
        raise invalid_field("customers", "given_name", "is required")
    return records.save(store, "customers", new_customer(values))


def new_customer(values: dict[str, Any]) -> dict:
    """A customer that is not saved yet; what is not given is null."""
    fields = {name: values.get(name) for name in (*PERSON, *ADDRESS, *_NORDIC)}
    fields["language"] = fields["language"] or "en"
    return records.created("CU") | fields | {"metadata": values.get("metadata") or {}}


def update(store: Store, id: str, params: Any) -> dict:
    """Change some of the fields."""
    customer = records.fetch(store, "customers", id)
    return records.save(store, "customers", customer | checked("customers", params, _SPEC))


def new_bank_account(store: Store, values: dict[str, Any], customer_id: str) -> dict:
    """A British account; only the ending of its number is kept."""
    account = records.created("BA") | {
        "account_number_ending": values["account_number"][-2:],
        "account_holder_name": (values.get("account_holder_name") or "").upper()[:18],
        "account_type": None,
        "bank_name": "BARCLAYS BANK PLC",
        "country_code": "GB",
        "currency": "GBP",
        "enabled": True,
        "metadata": values.get("metadata") or {},
        "links": {"customer": customer_id},
    }
    return records.save(store, "customer_bank_accounts", account)


def check_account(resource: str, values: dict[str, Any]) -> None:
    """A six-digit sort code and an eight-digit number; ApiError otherwise."""
    number = (values.get("account_number") or "").replace(" ", "")
    branch = (values.get("branch_code") or "").replace("-", "").replace(" ", "")
    if not (number.isascii() and number.isdigit() and 6 <= len(number) <= 8):
        raise invalid_field(resource, "account_number", "is invalid")
    if not (branch.isascii() and branch.isdigit() and len(branch) == 6):
        raise invalid_field(resource, "branch_code", "is invalid")


def create_bank_account(store: Store, params: Any) -> dict:
    """An account of an existing customer."""
    required = ("account_holder_name", "links/customer")
    values = checked("customer_bank_accounts", params, _ACCOUNT_SPEC, required)
    check_account("customer_bank_accounts", values)
    customer_id = values["links"]["customer"]
    records.linked(store, "customers", "customer_bank_accounts", "customer", customer_id)
    return new_bank_account(store, values, customer_id)


def update_bank_account(store: Store, id: str, params: Any) -> dict:
    """Change the metadata."""
    account = records.fetch(store, "customer_bank_accounts", id)
    values = checked("customer_bank_accounts", params, {"metadata": metadata})
    return records.save(store, "customer_bank_accounts", account | values)


def disable_bank_account(store: Store, id: str, params: Any) -> dict:
    """Close the account for further use."""
    account = records.fetch(store, "customer_bank_accounts", id)
    if not account["enabled"]:
        raise invalid_state("bank_account_disabled", "Bank account is already disabled")
    account["enabled"] = False
    return records.save(store, "customer_bank_accounts", account)


ACCOUNT_COLLECTION_SPEC = {name: read for name, read in _ACCOUNT_SPEC.items() if name != "links"}
CUSTOMER_FILTERS = records.by_field("created_at", "currency")
ACCOUNT_FILTERS = records.by_field("created_at", "enabled") | records.by_link("customer")
