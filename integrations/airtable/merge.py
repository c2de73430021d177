"""The three-way merge of one row, field by field (wire/airtable 3.2). Pure.

`base` is what both sides last agreed on, `ours` and `theirs` what they hold now; all canonical.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any


class Owner(Enum):
    """Whose word counts where both sides have changed a field (design.md 5)."""

    THEIRS = "theirs"  # people's fields: the club's base is the system of record
    OURS = "ours"  # machine facts: an edit there is put back
    COMMAND = "command"  # an edit there is an order, carried out or refused


@dataclass(frozen=True)
class Clash:
    """Two values of one field that cannot both stay, and which one does for now."""

    name: str
    base: Any
    ours: Any
    theirs: Any
    winner: str  # "ours" or "theirs"


@dataclass
class Merged:
    """What follows for one row."""

    base: dict[str, Any] = field(default_factory=dict)  # what both sides agree on now
    take: dict[str, Any] = field(default_factory=dict)  # their values that become ours
    orders: dict[str, Any] = field(default_factory=dict)  # their values that are commands
    push: set[str] = field(default_factory=set)  # fields to be sent
    clashes: list[Clash] = field(default_factory=list)


def three_way(
    base: Mapping[str, Any],
    ours: Mapping[str, Any],
    theirs: Mapping[str, Any],
    owners: Mapping[str, Owner],
) -> Merged:
    """Merge the fields named in `owners`; a missing value is an empty one.

    A field to be pushed has a new base equal to `theirs`, so that it differs from ours.
    """
    merged = Merged()
    for name, owner in owners.items():
        was, mine, other = base.get(name), ours.get(name), theirs.get(name)
        if mine == other:
            agreed = mine
        elif was == other:
            agreed = was
            merged.push.add(name)
        else:
            agreed = other
            _changed_there(merged, owner, Clash(name, was, mine, other, "theirs"))
        if agreed is not None:
            merged.base[name] = agreed
    return merged


def _changed_there(merged: Merged, owner: Owner, clash: Clash) -> None:
    name = clash.name
    if owner is Owner.OURS:
        merged.push.add(name)
        kept = Clash(name, clash.base, clash.ours, clash.theirs, "ours")
        merged.clashes.append(kept)
        return
    (merged.orders if owner is Owner.COMMAND else merged.take)[name] = clash.theirs
    if clash.ours != clash.base:
        merged.clashes.append(clash)
