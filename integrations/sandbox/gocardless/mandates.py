"""Mandates: made by fulfilment (or directly), cancelled with all that hangs on them."""

from collections.abc import Callable
from datetime import date, datetime
from typing import Any

from dateutil.relativedelta import relativedelta

from integrations import clock
from integrations.sandbox.gocardless import bacs, events, payments, records, subscriptions
from integrations.sandbox.gocardless.checks import checked, metadata, one_of, text
from integrations.sandbox.gocardless.errors import invalid_state
from integrations.sandbox.gocardless.ids import moment, new_id, timestamp
from integrations.sandbox.store import Store

_DORMANT = relativedelta(months=13)
# What a switch of banks does knows mandates, so it is handed in here.
Activated = Callable[[Store, dict, datetime], None]
LIVE = ("pending_customer_approval", "pending_submission", "submitted", "active")
_SPEC = {
    "reference": text(10),
    "scheme": one_of("bacs"),
    "metadata": metadata,
    "payments_require_approval": one_of(False),
    "links": {"customer_bank_account": text(), "creditor": text()},
}


def new(store: Store, account: dict, values: dict[str, Any], at: datetime) -> dict:
    """A Bacs mandate on the account, waiting for its submission to the bank."""
    mandate = {
        "id": new_id("MD"),
        "created_at": timestamp(at),
        "reference": values.get("reference") or f"UTJ-{new_id('')[:7]}",
        "status": "pending_submission",
        "scheme": "bacs",
        "next_possible_charge_date": first_charge(at),
        "payments_require_approval": False,
        "metadata": values.get("metadata") or {},
        "verified_at": None,
        "funds_settlement": "managed",
        "consent_parameters": None,
        "mandate_type": None,
        "authorisation_source": "web",
        "links": {
            "customer": account["links"]["customer"],
            "customer_bank_account": account["id"],
            "creditor": records.creditor(store)["id"],
        },
    }
    return records.save(store, "mandates", mandate)


def first_charge(at: datetime) -> str:
    """The first charge date of a mandate that begins at that moment."""
    return bacs.next_possible_charge_date(at, new_mandate=True).isoformat()


def create(store: Store, params: Any) -> dict:
    """A mandate on an existing bank account."""
    values = checked("mandates", params, _SPEC, ("links/customer_bank_account",))
    account_id = values["links"]["customer_bank_account"]
    account = records.linked(
        store, "customer_bank_accounts", "mandates", "customer_bank_account", account_id
    )
    mandate = new(store, account, values, clock.now())
    events.emit(store, "mandates", "created", mandate, origin="api")
    return mandate


def shown(mandate: dict) -> dict:
    """The mandate as it is answered: its next possible charge date moves on with the clock."""
    if mandate["status"] not in LIVE:
        return mandate | {"next_possible_charge_date": None}
    soonest = bacs.next_possible_charge_date(clock.now(), new_mandate=False)
    kept = mandate.get("next_possible_charge_date")
    if kept:
        soonest = max(soonest, date.fromisoformat(kept))
    return mandate | {"next_possible_charge_date": soonest.isoformat()}


def update(store: Store, id: str, params: Any) -> dict:
    """Replace the metadata; nothing else can change."""
    mandate = records.fetch(store, "mandates", id)
    mandate |= checked("mandates", params, {"metadata": metadata})
    return shown(records.save(store, "mandates", mandate))


def cancel(store: Store, id: str, params: Any) -> dict:
    """Cancel it with its pending payments and its subscriptions."""
    mandate = records.fetch(store, "mandates", id)
    values = checked("data", params, {"metadata": metadata})
    if mandate["status"] not in LIVE:
        raise invalid_state("cancellation_failed", "Mandate could not be cancelled")
    return shown(end(store, mandate | values, "cancelled", origin="api", cause="mandate_cancelled"))


def end(store: Store, mandate: dict, status: str, *, cause: str, **event: Any) -> dict:
    """Mark the mandate dead (`cancelled`, `failed`, `expired`) and cancel what hangs on it."""
    mandate |= {"status": status, "next_possible_charge_date": None}
    records.save(store, "mandates", mandate)
    parent = events.emit(store, "mandates", status, mandate, cause=cause, **event)
    follow = event | {"cause": cause, "links": {"parent_event": parent["id"]}}
    for subscription in records.every(store, "subscriptions"):
        if _hangs_on(subscription, mandate) and subscription["status"] in subscriptions.LIVE:
            subscriptions.end(store, subscription, **follow)
    for payment in records.every(store, "payments"):
        if _hangs_on(payment, mandate) and payment["status"] == "pending_submission":
            payments.end(store, payment, **follow)
    return mandate


def age(store: Store, mandate: dict, at: datetime, activated: Activated) -> None:
    """Take the next step that was due at that moment: submitted, active, and in the end expired."""
    if mandate["status"] == "active":
        end(store, mandate, "expired", cause="mandate_expired", at=at)
    elif mandate["status"] == "pending_submission":
        submit(store, mandate, at)
    elif payments.magic_name(store, mandate) == "Invalid":
        refuse(store, mandate, at)
    else:
        activate(store, mandate, at)
        activated(store, mandate, at)
        if payments.magic_name(store, mandate) == "Expired":
            end(store, mandate, "expired", cause="mandate_expired", at=at)


def submit(store: Store, mandate: dict, at: datetime) -> None:
    """It was sent to the bank."""
    mandate["status"] = "submitted"
    records.save(store, "mandates", mandate)
    events.emit(store, "mandates", "submitted", mandate, at=at)


def refuse(store: Store, mandate: dict, at: datetime) -> None:
    """The bank does not know the account."""
    bank = events.bank("AUDDIS-5")
    end(store, mandate, "failed", cause="invalid_bank_details", at=at, **bank)


def activate(store: Store, mandate: dict, at: datetime) -> None:
    """The bank has accepted it, for the first time or again."""
    mandate |= {"status": "active", "_used": timestamp(at)}
    records.save(store, "mandates", mandate)
    action, cause = "active", "mandate_activated"
    if mandate.get("_since"):
        action, cause = "reinstated", "mandate_reinstated"
    events.emit(store, "mandates", action, mandate, cause=cause, at=at)


def next_step(mandate: dict) -> datetime | None:
    """When its state changes next: submitted a working day after day zero, active at + 3.

    An active one expires 13 months after its last payment.
    """
    if mandate["status"] == "active":
        used = mandate.get("_used")
        return moment(used) + _DORMANT if used else None
    waits = {"pending_submission": (1, bacs.SUBMITS_AT), "submitted": (3, bacs.REPORTS_AT)}
    if mandate["status"] not in waits:
        return None
    days, when = waits[mandate["status"]]
    zero = bacs.day_zero(moment(mandate.get("_since") or mandate["created_at"]))
    return bacs.at(bacs.add_working_days(zero, days), when)


def _hangs_on(resource: dict, mandate: dict) -> bool:
    return resource["links"].get("mandate") == mandate["id"]


FILTERS = records.by_field("created_at", "reference", "scheme", "status") | records.by_link(
    "customer", "customer_bank_account", "creditor"
)
