"""The base class of all admins: what staff may change is named, everything else is read-only."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.options import IS_POPUP_VAR
from django.contrib.admin.utils import flatten_fieldsets, unquote
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import IntegrityError
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.text import capfirst

from integrations.errors import OutsideError
from integrations.models import Due
from integrations.office.buttons import Button, Sure, button, buttons_of, menus
from integrations.office.exporting import export
from integrations.office.searching import search
from integrations.office.seeing import may_see_field, visible
from integrations.office.story import Story
from integrations.office.theme import dress
from integrations.office.worklists import Worklist, put_aside, retry
from integrations.saved import of_list


class OfficeForm(forms.ModelForm):
    """Checks every constraint of the model, those on read-only fields too.

    `words` says in plain words what a violated constraint (by name) means.
    """

    words: ClassVar[dict[str, str]] = {}

    def validate_unique(self) -> None:
        """Django's form leaves out constraints that touch a field which is not in the form."""
        super().validate_unique()
        if self.errors:
            return
        try:
            self.instance.validate_constraints()
        except ValidationError as error:
            self.add_error(None, [self._worded(text) for text in error.messages])

    def _worded(self, text: str) -> str:
        return next((words for name, words in self.words.items() if name in text), text)


class OfficeAdmin(Story):
    """Rows are shown whole and read-only, but for `editable`; none is deleted unless said.

    `on_add` is what is given besides when a row is made (nothing: staff make none here);
    `hidden` is never loaded, let alone shown (encrypted fields); `needs` names the permission
    without which a field or column is not there.
    """

    form = OfficeForm
    change_form_template = "admin/office/change_form.html"
    show_full_result_count = False
    list_per_page = 50
    editable: Sequence[str] = ()
    on_add: Sequence[str] = ()
    hidden: Sequence[str] = ()
    needs: ClassVar[dict[str, str]] = {}
    may_delete = False
    list_fullwidth = True
    list_before_template = "admin/office/saved_filters.html"
    # Rows of this kind are found by the search on every page: 1 comes first, 0 never.
    found_by_search = 0
    icon = "description"

    # --- what is shown, and what may be changed
    def get_queryset(self, request: HttpRequest) -> QuerySet:
        """The rows that this member of staff may know of: lists, searches, autocompletes, pages."""
        return visible(request, super().get_queryset(request)).defer(*self.hidden)

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        """A choice offers no row that its user could not open."""
        if "queryset" not in kwargs:
            rows = db_field.remote_field.model._default_manager.all()
            kwargs["queryset"] = visible(request, rows)
        return super().formfield_for_foreignkey(db_field, request, **kwargs)

    def get_list_display(self, request: HttpRequest) -> list[Any]:
        columns = super().get_list_display(request)
        return [name for name in columns if may_see_field(self, request, name)]

    def get_list_filter(self, request: HttpRequest) -> list[Any]:
        """Nobody sifts by what they may not see."""
        filters = super().get_list_filter(request)
        return [each for each in filters if may_see_field(self, request, _filtered(each))]

    def get_fields(self, request: HttpRequest, obj: Any = None) -> list[Any]:
        if obj is None and self.on_add:
            return list(dict.fromkeys([*self.on_add, *self.editable]))
        if self.fields:
            return list(self.fields)
        columns = [field for field in self.opts.fields if not field.primary_key]
        return [column.name for column in columns if column.name not in self.hidden]

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        if obj is None and self.on_add:
            return [(None, {"fields": self.get_fields(request)})]
        seen = []
        for title, options in super().get_fieldsets(request, obj):
            names = [name for name in options["fields"] if may_see_field(self, request, name)]
            if names:
                seen.append((title, {**options, "fields": names}))
        return seen

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        if obj is None and self.on_add:
            return []
        if self.fieldsets:
            shown = flatten_fieldsets(self.fieldsets)
        else:
            shown = list(self.get_fields(request, obj))
        return [
            name
            for name in shown
            if name not in self.editable or not may_see_field(self, request, name)
        ]

    def has_add_permission(self, request: HttpRequest) -> bool:
        return bool(self.on_add) and super().has_add_permission(request)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return bool(self.editable) and self.has_press_permission(request)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self.may_delete and super().has_delete_permission(request, obj)

    def has_press_permission(self, request: HttpRequest) -> bool:
        """Whoever may change such rows may press their buttons, read-only or not."""
        return super().has_change_permission(request)

    def summary(self, row: Any) -> str:
        """One line that tells staff which row it is."""
        return str(row)

    def worklists(self) -> list[Worklist]:
        """The rows that wait for a person; for a queue, those that were handed to one."""
        return []

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        given = {"title": capfirst(str(self.opts.verbose_name_plural))} | of_list(
            request, self.opts.label_lower
        )
        return super().changelist_view(request, given | (extra_context or {}))

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet, search_term: str
    ) -> tuple[QuerySet, bool]:
        """Django's hook: the rows found, and whether they may come twice (never)."""
        fields = self.get_search_fields(request)
        return (search(queryset, fields, search_term) if fields else queryset), False

    # --- saving: a constraint that a form could not foresee is told, not a 500
    def changeform_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        try:
            return super().changeform_view(request, *args, **kwargs)
        except IntegrityError:
            text = "Not saved: somebody changed something at the same moment. Please look again."
            self.message_user(request, text, messages.ERROR)
            return HttpResponseRedirect(request.path)

    # --- every list can leave as a spreadsheet
    def get_actions(self, request: HttpRequest) -> dict[str, Any]:
        """Django's, and the two exports, which no class needs to name."""
        actions = super().get_actions(request)
        if not actions and IS_POPUP_VAR in request.GET:
            return actions
        named = {name: self.get_action(name) for name in ("export_csv", "export_xlsx")}
        return actions | {name: found for name, found in named.items() if found}

    @admin.action(description="Export the chosen ones as CSV", permissions=["view"])
    def export_csv(self, request: HttpRequest, queryset: QuerySet) -> HttpResponse | None:
        """The list's own columns, for any program."""
        return export(self, request, queryset, "csv")

    @admin.action(description="Export the chosen ones as XLSX", permissions=["view"])
    def export_xlsx(self, request: HttpRequest, queryset: QuerySet) -> HttpResponse | None:
        """The list's own columns, for a spreadsheet."""
        return export(self, request, queryset, "xlsx")

    # --- buttons
    def get_urls(self) -> list[URLPattern]:
        name = f"{self.opts.app_label}_{self.opts.model_name}_do"
        view = self.admin_site.admin_view(self.do_view)
        return [path("<path:object_id>/do/<slug:name>/", view, name=name), *super().get_urls()]

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        row = self.get_object(request, unquote(object_id))
        buttons = [] if row is None else self._buttons_for(request, row)
        extra = {
            "menus": menus(buttons),
            "title": self.summary(row) if row else "",
            "subtitle": None,
        }
        return super().change_view(request, object_id, form_url, extra | (extra_context or {}))

    def do_view(self, request: HttpRequest, object_id: str, name: str) -> HttpResponse:
        """Carry out a button: only by POST, only for whoever may."""
        row = self.get_object(request, unquote(object_id))
        pressed = buttons_of(type(self)).get(name)
        if row is None or pressed is None:
            raise Http404
        if not self._may_press(request, pressed):
            raise PermissionDenied
        back = self._back(request, row)
        if request.method != "POST":
            return back
        if not pressed.shown(row):
            text = f"“{pressed.label}” is not possible any more: somebody was quicker."
            self.message_user(request, text, messages.ERROR)
            return back
        return self._carry_out(request, row, pressed) or back

    def _carry_out(self, request: HttpRequest, row: Any, pressed: Button) -> HttpResponse | None:
        values: dict[str, Any] = {}
        if pressed.ask:
            form = pressed.ask(request.POST if "confirmed" in request.POST else None)
            if not form.is_valid():
                return self._ask(request, row, pressed, form)
            values = form.cleaned_data
        try:
            said = getattr(self, pressed.name)(request, row, **values)
        except ValidationError as error:
            for text in error.messages:
                self.message_user(request, text, messages.ERROR)
            return None
        except OutsideError as error:
            self.message_user(request, f"That did not work. {error}", messages.ERROR)
            return None
        self.log_change(request, row, pressed.label)
        if isinstance(said, HttpResponse):
            return said
        self.message_user(request, said, messages.SUCCESS)
        return None

    def _ask(
        self, request: HttpRequest, row: Any, pressed: Button, form: forms.Form
    ) -> HttpResponse:
        preview = getattr(self, pressed.preview)(request, row) if pressed.preview else {}
        context = self.admin_site.each_context(request) | {
            "title": pressed.label,
            "opts": self.opts,
            "original": row,
            "summary": self.summary(row),
            "button": pressed,
            "form": dress(form),
            **preview,
        }
        return TemplateResponse(request, "admin/office/confirm.html", context)

    def _back(self, request: HttpRequest, row: Any) -> HttpResponse:
        if request.POST.get("from") == "needs_a_person":
            return HttpResponseRedirect(reverse("admin:needs_a_person"))
        name = f"admin:{self.opts.app_label}_{self.opts.model_name}_change"
        return HttpResponseRedirect(reverse(name, args=[row.pk]))

    def _buttons_for(self, request: HttpRequest, row: Any) -> list[Button]:
        marks = buttons_of(type(self)).values()
        return [mark for mark in marks if mark.shown(row) and self._may_press(request, mark)]

    def _may_press(self, request: HttpRequest, pressed: Button) -> bool:
        return bool(getattr(self, f"has_{pressed.permission}_permission")(request))


