"""What is late, rung by rung: a reminder, another, staff, a proposed suspension (domain 5.8).

The days are the season's. Nobody is reminded while the bank still tries, while a plan holds, or
where hardship is noted; nothing is done to a child without a person's decision.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.db import transaction

from integrations import clock
from payments import lines
from payments.models import ArrearsCase, ArrearsPlan, Hardship
from registrations.actions import messages, states
from registrations.models import Registration, Season, TimelineEntry, note
from registrations.wording import pounds

Rung = ArrearsCase.Rung
Decision = ArrearsCase.Decision
# Debts are followed for so long after a season's last month.
FOLLOWED = timedelta(days=120)


@dataclass(frozen=True)
class Owed:
    """What one registration owes: since when, how much, and whether the bank still tries."""

    since: date
    pence: int
    retried: bool


def chase() -> int:
    """Look at every account of the seasons that matter; how many rungs were climbed."""
    today = clock.today()
    seasons = Season.objects.filter(opens_on__lte=today, last_month__gte=today - FOLLOWED)
    return sum(_chase(season, today) for season in seasons)


def _chase(season: Season, today: date) -> int:
    owed = owing(lines.entries(season, today=today))
    open_cases = ArrearsCase.objects.filter(closed_at=None, registration__season=season)
    cured = open_cases.exclude(registration__in=owed).values_list("pk", flat=True)
    for pk in list(cured):
        _close(pk)
    return sum(_look_at(pk, debt) for pk, debt in owed.items())


def owing(found: Sequence[lines.Entry]) -> dict[int, Owed]:
    """By registration, from the lines of the books."""
    debts: dict[int, Owed] = {}
    for line in found:
        if line.outstanding:
            before = debts.get(line.owner.registration)
            debts[line.owner.registration] = Owed(
                min(before.since, line.due_on) if before else line.due_on,
                (before.pence if before else 0) + line.outstanding,
                line.retried or bool(before and before.retried),
            )
    return debts


@transaction.atomic
def _look_at(registration_id: int, debt: Owed) -> bool:
    """Climb one rung at the most; True where one was climbed."""
    registration = states.locked(registration_id)
    moment = clock.now()
    case, _ = ArrearsCase.objects.get_or_create(
        registration=registration,
        closed_at=None,
        defaults={"since": debt.since, "pence": debt.pence, "rung_at": moment, "opened_at": moment},
    )
    ArrearsCase.objects.filter(pk=case.pk).update(since=debt.since, pence=debt.pence)
    case.since, case.pence = debt.since, debt.pence
    if registration.cancelled_at or debt.retried or is_held(registration):
        return False
    if case.rung == Rung.SUSPENSION_PROPOSED or not _is_time(case, registration.season, moment):
        return False
    case.rung += 1
    case.rung_at = moment
    case.save(update_fields=["rung", "rung_at"])
    _climb(case, registration, moment)
    return True


def is_held(registration: Registration) -> bool:
    """Whether a plan or hardship holds everything back."""
    plans = ArrearsPlan.objects.filter(registration=registration, ended_at=None)
    hard = Hardship.objects.filter(registration=registration, ended_at=None)
    return plans.filter(until__gte=clock.today()).exists() or hard.exists()


def _is_time(case: ArrearsCase, season: Season, moment: datetime) -> bool:
    """Late enough for the next rung, and long enough on this one; texts in waking hours only."""
    days = (
        0,
        season.first_reminder_days,
        season.second_reminder_days,
        season.arrears_staff_days,
        season.suspension_days,
    )
    following = case.rung + 1
    here = clock.london(moment)
    if (here.date() - case.since).days < days[following]:
        return False
    rested = (here.date() - clock.london(case.rung_at).date()).days
    if case.rung and rested < days[following] - days[case.rung]:
        return False
    texting = following in (Rung.REMINDED, Rung.REMINDED_AGAIN)
    awake = season.reminders_from_hour <= here.hour < season.reminders_until_hour
    return awake or not texting


def _climb(case: ArrearsCase, registration: Registration, moment: datetime) -> None:
    owed = pounds(case.pence)
    if case.rung in (Rung.REMINDED, Rung.REMINDED_AGAIN):
        again = case.rung == Rung.REMINDED_AGAIN
        messages.queue_arrears(registration, owed_pence=case.pence, again=again, at=moment)
    elif case.rung == Rung.WITH_STAFF:
        words = f"{owed} is late since {case.since:%-d %B %Y}, after two reminders: ring the parent"
        states.flag(registration.pk, words, at=moment)
    words = f"Arrears of {owed}: {case.get_rung_display()}"
    note(registration, TimelineEntry.Kind.PAYMENT, words, at=moment)


@transaction.atomic
def _close(case_id: int) -> None:
    """Nothing is late any more: a suspension because of it is lifted by itself."""
    owner = ArrearsCase.objects.values_list("registration_id", flat=True).get(pk=case_id)
    registration = states.locked(owner)
    case = ArrearsCase.objects.select_for_update().get(pk=case_id)
    if case.closed_at:
        return
    case.closed_at, case.closed_because = clock.now(), "nothing is late any more"
    case.save(update_fields=["closed_at", "closed_because"])
    note(registration, TimelineEntry.Kind.PAYMENT, "Arrears cured", at=clock.now())
    if case.decision == Decision.SUSPENDED:
        states.reinstate(registration.pk, reason="everything is paid", at=clock.now())


@transaction.atomic
def decide(case_id: int, *, suspend: bool, reason: str, by: User) -> None:
    """A person's word about a proposed suspension; ValidationError where it is too late for one."""
    owner = ArrearsCase.objects.values_list("registration_id", flat=True).get(pk=case_id)
    registration = states.locked(owner)
    case = ArrearsCase.objects.select_for_update().get(pk=case_id)
    if case.closed_at or case.rung != Rung.SUSPENSION_PROPOSED or case.decision:
        raise ValidationError("There is no proposal to decide any more.")
    case.decision = Decision.SUSPENDED if suspend else Decision.DISMISSED
    case.decided_at, case.decided_by, case.decision_reason = clock.now(), by, reason[:200]
    case.save(update_fields=["decision", "decided_at", "decided_by", "decision_reason"])
    if suspend:
        words = f"{pounds(case.pence)} is not paid: {reason}"
        states.suspend(registration.pk, reason=words, at=clock.now(), by=by)
        return
    words = f"Not suspended although {pounds(case.pence)} is late: {reason}"
    note(registration, TimelineEntry.Kind.STAFF, words, at=clock.now(), by=by.get_username())


