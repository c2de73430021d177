"""The office's view of the agents' door: keys are issued and taken back, calls are read."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse

from integrations import clock
from integrations.agents import tokens
from integrations.agents.models import AgentCall, AgentToken
from integrations.office import OfficeAdmin, OfficeForm, Sure, button

LONGEST = timedelta(days=366)
USUAL = timedelta(days=90)


def in_ninety_days() -> Any:
    """When a key ends unless somebody says otherwise."""
    return clock.london(clock.now() + USUAL).replace(second=0, microsecond=0)


class TokenForm(OfficeForm):
    """For whom, how much, until when."""

    request: HttpRequest

    def clean_user(self) -> Any:
        """Nobody hands out more than they have themselves."""
        user, giver = self.cleaned_data["user"], self.request.user
        if not (user.is_active and user.is_staff):
            raise forms.ValidationError("A token is for a member of staff who may sign in.")
        if giver.is_superuser or user == giver:
            return user
        more = user.is_superuser or not (user.get_all_permissions() <= giver.get_all_permissions())
        if more:
            raise forms.ValidationError("That person may do more than you: let them issue it.")
        return user

    def clean_expires_at(self) -> Any:
        """Not for ever, and not over already."""
        moment, now = self.cleaned_data["expires_at"], clock.now()
        if not now < moment <= now + LONGEST:
            raise forms.ValidationError("A token ends within a year from now.")
        return moment


def _living(row: AgentToken) -> bool:
    return row.revoked_at is None


@admin.register(AgentToken)
class AgentTokenAdmin(OfficeAdmin):
    """Keys to the agents' door; each is shown once, when it is issued."""

    form = TokenForm
    list_display = ["name", "user", "scopes", "standing", "hint", "last_used_at", "expires_at"]
    list_filter = ["may_write", ("revoked_at", admin.EmptyFieldListFilter)]
    list_select_related = ["user"]
    search_fields = ["name", "user__username", "hint"]
    icon = "key"
    on_add = ["name", "user", "may_write", "expires_at"]
    fields = [
        "name",
        "user",
        "scopes",
        "standing",
        "hint",
        "expires_at",
        "last_used_at",
        "created_at",
        "created_by",
        "revoked_at",
    ]

    def get_form(self, request: HttpRequest, obj: Any = None, **kwargs: Any) -> Any:
        return type("TokenForm", (super().get_form(request, obj, **kwargs),), {"request": request})

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        return {"expires_at": in_ninety_days(), "user": request.user.pk}

    @admin.display
    def scopes(self, row: AgentToken) -> str:
        return "read and write" if row.may_write else "read"

    @admin.display
    def standing(self, row: AgentToken) -> str:
        if row.revoked_at:
            return "revoked"
        return "good" if row.expires_at > clock.now() else "expired"

    def summary(self, row: AgentToken) -> str:
        return f"{row.name}, for {row.user.get_username()}"

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        """The text of the key lives as long as this request."""
        made, text = tokens.issue(
            obj.user,
            name=obj.name,
            may_write=obj.may_write,
            expires_at=obj.expires_at,
            by=request.user.get_username(),
        )
        obj.pk = made.pk
        obj.refresh_from_db()
        obj.text = text

    def response_add(
        self, request: HttpRequest, obj: Any, post_url_continue: str | None = None
    ) -> HttpResponse:
        context = self.admin_site.each_context(request) | {
            "title": "The new token",
            "opts": self.opts,
            "original": obj,
            "summary": self.summary(obj),
            "token": obj.text,
        }
        return TemplateResponse(request, "admin/integrations/token.html", context)

    @button("Revoke", shown=_living, ask=Sure, danger=True)
    def revoke(self, request: HttpRequest, row: AgentToken) -> str:
        """It opens nothing any more, at once."""
        tokens.revoke(row.pk)
        return "Revoked: it opens nothing any more."


@admin.register(AgentCall)
class AgentCallAdmin(OfficeAdmin):
    """Every call that an agent made: who for, what, and how it ended."""

    list_display = ["at", "by", "tool", "outcome", "milliseconds"]
    list_filter = ["outcome", "tool", ("token", admin.RelatedOnlyFieldListFilter)]
    list_select_related = ["token"]
    search_fields = ["by", "tool"]
    date_hierarchy = "at"
    icon = "smart_toy"

    def summary(self, row: AgentCall) -> str:
        return f"{row.by}: {row.tool}"
