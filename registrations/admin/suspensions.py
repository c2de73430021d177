"""Admin of suspensions: made and lifted by the registration's buttons."""

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from integrations.airtable.links import InAirtable
from registrations.models import Suspension


@admin.register(Suspension)
class SuspensionAdmin(InAirtable):
    """Who may not play, since when, and why."""

    airtable_kind = "suspension"
    fields = [
        "registration",
        "reason",
        "suspended_at",
        "decided_by",
        "lifted_at",
        "lifted_reason",
        "in_airtable",
    ]
    list_display = ["child", "team", "reason", "suspended_at", "decided_by", "lifted_at"]
    list_filter = [("lifted_at", admin.EmptyFieldListFilter), "registration__season"]
    search_fields = [
        "registration__player__first_name",
        "registration__player__last_name",
        "reason",
    ]
    list_select_related = ["registration__player", "registration__team", "decided_by"]

    def get_queryset(self, request: HttpRequest) -> QuerySet:
        secret = "registration__medical_notes", "registration__not_to_collect"
        related = "registration__player", "registration__team"
        return super().get_queryset(request).select_related(*related).defer(*secret)

    @admin.display(ordering="registration__player__last_name")
    def child(self, row: Suspension) -> str:
        return row.registration.player.full_name

    @admin.display
    def team(self, row: Suspension) -> str:
        return str(row.registration.team)

    def summary(self, row: Suspension) -> str:
        return f"{row.registration.player.full_name}: {row.reason}"
