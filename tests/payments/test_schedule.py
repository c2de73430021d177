"""When months are collected: the table of domain 5.6 and what must hold for every date."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from payments.schedule import charged_on, chosen_day, months_between, plan

FIRST, LAST = date(2025, 9, 1), date(2026, 5, 1)


def planned(joined_on, day, next_possible):
    """A plan in the season of 2025-26."""
    return plan(
        joined_on=joined_on,
        day=day,
        next_possible=next_possible,
        first_month=FIRST,
        last_month=LAST,
    )


def autumn(text):
    """A date of the season from MM-DD."""
    month, day = map(int, text.split("-"))
    return date(2025 if month >= 6 else 2026, month, day)


@pytest.mark.parametrize(
    ("joins", "day", "npcd", "single", "start", "count"),
    [
        ("07-08", 10, "07-14", None, "09-10", 9),
        ("08-20", -1, "08-27", None, "09-30", 9),
        ("08-27", 1, "09-02", "09-02", "10-01", 8),
        ("08-28", 1, "09-03", "09-03", "10-01", 8),
        ("08-29", 2, "09-04", "09-04", "10-02", 8),
        ("09-05", 10, "09-11", "09-11", "10-10", 8),
        ("09-08", 10, "09-12", "09-12", "10-10", 8),
        ("09-10", 12, "09-16", "09-16", "10-12", 8),
        ("09-11", 13, "09-17", None, "10-13", 8),
        ("09-11", 25, "09-17", None, "09-25", 9),
        ("09-30", -1, "10-06", None, "10-31", 8),
        ("12-08", 10, "12-12", "12-12", "01-10", 5),
        ("01-31", -1, "02-06", None, "02-28", 4),
        ("05-20", 1, "05-27", None, None, 0),
    ],
)
def test_the_table_of_the_rule_holds(joins, day, npcd, single, start, count):
    result = planned(autumn(joins), day, autumn(npcd))
    assert result.single_on == (autumn(single) if single else None)
    assert result.start_on == (autumn(start) if start else None)
    assert result.count == count
    assert result.missed == ()


def test_the_next_month_is_not_free_when_its_day_comes_too_soon():
    result = planned(date(2025, 9, 28), 1, date(2025, 10, 3))
    assert (result.single_on, result.single_month) == (date(2025, 10, 3), date(2025, 10, 1))
    assert (result.start_on, result.count) == (date(2025, 11, 1), 7)


def test_the_last_month_may_be_a_single_payment_alone():
    result = planned(date(2026, 5, 5), 3, date(2026, 5, 12))
    assert (result.single_on, result.start_on, result.count) == (date(2026, 5, 12), None, 0)


def test_months_that_passed_while_nobody_could_collect_are_named():
    result = planned(date(2025, 8, 20), 1, date(2025, 11, 5))
    assert result.single_month == date(2025, 9, 1)
    assert result.missed == (date(2025, 10, 1), date(2025, 11, 1))
    assert (result.start_on, result.count) == (date(2025, 12, 1), 6)


def test_joining_after_the_last_month_collects_nothing():
    result = planned(date(2026, 6, 2), 5, date(2026, 6, 8))
    assert (result.single_on, result.start_on, result.count) == (None, None, 0)


@pytest.mark.parametrize(
    ("chosen", "day", "charged"),
    [
        (date(2024, 6, 15), 15, date(2024, 6, 17)),  # a Saturday
        (date(2024, 9, 15), 15, date(2024, 9, 16)),  # a Sunday
        (date(2026, 10, 31), -1, date(2026, 10, 30)),  # the last day rolls back
        (date(2026, 12, 25), 25, date(2026, 12, 29)),  # Boxing Day is a Saturday: Monday instead
        (date(2027, 3, 26), 26, date(2027, 3, 30)),  # Good Friday to Easter Monday
        (date(2026, 9, 15), 15, date(2026, 9, 15)),
    ],
)
def test_the_bank_takes_it_on_a_working_day(chosen, day, charged):
    assert charged_on(chosen, day) == charged


DAYS = st.sampled_from([*range(1, 29), -1])
JOINED = st.dates(date(2025, 6, 1), date(2026, 5, 31))
GAPS = st.integers(4, 12).map(timedelta)


@given(JOINED, DAYS, GAPS)
def test_nothing_is_ever_collected_outside_the_season_or_too_soon(joined_on, day, gap):
    result = planned(joined_on, day, joined_on + gap)
    for charge in filter(None, [result.single_on, result.start_on]):
        assert FIRST <= charge <= date(2026, 5, 31)
        assert charge >= joined_on + gap


@given(JOINED, DAYS, GAPS)
def test_no_month_is_collected_twice_and_none_is_missed_but_the_first(joined_on, day, gap):
    result = planned(joined_on, day, joined_on + gap)
    collected = ([result.single_month] if result.single_month else []) + result.months
    owed = months_between(max(joined_on.replace(day=1), FIRST), LAST)
    assert collected == sorted(set(collected))
    assert len(collected) in (owed, owed - 1)
    assert result.missed == ()
    if collected:
        assert collected[-1] == LAST
    if joined_on < FIRST:
        assert len(collected) == 9


@given(JOINED, DAYS, GAPS)
def test_the_count_reaches_from_the_first_date_to_the_last_month(joined_on, day, gap):
    result = planned(joined_on, day, joined_on + gap)
    if result.start_on is None:
        assert result.count == 0
    else:
        assert result.count == months_between(result.start_on, LAST)
        assert result.start_on == chosen_day(result.start_on.replace(day=1), day)
