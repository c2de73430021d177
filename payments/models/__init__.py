"""What is owed, asked for and paid."""

from payments.models.asking import BillingRequest
from payments.models.collecting import Mandate, MonthlyCharge, Payment, Subscription

__all__ = ["BillingRequest", "Mandate", "MonthlyCharge", "Payment", "Subscription"]
