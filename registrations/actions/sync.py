"""Say that a registration, a suspension or a team is behind in Airtable."""

from collections.abc import Iterable
from uuid import UUID

from django.conf import settings

from integrations import outbox
from registrations.airtable_ids import (
    SUSPENSION_TABLE,
    TEAM_TABLE,
    suspension_sync_id,
    team_sync_id,
)
from registrations.models import Registration, Suspension, Team


def touch(registration: Registration) -> None:
    """Mark the registration's row as behind, in the caller's transaction.

    A double is not pushed: staff decide first whether it is the same child (domain 10 no. 20).
    One that was erased leaves the base, whatever is still said of its money.
    """
    touch_all([registration])


def touch_all(registrations: Iterable[Registration]) -> None:
    """Mark the rows of several registrations as behind, as `touch` does one."""
    by_table: dict[str, dict[int, UUID]] = {}
    gone = []
    for one in registrations:
        if one.duplicate_of_id or one.erased:
            gone.append(one.pk)
            continue
        table = settings.AIRTABLE_TABLE or one.season.airtable_table
        by_table.setdefault(table, {})[one.pk] = one.sync_id
    for table, rows in by_table.items():
        outbox.mark_behind("registration", rows, table=table)
    if gone:
        outbox.mark_gone("registration", gone)


def forget(registrations: Iterable[int]) -> None:
    """Have the rows of registrations (by id) deleted in Airtable, with those of suspensions.

    Call it before they are deleted here, in the same transaction.
    """
    ids = list(registrations)
    outbox.mark_gone("registration", ids)
    rows = Suspension.objects.filter(registration__in=ids)
    outbox.mark_gone("suspension", rows.values_list("pk", flat=True))


def touch_team(team: Team) -> None:
    """Mark a team's row in team_info as behind, in the caller's transaction."""
    outbox.mark_behind("team", {team.pk: team_sync_id(team)}, table=TEAM_TABLE)


def touch_suspension(one: Suspension) -> None:
    """Mark a suspension's row as behind, in the caller's transaction."""
    rows = {one.pk: suspension_sync_id(one)}
    outbox.mark_behind("suspension", rows, table=SUSPENSION_TABLE)
