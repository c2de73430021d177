"""The page of waiting lists: every team's list in its order, moved and asked from here."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass

from django.contrib import messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse

from integrations import clock
from integrations.office import office
from registrations.actions import offering, squads
from registrations.actions.squads import Squad
from registrations.admin.places import staff
from registrations.models import PlaceOffer, Registration, Team

PERMISSION = "registrations.change_registration"
SECRET = ("medical_notes", "not_to_collect")


@dataclass(frozen=True)
class Line:
    """One child of a list, with the newest offer that was made to it."""

    row: Registration
    offer: PlaceOffer | None


@dataclass(frozen=True)
class List:
    """One team's waiting list."""

    team: Team
    squad: Squad
    lines: list[Line]


@office().page("waiting-lists/", "waiting_lists")
def waiting_lists(request: HttpRequest) -> HttpResponse:
    """All lists of the seasons that are not closed; a press moves a child or offers a place."""
    if not request.user.has_perm(PERMISSION):
        raise PermissionDenied
    if request.method == "POST":
        return _pressed(request)
    context = office().each_context(request) | {"title": "Waiting lists", "lists": _lists()}
    return TemplateResponse(request, "admin/registrations/waiting_lists.html", context)


def _pressed(request: HttpRequest) -> HttpResponse:
    what, at = request.POST.get("what"), clock.now()
    number = request.POST.get("registration", "")
    open_rows = Registration.objects.filter(season__closed_at=None)
    if not (number.isascii() and number.isdigit()) or not open_rows.filter(pk=number).exists():
        raise Http404
    try:
        if what in ("up", "down"):
            places = -1 if what == "up" else 1
            offering.shift(int(number), places=places, at=at, by=staff(request))
        elif what == "offer":
            offering.offer(int(number), at=at, by=staff(request))
            messages.success(request, "The family is asked by text; the place is kept meanwhile.")
        else:
            raise Http404
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))
    return HttpResponseRedirect(f"{reverse('admin:waiting_lists')}#child-{number}")


def _lists() -> list[List]:
    waiting = Registration.objects.in_turn().filter(season__closed_at=None)
    rows = waiting.select_related("player", "team__season").defer(*SECRET)
    offers: dict[int, PlaceOffer] = {}
    for one in PlaceOffer.objects.filter(registration__in=waiting.order_by()).order_by("pk"):
        offers[one.registration_id] = one
    by_team: dict[Team, list[Line]] = defaultdict(list)
    for row in rows:
        by_team[row.team].append(Line(row, offers.get(row.pk)))
    teams = sorted(by_team, key=lambda team: (team.season.code, team.age_number, team.name))
    return [List(team, squads.squad(team), by_team[team]) for team in teams]
