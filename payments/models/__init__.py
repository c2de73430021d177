"""What is owed, asked for and paid."""

from payments.models.asking import BillingRequest
from payments.models.books import (
    Ending,
    Payout,
    PayoutItem,
    Reconciliation,
    ReconciliationDifference,
    Refund,
)
from payments.models.collecting import Mandate, MonthlyCharge, Payment, Subscription
from payments.models.discounts import LinkOpening, MonthlyPrice, PriceReason, SiblingCase

__all__ = [
    "BillingRequest",
    "Ending",
    "LinkOpening",
    "Mandate",
    "MonthlyCharge",
    "MonthlyPrice",
    "Payment",
    "Payout",
    "PayoutItem",
    "PriceReason",
    "Reconciliation",
    "ReconciliationDifference",
    "Refund",
    "SiblingCase",
    "Subscription",
]
