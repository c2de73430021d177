"""Write to families: choose whom, write, see who gets it and who does not, send; then watch it."""

from __future__ import annotations

import uuid
from collections import Counter
from datetime import datetime
from typing import Any

from django import forms
from django.conf import settings
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.utils.timezone import make_aware

from integrations import clock, sheets, sms
from integrations.office import OfficeAdmin, dress, office
from registrations.actions import circulars
from registrations.admin.resends import MOST, SECRET, standing, why
from registrations.models import Circular, CircularRecipient, Registration, Team, visible_to
from registrations.models.seasons import AGE_GROUPS

PERMISSION = "registrations.add_circular"
PER_PAGE = 100
SHOWN = 3
TEMPLATES = settings.BASE_DIR / "templates" / "circulars"


class Letter(forms.Form):
    """What is written, to whom, when and how fast."""

    team = forms.ModelChoiceField(Team.objects.none(), required=False, empty_label="every team")
    age_group = forms.ChoiceField(choices=[("", "every age"), *AGE_GROUPS], required=False)
    chosen = forms.CharField(widget=forms.HiddenInput, required=False)
    purpose = forms.ChoiceField(label="What it is", choices=Circular.Purpose)
    way = forms.ChoiceField(label="How", choices=Circular.Way)
    subject = forms.CharField(max_length=100, help_text="the e-mail's; a text has none")
    text = forms.CharField(
        max_length=600,
        widget=forms.Textarea(attrs={"rows": 5}),
        help_text="{parent}, {child} and {team} become the family's own. One text has 160 letters.",
    )
    starts_at = forms.DateTimeField(
        label="Not before",
        required=False,
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M"),
        help_text="empty: at once",
    )
    a_minute = forms.IntegerField(label="Families a minute", min_value=1, max_value=600, initial=60)

    def __init__(self, teams: QuerySet[Team], *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["team"].queryset = teams  # type: ignore[attr-defined]


class Writing(OfficeAdmin):
    """Mixed into RegistrationAdmin: the action over the chosen rows of the list."""

    @admin.action(description="Write to the chosen ones", permissions=["write"])
    def write_to_chosen(self, request: HttpRequest, queryset: QuerySet) -> HttpResponse | None:
        """Open the page on which a message to these families is written."""
        pks = list(queryset.order_by("pk").values_list("pk", flat=True)[: MOST + 1])
        if len(pks) > MOST:
            self.message_user(request, f"At most {MOST:,} at once, please.", messages.ERROR)
            return None
        chosen = ",".join(str(pk) for pk in pks)
        return _page(request, Letter(_teams(request), initial={"chosen": chosen}), len(pks))

    def has_write_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm(PERMISSION)


@office().page("circulars/write/", "compose")
def compose(request: HttpRequest) -> HttpResponse:
    """Write; look; send. Nothing is stored before it is sent."""
    _may(request)
    teams = _teams(request)
    if request.method != "POST":
        initial = _begun(request.GET.get("from", "")) | {"team": request.GET.get("team", "")}
        return _page(request, Letter(teams, initial=initial))
    form = Letter(teams, request.POST)
    if not form.is_valid():
        return _page(request, form)
    rows = _rows(request, form.cleaned_data)
    if len(rows) > MOST:
        form.add_error(None, f"At most {MOST:,} at once, please.")
        return _page(request, form)
    if "confirmed" in request.POST and (key := _key(request)):
        made = _order(request, form.cleaned_data, rows, key)
        return redirect("admin:circular", made.pk)
    return _page(request, form, len(rows), _preview(form.cleaned_data, rows))


@office().page("circulars/<int:pk>/", "circular")
def progress(request: HttpRequest, pk: int) -> HttpResponse:
    """How a circular stands, family by family; stopping it, by POST only."""
    _may(request)
    circular = get_object_or_404(Circular, pk=pk)
    if request.method == "POST":
        left = circulars.stop(circular.pk, at=clock.now())
        messages.success(request, f"Stopped: {left} families were not told.")
        return redirect("admin:circular", pk)
    mine = visible_to(request.user, Registration.objects.all()).values("pk")
    related = "registration__player", "registration__team", "sms", "email"
    rows = circular.recipients.filter(registration__in=mine).order_by("pk")
    rows = rows.select_related(*related).defer(*SECRET)
    if request.GET.get("format") == "csv":
        return _report(circular, rows)
    counted = Counter(standing(row) for row in rows.iterator())
    page = Paginator(rows, PER_PAGE).get_page(request.GET.get("page"))
    context = admin.site.each_context(request) | {
        "title": circular.subject,
        "circular": circular,
        "counted": sorted(counted.items()),
        "open": counted["not begun"],
        "later": circular.starts_at > clock.now(),
        "page": page,
        "lines": [(row, standing(row), why(row)) for row in page],
    }
    return TemplateResponse(request, "admin/registrations/circular.html", context)


@admin.register(Circular)
class CircularAdmin(OfficeAdmin):
    """What was written to many, by whom."""

    list_display = ["subject", "audience", "purpose", "way", "made_by", "made_at", "starts_at"]
    list_filter = ["purpose", "way"]
    search_fields = ["subject", "text"]

    def summary(self, row: Circular) -> str:
        return row.subject


def _page(
    request: HttpRequest, form: Letter, number: int = 0, preview: dict[str, Any] | None = None
) -> HttpResponse:
    names = sorted(file.stem for file in TEMPLATES.glob("*.txt"))
    context = admin.site.each_context(request) | {
        "title": "Write to families",
        "form": dress(form),
        "number": number,
        "preview": preview,
        "key": uuid.uuid4(),
        "begin": [(name, name.replace("_", " ").capitalize()) for name in names],
        "before": Circular.objects.all()[:10],
    }
    return TemplateResponse(request, "admin/registrations/compose.html", context)


def _preview(given: dict[str, Any], rows: list[Registration]) -> dict[str, Any]:
    what = {name: given[name] for name in ("purpose", "way", "text")}
    planned = circulars.plan(rows, **what)
    going = [(row, went) for row, went in planned if not went.left_out]
    texts = {row.pk: sms.plain(circulars.worded(given["text"], row)) for row, _ in going}
    return {
        "going": going,
        "shown": [(row, went, texts[row.pk]) for row, went in going[:SHOWN]],
        "texts": sum(went.by_sms for _, went in going),
        "emails": sum(went.by_email for _, went in going),
        "segments": sum(sms.segments(texts[row.pk]) for row, went in going if went.by_sms),
        "left_out": [(row, went.left_out) for row, went in planned if went.left_out],
    }


def _order(
    request: HttpRequest, given: dict[str, Any], rows: list[Registration], key: uuid.UUID
) -> Circular:
    wanted: datetime | None = given["starts_at"]
    if wanted is not None and wanted.tzinfo is None:
        wanted = make_aware(wanted, clock.LONDON)
    kept = {name: given[name] for name in ("purpose", "way", "subject", "text", "a_minute")}
    return circulars.order(
        rows,
        key=key,
        at=clock.now(),
        starts_at=wanted or clock.now(),
        made_by=request.user.get_username(),
        audience=_audience(given, len(rows)),
        **kept,
    )


def _rows(request: HttpRequest, given: dict[str, Any]) -> list[Registration]:
    """Live registrations of the audience that whoever writes may see."""
    rows = visible_to(request.user, Registration.objects.live())
    if given["chosen"]:
        numbers = [int(part) for part in given["chosen"].split(",") if part.isdecimal()]
        rows = rows.filter(pk__in=numbers[: MOST + 1])
    else:
        rows = rows.filter(season__closed_at=None, waiting_since=None)
    if given["team"]:
        rows = rows.filter(team=given["team"])
    if given["age_group"]:
        rows = rows.filter(team__age_group=given["age_group"])
    related = "player", "guardian", "team__season", "season"
    rows = rows.select_related(*related).defer("medical_notes", "not_to_collect")
    return list(rows.order_by("pk")[: MOST + 1])


def _audience(given: dict[str, Any], number: int) -> str:
    if given["chosen"]:
        return f"{number} chosen in the list"
    if given["team"]:
        return f"{given['team']}, {given['team'].season.label}"
    return given["age_group"].upper() or "every team"


def _begun(name: str) -> dict[str, Any]:
    """Subject and text to begin with: of a template, or of an earlier circular."""
    if name.isdecimal() and (before := Circular.objects.filter(pk=name).first()):
        kept = ("purpose", "way", "subject", "text")
        return {field: getattr(before, field) for field in kept}
    known = {file.stem: file for file in TEMPLATES.glob("*.txt")}
    if name not in known:
        return {}
    subject, _, text = known[name].read_text().partition("\n")
    return {"subject": subject, "text": text.strip()}


def _teams(request: HttpRequest) -> QuerySet[Team]:
    rows = visible_to(request.user, Team.objects.filter(season__closed_at=None))
    return rows.select_related("season")


def _key(request: HttpRequest) -> uuid.UUID | None:
    try:
        return uuid.UUID(request.POST.get("key", ""))
    except ValueError:
        return None


def _report(circular: Circular, rows: QuerySet[CircularRecipient]) -> HttpResponse:
    lines = [
        (row.registration.player.full_name, str(row.registration.team), standing(row), why(row))
        for row in rows
    ]
    body = sheets.as_csv(("Child", "Team", "How it stands", "Why"), lines)
    response = HttpResponse(body, content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="circular-{circular.pk}.csv"'
    return response


def _may(request: HttpRequest) -> None:
    if not request.user.has_perm(PERMISSION):
        raise PermissionDenied
