"""Photos to look at, as a grid: approve many, or ask a family again, by mouse or keyboard."""

from __future__ import annotations

from collections.abc import Iterator

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse

from integrations import clock
from integrations.office import Figure, office
from integrations.office.panels import Panel
from registrations import wording
from registrations.actions import photo_review
from registrations.admin.photos import SECRET
from registrations.models import Photo, Team, visible_to

PER_PAGE = 24
RELATED = "registration__player", "registration__team__season", "advice"


@office().panel("registrations.view_photo")
def to_look_at(request: HttpRequest) -> Iterator[Panel]:
    """How many photos nobody has looked at yet."""
    number = visible_to(request.user, photo_review.to_review()).count()
    if number:
        words = "approve them, or ask again"
        yield Figure("Photos to look at", f"{number:,}", reverse("admin:photo_review"), words)


@office().page("photos/review/", "photo_review")
def review(request: HttpRequest) -> HttpResponse:
    """The grid; decisions by POST only."""
    if not request.user.has_perm("registrations.view_photo"):
        raise PermissionDenied
    rows = visible_to(request.user, photo_review.to_review())
    if request.method == "POST":
        return _decide(request, rows)
    teams = Team.objects.filter(pk__in=rows.order_by().values("registration__team"))
    number = request.GET.get("team", "")
    team = teams.filter(pk=number).first() if number.isdecimal() else None
    if team is not None:
        rows = rows.filter(registration__team=team)
    listed = rows.select_related(*RELATED).defer(*SECRET)
    reasons = photo_review.REASONS
    example = {"why": next(iter(reasons.values())), "link": "(the link)", "parent": "Priya"}
    context = admin.site.each_context(request) | {
        "title": "Photos to look at",
        "page": Paginator(listed, PER_PAGE).get_page(request.GET.get("page")),
        "team": team,
        "teams": teams.select_related("season"),
        "reasons": list(reasons.items()),
        "may_press": request.user.has_perm("registrations.change_photo"),
        "example": wording.plain("sms/photo_again.txt", child="Sam", **example),
    }
    return TemplateResponse(request, "admin/registrations/photo_review.html", context)


def _decide(request: HttpRequest, rows: QuerySet[Photo]) -> HttpResponse:
    if not request.user.has_perm("registrations.change_photo"):
        raise PermissionDenied
    named = {name.removeprefix("photo"): value for name, value in request.POST.items()}
    given = {int(number): str(value) for number, value in named.items() if number.isdecimal()}
    mine = set(rows.filter(pk__in=list(given)).values_list("pk", flat=True))
    everything = "all" in request.POST
    by, at = request.user.get_username(), clock.now()
    good = [pk for pk in mine if given[pk] == "approve" or (everything and not given[pk])]
    done = photo_review.approve(good, by=by, at=at)
    wanted = [(pk, given[pk]) for pk in sorted(mine) if given[pk] in photo_review.REASONS]
    asked = sum(photo_review.ask_again(pk, reason, by=by, at=at) for pk, reason in wanted)
    text = f"{done} will do; {asked} famil{'y is' if asked == 1 else 'ies are'} asked again."
    messages.success(request, text)
    return redirect(request.get_full_path())
