"""Rows for tests: plain functions; what is not given is believable, and phones never repeat."""

from __future__ import annotations

import hashlib
from datetime import date, timedelta
from itertools import count
from typing import Any

from integrations import clock
from registrations.models import Family, Guardian, Player, Registration, Season, Team

_numbers = count()


def unique() -> int:
    """A number that no other call in this process has been given."""
    return next(_numbers)


def phone() -> str:
    """The next of Ofcom's reserved mobiles 07700 900400 to 900699, as E.164.

    A number that a test types itself lies outside these, so that the two never meet.
    """
    return f"+447700900{400 + unique() % 300}"


def name() -> str:
    """A child's name that is never like another: like names with one birthday are one child."""
    digest = hashlib.md5(str(unique()).encode(), usedforsecurity=False).hexdigest()[:6]
    return f"Sam{digest.translate(str.maketrans('0123456789', 'ghijklmnop'))}"


def season(**given: Any) -> Season:
    """The season of 2026-27 unless told otherwise; made once per code."""
    code = given.pop("code", "2627")
    year = 2000 + int(code[:2])
    values = {
        "opens_on": date(year, 6, 1),
        "closes_on": date(year + 1, 5, 31),
        "first_month": date(year, 9, 1),
        "last_month": date(year + 1, 5, 1),
        "policy_on": date(year, 8, 28),
        "earliest_birthday": date(year - 19, 9, 1),
        "airtable_table": f"registrations_{code}",
    }
    return Season.objects.get_or_create(code=code, defaults=values | given)[0]


def team(**given: Any) -> Team:
    """U10 Lions of the season, with room; made once per season, age group and name."""
    given.setdefault("season", None)
    place = {
        "season": given.pop("season") or season(),
        "age_group": given.pop("age_group", "u10"),
        "name": given.pop("name", "Lions"),
    }
    return Team.objects.get_or_create(**place, defaults=given)[0]


def family(**given: Any) -> Family:
    """An empty family."""
    return Family.objects.create(**{"created_at": clock.now()} | given)


def guardian(**given: Any) -> Guardian:
    """A parent with a mobile, an e-mail address and an address in Urmston."""
    number = unique()
    given["family"] = given.get("family") or family()
    return Guardian.objects.create(
        **{
            "first_name": "Priya",
            "last_name": "Okafor",
            "phone": phone(),
            "email": f"parent{number}@example.org",
            "dob": date(1988, 4, 2),
            "house_number": "12",
            "address_line_1": "Station Road",
            "town": "Urmston",
            "city": "Manchester",
            "postcode": "M41 9SB",
            "full_address": "12 Station Road, Urmston, Manchester, M41 9SB",
        }
        | given
    )


def player(**given: Any) -> Player:
    """A child of nine years who fits U10 of 2026-27."""
    given["family"] = given.get("family") or family()
    return Player.objects.create(
        **{
            "first_name": name(),
            "last_name": "Okafor",
            "dob": date(2017, 3, 5),
            "gender": Player.Gender.FEMALE,
            "postcode": "M41 9SB",
        }
        | given
    )


def registration(**given: Any) -> Registration:
    """A new player's registration with its family, submitted, nothing paid, payment day 15."""
    given["team"] = given.get("team") or team()
    season_ = given.pop("season", None) or given["team"].season
    given["guardian"] = given.get("guardian") or guardian()
    given["player"] = given.get("player") or player(family=given["guardian"].family)
    child, parent = given["player"], given["guardian"]
    made = Registration(
        **{
            "season": season_,
            "kind": Registration.Kind.NEW,
            "code": given["team"].code_for_new_players,
            "relationship": Registration.Relationship.MOTHER,
            "signing_on_fee_pence": season_.signing_on_fee_pence,
            "monthly_fee_pence": season_.monthly_fee_pence,
            "payment_day": 15,
            "submitted_at": clock.now(),
            "child_key": f"{child.full_name.casefold()} {child.dob:%Y-%m-%d}",
            "contact_key": str(parent.phone),
        }
        | given
    )
    made.save()
    return made


def active_registration(**given: Any) -> Registration:
    """A registration whose fee is settled and whose collection is arranged."""
    moment = clock.now() - timedelta(days=1)
    return registration(
        **{
            "fee_settled_at": moment,
            "fee_settled_by": Registration.FeeSource.PAID,
            "collection_arranged_at": moment,
            "collection_arranged_by": Registration.CollectionSource.MANDATE,
            "status": Registration.Status.ACTIVE,
        }
        | given
    )
