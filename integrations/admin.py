"""Admin of what comes in, what goes out, and the services."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest

from integrations import clock
from integrations.agents import admin as agents
from integrations.airtable import links, office, review
from integrations.health import home, pages
from integrations.models import (
    NO_RECORD,
    AirtableRow,
    ServiceCall,
    ServiceState,
    StaffMail,
    WebhookEvent,
)
from integrations.office import OfficeAdmin, accounts, saving, waiting, wishes
from integrations.office import office as site
from integrations.office.admins import QueueAdmin, QueueFilter
from integrations.office.buttons import Sure, button

__all__ = ["accounts", "agents", "home", "office", "review", "saving", "wishes"]

pages.register(site())
waiting.register(site())


@admin.register(WebhookEvent)
class WebhookEventAdmin(QueueAdmin):
    """The inbox."""

    list_display = ["received_at", "source", "resource_type", "action", "outcome", "queue"]
    list_filter = [QueueFilter, "source", "outcome", "resource_type"]
    search_fields = ["event_id", "resource_type", "action"]
    date_hierarchy = "received_at"

    def summary(self, row: WebhookEvent) -> str:
        return f"{row.source}: {row.resource_type} {row.action}, {row.event_id}"


def _kept_there(row: AirtableRow) -> bool:
    return bool(row.gone_at and row.record_id)


@admin.register(AirtableRow)
class AirtableRowAdmin(QueueAdmin):
    """What is behind in Airtable."""

    list_display = ["kind", "object_id", "table", "record", "pushed_at", "queue", "last_error"]
    list_filter = [QueueFilter, "table", "kind", ("tombstone_at", admin.EmptyFieldListFilter)]
    search_fields = ["record_id", "=object_id", "sync_id", "table"]
    ordering = ["-pk"]
    hidden = ["base"]  # a copy of the registration, shown there

    def get_fields(self, request: HttpRequest, obj: AirtableRow | None = None) -> list[Any]:
        return [*super().get_fields(request, obj), "record"]

    @admin.display(description="in Airtable")
    def record(self, row: AirtableRow) -> str:
        """The record, with a link to it."""
        return "deleted there" if row.tombstone_at else links.record_link(row)

    @button("Make the row anew", shown=lambda row: bool(row.tombstone_at), ask=Sure)
    def make_anew(self, request: HttpRequest, row: AirtableRow) -> str:
        """The record was deleted in Airtable by mistake."""
        AirtableRow.objects.filter(pk=row.pk).update(**NO_RECORD, due_at=clock.now())
        return "A new row will be made within seconds."

    @button("Delete it there too", shown=_kept_there, ask=Sure, danger=True)
    def delete_there(self, request: HttpRequest, row: AirtableRow) -> str:
        """It was deleted here, and edited in Airtable afterwards: the edit is not wanted."""
        AirtableRow.objects.filter(pk=row.pk).update(
            base={}, due_at=clock.now(), needs_person_at=None
        )
        return "The record will be deleted within seconds."

    def summary(self, row: AirtableRow) -> str:
        return f"{row.kind} {row.object_id} in {row.table}"


@admin.register(ServiceState)
class ServiceStateAdmin(OfficeAdmin):
    """Breakers, as they are stored; the page on service health says what they mean."""

    list_display = ["service", "failures", "open_until", "blocked_at", "last_success_at"]
    search_fields = ["service"]
    hidden = ["writer_token"]
    fields = [
        "service",
        "failures",
        "open_until",
        "probe_until",
        "blocked_at",
        "blocked_reason",
        "away_since",
        "last_success_at",
        "last_error_at",
        "last_error",
        "writer_until",
    ]


@admin.register(ServiceCall)
class ServiceCallAdmin(OfficeAdmin):
    """The last 30 days of calls."""

    list_display = ["started_at", "service", "operation", "outcome", "code", "milliseconds"]
    list_filter = ["service", "outcome", "operation"]
    search_fields = ["operation", "code"]
    date_hierarchy = "started_at"


@admin.register(StaffMail)
class StaffMailAdmin(QueueAdmin):
    """What staff are told by e-mail."""

    list_display = ["created_at", "user", "kind", "subject", "sent_at", "queue", "last_error"]
    list_filter = [QueueFilter, "kind"]
    list_select_related = ["user"]

    def summary(self, row: StaffMail) -> str:
        return f"{row.subject}, to {row.user.get_username()}"
