"""Invite last season's families, one message each at a set rate, and remind who has not answered.

An invitation becomes a text (an e-mail where there is no number, or where the text fails) of last
season's registration; the one row per registration, kind and number makes it go out once.
"""

import secrets
from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet

from integrations import clock, queue
from registrations.actions import messages, proving_back, returning, rollover_commit
from registrations.actions.rollover_plan import NotPossible
from registrations.models import (
    ChatSession,
    Email,
    Invitation,
    Registration,
    ReturningPlace,
    ReturningVisit,
    Rollover,
    Sms,
)
from registrations.models.messages import Kind

BETWEEN = timedelta(days=14)
REMINDERS = 2  # that go out by themselves
LEAST_BETWEEN = timedelta(days=3)  # before staff may remind again
A_MINUTE = timedelta(minutes=1)
HELD = "held back: in arrears"
NO_WAY = "there is neither a number nor an e-mail address"


@dataclass(frozen=True)
class Progress:
    """How the invitations of one rollover stand, in families."""

    families: int
    to_send: int
    told: int
    opened: int
    answered: int
    untold: list[tuple[Invitation, str]]


@transaction.atomic
def invite(rollover_id: int, *, a_minute: int, at: datetime) -> int:
    """Make every family's invitation due; how many are new. Raises NotPossible."""
    rollover = rollover_commit.locked(rollover_id)
    if rollover.committed_at is None:
        raise NotPossible("The new season is not there yet: commit the plan first.")
    if not 1 <= a_minute <= 600:
        raise NotPossible("1 to 600 messages a minute, please.")
    Rollover.objects.filter(pk=rollover.pk).update(invitations_a_minute=a_minute)
    known = set(rollover.invitations.values_list("family", flat=True))
    new = [one for family, one in _made(rollover, at).items() if family not in known]
    Invitation.objects.bulk_create(new, batch_size=500)
    queue.ring("registrations.invite")
    return len(new)


@transaction.atomic
def remind(rollover_id: int, *, at: datetime) -> int:
    """Make a reminder due for everybody who has not answered; how many."""
    rollover = rollover_commit.locked(rollover_id)
    quiet = rollover.invitations.filter(
        answered_at=None, problem="", sent_at__lte=at - LEAST_BETWEEN
    )
    queue.ring("registrations.invite")
    return quiet.update(due_at=at)


@transaction.atomic
def release(invitation_id: int, *, at: datetime) -> None:
    """Staff let an invitation go that was held back; raises NotPossible where nobody is told."""
    one = Invitation.objects.select_for_update().select_related("guardian").get(pk=invitation_id)
    if one.answered_at or one.sent_at:
        return
    if not (one.guardian.phone or one.guardian.email):
        raise NotPossible(NO_WAY)
    Invitation.objects.filter(pk=one.pk).update(problem="", due_at=at)
    queue.ring("registrations.invite")


def send_due() -> int:
    """Hand the messages that are due to the messengers, no faster than staff have set."""
    under_way = Invitation.objects.filter(due_at__lte=clock.now()).values("rollover")
    rollovers = Rollover.objects.filter(pk__in=under_way, undone_at=None)
    return sum(_send_some(pk) for pk in rollovers.values_list("pk", flat=True))


@transaction.atomic
def _send_some(rollover_id: int) -> int:
    # The lock makes two workers take turns, so that together they keep the rate.
    rollover = Rollover.objects.select_for_update().get(pk=rollover_id)
    moment = clock.now()
    lately = rollover.invitations.filter(sent_at__gt=moment - A_MINUTE).count()
    room = max(rollover.invitations_a_minute - lately, 0)
    due = rollover.invitations.select_for_update(of=("self",)).filter(due_at__lte=moment)
    related = "rollover__to_season", "guardian"
    taken = list(due.select_related(*related).order_by("due_at", "pk")[:room])
    places = _places(rollover, [one.family_id for one in taken])
    carriers = Registration.objects.select_related("season", "team", "guardian", "player")
    by_pk = carriers.in_bulk([one.registration_id for one in taken])
    for one in taken:
        _tell(one, by_pk[one.registration_id], places[one.family_id], moment)
    return len(taken)


def _tell(
    one: Invitation, carrier: Registration, places: list[ReturningPlace], moment: datetime
) -> None:
    change: dict[str, object] = {"due_at": None}
    if places:
        number = one.reminders + 1 if one.sent_at else 0
        season = one.rollover.to_label
        messages.queue_invitation(
            carrier,
            link=link(one),
            children=[one.player.first_name for one in places if not one.waiting_since],
            waiting=[one.player.first_name for one in places if one.waiting_since],
            codes=[returning.code_of(place) for place in places],
            season=season,
            number=number,
            at=moment,
        )
        again = moment + BETWEEN if number < REMINDERS else None
        change = {"due_at": again, "sent_at": moment, "reminders": number}
    Invitation.objects.filter(pk=one.pk).update(**change)


