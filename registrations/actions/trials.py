"""Trial players: they train with a team until a day, take no place, and are charged nothing."""

from datetime import date, datetime, time, timedelta

from django.core.exceptions import ValidationError
from django.db import transaction

from integrations import clock
from registrations.actions import messages, states
from registrations.actions.states import Actor, name_of
from registrations.models import PlaceOffer, Registration, TimelineEntry, note

LONGEST = timedelta(weeks=8)


@transaction.atomic
def start(registration_id: int, *, last_day: date, at: datetime, by: Actor = None) -> None:
    """Let a child train until `last_day` (Europe/London), or longer than was said before.

    Who waits keeps the turn. Raises ValidationError once anything was paid, or for a day that is
    over or more than eight weeks away.
    """
    registration = states.locked(registration_id)
    today = clock.london(at).date()
    if not today <= last_day <= today + LONGEST:
        raise ValidationError("A trial ends today at the earliest, and within eight weeks.")
    if not may_start(registration):
        raise ValidationError("Only who has paid nothing and is not cancelled can be on trial.")
    ends = datetime.combine(last_day + timedelta(days=1), time(), tzinfo=clock.LONDON)
    registration.trial_ends_at = ends
    registration.offers.open().update(outcome=PlaceOffer.Outcome.WITHDRAWN, ended_at=at)
    note(
        registration,
        TimelineEntry.Kind.STATE,
        f"On trial until {last_day:%-d %B}",
        at=at,
        by=name_of(by),
    )
    states.save(registration)
    messages.queue_trial(registration, last_day=last_day, at=at)


def may_start(registration: Registration) -> bool:
    """Nothing is settled or arranged, and it is neither cancelled nor a double."""
    money = registration.fee_settled_at or registration.collection_arranged_at
    return not (money or registration.cancelled_at or registration.duplicate_of_id)
