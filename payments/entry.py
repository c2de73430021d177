"""One line of the books, and how payments for one thing add up; amounts are pence; pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from payments import plain_words
from payments.actions.fulfilment import LOST_PAYMENT
from payments.models import HandPayment

COLLECTED = ("confirmed", "paid_out")
FEE = "Signing-on fee"
FORWARD = "Brought forward"
BY_HAND = "recorded by hand"


@dataclass(frozen=True)
class Owner:
    """Whose line it is."""

    registration: int
    child: str
    team_id: int
    team: str
    parent: str
    phone: str
    email: str


@dataclass(frozen=True)
class Entry:
    """One thing that is owed, or a payment that was for nothing that is."""

    owner: Owner
    what: str
    month: date
    due_on: date
    expected: int = 0
    asked: int = 0
    collected: int = 0
    failed: int = 0
    paid_out: int = 0
    # What GoCardless kept of it; tenths of a penny.
    fees: Decimal = Decimal(0)
    outstanding: int = 0
    standing: str = ""
    payment: int | None = None
    under_way: int = 0
    by_hand: int = 0
    retried: bool = False

    @property
    def is_month(self) -> bool:
        """Whether it is a month's subscription: not the fee, nor anything besides the plan."""
        return self.what == what("month", self.month)

    @property
    def open(self) -> int:
        """What is neither collected nor on its way, whether it is due yet or not."""
        return max(self.expected - self.collected - self.under_way, 0)


@dataclass
class Paid:
    """Payments for one thing, added up; `waived` is what is not expected after all."""

    asked: int = 0
    collected: int = 0
    failed: int = 0
    paid_out: int = 0
    fees: Decimal = Decimal(0)
    under_way: int = 0
    by_hand: int = 0
    waived: int = 0
    standing: str = ""
    payment: int | None = None
    retried: bool = False

    def add_by_hand(self, pence: int, method: str) -> None:
        """An amount that the treasurer recorded; below zero where it was given back."""
        if method == HandPayment.Method.WAIVED:
            self.waived += pence
            self.standing = self.standing or "waived"
        else:
            self.by_hand += pence
            self.asked += max(pence, 0)
            self.collected += pence
            self.standing = BY_HAND

    def figures(self) -> dict[str, Any]:
        """What an entry takes over as it is."""
        names = (
            *("asked", "collected", "failed", "paid_out", "fees"),
            *("under_way", "by_hand", "payment"),
        )
        return {name: getattr(self, name) for name in names} | {"retried": self.retried}

    def add(
        self,
        pk: int,
        pence: int,
        status: str,
        cause: str = "",
        *,
        fees: Decimal | None,
        retried: bool = False,
    ) -> None:
        """One more payment; the newest comes last and names the standing."""
        self.asked += pence
        self.fees += fees or 0
        if status in COLLECTED:
            self.collected += pence
        elif status in LOST_PAYMENT:
            self.failed += pence
        else:
            self.under_way += pence
        if status == "paid_out":
            self.paid_out += pence
        self.payment, self.retried = pk, retried
        self.standing = plain_words.standing(status, cause, retried=retried)


def what(purpose: str, month: date) -> str:
    """What a line is for, as the books name it."""
    names = {"signing_on_fee": FEE, "brought_forward": FORWARD}
    return names.get(purpose, f"{month:%B %Y}")
