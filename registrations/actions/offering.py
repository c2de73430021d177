"""Offer a place to the next child on the list, by hand or by itself, and take the answer.

The parent gets a text with a link; the place is kept free until the answer or until the time is
over. A yes asks for payment like any other place. A no takes the child off the list. Who does not
answer stays on it, is passed over from then on, and is asked again only by hand.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta

from django.core.exceptions import ValidationError
from django.db import transaction

from integrations import clock
from registrations.actions import messages, squads, states
from registrations.actions.states import Actor, name_of
from registrations.models import PlaceOffer, Registration, Team, TimelineEntry, note

Outcome = PlaceOffer.Outcome
Kind = TimelineEntry.Kind
DECLINED = "the family declined the place"
BATCH = 50


@transaction.atomic
def offer(registration_id: int, *, at: datetime, by: Actor = None) -> PlaceOffer:
    """Offer a waiting child a place; staff may offer one above the limit.

    Raises ValidationError where the child does not wait or has been asked already.
    """
    registration = states.locked(registration_id)
    if not _waits(registration):
        raise ValidationError("This child does not wait for a place.")
    if registration.offers.open().exists():
        raise ValidationError("The family has been asked already, and has not answered yet.")
    return _offer(registration, squads.lock(registration.team_id), at, name_of(by))


def offer_free_places() -> int:
    """Offer what is free in teams whose places offer themselves; how many offers were made."""
    moment = clock.now()
    waiting = Registration.objects.in_turn().filter(season__closed_at=None)
    ids = set(waiting.values_list("team", flat=True))
    teams = Team.objects.filter(pk__in=ids, state=Team.State.OPEN).select_related("season")
    mine = [team for team in teams if team.offers_by_itself and _awake(team, moment)]
    return sum(_offer_all(team, moment) for team in mine)


def lapse_due() -> int:
    """End the offers whose time is over; how many."""
    ended = 0
    due = PlaceOffer.objects.over(clock.now()).order_by("expires_at")
    for pk, registration in due.values_list("pk", "registration")[:BATCH]:
        ended += _lapse(pk, registration)
    return ended


def look(token: str, at: datetime) -> str:
    """ "open", "unknown", or how the offer ended; looking changes nothing."""
    found = find(token)
    if found is None:
        return "unknown"
    if found.outcome:
        return found.outcome
    return Outcome.LAPSED if found.expires_at <= at else "open"


def find(token: str) -> PlaceOffer | None:
    """The offer of a link, with its child and team."""
    related = "registration__player", "registration__season", "team__season"
    return PlaceOffer.objects.select_related(*related).filter(token=token).first()


@transaction.atomic
def accept(token: str, *, at: datetime) -> bool:
    """The family takes the place and is asked for payment; False where it is offered no more."""
    mine = _answerable(token, at)
    if mine is None:
        return False
    _end(mine, Outcome.ACCEPTED, at)
    states.give_place(mine.registration_id, at=at, by="the parent")
    return True


@transaction.atomic
def decline(token: str, *, at: datetime) -> bool:
    """The family does not want it: the child is off the list, the place is the next one's."""
    mine = _answerable(token, at)
    if mine is None:
        return False
    _end(mine, Outcome.DECLINED, at)
    states.cancel(mine.registration_id, reason=DECLINED, at=at, by="the parent")
    return True


@transaction.atomic
def withdraw(offer_id: int, *, at: datetime, by: Actor = None) -> None:
    """Staff take an offer back; the child keeps its turn. Nothing where it has ended."""
    found = PlaceOffer.objects.get(pk=offer_id)
    registration = states.locked(found.registration_id)
    if _end(found, Outcome.WITHDRAWN, at):
        note(registration, Kind.STAFF, "Offer of a place taken back", at=at, by=name_of(by))


@transaction.atomic
def shift(registration_id: int, *, places: int, at: datetime, by: Actor = None) -> None:
    """Move a child up (-1) or down (1) the team's list; the list keeps staff's order."""
    team = Registration.objects.values_list("team", flat=True).get(pk=registration_id)
    waiting = Registration.objects.filter(team=team).in_turn()
    rows = states.locked_together(waiting.values_list("pk", flat=True))
    squads.lock(team)
    order = [pk for pk in waiting.values_list("pk", flat=True) if pk in rows]
    if registration_id not in order:
        raise ValidationError("This child does not wait for a place.")
    here = order.index(registration_id)
    there = min(max(here + places, 0), len(order) - 1)
    order.insert(there, order.pop(here))
    _renumber(order)
    if here != there:
        words = f"Number {there + 1} on the waiting list instead of {here + 1}"
        note(rows[registration_id], Kind.STAFF, words, at=at, by=name_of(by))


def _renumber(order: Iterable[int]) -> None:
    for turn, pk in enumerate(order, 1):
        Registration.objects.filter(pk=pk).exclude(turn=turn).update(turn=turn)


def _offer_all(team: Team, moment: datetime) -> int:
    made = 0
    while squads.has_room(team):
        nearest = squads.next_in_turn(team).values_list("pk", flat=True).first()
        if nearest is None or not _offer_next(nearest, moment):
            break
        made += 1
    return made


@transaction.atomic
def _offer_next(registration_id: int, moment: datetime) -> bool:
    """Offer to who was next a moment ago, if the place and the wish are still there."""
    registration = states.locked(registration_id)
    team = squads.lock(registration.team_id)
    still = squads.next_in_turn(team).filter(pk=registration_id).exists()
    if not (still and _waits(registration) and squads.has_room(team)):
        return False
    _offer(registration, team, moment, "")
    return True


def _offer(registration: Registration, team: Team, at: datetime, by: str) -> PlaceOffer:
    until = at + timedelta(hours=team.season.offer_hours)
    made = PlaceOffer.objects.create(
        registration=registration, team=team, offered_at=at, offered_by=by[:150], expires_at=until
    )
    words = f"Offered a place until {clock.london(until):%-d %B, %H:%M}"
    note(registration, Kind.STATE, words, at=at, by=by)
    link = messages.address(f"place/{made.token}")
    messages.queue_place_offer(registration, link=link, until=until, at=at)
    return made


def _waits(registration: Registration) -> bool:
    held = registration.cancelled_at or registration.duplicate_of_id
    return registration.waiting_since is not None and not held


def _awake(team: Team, moment: datetime) -> bool:
    """No offer starts its clock while families sleep: the season's hours of texts."""
    hour = clock.london(moment).hour
    return team.season.reminders_from_hour <= hour < team.season.reminders_until_hour


def _answerable(token: str, at: datetime) -> PlaceOffer | None:
    """The offer, its child and team locked, where it can still be answered."""
    found = find(token)
    if found is None:
        return None
    registration = states.locked(found.registration_id)
    squads.lock(found.team_id)
    current = PlaceOffer.objects.get(pk=found.pk)
    if current.outcome or current.expires_at <= at or not _waits(registration):
        return None
    return current


def _end(one: PlaceOffer, outcome: str, at: datetime) -> bool:
    rows = PlaceOffer.objects.open().filter(pk=one.pk)
    return bool(rows.update(outcome=outcome, ended_at=at))


@transaction.atomic
def _lapse(offer_id: int, registration_id: int) -> bool:
    registration, moment = states.locked(registration_id), clock.now()
    one = PlaceOffer.objects.get(pk=offer_id)
    if not _end(one, Outcome.LAPSED, moment):
        return False
    note(registration, Kind.STATE, "The offer of a place lapsed without an answer", at=moment)
    messages.queue_place_offer(registration, link="", until=None, at=moment)
    return True
