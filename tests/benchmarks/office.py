"""B5: the office's pages with many registrations, beside the same pages with few."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from random import Random
from typing import Any

from django.contrib.auth.models import User
from django.core.cache import cache
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from integrations import clock
from payments.models import MonthlyCharge, Payment
from registrations.models import Family, Guardian, Photo, Player, Registration, Season, Sms, Team
from tests import factories
from tests.benchmarks.measure import Line, at_most, count, in_turns, seconds

FEW, MANY = 500, 50_000
MOST_QUERIES = 15
SEASONS = ("2223", "2324", "2425", "2526", "2627")
TEAMS = 40  # of each season, in either club
FLAGGED = 60  # in either club: a page shows no more lines of one than of the other
BATCH = 2_000
FIRST = ("Amara", "Ben", "Chloe", "Dev", "Ella", "Finn", "Grace", "Hugo", "Isla", "Jack")
LAST = (
    *("Ahmed", "Brown", "Clarke", "Davies", "Evans", "Fisher", "Green", "Hughes", "Iqbal", "Jones"),
    *("Khan", "Lewis", "Moore", "Nolan", "Owen", "Patel", "Quinn", "Roberts", "Singh", "Taylor"),
)
WANTED = "Zuleika"  # one child, in either club
ALL_RIGHTS = {"is_staff": True, "is_superuser": True}
STATUS = Registration.Status


@dataclass(frozen=True)
class Page:
    """What is opened, and what is asked there."""

    name: str
    address: str
    given: dict[str, str]

    def open(self, client: Client) -> None:
        """Open it; it must be there."""
        answer = client.get(self.address, self.given)
        assert answer.status_code == 200, answer.status_code


def pages() -> list[Page]:
    """Home, the list of registrations and both searches."""
    listed = reverse("admin:registrations_registration_changelist")
    everywhere = reverse("admin:search")
    season = {"season": SEASONS[-1]}
    return [
        Page("home", reverse("admin:index"), {}),
        Page("the list", listed, {}),
        Page("the list, pending", listed, season | {"status__exact": STATUS.PENDING_PAYMENT}),
        Page("the list, by name", listed, season | {"o": "1"}),
        Page("the list: a name", listed, {"q": WANTED}),
        Page("the list: many of a name", listed, {"q": LAST[0]}),
        Page("the list: a phone", listed, {"q": "07700 900999"}),
        Page("search: a name", everywhere, {"s": WANTED}),
        Page("search: many of a name", everywhere, {"s": LAST[0]}),
    ]


def run() -> list[Line]:
    """Two lines a page: its time beside a small club's, and its queries."""
    with _club(FEW) as few, _club(MANY) as many:
        return [line for page in pages() for line in _measured(page, few, many)]


def _measured(page: Page, few: str, many: str) -> Iterator[Line]:
    ours, floor = in_turns(lambda: _time(page, many), lambda: _time(page, few))
    yield at_most("B5", page.name, "ms", ours * 1000, floor * 1000, 1.5)
    numbers = {queries(page, _signed_in(name)) for name in (few, many)}
    assert len(numbers) == 1, f"{page.name}: {numbers} queries"
    yield count("B5", f"{page.name}: queries", numbers.pop(), MOST_QUERIES)


def queries(page: Page, client: Client) -> int:
    """How many queries the page costs whoever opens it for the second time."""
    page.open(client)
    with CaptureQueriesContext(connection) as seen:
        page.open(client)
    return len(seen)


def _time(page: Page, name: str) -> float:
    client = _signed_in(name)
    page.open(client)
    return seconds(lambda: page.open(client))


def _signed_in(name: str) -> Client:
    """Somebody who may see everything, in the club of this database."""
    connection.close()
    connection.settings_dict["NAME"] = name
    cache.clear()
    client = Client()
    client.force_login(User.objects.get_or_create(username="boss", **ALL_RIGHTS)[0])
    return client


@contextmanager
def _club(size: int) -> Iterator[str]:
    """A copy of the benchmarks' database with as many registrations; its name."""
    own, suffix = connection.settings_dict["NAME"], f"club_of_{size}"
    connection.creation.clone_test_db(suffix, autoclobber=True)
    name = connection.creation.get_test_db_clone_settings(suffix)["NAME"]
    connection.close()
    connection.settings_dict["NAME"] = name
    try:
        fill(size)
        with connection.cursor() as cursor:  # as PostgreSQL does by itself some minutes later
            cursor.execute("VACUUM ANALYZE" if connection.vendor == "postgresql" else "ANALYZE")
        connection.close()
        connection.settings_dict["NAME"] = own
        yield name
    finally:
        connection.close()
        connection.settings_dict["NAME"] = own
        connection.creation.destroy_test_db(suffix=suffix)