def _last_error(row: Due) -> str:
    return row.last_error


def _finish(row: Due, by: Any) -> None:
    put_aside(row)


def _filtered(entry: Any) -> str:
    """The field that an entry of list_filter is about; "" for a filter of our own."""
    if isinstance(entry, (list, tuple)):
        entry = entry[0]
    return entry if isinstance(entry, str) else getattr(entry, "parameter_name", "") or ""


def _open(row: Due) -> bool:
    return bool(row.due_at or row.needs_person_at)


def _handed_over(row: Due) -> bool:
    return bool(row.needs_person_at)


class QueueFilter(admin.SimpleListFilter):
    """Where rows of a queue stand."""

    title = "queue"
    parameter_name = "queue"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("person", "needs a person"), ("waiting", "waiting"), ("done", "done")]

    def queryset(self, request: HttpRequest, queryset: QuerySet) -> QuerySet:
        if self.value() == "person":
            return queryset.filter(needs_person_at__isnull=False)
        if self.value() == "waiting":
            return queryset.filter(due_at__isnull=False, needs_person_at__isnull=True)
        if self.value() == "done":
            return queryset.filter(due_at__isnull=True, needs_person_at__isnull=True)
        return queryset


class QueueAdmin(OfficeAdmin):
    """An admin of rows that are also entries of a queue: they can be tried again."""

    actions = ["retry_chosen"]

    @admin.display(description="queue")
    def queue(self, row: Due) -> str:
        """Where the row stands, in words."""
        if row.needs_person_at:
            return "needs a person"
        if row.due_at:
            return "tried, and will be again" if row.last_error else "waiting"
        return "done"

    @button("Try again", shown=_open)
    def try_again(self, request: HttpRequest, row: Due) -> str:
        """Make the row due now."""
        if not retry(row):
            raise ValidationError("It is done already, or being tried at this moment.")
        return "It will be tried again within seconds."

    @button("Mark as looked at", shown=_handed_over, ask=Sure)
    def looked_at(self, request: HttpRequest, row: Due) -> str:
        """Take the row off the list without trying again."""
        put_aside(row)
        return "Taken off the list; it will not be tried again."

    @admin.action(description="Try the chosen ones again", permissions=["press"])
    def retry_chosen(self, request: HttpRequest, queryset: QuerySet) -> None:
        """Make the chosen rows due now; says how many there were."""
        done = sum(retry(row) for row in queryset)
        level = messages.SUCCESS if done else messages.WARNING
        text = f"{done} will be tried again within seconds; {len(queryset) - done} need no retry."
        self.message_user(request, text, level)

    def worklists(self) -> list[Worklist]:
        rows = self.model._default_manager.needs_person().defer(*self.hidden)
        title = f"{capfirst(str(self.opts.verbose_name_plural))} that could not be done"
        return [Worklist(title, rows, "needs_person_at", _last_error, True, _finish)]
