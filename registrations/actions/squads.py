"""How full a squad is, and whose turn it is to join.

A place is taken by whoever is in the squad, kept for a child of last season until the family has
answered, or offered and not yet answered. A child on trial takes none: it is counted on joining.
Whoever fills a place locks the team first, so that two never get the last one.
"""

from dataclasses import dataclass
from typing import Any

from django.db.models import Q, QuerySet

from registrations.models import PlaceOffer, Registration, ReturningPlace, Team


@dataclass(frozen=True)
class Squad:
    """A team in numbers; without a limit any number may join."""

    limit: int | None
    players: int
    kept: int
    offered: int
    waiting: int
    trying: int

    @property
    def free(self) -> int | None:
        """Places that nobody has, is kept or was offered; None for any number."""
        if self.limit is None:
            return None
        return max(self.limit - self.players - self.kept - self.offered, 0)


def lock(team_id: int) -> Team:
    """The team, locked until the transaction ends; lock a registration before it, never after."""
    rows = Team.objects.select_for_update(of=("self",), no_key=True).select_related("season")
    return rows.get(pk=team_id)


def squad(team: Team) -> Squad:
    """The team in numbers, as of now."""
    live = team.registrations.filter(cancelled_at=None, duplicate_of=None)
    return Squad(
        limit=team.squad_limit,
        players=live.filter(waiting_since=None, trial_ends_at=None).count(),
        kept=_kept(team).filter(waiting_since=None).count(),
        offered=team.offers.open().count(),
        waiting=live.filter(waiting_since__isnull=False).count(),
        trying=live.filter(trial_ends_at__isnull=False).count(),
    )


def has_room(team: Team) -> bool:
    """Whether one more child may join: the club has not said "full", and a place is free."""
    return team.state == Team.State.OPEN and squad(team).free != 0


def is_full(team: Team, *, besides: ReturningPlace | None = None) -> bool:
    """Whether a child who comes now would wait.

    Free places go to those who wait first; `besides` is the kept turn of the child itself.
    """
    if team.state == Team.State.FULL:
        return True
    free = squad(team).free
    return free is not None and free <= _ahead(team, besides)


def next_in_turn(team: Team) -> QuerySet[Registration]:
    """Who is asked next, first to last: not those asked at this moment, nor those who let a
    place of this team pass unanswered; staff may ask them again."""
    asked = PlaceOffer.objects.filter(Q(outcome="") | Q(outcome=PlaceOffer.Outcome.LAPSED))
    waiting = team.registrations.in_turn().filter(trial_ends_at=None)
    return waiting.exclude(pk__in=asked.filter(team=team).values("registration"))


def turn_of(registration: Registration) -> int:
    """1 for who is next in the team's list, and so on; 0 for who does not wait."""
    waiting = registration.team.registrations.in_turn().values_list("pk", flat=True)
    return next((n for n, pk in enumerate(waiting, 1) if pk == registration.pk), 0)


def _ahead(team: Team, besides: ReturningPlace | None) -> int:
    turns = _kept(team).filter(waiting_since__isnull=False)
    if besides is not None:
        turns = turns.filter(waiting_since__lt=besides.waiting_since)
    return next_in_turn(team).count() + turns.count()


def _kept(team: Team) -> QuerySet[Any]:
    """Places and turns of last season's children whose families have not answered yet."""
    return team.places.filter(answered_at=None, declined_at=None)
