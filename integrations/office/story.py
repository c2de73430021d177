"""What every admin page writes into the audit trail, and the page that tells a row's story."""

from __future__ import annotations

from typing import Any

from django.contrib.admin.utils import unquote
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse

from integrations import audit
from integrations.models import AuditEntry
from integrations.office.theme import ModelAdmin

SHOWN = 100  # entries on one page of a row's history


class Story(ModelAdmin):
    """The audit trail in place of Django's log (docs/decisions): one trail, with who and where."""

    def log_addition(self, request: HttpRequest, obj: Any, message: Any) -> None:
        audit.record(AuditEntry.Verb.ADDED, obj)

    def log_change(self, request: HttpRequest, obj: Any, message: Any) -> None:
        if isinstance(message, str):
            audit.record(AuditEntry.Verb.DID, obj, message)
        elif message:
            audit.record(AuditEntry.Verb.CHANGED, obj, fields=_fields(message))

    def log_deletions(self, request: HttpRequest, queryset: Any) -> None:
        for row in queryset:
            audit.record(AuditEntry.Verb.DELETED, row)

    def response_action(self, request: HttpRequest, queryset: QuerySet) -> HttpResponse | None:
        """What is done to many rows at once is one entry, with how many were chosen."""
        name = request.POST.get("action", "")
        known = self.get_actions(request).get(name)
        if known and not name.startswith("export_"):
            number = len(request.POST.getlist("_selected_action"))
            words = f"{known[2]} ({number} chosen)"
            audit.record(AuditEntry.Verb.DID, self.model, words)
        return super().response_action(request, queryset)

    def history_view(
        self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """The row's story: what was done to it and to what belongs to it."""
        row = self.get_object(request, unquote(object_id))
        if row is None:
            return self._get_obj_does_not_exist_redirect(request, self.opts, object_id)
        if not self.has_view_or_change_permission(request, row):
            raise PermissionDenied
        page = Paginator(AuditEntry.objects.about(row), SHOWN).get_page(request.GET.get("p"))
        context = self.admin_site.each_context(request) | {
            "title": f"History: {self.summary(row)}",
            "opts": self.opts,
            "original": row,
            "story": page,
        }
        return TemplateResponse(request, "admin/office/history.html", context)


def _fields(message: Any) -> list[str]:
    """The names of changed fields out of Django's message; a related row's with its kind."""
    found: list[str] = []
    for part in message:
        for verb, what in part.items():
            prefix = f"{what['name']}: " if "name" in what else ""
            names = what.get("fields") or [verb]
            found += [f"{prefix}{name}" for name in names]
    return found
