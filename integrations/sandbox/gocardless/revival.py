"""What becomes of a mandate besides its end: reinstated, moved to another account (3.1, 4.4)."""

import secrets
from datetime import datetime
from typing import Any

from integrations import clock
from integrations.sandbox.gocardless import events, mandates, payments, records
from integrations.sandbox.gocardless.checks import checked, metadata
from integrations.sandbox.gocardless.errors import invalid_state
from integrations.sandbox.gocardless.ids import new_id, timestamp
from integrations.sandbox.store import Store

_MOST = 10
_DEAD = ("cancelled", "expired", "failed")


def reinstate(store: Store, id: str, params: Any) -> dict:
    """Send a dead mandate to the bank again; what was cancelled with it stays cancelled."""
    mandate = records.fetch(store, "mandates", id)
    values = checked("data", params, {"metadata": metadata})
    if mandate["status"] not in _DEAD:
        raise invalid_state("mandate_not_inactive", "Mandate is not inactive")
    if mandate.get("_reinstated", 0) >= _MOST:
        raise invalid_state("mandate_not_inactive", "Mandate was reinstated too often")
    mandate |= values | {"_reinstated": mandate.get("_reinstated", 0) + 1}
    return resubmit(store, mandate, clock.now(), origin="api")


def resubmit(store: Store, mandate: dict, at: datetime, **event: Any) -> dict:
    """Begin again at the bank, as a new mandate does."""
    mandate |= {"status": "pending_submission", "_since": timestamp(at)}
    mandate["next_possible_charge_date"] = mandates.first_charge(at)
    records.save(store, "mandates", mandate)
    cause = "resubmission_requested"
    events.emit(store, "mandates", cause, mandate, cause=cause, at=at, **event)
    return mandates.shown(mandate)


def transfer(store: Store, mandate: dict, at: datetime) -> dict:
    """The payer switched banks: the same mandate on another account."""
    old = records.fetch(store, "customer_bank_accounts", mandate["links"]["customer_bank_account"])
    records.save(store, "customer_bank_accounts", old | {"enabled": False})
    ending = f"{secrets.randbelow(100):02d}"
    new = old | {"id": new_id("BA"), "created_at": timestamp(at), "enabled": True}
    new |= {"account_number_ending": ending, "bank_name": "NATIONAL WESTMINSTER BANK PLC"}
    records.save(store, "customer_bank_accounts", new)
    mandate["links"]["customer_bank_account"] = new["id"]
    records.save(store, "mandates", mandate)
    links = {
        "previous_customer_bank_account": old["id"],
        "new_customer_bank_account": new["id"],
    }
    cause, bank = "bank_account_transferred", events.bank("ADDACS-3")
    events.emit(store, "mandates", "transferred", mandate, cause=cause, at=at, links=links, **bank)
    return mandate


def activated(store: Store, mandate: dict, at: datetime) -> None:
    """What the payer's given name brings about once the mandate is active."""
    if payments.magic_name(store, mandate) == "Switching":
        transfer(store, mandate, at)
