"""The schedule on every day and for every payment day, through the sandbox's own validator."""

import os
from datetime import date, datetime, time, timedelta

import pytest

from integrations import clock
from integrations.sandbox.gocardless import bacs, records, subscriptions
from integrations.sandbox.gocardless.ids import timestamp
from integrations.sandbox.store import Store
from payments import schedule

SOAK = os.environ.get("SOAK") == "1"
DAYS = [*range(1, 29), -1] if SOAK else [1, 10, 15, 28, -1]
STEP = 1 if SOAK else 5
FIRST = date(2026, 6, 1)
SEASONS = {2026: (date(2026, 9, 1), date(2027, 5, 1)), 2027: (date(2027, 9, 1), date(2028, 5, 1))}


def season_of(day: date) -> tuple[date, date]:
    return SEASONS[day.year if day.month >= 6 else day.year - 1]


def mandate(store: Store, at: datetime) -> tuple[str, date]:
    """A mandate given at that moment; its id and first possible charge."""
    soonest = bacs.next_possible_charge_date(at, new_mandate=True)
    made = {
        "id": "MD1",
        "created_at": timestamp(at),
        "status": "pending_submission",
        "next_possible_charge_date": soonest.isoformat(),
        "metadata": {},
        "links": {"customer": "CU1"},
    }
    records.save(store, "mandates", made)
    return "MD1", soonest


@pytest.mark.parametrize("hour", [12, 17])
def test_no_day_is_refused_no_month_is_twice_or_lost_and_none_is_outside(set_clock, hour):
    store = Store()
    for offset in range(0, 730, STEP):
        joined = FIRST + timedelta(days=offset)
        first_month, last_month = season_of(joined)
        at = datetime.combine(joined, time(hour), tzinfo=clock.LONDON)
        utc = at.astimezone(clock.london(at).tzinfo).utctimetuple()
        set_clock(utc.tm_year, utc.tm_mon, utc.tm_mday, utc.tm_hour)
        id, soonest = mandate(store, at)
        for day in DAYS:
            plan = schedule.plan(
                joined_on=joined,
                day=day,
                next_possible=soonest,
                first_month=first_month,
                last_month=last_month,
            )
            where = f"{joined} {hour}:00, day {day}: {plan}"
            months = [*([plan.single_month] if plan.single_month else []), *plan.months]
            assert len(set(months)) == len(months), where
            assert not plan.missed, where
            assert all(first_month <= month <= last_month for month in months), where
            if plan.single_on:
                assert soonest <= plan.single_on < last_month + timedelta(days=31), where
            if not plan.start_on:
                continue
            first = joined.replace(day=1)
            assert plan.months[-1] == last_month, where
            assert months[0] <= max(first_month, schedule._next_month(first)), where
            count = schedule.months_between(months[0], last_month)
            assert len(months) == count, where
            made = subscriptions.create(
                store,
                {
                    "amount": 2750,
                    "currency": "GBP",
                    "interval_unit": "monthly",
                    "day_of_month": day,
                    "start_date": plan.start_on.isoformat(),
                    "count": plan.count,
                    "links": {"mandate": id},
                },
            )
            charged = made["upcoming_payments"][0]["charge_date"]
            assert charged == schedule.charged_on(plan.start_on, day).isoformat(), where
            assert len(made["upcoming_payments"]) == plan.count, where
            for plural in ("subscriptions", "events"):
                store.delete(f"gocardless.{plural}", made["id"])
    assert store.count("gocardless.subscriptions") == 0
