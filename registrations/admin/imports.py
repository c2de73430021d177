"""Import a table: hand it in, say which column is what, read what would come of it, do it."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse

from integrations import clock, sheets, tables
from integrations.office import OfficeAdmin, dress, office
from registrations.actions import imports
from registrations.importing import columns
from registrations.importing.rows import Row
from registrations.models import Import, Season

PERMISSION = "registrations.import_tables"
SHOWN = 100  # lines of each kind on the page; the download has all
SAMPLE = 3


class HandIn(forms.Form):
    """Which table, of which season."""

    kind = forms.ChoiceField(label="What is in it", choices=Import.Kind)
    season = forms.ModelChoiceField(Season.objects.all(), empty_label=None)
    file = forms.FileField(label="CSV or XLSX", help_text="up to 6,000 rows and 5 MB")

    def clean_file(self) -> Any:
        """Too large is said before it is read."""
        if self.cleaned_data["file"].size > tables.MOST_BYTES:
            raise forms.ValidationError("The file is larger than 5 MB.")
        return self.cleaned_data["file"]


@office().page("import/", "import_table")
def hand_in(request: HttpRequest) -> HttpResponse:
    """Hand in a table; ?headings=players is one that has the headings only."""
    _may(request)
    if wanted := request.GET.get("headings"):
        return _headings(wanted)
    form = HandIn(request.POST or None, request.FILES or None)
    if request.method == "POST" and form.is_valid():
        given = form.cleaned_data
        try:
            one = imports.hand_in(
                given["file"].read(),
                name=given["file"].name or "",
                kind=given["kind"],
                season=given["season"],
                by=request.user.get_username(),
                at=clock.now(),
            )
            return redirect("admin:import", one.pk)
        except imports.NotImported as error:
            form.add_error("file", str(error))
    context = admin.site.each_context(request) | {
        "title": "Import a table",
        "form": dress(form),
        "before": Import.objects.select_related("season").defer("content")[:10],
        "kinds": Import.Kind.choices,
    }
    return TemplateResponse(request, "admin/registrations/import_table.html", context)


@office().page("import/<int:pk>/", "import")
def look(request: HttpRequest, pk: int) -> HttpResponse:
    """What the table says, line by line; its columns; carrying it out, by POST only."""
    _may(request)
    one = get_object_or_404(Import.objects.select_related("season"), pk=pk)
    if request.method == "POST":
        _decide(request, one)
        return redirect("admin:import", one.pk)
    if one.carried_out_at or not one.content:
        context = {"title": f"Import of {one.file_name}", "one": one}
        return _page(request, context)
    looked = imports.look(one)
    if request.GET.get("format") == "csv":
        return _report(one, looked)
    known = columns.OF_KIND[one.kind]
    sample = looked.rows[:SAMPLE] if looked.rows else []
    context = {
        "title": f"Import of {one.file_name}",
        "one": one,
        "looked": looked,
        "columns": list(zip(imports.header(one), one.columns, strict=False)),
        "choices": [(columns.key(column), column.title) for column in known],
        "parts": _parts(looked),
        "sample": sample,
    }
    return _page(request, context)


@admin.register(Import)
class ImportAdmin(OfficeAdmin):
    """What was imported, by whom, with what outcome."""

    list_display = ["file_name", "kind", "season", "handed_in_by", "handed_in_at", "made"]
    list_filter = ["kind", "season"]
    list_select_related = ["season"]
    hidden = ["content"]

    def summary(self, row: Import) -> str:
        return row.file_name


def _decide(request: HttpRequest, one: Import) -> None:
    if request.POST.get("what") == "columns":
        imports.choose(one, request.POST.getlist("column"))
        return
    try:
        done = imports.carry_out(one.pk, by=request.user.get_username(), at=clock.now())
    except imports.NotImported as error:
        messages.error(request, str(error))
    else:
        messages.success(request, f"{done.made} rows made; {done.skipped} were here already.")


def _parts(looked: imports.Looked) -> list[tuple[str, int, list[tuple[Row, str]]]]:
    parts = [
        ("Cannot be taken", looked.wrong, "problems"),
        ("To be looked at afterwards", looked.warned, "warnings"),
    ]
    return [
        (title, len(rows), [(row, "; ".join(getattr(row, name))) for row in rows[:SHOWN]])
        for title, rows, name in parts
        if rows
    ]


def _report(one: Import, looked: imports.Looked) -> HttpResponse:
    lines = [
        (row.line, row.title, "cannot be taken" if row.problems else row.standing, words)
        for row in looked.rows
        for words in (row.problems or row.warnings or [""])
    ]
    body = sheets.as_csv(("Line", "Who", "Standing", "What is wrong"), lines)
    return _download(body, f"import-{one.pk}.csv")


def _headings(kind: str) -> HttpResponse:
    if kind not in columns.OF_KIND:
        raise Http404
    titles = [column.title for column in columns.OF_KIND[kind]]
    return _download(sheets.as_csv(titles, []), f"{kind}.csv")


def _download(body: bytes, name: str) -> HttpResponse:
    response = HttpResponse(body, content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


def _page(request: HttpRequest, context: dict[str, Any]) -> HttpResponse:
    whole = admin.site.each_context(request) | context
    return TemplateResponse(request, "admin/registrations/import.html", whole)


def _may(request: HttpRequest) -> None:
    if not request.user.has_perm(PERMISSION):
        raise PermissionDenied
