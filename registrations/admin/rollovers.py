"""Admin of rollovers, the places that they keep, and visits of parents who come back."""

from django.contrib import admin
from django.core.exceptions import ValidationError
from django.http import HttpRequest

from integrations import clock
from integrations.office import OfficeAdmin, Sure, button
from integrations.office.admins import QueueAdmin, QueueFilter
from registrations.actions import inviting, returning
from registrations.actions.rollover_plan import NotPossible
from registrations.models import Invitation, ReturningPlace, ReturningVisit, Rollover


def _held_back(row: Invitation) -> bool:
    return bool(row.problem and not row.sent_at)


@admin.register(Rollover)
class RolloverAdmin(QueueAdmin):
    """What was planned and done; the page “New season” plans, commits and undoes."""

    list_display = ["__str__", "state", "planned_at", "committed_at", "undone_at", "queue"]
    list_filter = [QueueFilter]
    list_select_related = ["from_season"]
    editable = ["invitations_a_minute"]

    @admin.display(description="state")
    def state(self, row: Rollover) -> str:
        return row.state


@admin.register(ReturningPlace)
class ReturningPlaceAdmin(OfficeAdmin):
    """Every child's place in the new season, and what became of it."""

    list_display = [
        "player_name",
        "last_team",
        "planned_team",
        "code",
        "shirt_number",
        "reason",
        "in_arrears",
        "answered_at",
        "declined_at",
    ]
    list_filter = ["rollover", "in_arrears", "reason", "planned_team__age_group"]
    list_select_related = ["player", "before__team", "planned_team", "team__season"]
    search_fields = ["player__first_name", "player__last_name", "planned_team__name"]
    ordering = ["player__last_name", "player__first_name", "pk"]

    @admin.display(description="child", ordering="player__last_name")
    def player_name(self, row: ReturningPlace) -> str:
        return row.player.full_name

    @admin.display(description="last season", ordering="before__team__name")
    def last_team(self, row: ReturningPlace) -> str:
        return str(row.before.team)

    @admin.display(description="code to come back with")
    def code(self, row: ReturningPlace) -> str:
        return returning.code_of(row) if row.team_id else ""

    def summary(self, row: ReturningPlace) -> str:
        return f"{row.player.full_name}: {row.planned_team or row.reason}"


@admin.register(Invitation)
class InvitationAdmin(OfficeAdmin):
    """One invitation a family; its link is known to nobody here."""

    list_display = [
        "guardian_name",
        "due_at",
        "sent_at",
        "reminders",
        "opened_at",
        "answered_at",
        "problem",
    ]
    list_filter = ["rollover", ("problem", admin.EmptyFieldListFilter), "reminders"]
    list_select_related = ["guardian"]
    search_fields = ["guardian__first_name", "guardian__last_name", "guardian__email"]
    hidden = ["token"]

    @button("Let this invitation go out", shown=_held_back, ask=Sure)
    def release(self, request: HttpRequest, row: Invitation) -> str:
        """Send what was held back."""
        try:
            inviting.release(row.pk, at=clock.now())
        except NotPossible as error:
            raise ValidationError(str(error)) from None
        return "The invitation goes out within seconds."

    @admin.display(description="family", ordering="guardian__last_name")
    def guardian_name(self, row: Invitation) -> str:
        return row.guardian.full_name

    def summary(self, row: Invitation) -> str:
        return f"Invitation of {row.guardian.full_name}"


@admin.register(ReturningVisit)
class ReturningVisitAdmin(QueueAdmin):
    """Who said that a child comes back, and whether they proved it; what they typed stays shut."""

    list_display = ["started_at", "team", "sends", "wrong", "proven_at", "queue"]
    list_filter = [QueueFilter, ("proven_at", admin.EmptyFieldListFilter)]
    list_select_related = ["team"]
    hidden = ["digest", "dob"]
    date_hierarchy = "started_at"

    def summary(self, row: ReturningVisit) -> str:
        return f"Visit for {row.team}"
