"""Money without GoCardless: the treasurer's buttons on a registration, and what was recorded."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any, cast

from django import forms
from django.contrib import admin
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest

from integrations import clock
from integrations.office import Day, Reason, button
from integrations.office.admins import QueueAdmin
from integrations.office.buttons import lend
from payments import lines
from payments.actions import by_hand, discounts, orders
from payments.admin.collecting import OfRegistration, PaymentAdmin
from payments.models import HandPayment, OpeningBalance, Payment, PaymentOrder
from registrations.admin.registrations import RegistrationAdmin
from registrations.models import Registration
from registrations.wording import pounds

Purpose = HandPayment.Purpose
RECORDED = "Recorded. The books and the timeline show it."
GIVEN_BACK = "Recorded. It is open again: waive it too where nothing more is to be paid for it."


class Money(forms.Form):
    """An amount, what it is for, how and when it came."""

    purpose = forms.ChoiceField(label="For", choices=Purpose)
    month = forms.DateField(
        required=False,
        help_text="any day of the month, where it is for a month",
        widget=Day(),
    )
    amount = forms.DecimalField(
        label="Amount in pounds", max_digits=8, decimal_places=2, min_value=Decimal("0.01")
    )
    method = forms.ChoiceField(label="How", choices=HandPayment.Method)
    received_on = forms.DateField(label="Date", widget=Day(), initial=clock.today)
    reference = forms.CharField(max_length=100, required=False)


class MoneyBack(Money):
    """Money that was given back by hand."""

    method = forms.ChoiceField(
        label="How", choices=[each for each in HandPayment.Method.choices if each[0] != "waived"]
    )


class Arrangement(Reason):
    """How the months are paid where there is no Direct Debit."""

    how = forms.ChoiceField(
        choices=[("by_hand", "the months are paid by hand"), ("exempt", "no months are asked for")]
    )


class Balance(forms.Form):
    """What was owed before."""

    amount = forms.DecimalField(
        label="Owed, in pounds", max_digits=8, decimal_places=2, min_value=Decimal("0.01")
    )
    as_of = forms.DateField(label="Due since", widget=Day())
    words = forms.CharField(label="What it is for", max_length=200, required=False)


class Amount(Reason):
    """Part or all of a payment."""

    amount = forms.DecimalField(
        label="Amount in pounds", max_digits=8, decimal_places=2, min_value=Decimal("0.01")
    )


class Fee(forms.Form):
    """Another list price for one child, and the reason that its family reads."""

    amount = forms.DecimalField(
        label="List price a month, in pounds", max_digits=6, decimal_places=2, min_value=Decimal(1)
    )
    reason = forms.CharField(label="Why (the family is told)", max_length=100)


def _live(row: Registration) -> bool:
    return not row.duplicate_of_id


def _placed(row: Registration) -> bool:
    return row.asks_for_payment


def _pence(amount: Decimal) -> int:
    return int(amount * 100)


def _user(request: HttpRequest) -> User:
    return cast(User, request.user)


class MoneyDeeds(RegistrationAdmin):
    """Buttons that payments add to a registration's page; see the end of this module."""

    @button(
        "Record money", shown=_live, ask=Money, permission="money",
        preview="what_is_open", menu="Money",
    )  # fmt: skip
    def record_money(
        self,
        request: HttpRequest,
        row: Registration,
        amount: Decimal,
        **given: Any,
    ) -> str:
        """Cash, a bank transfer, a card reader; or an amount that is waived."""
        by_hand.record(row.pk, pence=_pence(amount), by=_user(request), **given)
        return RECORDED

    @button(
        "Give money back by hand", shown=_live, ask=MoneyBack, permission="give_back",
        preview="what_is_open", danger=True, menu="Money",
    )  # fmt: skip
    def give_money_back(
        self,
        request: HttpRequest,
        row: Registration,
        amount: Decimal,
        **given: Any,
    ) -> str:
        """What was received by hand goes back by hand."""
        by_hand.record(row.pk, pence=-_pence(amount), by=_user(request), **given)
        return GIVEN_BACK

    @button(
        "Months without Direct Debit", shown=_placed, ask=Arrangement, permission="money",
        menu="Money",
    )  # fmt: skip
    def arrange_by_hand(
        self, request: HttpRequest, row: Registration, how: str, reason: str
    ) -> str:
        """The months are paid by hand, or none are asked for."""
        by_hand.arrange(row.pk, exempt=how == "exempt", reason=reason, by=_user(request))
        return "Arranged. The status follows from it."

    @button("Opening balance", shown=_live, ask=Balance, permission="money", menu="Money")
    def opening_balance(
        self, request: HttpRequest, row: Registration, amount: Decimal, as_of: date, words: str
    ) -> str:
        """What the family owed for this child when the club began with this platform."""
        by_hand.open_with(row.pk, pence=_pence(amount), as_of=as_of, words=words, by=_user(request))
        return RECORDED

    @button(
        "Change the monthly fee", shown=_placed, ask=Fee, permission="money",
        preview="what_the_fee_changes", menu="Money",
    )  # fmt: skip
    def change_fee(
        self, request: HttpRequest, row: Registration, amount: Decimal, reason: str
    ) -> str:
        """Another list price for this child."""
        by, pence = _user(request), _pence(amount)
        discounts.agree(row.pk, list_pence=pence, reason=reason, by=by, at=clock.now())
        return "Changed. GoCardless follows within seconds; the family is told."

    def what_the_fee_changes(self, request: HttpRequest, row: Registration) -> dict[str, Any]:
        """How the fee is now and why, and what happens outside."""
        return {"lines": discounts.foresee_fee(row)}

    def what_is_open(self, request: HttpRequest, row: Registration) -> dict[str, Any]:
        """Every line of this child's books that money could be for."""
        found = lines.entries(row.season, today=clock.today(), registration=row.pk)
        shown = [
            (line.what, f"{pounds(line.expected)} expected, {pounds(line.open)} open")
            for line in found
            if line.expected > 0
        ]
        return {"lines": shown or [("Expected", "nothing")]}

    def has_money_permission(self, request: HttpRequest) -> bool:
        """Whoever may record money."""
        allowed = request.user.has_perm("payments.record_by_hand")
        return allowed and self.has_view_permission(request)

    def has_give_back_permission(self, request: HttpRequest) -> bool:
        """Whoever may give money back."""
        allowed = request.user.has_perm("payments.give_back")
        return allowed and self.has_view_permission(request)


