"""Which seasons the demo has on a given day."""

from datetime import date

import pytest

from utjfc.demo import seasons


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("day", "year"),
    [(date(2026, 6, 1), 2026), (date(2026, 5, 31), 2025), (date(2026, 11, 22), 2026)],
)
def test_a_season_runs_from_june_to_may(day, year):
    this, last = seasons.build(day)
    assert this.opens_on == date(year, 6, 1) and this.closes_on == date(year + 1, 5, 31)
    assert last.opens_on == date(year - 1, 6, 1)
    assert this.is_open(day)
