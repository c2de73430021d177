"""What is late: the cases with their rungs, plans and hardship, and a person's decisions."""

from __future__ import annotations

from datetime import date
from typing import Any, cast

from django import forms
from django.contrib import admin
from django.contrib.auth.models import User
from django.http import HttpRequest

from integrations.office import Day, Reason, Worklist, button
from integrations.office.buttons import lend
from payments.actions import arrears, receipts
from payments.admin.collecting import CHILD, OfRegistration
from payments.admin.hand import MoneyDeeds
from payments.models import ArrearsCase, ArrearsPlan, Hardship
from registrations.admin.registrations import RegistrationAdmin
from registrations.models import Registration


def _proposed(case: ArrearsCase) -> bool:
    proposed = case.rung == ArrearsCase.Rung.SUSPENSION_PROPOSED
    return proposed and not case.decision and case.closed_at is None


def _user(request: HttpRequest) -> User:
    return cast(User, request.user)


@admin.register(ArrearsCase)
class ArrearsCaseAdmin(OfRegistration):
    """Accounts that are or were behind, and how far the club has gone about them."""

    list_display = ["child", "amount", "since", "rung", "rung_at", "decision", "closed_at"]
    list_filter = ["rung", "decision", ("closed_at", admin.EmptyFieldListFilter)]
    search_fields = CHILD

    @button("Suspend the child", shown=_proposed, ask=Reason, danger=True)
    def suspend(self, request: HttpRequest, row: ArrearsCase, reason: str) -> str:
        """The proposal is taken up; it is lifted by itself when everything is paid."""
        arrears.decide(row.pk, suspend=True, reason=reason, by=_user(request))
        return "Suspended. It is lifted by itself when everything is paid."

    @button("Do not suspend", shown=_proposed, ask=Reason)
    def dismiss(self, request: HttpRequest, row: ArrearsCase, reason: str) -> str:
        """The proposal is turned down."""
        arrears.decide(row.pk, suspend=False, reason=reason, by=_user(request))
        return "Not suspended; the reason is kept."

    def worklists(self) -> list[Worklist]:
        rung = ArrearsCase.Rung.SUSPENSION_PROPOSED
        rows = ArrearsCase.objects.filter(rung=rung, decision="", closed_at=None)
        rows = rows.select_related("registration__player", "registration__team")
        title = "Suspensions that are proposed because of arrears"
        return [Worklist(title, rows, "rung_at", _why)]


def _why(case: ArrearsCase) -> str:
    return f"\u00a3{case.pence / 100:.2f} late since {case.since:%-d %B %Y}"


@admin.register(ArrearsPlan)
class ArrearsPlanAdmin(OfRegistration):
    """What was agreed with families that pay in their own time."""

    list_display = ["child", "agreed_on", "until", "words", "agreed_by", "ended_at"]
    search_fields = CHILD


@admin.register(Hardship)
class HardshipAdmin(OfRegistration):
    """For whoever may see hardship, and nobody else."""

    list_display = ["child", "since", "noted_by", "ended_at"]
    search_fields = CHILD

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return request.user.has_perm("payments.see_hardship")

    def has_module_permission(self, request: HttpRequest) -> bool:
        return self.has_view_permission(request)


class Plan(forms.Form):
    """Until when, and what was agreed."""

    until = forms.DateField(widget=Day())
    words = forms.CharField(label="What was agreed", max_length=300)


class Why(forms.Form):
    """Why a family is not to be chased; kept encrypted."""

    words = forms.CharField(label="Why", max_length=1000, widget=forms.Textarea(attrs={"rows": 3}))


def _placed(row: Registration) -> bool:
    return row.asks_for_payment


def _with_hardship(row: Registration) -> bool:
    return Hardship.objects.filter(registration=row, ended_at=None).exists()


def _without_hardship(row: Registration) -> bool:
    return row.asks_for_payment and not _with_hardship(row)


class ArrearsDeeds(RegistrationAdmin):
    """Buttons that arrears add to a registration's page, as in payments.admin.hand."""

    @button(
        "Agree on a plan", shown=_placed, ask=Plan, permission="money",
        preview="what_is_open", menu="Money",
    )  # fmt: skip
    def agree_on_plan(
        self, request: HttpRequest, row: Registration, until: date, words: str
    ) -> str:
        """Nobody is reminded while it holds."""
        arrears.agree(row.pk, until=until, words=words, by=_user(request))
        return "Kept. No reminder goes out while the plan holds."

    @button("Note hardship", shown=_without_hardship, ask=Why, permission="hardship", menu="Money")
    def note_hardship(self, request: HttpRequest, row: Registration, words: str) -> str:
        """The ladder stops; few can see it."""
        arrears.note_hardship(row.pk, words=words, by=_user(request))
        return "Noted. Nothing more is asked of this family by itself."

    @button(
        "End the hardship note", shown=_with_hardship, ask=Reason, permission="hardship",
        menu="Money",
    )  # fmt: skip
    def end_hardship(self, request: HttpRequest, row: Registration, reason: str) -> str:
        """The ladder goes on where it stood."""
        arrears.end_hardship(row.pk)
        return "Ended."

    @button("E-mail a receipt", shown=_placed, permission="money", menu="Money")
    def mail_receipt(self, request: HttpRequest, row: Registration) -> str:
        """Everything received this season, line by line."""
        receipts.send(row.pk)
        return "The receipt goes out within seconds."

    def has_hardship_permission(self, request: HttpRequest) -> bool:
        """Whoever may see and note hardship."""
        allowed = request.user.has_perm("payments.see_hardship")
        return allowed and self.has_view_permission(request)

    has_money_permission = MoneyDeeds.has_money_permission


lend(ArrearsDeeds, RegistrationAdmin)
