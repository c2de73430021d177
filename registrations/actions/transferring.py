"""A child goes to another team of the same season: one registration, so the money goes with it.

The signing-on fee is not asked for again and the Direct Debit runs on; the family's prices are
looked at again. The shirt is kept where its number is free there. The place that is left falls
free for the old team's list. Leaving the club is cancelling, with its own preview and refund.
"""

from datetime import datetime

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.db.models import QuerySet

from registrations import ages
from registrations.actions import kit, messages, resuming, squads, states, sync
from registrations.actions.states import Actor, name_of
from registrations.models import (
    PlaceOffer,
    Registration,
    Team,
    TimelineEntry,
    note,
)
from registrations.models.seasons import IN_AGE_ORDER
from registrations.ports import desk
from registrations.wording import pounds


def teams_for(registration: Registration) -> QuerySet[Team]:
    """Where a child may go: the season's other teams that are not closed, youngest first."""
    rows = Team.objects.filter(season=registration.season_id).exclude(state=Team.State.CLOSED)
    return rows.exclude(pk=registration.team_id).order_by(*IN_AGE_ORDER)


def foresee(registration: Registration, team: Team, *, at: datetime) -> list[tuple[str, str]]:
    """All that goes with the move, in lines for staff to read before they press."""
    lines = [("From and to", f"{registration.team} to {team}")]
    number = registration.shirt_number
    if number and number in kit.free_in(team.pk, at=at):
        lines.append(("Shirt", f"{number} is free there and kept"))
    elif number:
        lines.append(("Shirt", f"{number} is taken there: choose one, or the family is asked"))
    if registration.waiting_since:
        lines.append(("Place", "the child goes on waiting, in the new team's list"))
    if ages.mismatch(team, registration.player.dob):
        lines.append(("Age", "the birthday does not fit the new age group"))
    monthly = pounds(registration.monthly_fee_pence)
    words = f"no signing-on fee again; {monthly} a month goes on, brothers and sisters counted anew"
    lines.append(("Money", words))
    lines.append(("Airtable", "the same row shows the new team"))
    return lines


@transaction.atomic
def transfer(
    registration_id: int,
    team_id: int,
    *,
    shirt: int | None,
    reason: str,
    at: datetime,
    by: Actor = None,
) -> Registration:
    """Put a child into another team, above its limit too, and tell the family; once.

    Without `shirt` the number is kept where it is free. Raises ValidationError where the child
    cannot go there, or the shirt is taken.
    """
    registration = states.locked(registration_id)
    if registration.team_id == team_id:
        return registration
    if registration.cancelled_at or registration.season.closed_at:
        raise ValidationError("This registration can no longer be moved.")
    lock(registration.team_id, team_id)
    team = teams_for(registration).filter(pk=team_id).select_related("season").first()
    if team is None:
        raise ValidationError("That is no open team of this season.")
    if shirt and shirt not in kit.free_in(team_id, at=at):
        raise ValidationError(f"Shirt {shirt} is taken in {team}.")
    before = registration.team
    put(registration, team, shirt=shirt, at=at)
    try:
        with transaction.atomic():
            states.save(registration)
    except IntegrityError:
        raise ValidationError("That shirt was taken at this moment: look again.") from None
    words = f"Moved from {before} to {team}: {reason}"
    note(registration, TimelineEntry.Kind.STAFF, words, at=at, by=name_of(by))
    follow(registration, before, at=at)
    return registration


def lock(*teams: int) -> None:
    """Lock teams in the one order that is safe; the registration first."""
    for pk in sorted(teams):
        squads.lock(pk)


def put(registration: Registration, team: Team, *, shirt: int | None, at: datetime) -> None:
    """Change the team of a locked registration, and what hangs on it; the caller saves it.

    A number that is taken there is given up; the conversation asks for another.
    """
    had = registration.shirt_number
    free = kit.free_in(team.pk, at=at)
    registration.shirt_number = shirt or (had if had in free else None)
    if registration.shirt_number != had:
        registration.new_kit_required = True
        states.add_flag(registration, f"another shirt than {had}, since the team changed", at=at)
    registration.team, registration.turn = team, None
    registration.age_mismatch = ages.mismatch(team, registration.player.dob)
    registration.offers.open().update(outcome=PlaceOffer.Outcome.WITHDRAWN, ended_at=at)


def follow(registration: Registration, before: Team, *, at: datetime) -> None:
    """What comes after a change of team that was saved: suspensions, prices, and a text."""
    for suspension in registration.suspensions.all():
        sync.touch_suspension(suspension)
    desk().price_again(registration.pk)
    asks = registration.in_squad and registration.new_kit_required and not registration.shirt_number
    link = resuming.link_of(registration, at=at) if asks else ""
    messages.queue_team(registration, before=str(before), link=link, at=at)
