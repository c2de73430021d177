"""When the months of a season are collected: the rule of domain 5.6 [R]; pure, London dates."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache

import holidays

LAST_DAY = -1
# Whoever joins up to this day of a month still pays for that month.
LAST_EARLY_DAY = 10


@dataclass(frozen=True)
class Plan:
    """What will be collected: one single payment, then a subscription; either may be none.

    `missed` names months (first days) that can no longer be collected: only where the mandate
    was read long after joining, so that a person has to decide.
    """

    single_on: date | None = None
    start_on: date | None = None
    count: int = 0
    single_month: date | None = None
    missed: tuple[date, ...] = ()

    @property
    def months(self) -> list[date]:
        """The first days of the months that the subscription collects."""
        first = self.start_on
        return list(_months(first.replace(day=1), self.count)) if first else []


def plan(
    *, joined_on: date, day: int, next_possible: date, first_month: date, last_month: date
) -> Plan:
    """Decide everything before anything is created (domain 5.6).

    `day` is 1 to 28 or -1; `next_possible` the mandate's next possible charge date, read just now.
    A month whose chosen day cannot be met is collected once, on `next_possible`, when the parent
    joined before it began or by its 10th; the rule for the first month, applied to each in turn.
    """
    first = max(joined_on.replace(day=1), first_month)
    single_month: date | None = None
    missed: list[date] = []
    for month in _months(first, months_between(first, last_month)):
        chosen = chosen_day(month, day)
        if chosen >= next_possible:
            count = months_between(month, last_month)
            single_on = next_possible if single_month else None
            return Plan(single_on, chosen, count, single_month, tuple(missed))
        if not _owed(month, joined_on, next_possible):
            continue
        if single_month is None and next_possible.replace(day=1) <= last_month:
            single_month = month
        else:
            missed.append(month)
    single_on = next_possible if single_month else None
    return Plan(single_on, None, 0, single_month, tuple(missed))


def chosen_day(month: date, day: int) -> date:
    """The chosen day (1 to 28, or -1 for the last) of the month that begins on `month`."""
    return _next_month(month) - timedelta(days=1) if day == LAST_DAY else month.replace(day=day)


def charged_on(chosen: date, day: int) -> date:
    """When the bank takes it: the next working day, but for -1 the one before (wire 3.3)."""
    step = timedelta(days=-1 if day == LAST_DAY else 1)
    while chosen.weekday() >= 5 or chosen in _bank_holidays(chosen.year):
        chosen += step
    return chosen


def months_between(first: date, last: date) -> int:
    """How many months there are from `first` to `last`, both counted; 0 where none are left."""
    return max((last.year - first.year) * 12 + last.month - first.month + 1, 0)


def _owed(month: date, joined_on: date, next_possible: date) -> bool:
    early = joined_on.day <= LAST_EARLY_DAY and next_possible < _next_month(month)
    return joined_on < month or early


def _months(first: date, count: int) -> Iterator[date]:
    month = first
    for _ in range(count):
        yield month
        month = _next_month(month)


def _next_month(month: date) -> date:
    return (month.replace(day=1) + timedelta(days=32)).replace(day=1)


@lru_cache(maxsize=16)
def _bank_holidays(year: int) -> holidays.HolidayBase:
    return holidays.country_holidays("GB", subdiv="ENG", years=year)