def link(one: Invitation) -> str:
    """The family's own link."""
    return messages.address(f"return/{one.token}")


def look(token: str, at: datetime) -> str:
    """ "open", "answered", "closed" or "unknown": what a link would do; looking changes nothing."""
    one = _of_token(token)
    if one is None or one.rollover.to_season is None:
        return "unknown"
    if not one.rollover.to_season.closed_at and _open(one).exists():
        day = clock.london(at).date()
        return "open" if day <= one.rollover.to_season.closes_on else "closed"
    return "answered"


@transaction.atomic
def follow(token: str, *, at: datetime) -> tuple[ChatSession, ReturningVisit] | None:
    """A conversation that the link has proved to be the family's; None where nothing opens."""
    one = _of_token(token)
    if one is None or look(token, at) != "open":
        return None
    place = _open(one).select_related("team").first()
    assert place is not None
    key = f"page-{secrets.token_urlsafe(16)}"
    session = ChatSession.objects.create(key=key, started_at=at, last_seen_at=at)
    visit = proving_back.by_invitation(session, one, place, at=at)
    Invitation.objects.filter(pk=one.pk, opened_at=None).update(opened_at=at)
    return session, visit


def progress(rollover: Rollover) -> Progress:
    """Counts, and every family that could not be told, with the reason."""
    rows = rollover.invitations
    # What an earlier rollover sent before it was undone does not count.
    ours = {"kind": Kind.INVITATION, "created_at__gte": rollover.started_at or clock.now()}
    mail = Email.objects.filter(registration=OuterRef("registration"), **ours)
    sms = Sms.objects.filter(registration=OuterRef("registration"), **ours)
    lost = sms.filter(status__in=[Sms.Status.FAILED, Sms.Status.UNDELIVERED])
    marked = rows.annotate(
        mailed=Exists(mail.filter(sent_at__isnull=False)),
        mailing=Exists(mail.filter(sent_at=None, needs_person_at=None)),
        texted=Exists(sms.exclude(pk__in=lost.values("pk")).exclude(sid="")),
        texting=Exists(sms.filter(status=Sms.Status.PENDING, sid="", needs_person_at=None)),
    )
    out = Q(mailed=False, mailing=False, texted=False, texting=False, sent_at__isnull=False)
    untold = marked.filter(out | ~Q(problem="")).select_related("guardian", "registration")
    return Progress(
        families=rows.count(),
        to_send=rows.filter(sent_at=None, due_at__isnull=False).count(),
        told=marked.filter(Q(mailed=True) | Q(texted=True)).count(),
        opened=rows.filter(opened_at__isnull=False).count(),
        answered=rows.filter(answered_at__isnull=False).count(),
        untold=[(one, one.problem or _why_lost(one)) for one in untold],
    )


def _why_lost(one: Invitation) -> str:
    text = one.registration.sms.filter(kind=Kind.INVITATION).first()
    mail = one.registration.emails.filter(kind=Kind.INVITATION).first()
    said = [f"text: {text.error or text.last_error or 'lost'}"] if text else []
    said.append(f"e-mail: {mail.last_error}" if mail else "there is no e-mail address")
    return "; ".join(said)


def _made(rollover: Rollover, at: datetime) -> dict[int, Invitation]:
    """An unsaved invitation for every family with an open place."""
    rows = rollover.places.filter(team__isnull=False, answered_at=None, declined_at=None)
    held: dict[int, bool] = defaultdict(bool)
    made: dict[int, Invitation] = {}
    for place in rows.select_related("before__guardian").order_by("before__pk"):
        held[place.family_id] |= place.in_arrears
        parent = place.before.guardian
        made[place.family_id] = Invitation(
            rollover=rollover,
            family_id=place.family_id,
            guardian=parent,
            registration=place.before,
            problem="" if parent.phone or parent.email else NO_WAY,
        )
    for family, one in made.items():
        if held[family] and rollover.arrears == Rollover.Arrears.HOLD:
            one.problem = one.problem or HELD
        one.due_at = None if one.problem else at
    return made


def _places(rollover: Rollover, families: list[int]) -> dict[int, list[ReturningPlace]]:
    """The places nobody has answered for, by family, eldest child first."""
    rows = rollover.places.filter(
        family__in=families, team__isnull=False, answered_at=None, declined_at=None
    )
    found: dict[int, list[ReturningPlace]] = defaultdict(list)
    for place in rows.select_related("player", "team__season").order_by("player__dob"):
        found[place.family_id].append(place)
    return found


def _open(one: Invitation) -> QuerySet[ReturningPlace]:
    return ReturningPlace.objects.filter(
        rollover=one.rollover_id,
        family=one.family_id,
        team__isnull=False,
        answered_at=None,
        declined_at=None,
    )


def _of_token(token: str) -> Invitation | None:
    rows = Invitation.objects.select_related("rollover__to_season")
    return rows.filter(token=token).first()
