"""The Bacs calendar of wire/gocardless_twilio 3.4: working days, cut-off, charge dates (pure)."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

import holidays
from dateutil.relativedelta import relativedelta

LONDON = ZoneInfo("Europe/London")
CUT_OFF = time(16)
ACTIVE_LEAD = 3
NEW_LEAD = 4
# When the bank's files are worked on, in London, as real events showed.
CREATES_AT = time(5, 33)
SUBMITS_AT = time(16, 5)
REPORTS_AT = time(11, 6)
_MONTHS = (
    "january february march april may june july august september october november december"
).split()


@lru_cache(maxsize=16)
def _holidays(year: int) -> holidays.HolidayBase:
    return holidays.country_holidays("GB", subdiv="ENG", years=year)


def is_working_day(day: date) -> bool:
    """Neither a weekend nor an English bank holiday."""
    return day.weekday() < 5 and day not in _holidays(day.year)


def rolled_forward(day: date) -> date:
    """The day itself, or the next working day."""
    while not is_working_day(day):
        day += timedelta(days=1)
    return day


def rolled_back(day: date) -> date:
    """The day itself, or the working day before it."""
    while not is_working_day(day):
        day -= timedelta(days=1)
    return day


def add_working_days(day: date, count: int) -> date:
    """`count` working days after `day`; before it when negative."""
    step = timedelta(days=1 if count > 0 else -1)
    for _ in range(abs(count)):
        day += step
        while not is_working_day(day):
            day += step
    return day


def day_zero(moment: datetime) -> date:
    """The working day on which something asked for at `moment` counts (16:00 London cut-off)."""
    local = moment.astimezone(LONDON)
    late = local.time() >= CUT_OFF
    return rolled_forward(local.date() + timedelta(days=1 if late else 0))


def next_possible_charge_date(moment: datetime, *, new_mandate: bool) -> date:
    """The first day that a payment made at `moment` can be charged."""
    return add_working_days(day_zero(moment), NEW_LEAD if new_mandate else ACTIVE_LEAD)


def at(day: date, when: time) -> datetime:
    """That London time of that day, in UTC."""
    return datetime.combine(day, when, LONDON).astimezone(UTC)


def charge_date(nominal: date, day_of_month: int | None) -> date:
    """A nominal day as it is charged: forward to a working day, but `-1` backward."""
    return rolled_back(nominal) if day_of_month == -1 else rolled_forward(nominal)


def charge_dates(subscription: dict) -> Iterator[date]:
    """Every charge date of a subscription, from its start, without end unless it has a count."""
    count = subscription.get("count")
    day_of_month = subscription.get("day_of_month")
    for made, nominal in enumerate(_nominal_dates(subscription)):
        if count is not None and made >= count:
            return
        yield charge_date(nominal, day_of_month)


def end_date(subscription: dict) -> date | None:
    """The day after the last charge, or None without a count."""
    if subscription.get("count") is None:
        return None
    return list(charge_dates(subscription))[-1] + timedelta(days=1)


def first_start(nominal_from: date, subscription: dict) -> date:
    """The start of a subscription that named none: its first charge on or after that day."""
    probe = {**subscription, "start_date": nominal_from.isoformat()}
    nominal = next(_nominal_dates(probe))
    rolled = charge_date(nominal, subscription.get("day_of_month"))
    # A charge that rolls into the next month would otherwise skip its own month when read again.
    return rolled if rolled.month == nominal.month else nominal


def _nominal_dates(subscription: dict) -> Iterator[date]:
    start = date.fromisoformat(subscription["start_date"])
    unit, interval = subscription["interval_unit"], subscription["interval"]
    if unit == "weekly":
        first, step = start, relativedelta(weeks=interval)
    else:
        first = _first_nominal(start, subscription)
        step = relativedelta(months=interval if unit == "monthly" else 12 * interval)
    last_day = subscription.get("day_of_month") == -1
    index = 0
    while True:
        day = first + step * index
        yield day + relativedelta(day=31) if last_day else day
        index += 1


def _first_nominal(start: date, subscription: dict) -> date:
    day_of_month = subscription.get("day_of_month")
    if day_of_month is None:
        return start
    day = 31 if day_of_month == -1 else day_of_month
    month = subscription.get("month")
    first = start + relativedelta(day=1)
    if month:
        first += relativedelta(month=_MONTHS.index(month) + 1)
    nominal = first + relativedelta(day=day)
    gap = relativedelta(months=12 if month else 1)
    # A last day that rolls back before a start on that same day still belongs to its month.
    while max(nominal, charge_date(nominal, day_of_month)) < start:
        first += gap
        nominal = first + relativedelta(day=day)
    return nominal
