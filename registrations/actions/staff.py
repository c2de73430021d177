"""Staff and their teams."""

from typing import Any

from registrations.models import TeamStaff


def leave_teams(user: Any) -> str:
    """Somebody leaves the club: their places beside teams end; says how many."""
    number = TeamStaff.objects.filter(user_id=user.pk).delete()[0]
    return f"{number} places beside teams" if number else ""