# --- a club of five seasons
def fill(size: int) -> None:
    """As many registrations, each with its text, payments and photo, as a club would have them."""
    for code in SEASONS:
        Team.objects.bulk_create(_teams(factories.season(code=code)))
    add(range(size))


def add(numbers: range) -> None:
    """The registrations of these numbers; what hangs on each too."""
    random, moment = Random(numbers.start), clock.now()  # noqa: S311
    teams = [list(Team.objects.filter(season__code=code).order_by("pk")) for code in SEASONS]
    for first in range(numbers.start, numbers.stop, BATCH):
        some = range(first, min(first + BATCH, numbers.stop))
        _save(_registrations(some, teams, random, moment))


def _teams(season: Season) -> Iterator[Team]:
    for number in range(TEAMS):
        name = f"{LAST[number % 8]} {'abcde'[number // 8]}"
        yield Team(season=season, age_group=f"u{7 + number % 10}", name=name)


def _registrations(
    numbers: range, teams: list[list[Team]], random: Random, moment: datetime
) -> list[Registration]:
    families = Family.objects.bulk_create(Family(created_at=moment) for _ in numbers)
    adults = Guardian.objects.bulk_create(
        Guardian(
            family=family,
            first_name=random.choice(FIRST),
            last_name=random.choice(LAST),
            phone=f"+447{700_900_999 if not number else 100_000_000 + number}",
            email=f"parent{number}@example.org",
            postcode=f"M{number % 90 + 1} {number % 9}AA",
            house_number=str(number % 200),
        )
        for number, family in zip(numbers, families, strict=True)
    )
    children = Player.objects.bulk_create(
        Player(
            family=family,
            first_name=random.choice(FIRST) if number else WANTED,
            last_name=random.choice(LAST),
            dob=date(2012 + number % 6, 1 + number % 12, 1 + number % 28),
            gender="Female",
            postcode=f"M{number % 90 + 1} {number % 9}AA",
        )
        for number, family in zip(numbers, families, strict=True)
    )
    return [
        _registration(number, teams[number % len(teams)], adult, child, moment)
        for number, adult, child in zip(numbers, adults, children, strict=True)
    ]


def _registration(
    number: int, teams: list[Team], adult: Guardian, child: Player, moment: datetime
) -> Registration:
    team = teams[number // 7 % TEAMS]
    at = moment - timedelta(
        days=365 * (len(SEASONS) - 1 - number % len(SEASONS)), hours=number % 4000
    )
    paid = number % 10 > 1
    waits = number < FLAGGED
    facts: dict[str, Any] = {}
    if paid:
        facts = {
            "fee_settled_at": at,
            "fee_settled_by": "paid",
            "collection_arranged_at": at,
            "collection_arranged_by": "mandate",
        }
    return Registration(
        season=team.season,
        team=team,
        player=child,
        guardian=adult,
        code=team.code_for_new_players,
        relationship="Mother",
        signing_on_fee_pence=4500,
        monthly_fee_pence=2750,
        payment_day=15,
        submitted_at=at,
        status=STATUS.ACTIVE if paid else STATUS.PENDING_PAYMENT,
        flagged_at=at if waits else None,
        flags=["age does not fit"] if waits else [],
        child_key=f"child {number}",
        contact_key=f"contact {number}",
        **facts,
    )


def _save(rows: list[Registration]) -> None:
    """The rows, and what hangs on each."""
    made = Registration.objects.bulk_create(rows)
    for model, belongings in (
        (Sms, [_text(row) for row in made]),
        (Payment, [_fee(row) for row in made if row.fee_settled_at]),
        (MonthlyCharge, [month for row in made for month in _months(row)]),
        (Photo, [_photo(row) for row in made]),
    ):
        model._default_manager.bulk_create(belongings)


def _text(row: Registration) -> Sms:
    return Sms(
        registration=row,
        kind="payment_link",
        to=row.guardian.phone,
        body="Pay, please.",
        status="delivered",
        sid=f"SM{row.pk}",
        created_at=row.submitted_at,
    )


def _fee(row: Registration) -> Payment:
    return Payment(
        registration=row,
        purpose="signing_on_fee",
        gocardless_id=f"PM{row.pk}",
        pence=4500,
        status="paid_out",
        created_at=row.submitted_at,
    )


def _months(row: Registration) -> Iterator[MonthlyCharge]:
    if row.fee_settled_at:
        for number in range(3):
            month = date(row.season.first_month.year, 9 + number, 1)
            yield MonthlyCharge(
                registration=row, month=month, pence=2750, charge_on=month.replace(day=15)
            )


def _photo(row: Registration) -> Photo:
    seen = row.submitted_at if row.flagged_at is None else None
    return Photo(
        registration=row,
        state="accepted",
        uploaded_at=row.submitted_at,
        accepted_at=row.submitted_at,
        reviewed_at=seen,
        storage_key=f"{row.season.code}/{row.sync_id}.jpg",
    )
