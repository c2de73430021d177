"""Names of tables, and sync ids of what has no column for one: the same whenever asked for."""

from uuid import NAMESPACE_URL, UUID, uuid5

from registrations.models import Suspension, Team

TEAM_TABLE = "team_info"
SUSPENSION_TABLE = "suspended_registrations"


def team_sync_id(team: Team) -> UUID:
    """A team has no sync id in the base; here it is made of its key."""
    return uuid5(NAMESPACE_URL, f"team:{team.pk}")


def suspension_sync_id(one: Suspension) -> UUID:
    """Made of the registration's and its own key."""
    return uuid5(NAMESPACE_URL, f"suspension:{one.registration.sync_id}:{one.pk}")
