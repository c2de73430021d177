"""What is owed, asked for and paid."""

from payments.models.asking import BillingRequest
from payments.models.collecting import Mandate, MonthlyCharge, Payment, Subscription
from payments.models.discounts import LinkOpening, MonthlyPrice, PriceReason, SiblingCase

__all__ = [
    "BillingRequest",
    "LinkOpening",
    "Mandate",
    "MonthlyCharge",
    "MonthlyPrice",
    "Payment",
    "PriceReason",
    "SiblingCase",
    "Subscription",
]
