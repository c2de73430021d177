"""Who are brothers and sisters, and what that does to a monthly fee (domain 5.7); pure, pence."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from difflib import SequenceMatcher

_ALIKE = 0.85


@dataclass(frozen=True)
class Child:
    """One registration as the comparison sees it; `proven` are the contacts that were proved."""

    player: int
    family: int
    first: str
    last: str
    dob: date
    parent_first: str
    parent_last: str
    phone: str
    email: str
    postcode: str
    house: str
    proven: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Verdict:
    """Whether two children are certainly siblings, or only may be; `evidence` in words."""

    certain: bool
    evidence: tuple[str, ...]


@dataclass(frozen=True)
class Member:
    """One paid registration of a family; `child` is the same for the same child."""

    id: int
    child: str
    settled_at: datetime


def compare(one: Child, other: Child) -> Verdict | None:
    """What speaks for the two being siblings; None where nothing does, or it is the same child."""
    if _same_child(one, other):
        return None
    proofs, hints = _proofs(one, other), _hints(one, other)
    if not proofs and not hints:
        return None
    if one.dob == other.dob and _alike(one.first, other.first):
        doubt = "the same birthday and nearly the same name: it may be one child, registered twice"
        return Verdict(False, (doubt, *proofs, *hints))
    return Verdict(bool(proofs), (*proofs, *hints))


def percent_for(place: int, percents: Sequence[int]) -> int:
    """What comes off for the child at this place of the family (0 for the first)."""
    if place == 0 or not percents:
        return 0
    return percents[min(place, len(percents)) - 1]


def discounted(list_pence: int, percent: int) -> int:
    """The list price less `percent`, rounded half-up."""
    return (list_pence * (100 - percent) + 50) // 100


def places(members: Iterable[Member]) -> dict[int, int]:
    """The place of each registration in its family, by when it was paid; a child counts once."""
    order: dict[str, int] = {}
    found = {}
    for member in sorted(members, key=lambda each: (each.settled_at, each.id)):
        found[member.id] = order.setdefault(member.child, len(order))
    return found


def families(ids: Iterable[int], links: Iterable[tuple[int, int]]) -> list[set[int]]:
    """The groups that the links make of the registrations."""
    group = {member: {member} for member in ids}
    for one, other in links:
        if one in group and other in group and group[one] is not group[other]:
            group[one] |= group[other]
            for member in group[other]:
                group[member] = group[one]
    return list({min(each): each for each in group.values()}.values())


def letters(text: str) -> str:
    """The letters and digits of a name or address, without accents, case, spaces and marks."""
    plain = unicodedata.normalize("NFKD", text)
    return "".join(each for each in plain if each.isalnum()).casefold()


def _same_child(one: Child, other: Child) -> bool:
    names = letters(one.first + one.last) == letters(other.first + other.last)
    return one.player == other.player or (names and one.dob == other.dob)


def _proofs(one: Child, other: Child) -> tuple[str, ...]:
    phone = one.phone == other.phone and one.phone in one.proven & other.proven
    email = one.email == other.email and one.email in one.proven & other.proven
    found = [
        (one.family == other.family, "registered in one conversation, with one phone number"),
        (phone, "the same mobile number, proved for both by a link that was texted"),
        (email, "the same e-mail address, proved for both by a link that was sent"),
    ]
    return tuple(words for true, words in found if true)


def _hints(one: Child, other: Child) -> tuple[str, ...]:
    phone = one.phone and one.phone == other.phone
    email = one.email and one.email == other.email
    surname = letters(one.last) == letters(other.last)
    home = one.postcode and letters(one.postcode + one.house) == letters(
        other.postcode + other.house
    )
    parents = _alike(one.parent_first, other.parent_first) and _alike(
        one.parent_last, other.parent_last
    )
    both = one.proven & other.proven
    found = [
        (phone and one.phone not in both, "the same mobile number, not proved for both"),
        (email and one.email not in both, "the same e-mail address, not proved for both"),
        (surname and home, "the same surname and the same address"),
        (surname and parents, "the same surname, and the parents' names are alike"),
    ]
    return tuple(words for true, words in found if true)


def _alike(one: str, other: str) -> bool:
    one, other = letters(one), letters(other)
    if not one or not other:
        return False
    short, long = sorted((one, other), key=len)
    nickname = len(short) >= 3 and long.startswith(short)
    return nickname or SequenceMatcher(None, one, other).ratio() >= _ALIKE
