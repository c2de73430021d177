"""What is owed, asked for and paid."""

from payments.models.arrears import ArrearsCase, ArrearsPlan, Hardship
from payments.models.asking import BillingRequest
from payments.models.books import (
    Ending,
    Payout,
    PayoutItem,
    Reconciliation,
    ReconciliationDifference,
    Refund,
)
from payments.models.byhand import HandPayment, OpeningBalance
from payments.models.collecting import Mandate, MonthlyCharge, Payment, Subscription
from payments.models.discounts import LinkOpening, MonthlyPrice, PriceReason, SiblingCase
from payments.models.orders import PaymentOrder

__all__ = [
    "ArrearsCase",
    "ArrearsPlan",
    "BillingRequest",
    "Ending",
    "HandPayment",
    "Hardship",
    "LinkOpening",
    "Mandate",
    "MonthlyCharge",
    "MonthlyPrice",
    "OpeningBalance",
    "Payment",
    "PaymentOrder",
    "Payout",
    "PayoutItem",
    "PriceReason",
    "Reconciliation",
    "ReconciliationDifference",
    "Refund",
    "SiblingCase",
    "Subscription",
]