def _collected(row: Payment) -> bool:
    return row.status in orders.COLLECTED and orders.refundable(row) > 0


class PaymentDeeds(PaymentAdmin):
    """Buttons of a payment; see the end of this module."""

    @button(
        "Refund", shown=_collected, ask=Amount, permission="give_back",
        preview="what_can_go_back", danger=True,
    )  # fmt: skip
    def refund(self, request: HttpRequest, row: Payment, amount: Decimal, reason: str) -> str:
        """Give back part or all of it through GoCardless."""
        by = request.user.get_username()
        orders.owe_refund(row.pk, pence=_pence(amount), reason=reason, by=by)
        return "The refund is asked for at GoCardless within seconds."

    def what_can_go_back(self, request: HttpRequest, row: Payment) -> dict[str, Any]:
        """How much is left of it."""
        return {"lines": [("Can be given back", pounds(orders.refundable(row)))]}

    @button("Ask the bank again", shown=orders.can_retry, ask=Reason)
    def ask_again(self, request: HttpRequest, row: Payment, reason: str) -> str:
        """One more try of a payment that failed."""
        orders.owe_retry(row.pk, reason=reason, by=request.user.get_username())
        return "The bank is asked again; the new date is on the payment within seconds."

    has_give_back_permission = MoneyDeeds.has_give_back_permission


def _counts(row: HandPayment) -> bool:
    return row.undone_at is None


@admin.register(HandPayment)
class HandPaymentAdmin(OfRegistration):
    """What was recorded by hand; nothing is deleted, a mistake is undone."""

    list_display = ["child", "purpose", "month", "amount", "method", "received_on", "recorded_by"]
    list_filter = ["method", "purpose", "registration__season"]
    search_fields = [
        "registration__player__first_name",
        "registration__player__last_name",
        "reference",
    ]
    date_hierarchy = "received_on"

    @admin.display(ordering="pence")
    def amount(self, row: HandPayment) -> str:
        sign = "-" if row.pence < 0 else ""
        return f"{sign}{pounds(abs(row.pence))}{'' if _counts(row) else ' (undone)'}"

    @button("Undo", shown=_counts, ask=Reason, permission="money", danger=True)
    def undo(self, request: HttpRequest, row: HandPayment, reason: str) -> str:
        """It was a mistake."""
        if row.pence < 0 and not request.user.has_perm("payments.give_back"):
            raise PermissionDenied
        by_hand.undo(row.pk, reason=reason, by=_user(request))
        return "Undone: it counts no more, and stays to be seen."

    has_money_permission = MoneyDeeds.has_money_permission


@admin.register(OpeningBalance)
class OpeningBalanceAdmin(OfRegistration):
    """What was owed before."""

    list_display = ["child", "amount", "as_of", "note", "recorded_by"]
    search_fields = ["registration__player__first_name", "registration__player__last_name"]


@admin.register(PaymentOrder)
class PaymentOrderAdmin(QueueAdmin):
    """Refunds and other tries that were asked for."""

    list_display = ["kind", "payment", "amount", "reason", "asked_by", "created_at", "queue"]
    list_filter = ["kind"]
    list_select_related = ["payment"]

    @admin.display(ordering="pence")
    def amount(self, row: PaymentOrder) -> str:
        return pounds(row.pence)


lend(MoneyDeeds, RegistrationAdmin)
lend(PaymentDeeds, PaymentAdmin)
