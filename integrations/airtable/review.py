"""Staff decide about conflicts: ours, theirs or a third value, one by one or many at once."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils.safestring import SafeString

from integrations.airtable.conflicts import settle, shown
from integrations.airtable.links import record_link
from integrations.airtable.mapping import mapping
from integrations.models import AirtableConflict
from integrations.office import OfficeAdmin
from integrations.office.buttons import button
from integrations.office.worklists import Worklist


class Third(forms.Form):
    """Another value than the two."""

    value = forms.CharField(label="The value that both sides are to hold", max_length=500)


class OpenFilter(admin.SimpleListFilter):
    """Open ones first: they are what the page is for."""

    title = "state"
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("open", "to be decided"), ("settled", "decided")]

    def queryset(self, request: HttpRequest, queryset: QuerySet) -> QuerySet:
        if self.value() == "open":
            return queryset.filter(settled_at=None)
        return queryset.filter(settled_at__isnull=False) if self.value() else queryset


def _open(row: AirtableConflict) -> bool:
    return row.settled_at is None


def _of_a_field(row: AirtableConflict) -> bool:
    return _open(row) and bool(row.field)


@admin.register(AirtableConflict)
class AirtableConflictAdmin(OfficeAdmin):
    """Both values of every field that changed on both sides."""

    list_display = [
        "field",
        "child",
        "why",
        "before",
        "here",
        "there",
        "who",
        "edited_at",
        "winner",
        "noted_at",
        "choice",
    ]
    list_filter = [OpenFilter, "why", "field"]
    list_select_related = ["row"]
    search_fields = ["field", "row__record_id", "=row__object_id"]
    date_hierarchy = "noted_at"
    actions = ["take_ours_chosen", "take_theirs_chosen", "take_third_chosen"]
    fields = [
        "field",
        "child",
        "why",
        "before",
        "here",
        "there",
        "winner",
        "reason",
        "noted_at",
        "who",
        "edited_at",
        "in_airtable",
        "settled_at",
        "settled_by",
        "choice",
    ]

    @admin.display(description="of", ordering="row__object_id")
    def child(self, row: AirtableConflict) -> str:
        declared = mapping(row.row.kind)
        known = declared.label(row.row.object_id) if declared else ""
        return known or f"{row.row.kind} {row.row.object_id}"

    @admin.display(description="before")
    def before(self, row: AirtableConflict) -> str:
        return shown(row, row.base)

    @admin.display(description="ours")
    def here(self, row: AirtableConflict) -> str:
        return shown(row, row.ours)

    @admin.display(description="theirs")
    def there(self, row: AirtableConflict) -> str:
        return shown(row, row.theirs)

    @admin.display(description="record")
    def in_airtable(self, row: AirtableConflict) -> SafeString | str:
        return record_link(row.row)

    def summary(self, row: AirtableConflict) -> str:
        return f"{row.field or 'deleted row'} of {self.child(row)}"

    def worklists(self) -> list[Worklist]:
        rows = AirtableConflict.objects.filter(settled_at=None).select_related("row")
        title = "Changed here and in Airtable"
        return [Worklist(title, rows, "noted_at", lambda row: row.get_why_display())]

    @button("Take ours", shown=_open)
    def take_ours(self, request: HttpRequest, row: AirtableConflict) -> str:
        """What stood here."""
        settle(row.pk, "ours", by=request.user.get_username())
        return "Both sides will hold what stood here."

    @button("Take theirs", shown=_of_a_field)
    def take_theirs(self, request: HttpRequest, row: AirtableConflict) -> str:
        """What stood in Airtable."""
        settle(row.pk, "theirs", by=request.user.get_username())
        return "Both sides will hold what stood in Airtable."

    @button("Type another value", shown=_of_a_field, ask=Third)
    def take_third(self, request: HttpRequest, row: AirtableConflict, value: str) -> str:
        """Neither of the two."""
        settle(row.pk, "other", by=request.user.get_username(), value=value)
        return "Both sides will hold the value that you typed."

    @admin.action(description="Take ours in the chosen ones", permissions=["press"])
    def take_ours_chosen(self, request: HttpRequest, queryset: QuerySet) -> None:
        """Decide several alike."""
        self._take_all(request, queryset, "ours")

    @admin.action(description="Take theirs in the chosen ones", permissions=["press"])
    def take_theirs_chosen(self, request: HttpRequest, queryset: QuerySet) -> None:
        """Decide several alike."""
        self._take_all(request, queryset, "theirs")

    @admin.action(description="Type another value for the chosen ones", permissions=["press"])
    def take_third_chosen(self, request: HttpRequest, queryset: QuerySet) -> HttpResponse | None:
        """Ask for one value, then give it to all of them."""
        chosen = queryset.filter(settled_at=None).exclude(field="")
        form = Third(request.POST if "confirmed" in request.POST else None)
        if chosen and not form.is_valid():
            return self._ask_third(request, chosen, form)
        value = form.cleaned_data["value"] if chosen else ""
        self._take_all(request, chosen, "other", value)
        return None

    def _ask_third(self, request: HttpRequest, chosen: QuerySet, form: Third) -> HttpResponse:
        lines = [
            {
                "pk": row.pk,
                "field": row.field,
                "of": self.child(row),
                "ours": self.here(row),
                "theirs": self.there(row),
            }
            for row in chosen.select_related("row")
        ]
        context = self.admin_site.each_context(request) | {
            "title": "Type another value",
            "opts": self.opts,
            "lines": lines,
            "form": form,
        }
        return TemplateResponse(request, "admin/integrations/settle_chosen.html", context)

    def _take_all(
        self, request: HttpRequest, queryset: QuerySet, choice: str, value: str = ""
    ) -> None:
        done, said = 0, []
        for row in queryset.filter(settled_at=None):
            try:
                settle(row.pk, choice, by=request.user.get_username(), value=value)
                done += 1
            except ValidationError as error:
                said += [f"{self.summary(row)}: {text}" for text in error.messages]
        self.message_user(request, f"{done} decided.", messages.SUCCESS)
        for text in said:
            self.message_user(request, text, messages.ERROR)
