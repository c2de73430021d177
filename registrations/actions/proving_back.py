"""Who says that a child comes back, and how they prove to be its parent (design 3.8).

A name, a birthday and a code that was typed prove nothing, and nobody learns whether they fit a
child on file: what is typed is stored the same for everybody, and a job finds out. It sends six
digits to the contact on file; typed back within ten minutes they open the family's places. Locks
count by the name that is asked for, whether there is such a child or not.
"""

import re
import secrets
from datetime import date, datetime, timedelta
from enum import StrEnum

from django.db import transaction
from django.db.models import Sum
from django.utils.crypto import constant_time_compare, salted_hmac

from integrations import clock, mail, queue, sms
from registrations import wording
from registrations.actions import returning
from registrations.codes import Code
from registrations.models import (
    ChatSession,
    Guardian,
    Invitation,
    OptOut,
    ReturningPlace,
    ReturningVisit,
    Season,
    Team,
)

LASTS = timedelta(minutes=10)
TRIES = 5  # wrong codes in one visit
WRONG_A_DAY = 10  # wrong codes for one name, over all visits
SENDS_A_DAY = 6  # codes asked for one name, and sent to one family
BATCH = 50


class Verdict(StrEnum):
    """What became of six digits that were typed in."""

    PROVEN = "proven"
    WRONG = "wrong"
    OVER = "over"  # too old, or tried too often


def keeps_places(season: Season) -> bool:
    """Whether children of the season before have places in this one."""
    return ReturningPlace.objects.filter(team__season=season).exists()


@transaction.atomic
def begin(key: str, team: Team, code: Code, *, at: datetime) -> ReturningVisit:
    """Somebody typed a returning child's code; whatever the session was about is laid aside."""
    ChatSession.objects.get_or_create(key=key, defaults={"started_at": at, "last_seen_at": at})
    session = ChatSession.objects.select_for_update().get(key=key)
    session.draft, session.offered_code = None, ""
    session.save(update_fields=["draft", "offered_code"])
    return ReturningVisit.objects.create(
        session=session,
        team=team,
        code=code.raw[:120],
        asked_for=f"{team.pk} {_folded(f'{code.first} {code.last}')}"[:120],
        started_at=at,
    )


def by_invitation(
    session: ChatSession, invitation: Invitation, place: ReturningPlace, *, at: datetime
) -> ReturningVisit:
    """The link that was sent to the contact on file is the proof."""
    return ReturningVisit.objects.create(
        session=session,
        team=returning.team_of(place),
        code="",
        asked_for=f"invitation {invitation.pk}",
        family_id=invitation.family_id,
        invitation=invitation,
        started_at=at,
        proven_at=at,
    )


def open_visit(session: ChatSession | None, at: datetime) -> ReturningVisit | None:
    """The session's visit that is not proved yet, if it is not a day old."""
    if session is None or session.draft_id:
        return None
    visit = session.visits.select_related("team__season").first()
    if visit is None or visit.proven_at or visit.started_at < at - timedelta(days=1):
        return None
    return visit


@transaction.atomic
def give_birthday(visit: ReturningVisit, dob: date, *, at: datetime) -> bool:
    """Keep the birthday that was typed and owe six digits; False where the name is locked."""
    return _owe(visit, at, dob=dob)


@transaction.atomic
def send_again(visit: ReturningVisit, *, by_email: bool, at: datetime) -> bool:
    """Owe other digits, by e-mail if wished; False where the name is locked."""
    return _owe(visit, at, by_email=by_email)


@transaction.atomic
def confirm(visit: ReturningVisit, digits: str, *, at: datetime) -> Verdict:
    """Take six digits; each wrong try counts, and the same is done whoever is asked for."""
    visit = ReturningVisit.objects.select_for_update().get(pk=visit.pk)
    right = constant_time_compare(_digest(visit.pk, digits), visit.digest or "none")
    late = visit.digits_expire_at is not None and visit.digits_expire_at <= at
    if visit.wrong >= TRIES or late or is_locked(visit.asked_for, at):
        return Verdict.OVER
    if right and visit.family_id:
        visit.proven_at, visit.digest, visit.due_at = at, "", None
        visit.save(update_fields=["proven_at", "digest", "due_at"])
        return Verdict.PROVEN
    visit.wrong += 1
    visit.save(update_fields=["wrong"])
    return Verdict.OVER if visit.wrong >= TRIES else Verdict.WRONG


