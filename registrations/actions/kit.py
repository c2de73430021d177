"""Kit sizes and shirt numbers (domain 2.5): one player per shirt, by the database's word."""

from datetime import datetime, timedelta

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.db.models import QuerySet

from integrations import clock
from registrations.actions import drafts, states
from registrations.models import Draft, Registration, ReturningPlace, ShirtHold, TimelineEntry, note

HOLD = timedelta(minutes=30)


class Taken(Exception):
    """Somebody has that shirt, or is choosing it; whose it is stays with the club."""


@transaction.atomic
def choose_size(registration_id: int, size: str, *, at: datetime) -> None:
    """Keep the kit size."""
    registration = states.locked(registration_id)
    registration.kit_size = size
    states.save(registration)
    note(registration, TimelineEntry.Kind.CHAT, f"Kit size {size}", at=at)


@transaction.atomic
def hold_shirt(draft: Draft, number: int, *, at: datetime) -> None:
    """Keep a number for half an hour while the parent makes up their mind; raises Taken."""
    if (
        Registration.objects.filter(team=draft.team_id, shirt_number=number)
        .exclude(status=Registration.Status.CANCELLED)
        .exists()
    ) or _kept(draft.team_id, draft).filter(shirt_number=number).exists():
        raise Taken
    ShirtHold.objects.filter(team=draft.team_id, number=number, expires_at__lte=at).delete()
    try:
        with transaction.atomic():
            hold, _ = ShirtHold.objects.get_or_create(
                team_id=draft.team_id,
                number=number,
                draft=draft,
                defaults={"expires_at": at + HOLD},
            )
    except IntegrityError:
        raise Taken from None
    hold.expires_at = at + HOLD
    hold.save(update_fields=["expires_at"])
    # Let go only now: two who want what the other holds would otherwise wait for each other.
    ShirtHold.objects.filter(draft=draft).exclude(number=number).delete()


@transaction.atomic
def take_shirt(draft: Draft, number: int, *, at: datetime) -> None:
    """Give the child a number for the season; raises Taken.

    Holding first makes two parents who want one number at the same moment take turns.
    """
    hold_shirt(draft, number, at=at)
    registration = states.locked(drafts.sent_in(draft).pk)
    registration.shirt_number, registration.new_kit_required = number, True
    try:
        with transaction.atomic():
            states.save(registration)
    except IntegrityError:
        raise Taken from None
    ShirtHold.objects.filter(draft=draft).delete()
    words = f"Shirt {number} ({registration.kit_type.lower()})"
    note(registration, TimelineEntry.Kind.CHAT, words, at=at)


@transaction.atomic
def change_shirt(
    registration_id: int, number: int | None, *, reason: str, at: datetime, by: states.Actor = None
) -> None:
    """Give a child another number, or none; raises ValidationError where it is not free."""
    registration = states.locked(registration_id)
    before = registration.shirt_number
    if before == number:
        return
    if registration.cancelled_at:
        raise ValidationError("This registration was cancelled.")
    if number and number not in free_in(registration.team_id, at=at):
        raise ValidationError(f"Shirt {number} is taken or held in {registration.team}.")
    registration.shirt_number = number
    try:
        with transaction.atomic():
            states.save(registration)
    except IntegrityError:
        raise ValidationError("That shirt was taken at this moment: look again.") from None
    words = f"Shirt {number or 'none'} instead of {before or 'none'}: {reason}"
    note(registration, TimelineEntry.Kind.STAFF, words, at=at, by=states.name_of(by))


@transaction.atomic
def let_go(draft: Draft) -> None:
    """The parent would rather have another number."""
    ShirtHold.objects.filter(draft=draft).delete()


def free_shirts(draft: Draft, *, at: datetime) -> list[int]:
    """Numbers of the draft's team that nobody has or is choosing."""
    return free_in(draft.team_id, at=at, draft=draft)


def free_in(team_id: int, *, at: datetime, draft: Draft | None = None) -> list[int]:
    """Numbers of a team that nobody has, is kept or is choosing, but for the draft's own."""
    worn = Registration.objects.filter(team=team_id, shirt_number__isnull=False).exclude(
        status=Registration.Status.CANCELLED
    )
    held = ShirtHold.objects.filter(team=team_id, expires_at__gt=at)
    held = held.exclude(draft=draft) if draft else held
    taken = {*worn.values_list("shirt_number", flat=True), *held.values_list("number", flat=True)}
    taken |= set(_kept(team_id, draft).values_list("shirt_number", flat=True))
    return [number for number in range(1, 26) if number not in taken]


def _kept(team_id: int, draft: Draft | None) -> QuerySet[ReturningPlace]:
    """Places of the team whose shirts are kept for children who may come back."""
    kept = ReturningPlace.objects.filter(
        team=team_id, answered_at=None, declined_at=None, shirt_number__isnull=False
    )
    return kept.exclude(pk=draft.place_id) if draft and draft.place_id else kept


@transaction.atomic
def release_expired() -> int:
    """Let go of shirts whose half hour is over; how many."""
    return ShirtHold.objects.filter(expires_at__lte=clock.now()).delete()[0]
