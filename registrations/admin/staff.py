"""Admin of who looks after which team."""

from django.contrib import admin

from integrations.office import OfficeAdmin
from registrations.models import TeamStaff


@admin.register(TeamStaff)
class TeamStaffAdmin(OfficeAdmin):
    """Managers and coaches, each beside a team: what they may see follows from it."""

    list_display = ["user", "team", "role"]
    list_filter = ["role", "team__season"]
    list_select_related = ["user", "team"]
    search_fields = ["user__username", "team__name", "team__age_group"]
    on_add = ["user", "team"]
    editable = ["role"]
    fields = ["user", "team", "role"]
    may_delete = True

    def summary(self, row: TeamStaff) -> str:
        return f"{row.user.get_username()}, {row.get_role_display()} of {row.team}"
