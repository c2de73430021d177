"""The page that merges a registration into another of the same child: choose, read, then press."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse

from integrations import clock
from integrations.office import OfficeAdmin, Reason, button, office
from integrations.office.theme import dress
from registrations.actions import merging
from registrations.admin.places import staff
from registrations.admin.transfers import PERMISSION
from registrations.models import Registration, visible_to

PAGE = "admin:registration_merge"
SHOWN = 20


def _live(row: Registration) -> bool:
    return not row.cancelled_at


class Merging(OfficeAdmin):
    """Mixed into RegistrationAdmin."""

    @button("Merge into another registration", shown=_live, menu="Place", danger=True)
    def merge_into(self, request: HttpRequest, row: Registration) -> HttpResponse:
        """Open the page that asks which one stays."""
        return HttpResponseRedirect(reverse(PAGE, args=[row.pk]))


@office().page("registrations/merge/<int:pk>/", "registration_merge")
def merge(request: HttpRequest, pk: int) -> HttpResponse:
    """Choose the one that stays; with `?into=` what the merge brings, and the form that does it."""
    if not request.user.has_perm(PERMISSION):
        raise PermissionDenied
    row = _rows(request, Registration.objects.filter(pk=pk)).first()
    if row is None:
        raise Http404
    into, text = _into(request, row), request.GET.get("q", "").strip()
    back = reverse("admin:registrations_registration_change", args=[row.pk])
    if not _live(row) or row.season.closed_at:
        messages.error(request, "This registration can no longer be merged.")
        return HttpResponseRedirect(back)
    form = Reason(request.POST if request.method == "POST" and into else None)
    if into and form.is_valid() and _merged(request, row, into, form):
        return HttpResponseRedirect(
            reverse("admin:registrations_registration_change", args=[into.pk])
        )
    context = office().each_context(request) | {
        "title": "Merge into another registration",
        "row": row,
        "into": into,
        "found": [] if into else _found(request, row, text),
        "text": text,
        "back": back,
        "form": dress(form),
        "lines": merging.foresee(row, into) if into else [],
    }
    return TemplateResponse(request, "admin/registrations/merge.html", context)


def _merged(request: HttpRequest, row: Registration, into: Registration, form: Reason) -> bool:
    reason = form.cleaned_data["reason"]
    try:
        merging.merge(row.pk, into.pk, reason=reason, at=clock.now(), by=staff(request))
    except ValidationError as error:
        form.add_error(None, error)
        return False
    owner = admin.site._registry[Registration]
    owner.log_change(request, row, f"Merged into registration {into.pk}")
    owner.log_change(request, into, f"Registration {row.pk} was merged into it")
    messages.success(request, "Merged. A second Direct Debit, if there was one, ends in seconds.")
    return True


def _found(request: HttpRequest, row: Registration, text: str) -> list[Registration]:
    """What the office's search finds, or who is probably the same child."""
    if not text:
        return list(_rows(request, merging.likely(row))[:SHOWN])
    owner: Any = admin.site._registry[Registration]
    return list(
        owner.get_search_results(request, _rows(request, merging.others(row)), text)[0][:SHOWN]
    )


def _into(request: HttpRequest, row: Registration) -> Registration | None:
    number = request.GET.get("into", "")
    if not number:
        return None
    if not (number.isascii() and number.isdigit()):
        raise Http404
    found = _rows(request, merging.others(row)).filter(pk=number).first()
    if found is None:
        raise Http404
    return found


def _rows(request: HttpRequest, rows: QuerySet[Registration]) -> QuerySet[Registration]:
    related = "player", "team__season", "season", "guardian"
    return visible_to(request.user, rows).select_related(*related)
