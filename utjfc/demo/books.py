"""Our own books of the demo: what we would know after GoCardless had told us all of it."""

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from django.db import models

from integrations import clock
from payments import schedule
from payments.models import (
    BillingRequest,
    Mandate,
    MonthlyCharge,
    Payment,
    Payout,
    PayoutItem,
    Subscription,
)
from utjfc.demo.bank import Bank, plan_of
from utjfc.demo.stories import UNASKED, Fate, Story

# What a month's field says of a payment: the last word that matters to the parent (domain 5.4).
_MONTH_STATUS = {"pending_submission": "", "paid_out": "confirmed"}


class Books:
    """Rows of payments, made from the bank's records and from the stories."""

    def __init__(self, bank: Bank) -> None:
        self.bank = bank
        self.requests: list[BillingRequest] = []
        self.mandates: list[Mandate] = []
        self.subscriptions: list[Subscription] = []
        self.payments: list[Payment] = []
        self.months: list[MonthlyCharge] = []

    def write(self, story: Story) -> None:
        """Everything that the books hold on one registration."""
        if story.fate in UNASKED:
            return
        request = self._request(story)
        if not story.paid_at:
            return
        mandate = self._mandate(story, request)
        if "fee" in story.ids:
            self._payment(story, story.ids["fee"], "signing_on_fee", mandate)
        subscription = self._subscription(story, mandate)
        paid = self._collected(story, mandate, subscription)
        self._months(story, paid)

    def rows(self) -> Iterator[tuple[type[models.Model], list]]:
        """What is to be saved, in an order that keeps references whole."""
        yield BillingRequest, self.requests
        yield Mandate, self.mandates
        yield Subscription, self.subscriptions
        yield Payment, self.payments
        yield MonthlyCharge, self.months
        payouts, lines = self._payouts()
        yield Payout, payouts
        yield PayoutItem, lines

    def _request(self, story: Story) -> BillingRequest:
        there = self.bank.resource("billing_requests", story.ids["billing_request"])
        row = story.registration
        by_hand = story.fate is Fate.BY_HAND
        request = BillingRequest(
            registration=row,
            purpose="mandate_only" if by_hand else "fee_and_mandate",
            pence=0 if by_hand else row.signing_on_fee_pence,
            gocardless_id=there["id"],
            customer_id=there["links"]["customer"],
            status=there["status"],
            created_at=story.submitted_at,
            asked_at=story.submitted_at + timedelta(seconds=2),
            visited_at=story.paid_at - timedelta(minutes=2) if story.paid_at else None,
            fulfilled_at=story.paid_at,
            closed_at=story.ended_at if story.fate is Fate.GAVE_UP else None,
        )
        self.requests.append(request)
        return request

    def _mandate(self, story: Story, request: BillingRequest) -> Mandate:
        there = self.bank.resource("mandates", story.ids["mandate"])
        soonest = there["next_possible_charge_date"]
        mandate = Mandate(
            gocardless_id=there["id"],
            guardian=story.registration.guardian,
            billing_request=request,
            customer_id=there["links"]["customer"],
            status=there["status"],
            next_possible_charge_date=date.fromisoformat(soonest) if soonest else None,
            created_at=story.settled_at,
            status_at=story.ended_at or story.settled_at,
        )
        self.mandates.append(mandate)
        return mandate

    def _subscription(self, story: Story, mandate: Mandate) -> Subscription:
        plan, row = plan_of(story), story.registration
        first = _first_charge(self.bank, story)
        subscription = Subscription(
            registration=row,
            mandate=mandate,
            gocardless_id=story.ids.get("subscription", ""),
            status=Subscription.Status.NOT_NEEDED,
            pence=row.monthly_fee_pence,
            joined_on=clock.london(story.settled_at).date(),
            day_of_month=story.day,
            planned_at=story.settled_at + timedelta(seconds=4),
            start_on=plan.start_on,
            count=plan.count,
            first_charge_on=first,
            created_at=story.settled_at,
        )
        if "subscription" in story.ids:
            there = self.bank.resource("subscriptions", story.ids["subscription"])
            subscription.status = there["status"]
        self.subscriptions.append(subscription)
        return subscription

    def _collected(
        self, story: Story, mandate: Mandate, subscription: Subscription
    ) -> dict[date, Payment]:
        """The payments on the mandate, by the month that they are for."""
        found: dict[date, Payment] = {}
        months = iter(plan_of(story).months)
        for there in self.bank.of_mandate(mandate.gocardless_id):
            single = there["id"] == story.ids.get("single")
            purpose = "first_month" if single else "monthly"
            payment = self._payment(story, there["id"], purpose, mandate, subscription)
            single_month = plan_of(story).single_month
            found[single_month if single and single_month else next(months)] = payment
        return found

    def _payment(
        self,
        story: Story,
        id: str,
        purpose: str,
        mandate: Mandate,
        subscription: Subscription | None = None,
    ) -> Payment:
        there = self.bank.resource("payments", id)
        made_at = datetime.fromisoformat(there["created_at"])
        payment = Payment(
            registration=story.registration,
            mandate=mandate,
            subscription=subscription,
            purpose=purpose,
            gocardless_id=id,
            pence=there["amount"],
            status=there["status"],
            cause="refer_to_payer" if there["status"] == "failed" else "",
            charge_on=date.fromisoformat(there["charge_date"]),
            created_at=made_at,
            status_at=(there["status"] == "failed" and story.ended_at) or made_at,
        )
        self.payments.append(payment)
        return payment

    def _payouts(self) -> tuple[list[Payout], list[PayoutItem]]:
        """Every payout, and what each is made of."""
        known = {payment.gocardless_id: payment for payment in self.payments}
        payouts: list[Payout] = []
        lines: list[PayoutItem] = []
        for there, items in self.bank.payouts():
            payout = Payout(
                gocardless_id=there["id"],
                pence=there["amount"],
                fees_pence=there["deducted_fees"],
                arrives_on=date.fromisoformat(there["arrival_date"]),
                reference=there["reference"],
                status=there["status"],
                created_at=datetime.fromisoformat(there["created_at"]),
            )
            payouts.append(payout)
            for position, item in enumerate(items):
                id = item["links"]["payment"]
                lines.append(
                    PayoutItem(
                        payout=payout,
                        position=position,
                        kind=item["type"],
                        pence=Decimal(item["amount"]),
                        payment=known.get(id),
                        payment_gocardless_id=id,
                    )
                )
        return payouts, lines

    def _months(self, story: Story, paid: dict[date, Payment]) -> None:
        plan, row = plan_of(story), story.registration
        expected = [plan.single_month] if plan.single_month else []
        for month in [*expected, *plan.months]:
            payment = paid.get(month)
            status = payment.status if payment else ""
            charge: dict[str, Any] = {"registration": row, "month": month, "payment": payment}
            charge["status"] = _MONTH_STATUS.get(status, status)
            due = schedule.charged_on(schedule.chosen_day(month, story.day), story.day)
            charge["charge_on"] = payment.charge_on if payment else due
            charge["status_at"] = payment.status_at if payment and charge["status"] else None
            self.months.append(MonthlyCharge(pence=row.monthly_fee_pence, **charge))


def _first_charge(bank: Bank, story: Story) -> date | None:
    """The day on which the subscription's first payment was or will be charged."""
    if "subscription" not in story.ids:
        return None
    made = bank.of_mandate(story.ids["mandate"])
    mine = [one for one in made if one["id"] != story.ids.get("single")]
    coming = bank.resource("subscriptions", story.ids["subscription"])["upcoming_payments"]
    first = (mine or coming or [None])[0]
    return date.fromisoformat(first["charge_date"]) if first else None
