"""The books of a season: its lines (payments.lines) added up by month, team or child; arrears.

Reads only. Every figure is a sum over lines, so each can show them. All amounts are pence, all
dates London. An amount counts in the month that it is for.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from payments.lines import Entry, Owner, entries

__all__ = ["FIGURES", "KEYS", "Arrears", "Entry", "Group", "arrears", "entries", "grouped", "total"]

FIGURES = ("expected", "asked", "collected", "failed", "paid_out", "fees", "outstanding")
# Days past due: up to 30, up to 60, up to 90, more.
AGES = (30, 60, 90)


@dataclass
class Group:
    """The lines of one month, team or child, added up."""

    key: str
    label: str
    sums: dict[str, Any] = field(default_factory=lambda: dict.fromkeys(FIGURES, 0))

    def add(self, entry: Entry) -> None:
        for name in FIGURES:
            self.sums[name] += getattr(entry, name)


@dataclass
class Arrears:
    """What one child owes, by age in days: up to 30, up to 60, up to 90, more."""

    owner: Owner
    oldest: date
    pence: list[int] = field(default_factory=lambda: [0] * (len(AGES) + 1))

    @property
    def total(self) -> int:
        return sum(self.pence)


KEYS: dict[str, Callable[[Entry], tuple[str, str]]] = {
    "month": lambda entry: (f"{entry.month:%Y-%m}", f"{entry.month:%B %Y}"),
    "team": lambda entry: (str(entry.owner.team_id), entry.owner.team),
    "child": lambda entry: (str(entry.owner.registration), entry.owner.child),
}


def grouped(lines: Iterable[Entry], by: str) -> list[Group]:
    """The lines added up by "month", "team" or "child"."""
    groups: dict[str, Group] = {}
    for entry in lines:
        key, label = KEYS[by](entry)
        groups.setdefault(key, Group(key, label)).add(entry)
    order = (lambda group: group.key) if by == "month" else (lambda group: group.label)
    return sorted(groups.values(), key=order)


def total(groups: Iterable[Group]) -> dict[str, Any]:
    """All groups together."""
    groups = list(groups)
    return {name: sum(group.sums[name] for group in groups) for name in FIGURES}


def arrears(lines: Iterable[Entry], *, today: date) -> list[Arrears]:
    """Who owes what for how long; whoever owes most comes first."""
    found: dict[int, Arrears] = {}
    for entry in lines:
        if entry.outstanding:
            owed = found.setdefault(entry.owner.registration, Arrears(entry.owner, entry.due_on))
            owed.oldest = min(owed.oldest, entry.due_on)
            days = (today - entry.due_on).days
            owed.pence[sum(days > age for age in AGES)] += entry.outstanding
    return sorted(found.values(), key=lambda owed: (-owed.total, owed.owner.child))
