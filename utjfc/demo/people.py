"""Families, their adults and their children; every phone is one of Ofcom's reserved numbers."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from random import Random

from django.db import models

from registrations.models import Family, Guardian, Player
from utjfc.demo import names

FIRST_PHONE, LAST_PHONE = 11, 399


@dataclass
class Child:
    """A child with whoever signs for it; not saved yet."""

    player: Player
    guardian: Guardian
    second: Guardian | None


class Town:
    """Makes families one after the other, each phone and each child's name once."""

    def __init__(self, dice: Random, since: datetime) -> None:
        self.dice = dice
        self.since = since
        self.children: list[Child] = []
        self._phones = iter(range(FIRST_PHONE, LAST_PHONE + 1))
        self._taken: set[tuple[str, str]] = set()

    def child(self, age: int, line: date) -> Child:
        """A child that plays in U`age` where ages count on `line` (31 August)."""
        family = self._family_with_room(age)
        child = self._new_child(age, line, *(family or self._new_family()))
        self.children.append(child)
        return child

    def phone(self) -> str:
        """The next number that nobody has; StopIteration when the demo has used them all."""
        return f"+447700900{next(self._phones):03d}"

    def _family_with_room(self, age: int) -> tuple[Guardian, Guardian | None] | None:
        """Now and then a child is the brother or sister of one we know, two years or more apart."""
        if not self.children or self.dice.random() > 0.12:
            return None
        other = self.dice.choice(self.children)
        siblings = [one for one in self.children if one.guardian is other.guardian]
        born = self.since.year - age
        if len(siblings) > 1 or abs(other.player.dob.year - born) < 3:
            return None
        return other.guardian, other.second

    def _new_family(self) -> tuple[Guardian, Guardian | None]:
        dice = self.dice
        family = Family(created_at=self.since)
        surname = dice.choice(names.FAMILIES)
        home = names.address(dice)
        firsts = [dice.choice(names.WOMEN), dice.choice(names.MEN)]
        dice.shuffle(firsts)
        first = self._guardian(family, firsts[0], surname, home)
        second = self._guardian(family, firsts[1], surname, home) if dice.random() < 0.2 else None
        return first, second

    def _guardian(self, family: Family, first: str, last: str, home: dict) -> Guardian:
        phone = self.phone()
        born = date(self.dice.randint(1975, 1992), self.dice.randint(1, 12), 15)
        return Guardian(
            family=family,
            first_name=first,
            last_name=last,
            phone=phone,
            email=f"{first}.{last}.{phone[-3:]}@example.org".lower(),
            dob=born,
            **home,
        )

    def _new_child(self, age: int, line: date, first: Guardian, second: Guardian | None) -> Child:
        girl = self.dice.random() < 0.45
        pool = names.GIRLS if girl else names.BOYS
        name = self.dice.choice(
            [one for one in pool if (one, first.last_name) not in self._taken] or pool
        )
        self._taken.add((name, first.last_name))
        home = {field: getattr(first, field) for field in _ADDRESS}
        player = Player(
            family=first.family,
            first_name=name,
            last_name=first.last_name,
            dob=_birthday(age, line, self.dice),
            gender="Female" if girl else "Male",
            **home,
        )
        if age >= 16 and self.dice.random() < 0.5:
            player.email = f"{name}.{first.last_name}@example.org".lower()
        return Child(player, first, second)

    def rows(self) -> Iterator[tuple[type[models.Model], list]]:
        """What is to be saved, parents before children: (model, rows)."""
        guardians = {id(one.guardian): one.guardian for one in self.children}
        seconds = {id(one.second): one.second for one in self.children if one.second}
        everyone = [*guardians.values(), *seconds.values()]
        families = {id(one.family): one.family for one in everyone}
        yield Family, list(families.values())
        yield Guardian, everyone
        yield Player, [one.player for one in self.children]


_ADDRESS = ["house_number", "address_line_1", "town", "city", "postcode", "full_address"]


def _birthday(age: int, line: date, dice: Random) -> date:
    """Born so that the child is age - 1 years old on the line; a few play a year up."""
    years = age - 1 if dice.random() > 0.04 else age - 2
    start = date(line.year - years - 1, 9, 1)
    return date.fromordinal(start.toordinal() + dice.randint(0, 363))
