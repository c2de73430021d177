"""The demo's history at GoCardless, lived through by the sandbox itself in memory.

The sandbox makes what it would have made at the time: its records are right by construction,
and ours are then copied from them (books.py). Its events are kept, none is sent.
"""

from collections.abc import Iterable, Iterator
from datetime import date, datetime, timedelta
from typing import Any

from django.conf import settings

from integrations import clock
from integrations.sandbox.config import SandboxConfig
from integrations.sandbox.gocardless import (
    ageing,
    bacs,
    billing_requests,
    fulfilment,
    mandates,
    payments,
    records,
)
from integrations.sandbox.gocardless.ids import timestamp
from integrations.sandbox.store import Store
from payments import schedule
from utjfc.demo.stories import UNASKED, Fate, Story

KEPT = (
    "creditors customers customer_bank_accounts billing_requests mandates payments subscriptions "
    "payouts payout_items payouts_gathering debits events"
).split()
_MANDATE_WORDS = {
    "scheme": "bacs",
    "verify": "recommended",
    "description": "Monthly subscription",
}
_CHARGED = ("confirmed", "paid_out")


class Bank:
    """Lives the stories' payments through, up to now."""

    def __init__(self) -> None:
        self.store = Store()
        self._config = SandboxConfig("", "", "", "", "", "", "", "", "")
        self._charges: dict[str, list[str]] = {}

    def live(self, stories: Iterable[Story]) -> None:
        """Ask, pay, plan, let time pass, then what went wrong; fills each story's `ids`."""
        asked = [story for story in stories if story.fate not in UNASKED]
        for story in asked:
            self._ask(story)
        for event in self.store.all(records.kind("events")):
            self.store.delete(records.kind("events"), event["id"])
        fulfilment.run_due(self.store)
        fulfilment.run_due(self.store)
        for story in asked:
            if story.paid_at:
                self._collect(story)
        ageing.tick(self.store)
        for payment in records.every(self.store, "payments"):
            if payment["scheme"] == "bacs":
                self._charges.setdefault(payment["links"]["mandate"], []).append(payment["id"])
        for story in asked:
            self._go_wrong(story)

    def documents(self) -> Iterator[tuple[str, str, dict[str, Any]]]:
        """(kind, id, document) of all that the sandbox must know."""
        for plural in KEPT:
            for one in records.every(self.store, plural):
                yield records.kind(plural), one["id"], one

    def resource(self, plural: str, id: str) -> dict[str, Any]:
        """One record, as GoCardless shows it."""
        return records.fetch(self.store, plural, id)

    def payouts(self) -> Iterator[tuple[dict[str, Any], list[dict[str, Any]]]]:
        """Every payout that was sent, oldest first, with what it is made of."""
        items: dict[str, list[dict[str, Any]]] = {}
        for item in records.every(self.store, "payout_items"):
            items.setdefault(item["payout"], []).append(item)
        for payout in records.every(self.store, "payouts"):
            if payout["status"] == "paid":
                yield payout, items[payout["id"]]

    def of_mandate(self, mandate_id: str) -> list[dict[str, Any]]:
        """The monthly payments of a mandate, oldest first."""
        found = [self.resource("payments", id) for id in self._charges.get(mandate_id, [])]
        return sorted(found, key=lambda payment: payment["charge_date"])

    def _ask(self, story: Story) -> None:
        row = story.registration
        part = {"currency": "GBP", "metadata": {"registration": str(row.sync_id)}}
        body = {
            "mandate_request": part | _MANDATE_WORDS,
            "metadata": part["metadata"],
            "fallback_enabled": False,
        }
        if story.fate is not Fate.BY_HAND:
            fee = {"amount": row.signing_on_fee_pence, "description": "Signing-on fee"}
            body["payment_request"] = part | fee
        request = billing_requests.create(self.store, body)
        story.ids["billing_request"] = request["id"]
        self._date(request, story.submitted_at)
        if story.paid_at:
            fulfilment.authorise(self.store, self._config, request["id"], _payer(story))
            at = story.paid_at
            due = {"id": request["id"], "step": "fulfil", "at": timestamp(at), "refused": False}
            due["answer_at"] = timestamp(at + timedelta(seconds=1))
            self.store.put(fulfilment.DUE, request["id"], due)
        elif story.fate is Fate.GAVE_UP:
            billing_requests.cancel(self.store, request["id"], {})

    def _date(self, request: dict[str, Any], at: datetime) -> None:
        """As if asked for then: the request and its customer."""
        customer = self.resource("customers", request["links"]["customer"])
        for plural, one in (("billing_requests", request), ("customers", customer)):
            records.save(self.store, plural, one | {"created_at": timestamp(at)})

    def _collect(self, story: Story) -> None:
        """The mandate that fulfilment made, then what the schedule plans on it."""
        request = self.resource("billing_requests", story.ids["billing_request"])
        story.ids["mandate"] = request["links"]["mandate_request_mandate"]
        story.ids["customer"] = request["links"]["customer"]
        if "payment_request_payment" in request["links"]:
            story.ids["fee"] = request["links"]["payment_request_payment"]
        plan = plan_of(story)
        made_at = story.settled_at + timedelta(seconds=5)
        if plan.single_on:
            values = _words(story) | {"links": {"mandate": story.ids["mandate"]}}
            single = payments.new(
                self.store, values, scheme="bacs", charge=plan.single_on, at=made_at
            )
            story.ids["single"] = single["id"]
        if plan.start_on:
            story.ids["subscription"] = self._subscribe(story, plan.start_on, plan.count, made_at)

    def _subscribe(self, story: Story, start: date, count: int, at: datetime) -> str:
        words = _words(story)
        subscription = records.created("SB") | {
            "created_at": timestamp(at),
            "amount": words["amount"],
            "currency": "GBP",
            "status": "active",
            "name": words["description"],
            "start_date": start.isoformat(),
            "end_date": None,
            "interval": 1,
            "interval_unit": "monthly",
            "day_of_month": story.registration.payment_day,
            "month": None,
            "count": count,
            "metadata": words["metadata"],
            "payment_reference": None,
            "app_fee": None,
            "retry_if_possible": False,
            "earliest_charge_date_after_resume": None,
            "parent_plan_paused": False,
            "links": {"mandate": story.ids["mandate"]},
        }
        subscription["upcoming_payments"] = [
            {"charge_date": day.isoformat(), "amount": words["amount"]}
            for day in bacs.charge_dates(subscription)
        ][:10]
        end = bacs.end_date(subscription)
        subscription["end_date"] = end.isoformat() if end else None
        return records.save(self.store, "subscriptions", subscription)["id"]

    def _go_wrong(self, story: Story) -> None:
        if story.ended_at is None or "mandate" not in story.ids:
            return
        at = story.ended_at
        if story.fate in (Fate.LOST, Fate.CANCELLED):
            mandate = self.resource("mandates", story.ids["mandate"])
            cause = "bank_account_closed" if story.fate is Fate.LOST else "mandate_cancelled"
            mandates.end(self.store, mandate, "cancelled", cause=cause, at=at)
        if story.fate is Fate.FAILED_MONTH:
            charged = [p for p in self.of_mandate(story.ids["mandate"]) if p["status"] in _CHARGED]
            for payment in charged[-1:]:
                charge, paid = date.fromisoformat(payment["charge_date"]), payment["status"]
                days = 2 if paid == "paid_out" else 1
                told = bacs.at(bacs.add_working_days(charge, days), bacs.REPORTS_AT)
                # Not before the bank had said that it was paid.
                story.ended_at = max(at, told + timedelta(hours=2))
                payments.fail(self.store, payment, story.ended_at)


def plan_of(story: Story) -> schedule.Plan:
    """What the rule of domain 5.6 makes of this registration."""
    row = story.registration
    return schedule.plan(
        joined_on=clock.london(story.settled_at).date(),
        day=story.day,
        next_possible=bacs.next_possible_charge_date(story.settled_at, new_mandate=True),
        first_month=row.season.first_month,
        last_month=row.season.last_month,
    )


def _words(story: Story) -> dict[str, Any]:
    row = story.registration
    return {
        "amount": row.monthly_fee_pence,
        "description": f"{settings.CLUB_SHORT_NAME} monthly subscription",
        "metadata": {"registration": str(row.sync_id)},
    }


def _payer(story: Story) -> dict[str, Any]:
    who = story.registration.guardian
    return {
        "customer": {
            "email": who.email,
            "given_name": who.first_name,
            "family_name": who.last_name,
        },
        "customer_billing_detail": {
            "address_line1": who.address_line_1,
            "city": who.city,
            "postal_code": who.postcode,
            "country_code": "GB",
        },
        "bank_account": {
            "account_holder_name": who.full_name.upper()[:18],
            "account_number": "55779911",
            "branch_code": "200000",
            "country_code": "GB",
        },
    }
