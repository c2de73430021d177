"""Take a rollover back, whole or not at all, as long as no parent has answered."""

from datetime import datetime

from django.db import transaction
from django.db.models import Q

from integrations import clock, outbox
from registrations.actions import states
from registrations.actions.rollover_commit import LET_GO, locked
from registrations.actions.rollover_plan import NotPossible
from registrations.models import (
    Draft,
    Registration,
    ReturningVisit,
    Rollover,
    Season,
    Sms,
    Team,
    TimelineEntry,
    note,
)
from registrations.models.messages import Kind
from registrations.ports import desk


def why_not(rollover: Rollover) -> str:
    """Why it can no longer be undone; "" where it can."""
    if rollover.undone_at or not rollover.started_at:
        return "There is nothing to undo."
    if rollover.places.filter(Q(answered_at__isnull=False) | Q(declined_at__isnull=False)).exists():
        return "A parent has answered: the new season stays."
    season = rollover.to_season_id
    new = Registration.objects.filter(season=season).exists()
    if season and (new or Draft.objects.filter(team__season=season).exists()):
        return "Somebody has begun to register for the new season: it stays."
    return ""


@transaction.atomic
def undo(rollover_id: int, *, at: datetime, by: str) -> None:
    """Take everything back in one transaction; raises NotPossible with the reason."""
    rollover = locked(rollover_id)
    reason = why_not(rollover)
    if reason:
        raise NotPossible(reason)
    _restore_old_season(rollover, at, by)
    _withdraw_invitations(rollover)
    _remove_new_season(rollover)
    rollover.to_season, rollover.undone_at, rollover.undone_by = None, at, by[:150]
    rollover.due_at = rollover.needs_person_at = rollover.leased_until = None
    rollover.attempts += 1  # a job that is making the table writes no outcome any more
    rollover.save()


def _restore_old_season(rollover: Rollover, at: datetime, by: str) -> None:
    Season.objects.filter(pk=rollover.from_season_id).update(closed_at=None)
    desk().keep_season(rollover.from_season_id)
    for place in rollover.places.filter(let_go=True):
        registration = states.locked(place.before_id)
        if registration.cancelled_reason == LET_GO:
            registration.cancelled_at, registration.cancelled_reason = None, ""
            states.save(registration)
            words = "Waits again: the new season was undone"
            note(registration, TimelineEntry.Kind.STATE, words, at=at, by=by)
    rollover.places.update(team=None, let_go=False)


def _withdraw_invitations(rollover: Rollover) -> None:
    """What has not left yet does not leave; a link that was sent opens nothing any more."""
    carriers = rollover.invitations.values("registration")
    unsent = Sms.objects.filter(registration__in=carriers, kind=Kind.INVITATION, sid="")
    words = "the new season was undone"
    unsent.filter(due_at__isnull=False, leased_until=None, uncertain_since=None).update(
        due_at=None, status=Sms.Status.FAILED, status_at=clock.now(), error=words
    )
    rollover.invitations.all().delete()


def _remove_new_season(rollover: Rollover) -> None:
    season = rollover.to_season
    if season is None:
        return
    ReturningVisit.objects.filter(team__season=season).delete()
    outbox.mark_gone("team", season.teams.values_list("pk", flat=True))
    Team.objects.filter(season=season).delete()
    Rollover.objects.filter(pk=rollover.pk).update(to_season=None)
    season.delete()
