"""Admin of refunds, payouts, endings, and of what differs between GoCardless's books and ours."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from integrations.office import OfficeAdmin, TabularInline, Worklist
from integrations.office.admins import QueueAdmin
from payments import plain_words
from payments.admin.collecting import SECRET
from payments.models import (
    Ending,
    Payout,
    PayoutItem,
    Reconciliation,
    ReconciliationDifference,
    Refund,
)


def _pounds(pence: Any) -> str:
    return f"{'-' if pence < 0 else ''}£{abs(pence) / 100:.2f}"


@admin.register(Refund)
class RefundAdmin(OfficeAdmin):
    """Money that went back through GoCardless."""

    list_display = ["gocardless_id", "amount", "status", "status_at", "payment"]
    list_filter = ["status"]
    search_fields = ["gocardless_id", "payment__gocardless_id"]
    list_select_related = ["payment"]

    @admin.display(ordering="pence")
    def amount(self, row: Refund) -> str:
        return _pounds(row.pence)


class PayoutItemInline(TabularInline):
    """The lines of a payout."""

    model = PayoutItem
    fields = ("line", "amount", "child", "what", "payment", "payment_gocardless_id")
    readonly_fields = fields
    extra = 0
    can_delete = False
    hide_title = True

    def get_queryset(self, request: HttpRequest) -> QuerySet:
        rows = super().get_queryset(request).select_related("payment__registration__player")
        hidden = [f"payment__{name}" for name in SECRET]
        return rows.prefetch_related("payment__months").defer(*hidden)

    @admin.display(description="line")
    def line(self, line: PayoutItem) -> str:
        return plain_words.payout_line(line.kind)

    @admin.display(description="amount")
    def amount(self, line: PayoutItem) -> str:
        return _pounds(line.pence)

    @admin.display(description="child")
    def child(self, line: PayoutItem) -> str:
        return line.payment.registration.player.full_name if line.payment else "-"

    @admin.display(description="for")
    def what(self, line: PayoutItem) -> str:
        if line.payment is None:
            return "-"
        months = [f"{each.month:%B %Y}" for each in line.payment.months.all()]
        return ", ".join(months) or line.payment.get_purpose_display()

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(Payout)
class PayoutAdmin(OfficeAdmin):
    """Transfers to the club's bank account, with GoCardless's fees."""

    list_display = ["gocardless_id", "arrives_on", "amount", "fees", "reference", "status"]
    list_filter = ["status"]
    search_fields = ["gocardless_id", "reference", "items__payment_gocardless_id"]
    inlines = [PayoutItemInline]
    fields = ["amount", "fees", "arrives_on", "reference", "status", "gocardless_id", "created_at"]

    @admin.display(description="reached the club", ordering="pence")
    def amount(self, row: Payout) -> str:
        return _pounds(row.pence)

    @admin.display(description="GoCardless kept", ordering="fees_pence")
    def fees(self, row: Payout) -> str:
        return _pounds(row.fees_pence)


@admin.register(Ending)
class EndingAdmin(QueueAdmin):
    """Monthly collections that end, because somebody leaves or another day was chosen."""

    list_display = ["subscription", "reason", "then_again", "created_at", "done_at", "queue"]
    list_select_related = ["subscription"]


@admin.register(Reconciliation)
class ReconciliationAdmin(OfficeAdmin):
    """Each comparison with GoCardless."""

    list_display = ["started_at", "events", "mended", "open", "not_asked"]


@admin.register(ReconciliationDifference)
class DifferenceAdmin(OfficeAdmin):
    """On what GoCardless and we differ, penny by penny."""

    list_display = [
        "resource",
        "gocardless_id",
        "child",
        "what",
        "ours",
        "theirs",
        "amount",
        "found_at",
        "gone_at",
    ]
    list_filter = [("gone_at", admin.EmptyFieldListFilter), "resource", "what"]
    search_fields = ["gocardless_id"]

    def get_queryset(self, request: HttpRequest) -> QuerySet:
        rows = super().get_queryset(request).select_related("registration__player")
        return rows.defer(*SECRET)

    @admin.display(ordering="registration__player__last_name")
    def child(self, row: ReconciliationDifference) -> str:
        return row.registration.player.full_name if row.registration else ""

    @admin.display(ordering="pence")
    def amount(self, row: ReconciliationDifference) -> str:
        return _pounds(row.pence)

    def worklists(self) -> list[Worklist]:
        rows = ReconciliationDifference.objects.filter(gone_at=None)
        title = "Differences from GoCardless"
        return [Worklist(title, rows, "found_at", lambda row: f"{row.what}: {_pounds(row.pence)}")]
