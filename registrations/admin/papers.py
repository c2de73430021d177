"""A team's papers: buttons on its page, by POST; the emergency sheet by a link that expires."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.core import signing
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import reverse

from integrations import audit, clock
from integrations.audit import AuditEntry
from integrations.office import OfficeAdmin, button, office
from registrations.admin.photos import jpeg_of
from registrations.models import Consent, Team, TeamStaff, TimelineEntry, note, visible_to
from registrations.papers import sheets, squad

SALT = "emergency sheet"
VALID = timedelta(hours=6)  # a match, and the way there
PDF = "application/pdf"
MEDICAL = "registrations.view_medical"
REGISTRATIONS = "registrations.view_registration"


class Papers(OfficeAdmin):
    """Mixed into TeamAdmin."""

    @button("Emergency sheet", permission="emergency", menu="Papers")
    def emergency_sheet(self, request: HttpRequest, row: Team) -> HttpResponse:
        """Give the link under which the sheet opens for this person, for some hours."""
        if not may_see_emergency(request.user, row):
            raise ValidationError("Only this team's own manager and the welfare officer may.")
        until = clock.now() + VALID
        token = signing.dumps([row.pk, request.user.pk, until.timestamp()], salt=SALT)
        context = self.admin_site.each_context(request) | {
            "title": f"Emergency sheet of {row}",
            "opts": self.opts,
            "original": row,
            "summary": self.summary(row),
            "url": reverse("admin:emergency_sheet", args=[token]),
            "until": until,
        }
        return TemplateResponse(request, "admin/registrations/emergency.html", context)

    @button("Team sheet", permission="papers", menu="Papers")
    def team_sheet(self, request: HttpRequest, row: Team) -> HttpResponse:
        """Names, shirts, who may play."""
        made = sheets.team_sheet(row, squad.of(row), stamp=stamp(request))
        return download(made, PDF, f"team-sheet-{sheets.name_of(row)}.pdf")

    @button("ID cards", permission="photos", menu="Papers")
    def id_cards(self, request: HttpRequest, row: Team) -> HttpResponse:
        """Photo, name, birthday and FAN of each child; seeing the photos is noted."""
        rows = squad.of(row)
        made = sheets.id_cards(row, rows, jpeg=jpeg_of, stamp=stamp(request))
        _note(rows, "Photo shown on the team's ID cards", TimelineEntry.Kind.PHOTO, request)
        return download(made, PDF, f"id-cards-{sheets.name_of(row)}.pdf")

    @button("Squad sheet", permission="photos", menu="Papers")
    def squad_sheet(self, request: HttpRequest, row: Team) -> HttpResponse:
        """The squad's faces, of those whose parents agreed to that."""
        rows = squad.of(row)
        made = sheets.squad_sheet(row, rows, jpeg=jpeg_of, stamp=stamp(request))
        shown = [one for one in rows if squad.consent(one, Consent.Kind.PHOTO_SQUAD)]
        _note(shown, "Photo shown on the squad sheet", TimelineEntry.Kind.PHOTO, request)
        return download(made, PDF, f"squad-{sheets.name_of(row)}.pdf")

    @button("League pack", permission="papers", menu="Papers")
    def league_pack(self, request: HttpRequest, row: Team) -> HttpResponse:
        """Checklist, team sheet and ID cards in one file; without cards for who sees no photos."""
        rows, photos = squad.of(row), self.has_photos_permission(request)
        jpeg = jpeg_of if photos else None
        made = sheets.pack(row, rows, jpeg=jpeg, stamp=stamp(request))
        if photos:
            _note(rows, "Photo shown in the league pack", TimelineEntry.Kind.PHOTO, request)
        return download(made, "application/zip", f"league-{sheets.name_of(row)}.zip")

    def has_papers_permission(self, request: HttpRequest) -> bool:
        """Whoever may read the team's registrations."""
        return self.has_view_permission(request) and request.user.has_perm(REGISTRATIONS)

    def has_photos_permission(self, request: HttpRequest) -> bool:
        return self.has_papers_permission(request) and request.user.has_perm(
            "registrations.view_photo"
        )

    def has_emergency_permission(self, request: HttpRequest) -> bool:
        """Welfare officers, and managers: of which team is asked again with the team."""
        if not self.has_papers_permission(request):
            return False
        return request.user.has_perm(MEDICAL) or _managed(request.user).exists()


@office().page("emergency/<str:token>/", "emergency_sheet")
def emergency_sheet(request: HttpRequest, token: str) -> HttpResponse:
    """The sheet itself: for whoever asked for the link, while it is valid; noted for each child."""
    try:
        team_id, user_id, until = signing.loads(token, salt=SALT)
    except signing.BadSignature as error:
        raise PermissionDenied from error
    if user_id != request.user.pk:
        raise PermissionDenied
    if clock.now().timestamp() > until:
        context = {"title": "This link has expired"}
        template = "admin/registrations/emergency_expired.html"
        whole = office().each_context(request) | context
        return TemplateResponse(request, template, whole, status=410)
    team = get_object_or_404(visible_to(request.user, Team.objects.all()), pk=team_id)
    if not may_see_emergency(request.user, team):
        raise PermissionDenied
    rows = squad.of(team, notes=True)
    words = "Emergency sheet with medical notes and collection was opened"
    _note(rows, words, TimelineEntry.Kind.STAFF, request)
    made = sheets.emergency(team, rows, stamp=stamp(request))
    return download(made, PDF, f"emergency-{sheets.name_of(team)}.pdf")


def may_see_emergency(user: Any, team: Team) -> bool:
    """Welfare officers, and the team's own manager."""
    return user.has_perm(MEDICAL) or _managed(user).filter(team=team).exists()


def stamp(request: HttpRequest) -> str:
    """Who made a paper and when, for its foot."""
    at = clock.london(clock.now())
    return f"Made for {request.user.get_username()} on {at:%-d %B %Y at %H:%M}."


def download(body: bytes, content_type: str, name: str) -> HttpResponse:
    """A file; as every page of the office, no cache keeps it."""
    response = HttpResponse(body, content_type=content_type)
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    response["X-Content-Type-Options"] = "nosniff"
    return response


def _managed(user: Any) -> Any:
    return TeamStaff.objects.filter(user_id=user.pk, role=TeamStaff.Role.MANAGER)


def _note(rows: list[Any], words: str, kind: str, request: HttpRequest) -> None:
    by = request.user.get_username()
    with transaction.atomic():
        for row in rows:
            note(row, kind, words, at=clock.now(), by=by)
            audit.record(AuditEntry.Verb.VIEWED, row, words)