@transaction.atomic
def agree(registration_id: int, *, until: date, words: str, by: User) -> None:
    """A plan with the family: nobody is reminded while it holds."""
    registration = states.locked(registration_id)
    if until <= clock.today():
        raise ValidationError("A plan ends on a day that is still to come.")
    moment = clock.now()
    ArrearsPlan.objects.filter(registration=registration, ended_at=None).update(ended_at=moment)
    ArrearsPlan.objects.create(
        registration=registration,
        agreed_on=clock.today(),
        until=until,
        words=words[:300],
        agreed_by=by,
    )
    text = f"Agreed until {until:%-d %B %Y}: {words}"
    note(registration, TimelineEntry.Kind.PAYMENT, text, at=moment, by=by.get_username())


@transaction.atomic
def note_hardship(registration_id: int, *, words: str, by: User) -> None:
    """Stop the ladder; why is kept encrypted, and no timeline tells of it."""
    registration = states.locked(registration_id)
    Hardship.objects.get_or_create(
        registration=registration,
        ended_at=None,
        defaults={"since": clock.now(), "words": words, "noted_by": by},
    )


@transaction.atomic
def end_hardship(registration_id: int) -> None:
    """The ladder goes on where it stood."""
    states.locked(registration_id)
    rows = Hardship.objects.filter(registration_id=registration_id, ended_at=None)
    rows.update(ended_at=clock.now())
