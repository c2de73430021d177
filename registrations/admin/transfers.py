"""The page that moves a child to another team: choose one, read what goes with it, then press."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse

from integrations import clock
from integrations.office import OfficeAdmin, button, office
from integrations.office.theme import dress
from registrations.actions import kit, transferring
from registrations.admin.places import staff, standing
from registrations.models import Registration, Team, visible_to

PERMISSION = "registrations.change_registration"
PAGE = "admin:registration_move"


class Move(forms.Form):
    """Why, and which shirt where the old number is not to be kept."""

    reason = forms.CharField(max_length=200)
    shirt = forms.TypedChoiceField(label="Shirt", coerce=int, empty_value=None, required=False)

    def __init__(self, free: list[int], *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        keep = ("", "keep the number if it is free, else ask the family")
        shirt = self.fields["shirt"]
        assert isinstance(shirt, forms.TypedChoiceField)
        shirt.choices = [keep, *((number, str(number)) for number in free)]


def _live(row: Registration) -> bool:
    return not (row.cancelled_at or row.duplicate_of_id)


class Moving(OfficeAdmin):
    """Mixed into RegistrationAdmin."""

    @button("Move to another team", shown=_live, menu="Place")
    def move_team(self, request: HttpRequest, row: Registration) -> HttpResponse:
        """Open the page that asks where to."""
        return HttpResponseRedirect(reverse(PAGE, args=[row.pk]))


@office().page("registrations/move/<int:pk>/", "registration_move")
def move(request: HttpRequest, pk: int) -> HttpResponse:
    """Choose a team; with `?team=` what the move brings, and the form that does it."""
    if not request.user.has_perm(PERMISSION):
        raise PermissionDenied
    row = _row(request, pk)
    team = _team(row, request.GET.get("team", ""))
    back = reverse("admin:registrations_registration_change", args=[row.pk])
    if row.season.closed_at or not _live(row):
        messages.error(request, "This registration can no longer be moved.")
        return HttpResponseRedirect(back)
    free = kit.free_in(team.pk, at=clock.now()) if team else []
    form = Move(free, request.POST if request.method == "POST" and team else None)
    if team and form.is_valid() and _moved(request, row, team, form):
        return HttpResponseRedirect(back)
    context = office().each_context(request) | {
        "title": "Move to another team",
        "row": row,
        "team": team,
        "teams": transferring.teams_for(row),
        "back": back,
        "form": dress(form),
    }
    if team:
        lines = transferring.foresee(row, team, at=clock.now())
        seen = standing(team)
        context |= {"lines": [*lines, *seen["lines"]], "warning": seen["warning"]}
    return TemplateResponse(request, "admin/registrations/move.html", context)


def _moved(request: HttpRequest, row: Registration, team: Team, form: Move) -> bool:
    given = form.cleaned_data
    try:
        transferring.transfer(
            row.pk,
            team.pk,
            shirt=given["shirt"],
            reason=given["reason"],
            at=clock.now(),
            by=staff(request),
        )
    except ValidationError as error:
        form.add_error(None, error)
        return False
    admin.site._registry[Registration].log_change(request, row, f"Moved to {team}")
    messages.success(request, f"{row.player.full_name} is in {team} now; the family is told.")
    return True


def _row(request: HttpRequest, pk: int) -> Registration:
    rows = visible_to(request.user, Registration.objects.filter(pk=pk))
    related = rows.select_related("player", "team__season", "season", "guardian")
    row = related.defer("medical_notes", "not_to_collect").first()
    if row is None:
        raise Http404
    return row


def _team(row: Registration, number: str) -> Team | None:
    if not number:
        return None
    if not (number.isascii() and number.isdigit()):
        raise Http404
    return transferring.teams_for(row).select_related("season").filter(pk=number).first()
