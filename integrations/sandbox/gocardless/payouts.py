"""Payouts: what was collected in a day, less fees and money taken back, sent to the club's bank.

The fee is that of the standard plan, 1 % + 20p and at most £4, rounded to a penny, without VAT.
Money taken back (refunds, late failures, chargebacks) waits until a payout can bear it.
"""

from datetime import datetime, timedelta
from typing import Any

from integrations.sandbox.gocardless import bacs, events, records
from integrations.sandbox.gocardless.checks import checked, metadata
from integrations.sandbox.gocardless.ids import moment, new_id, timestamp
from integrations.sandbox.store import Store

# The day's payments are gathered for so long before the payout is sent.
_GATHERED_FOR = timedelta(hours=1)
_DEBITS = "gocardless.debits"
_GATHERING = "gocardless.payouts_gathering"
_SETTLED = {
    "payment_failed": ("payments", "late_failure_settled", "late_failure_settled"),
    "payment_charged_back": ("payments", "chargeback_settled", "chargeback_settled"),
    "payment_refunded": ("refunds", "refund_settled", "refund_settled"),
}


def fee(pence: int) -> int:
    """What GoCardless keeps of a payment, in pence."""
    return min((pence + 50) // 100 + 20, 400)


def collect(store: Store, payment: dict, at: datetime) -> None:
    """Put a payment that is being paid out into the day's payout."""
    payout = _open(store, at)
    payment["links"]["payout"] = payout["id"]
    _add(store, payout, "payment_paid_out", payment["amount"], {"payment": payment["id"]})
    kept = fee(payment["amount"])
    payout["deducted_fees"] += kept
    _add(store, payout, "gocardless_fee", -kept, {"payment": payment["id"]})
    records.save(store, "payouts", payout)


def take_back(store: Store, type: str, pence: int, links: dict[str, str]) -> None:
    """Owe GoCardless money: `payment_failed`, `payment_charged_back`, `payment_refunded`."""
    debit: dict[str, Any] = {"id": new_id("DB"), "type": type, "amount": pence, "links": links}
    store.put(_DEBITS, debit["id"], debit)


def next_step(payout: dict) -> datetime | None:
    """When it is sent."""
    return moment(payout["created_at"]) + _GATHERED_FOR if payout["status"] == "pending" else None


def pending(store: Store) -> list[dict]:
    """The payouts that are not sent yet."""
    found = [records.find(store, "payouts", entry["id"]) for entry in store.all(_GATHERING)]
    return [payout for payout in found if payout]


def age(store: Store, payout: dict, at: datetime) -> None:
    """Send it, less the money taken back that it can bear."""
    for debit in store.all(_DEBITS):
        if debit["amount"] <= payout["amount"]:
            _settle(store, payout, debit, at)
    payout["status"] = "paid"
    records.save(store, "payouts", payout)
    store.delete(_GATHERING, payout["id"])
    events.emit(store, "payouts", "paid", payout, at=at)


def send_all(store: Store, at: datetime, *, settle: str = "") -> None:
    """Send what is pending now, as a simulator does; with `settle`, what that resource owes.

    A debit alone makes a payout below zero, which only a simulator can bring about.
    """
    for debit in store.all(_DEBITS):
        if settle and settle in debit["links"].values():
            payout = _open(store, at)
            _settle(store, payout, debit, at)
            records.save(store, "payouts", payout)
    for payout in pending(store):
        age(store, payout, at)


def bounce(store: Store, payout: dict) -> None:
    """The club's bank sent the money back."""
    payout["status"] = "bounced"
    records.save(store, "payouts", payout)


def update(store: Store, id: str, params: Any) -> dict:
    """Replace the metadata."""
    payout = records.fetch(store, "payouts", id)
    return records.save(store, "payouts", payout | checked("payouts", params, _CHANGES))


def _settle(store: Store, payout: dict, debit: dict, at: datetime) -> None:
    store.delete(_DEBITS, debit["id"])
    _add(store, payout, debit["type"], -debit["amount"], debit["links"])
    plural, action, cause = _SETTLED[debit["type"]]
    settled = records.find(store, plural, debit["links"][plural.removesuffix("s")])
    if settled:
        events.emit(store, plural, action, settled, cause=cause, at=at)


def _open(store: Store, at: datetime) -> dict:
    """The payout of this day that is still being gathered, or a new one."""
    for payout in pending(store):
        if moment(payout["created_at"]).date() == at.date():
            return payout
    creditor = records.creditor(store)
    arrival = bacs.add_working_days(at.astimezone(bacs.LONDON).date(), 1)
    payout = {
        "id": new_id("PO"),
        "amount": 0,
        "arrival_date": arrival.isoformat(),
        "created_at": timestamp(at),
        "currency": "GBP",
        "deducted_fees": 0,
        "fx": {
            "fx_currency": None,
            "fx_amount": None,
            "exchange_rate": None,
            "estimated_exchange_rate": None,
        },
        "metadata": {},
        "payout_type": "merchant",
        "reference": f"CLUB-{new_id('')[:6]}",
        "status": "pending",
        "tax_currency": None,
        "links": {
            "creditor": creditor["id"],
            "creditor_bank_account": f"BA{creditor['id'][2:]}",
        },
    }
    store.put(_GATHERING, payout["id"], {"id": payout["id"]})
    return records.save(store, "payouts", payout)


def _add(store: Store, payout: dict, type: str, pence: int, links: dict[str, str]) -> None:
    payout["amount"] += pence
    item = {
        "id": new_id("PI"),
        "created_at": payout["created_at"],
        "payout": payout["id"],
        "type": type,
        "amount": f"{pence}.0",
        "taxes": [],
        "links": links,
    }
    records.save(store, "payout_items", item)


def shown_item(item: dict) -> dict:
    """An item as it is answered: it has no id of its own."""
    return {name: item[name] for name in ("type", "amount", "taxes", "links")}


_CHANGES = {"metadata": metadata}
FILTERS = records.by_field("created_at", "status", "currency", "payout_type", "reference")
FILTERS |= records.by_link("creditor", "creditor_bank_account")
ITEM_FILTERS = records.by_field("payout")
