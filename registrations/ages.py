"""Age groups by birthday (domain 2.6). Pure."""

from datetime import date

from registrations.models import Team


def age_on(born: date, day: date) -> int:
    """Completed years on a day."""
    return day.year - born.year - ((day.month, day.day) < (born.month, born.day))


def is_child(born: str, day: date) -> bool:
    """Whether somebody born on `born` (ISO) is not yet of age on a day."""
    return age_on(date.fromisoformat(born), day) < 18


def mismatch(team: Team, born: date) -> bool:
    """Whether a child neither fits the team's age group nor plays up by one year.

    U10 is for those who are 9 on 31 August of the season's first year.
    """
    fits = age_on(born, team.season.birthday_line) + 1
    return team.age_number not in (fits, fits + 1)
