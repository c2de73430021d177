"""The Bacs calendar against every date that GoCardless is known to have given."""

from datetime import UTC, date, datetime
from itertools import islice

import pytest

from integrations.sandbox.gocardless import bacs


@pytest.mark.parametrize(
    ("moment", "new_mandate", "expected"),
    [
        (datetime(2016, 8, 19, 13, 52, tzinfo=UTC), False, date(2016, 8, 24)),
        (datetime(2016, 8, 19, 16, 48, tzinfo=UTC), False, date(2016, 8, 25)),
        (datetime(2024, 3, 22, 20, 38, tzinfo=UTC), True, date(2024, 4, 2)),
        (datetime(2024, 8, 6, 14, 34, tzinfo=UTC), False, date(2024, 8, 9)),
        # Summer time: 15:30 UTC is 16:30 in London, after the cut-off.
        (datetime(2024, 8, 6, 15, 30, tzinfo=UTC), False, date(2024, 8, 12)),
    ],
)
def test_the_next_possible_charge_date_is_the_one_that_was_recorded(moment, new_mandate, expected):
    assert bacs.next_possible_charge_date(moment, new_mandate=new_mandate) == expected


def _monthly(start: str, day_of_month: int | None = None, count: int | None = None) -> dict:
    return {
        "start_date": start,
        "interval_unit": "monthly",
        "interval": 1,
        "day_of_month": day_of_month,
        "month": None,
        "count": count,
    }


@pytest.mark.parametrize(
    ("subscription", "dates", "end"),
    [
        (
            _monthly("2024-08-09", count=12),
            "2024-08-09 2024-09-09 2024-10-09 2024-11-11 2024-12-09 2025-01-09",
            "2025-07-10",
        ),
        (
            _monthly("2024-04-15", day_of_month=15, count=12),
            "2024-04-15 2024-05-15 2024-06-17 2024-07-15 2024-08-15 2024-09-16 2024-10-15 "
            "2024-11-15 2024-12-16 2025-01-15",
            "2025-03-18",
        ),
        (
            _monthly("2016-09-20"),
            "2016-09-20 2016-10-20 2016-11-21 2016-12-20 2017-01-20 2017-02-20 2017-03-20 "
            "2017-04-20 2017-05-22 2017-06-20",
            None,
        ),
        # The last day of the month rolls back: 31 August 2024 is a Saturday.
        (_monthly("2024-07-31", day_of_month=-1), "2024-07-31 2024-08-30 2024-09-30", None),
    ],
)
def test_a_subscription_is_charged_on_the_days_that_were_recorded(subscription, dates, end):
    expected = dates.split()
    charged = islice(bacs.charge_dates(subscription), len(expected))
    assert [day.isoformat() for day in charged] == expected
    last = bacs.end_date(subscription)
    assert (last.isoformat() if last else None) == end


def test_a_payment_is_submitted_confirmed_and_paid_out_around_its_charge_date():
    # The one real subscription payment: charge 1 June 2016 after a bank holiday on 30 May.
    charge = date(2016, 6, 1)
    assert bacs.add_working_days(charge, -3) == date(2016, 5, 26)
    assert bacs.add_working_days(charge, -2) == date(2016, 5, 27)
    assert bacs.add_working_days(charge, 1) == date(2016, 6, 2)


def test_a_start_is_the_first_charge_that_is_possible():
    asked = _monthly("", day_of_month=15)
    assert bacs.first_start(date(2024, 6, 16), asked) == date(2024, 6, 17)
    assert bacs.first_start(date(2024, 6, 18), asked) == date(2024, 7, 15)