def is_locked(asked_for: str, at: datetime) -> bool:
    """Whether one name has been tried too often since yesterday, on file or not."""
    lately = ReturningVisit.objects.filter(asked_for=asked_for, started_at__gt=at - timedelta(1))
    counted = lately.aggregate(wrong=Sum("wrong"), sends=Sum("sends"))
    return (counted["wrong"] or 0) >= WRONG_A_DAY or (counted["sends"] or 0) > SENDS_A_DAY


def send_due() -> int:
    """Find out who is meant and send the digits; how many were taken up."""
    taken = 0
    due = ReturningVisit.objects.due().order_by("due_at")
    for pk in due.values_list("pk", flat=True)[:BATCH]:
        visit = ReturningVisit.objects.claim(pk)
        if visit:
            taken += 1
            _send(visit)
    return taken


def _owe(visit: ReturningVisit, at: datetime, **given: object) -> bool:
    locked = ReturningVisit.objects.select_for_update().get(pk=visit.pk)
    for name, value in given.items():
        setattr(locked, name, value)
    locked.sends += 1
    locked.due_at, locked.digits_expire_at, locked.digest = at, at + LASTS, ""
    locked.leased_until = locked.needs_person_at = None
    locked.attempts += 1  # a job that is sending the digits before these writes nothing any more
    locked.save()
    queue.ring("registrations.send_messages")
    return not is_locked(visit.asked_for, at)


def _send(visit: ReturningVisit) -> None:
    moment = clock.now()
    place = _place(visit)
    old = visit.digits_expire_at is None or visit.digits_expire_at <= moment - LASTS
    to = _contact(place.before.guardian, visit) if place else ("", "")
    if old or not any(to) or is_locked(visit.asked_for, moment) or _often(place, moment):
        visit.settle()
        return
    digits = f"{secrets.randbelow(1_000_000):06}"
    mine = ReturningVisit.objects.filter(pk=visit.pk, attempts=visit.attempts, proven_at=None)
    change = {"digest": _digest(visit.pk, digits), "digits_expire_at": moment + LASTS}
    if not mine.update(**change, family=place.family_id if place else None):
        return
    with visit.reporting():
        _talk(to, digits)
        if visit.settle():
            ReturningVisit.objects.filter(pk=visit.pk).update(digits_sent_at=clock.now())


def _talk(to: tuple[str, str], digits: str) -> None:
    phone, address = to
    minutes = int(LASTS.total_seconds() // 60)
    kind = "sms" if phone else "email"
    words = wording.plain(f"{kind}/contact_code.txt", code=digits, minutes=minutes)
    if phone:
        sms.send(phone, sms.plain(words))
        return
    subject, _, body = words.partition("\n")
    mail.send(address, subject.strip(), body.strip() + "\n")


def _place(visit: ReturningVisit) -> ReturningPlace | None:
    """The kept place of the child that is meant: team, whole name and birthday all fit."""
    if visit.dob is None:
        return None
    rows = ReturningPlace.objects.filter(
        team=visit.team_id,
        player__dob=visit.dob,
        answered_at=None,
        declined_at=None,
        rollover__undone_at=None,
    ).select_related("player", "before__guardian")
    wanted = visit.asked_for.partition(" ")[2]
    fitting = [row for row in rows if _folded(row.player.full_name)[:115] == wanted[:115]]
    return fitting[0] if len(fitting) == 1 else None


def _contact(guardian: Guardian, visit: ReturningVisit) -> tuple[str, str]:
    """(phone, "") or ("", e-mail) on file; the e-mail where the phone wants no texts."""
    phone = str(guardian.phone or "")
    if phone and not (visit.by_email and guardian.email):
        if not OptOut.objects.filter(phone=phone).exists():
            return phone, ""
    return "", guardian.email


def _often(place: ReturningPlace | None, at: datetime) -> bool:
    """Nobody can have a family texted all day, whichever of its children they name."""
    sent = ReturningVisit.objects.filter(digits_sent_at__gt=at - timedelta(1))
    return place is not None and sent.filter(family=place.family_id).count() >= SENDS_A_DAY


def _folded(name: str) -> str:
    return " ".join(re.split(r"[\s-]+", name.casefold().replace("\u2019", "'").strip()))


def _digest(pk: int, digits: str) -> str:
    return salted_hmac("registrations.returning_visit", f"{pk} {digits}").hexdigest()
