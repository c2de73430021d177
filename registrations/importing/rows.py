"""What one row of a handed-in table says, and what is wrong with it in plain words. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from registrations.actions.edits import NotTaken
from registrations.importing.columns import Column, key, team_of

NAMES = ("player", "parent")


@dataclass
class Row:
    """One line: its values by whose they are, its problems, and what it means for the club.

    `standing` is "new" or "here" (the club has it already, and it is left alone).
    """

    line: int
    player: dict[str, Any] = field(default_factory=dict)
    parent: dict[str, Any] = field(default_factory=dict)
    own: dict[str, Any] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    standing: str = "new"

    @property
    def title(self) -> str:
        """Whom or what the line is about."""
        first, last = self.player.get("first_name", ""), self.player.get("last_name", "")
        return f"{first} {last}".strip() or " ".join(filter(None, self.team))

    @property
    def team(self) -> tuple[str, str]:
        """Age group and name of its team, as the line says them."""
        name = str(self.own.get("team") or self.own.get("name") or "")
        return team_of(name, str(self.own.get("age_group") or ""))


def read(line: int, cells: Mapping[str, str], columns: Sequence[Column]) -> Row:
    """The row of `cells` (by column key); every cell that cannot be taken is a problem."""
    row = Row(line)
    for column in columns:
        value = cells.get(key(column), "")
        if not value:
            continue
        try:
            getattr(row, column.of)[column.name] = column.reader(value)
        except NotTaken as error:
            row.problems.append(f"{column.title} {_said(value)}{error}")
    for who in NAMES:
        _split_name(getattr(row, who), f"{who}_name")
    return row


def missing(row: Row, needed: Mapping[str, Sequence[str]], titles: Mapping[str, str]) -> None:
    """Add a problem for each needed value that the row lacks, unless it was refused already."""
    for of, names in needed.items():
        for name in names:
            about = [titles[f"{of}.{name}"]]
            if name in ("first_name", "last_name"):
                about.append(titles[f"{of}.{of}_name"])
            refused = any(problem.startswith(tuple(about)) for problem in row.problems)
            if getattr(row, of).get(name) in (None, "") and not refused:
                row.problems.append(f"{about[0]} is missing")


def _split_name(values: dict[str, Any], name: str) -> None:
    whole = values.pop(name, None)
    if whole:
        values.setdefault("first_name", whole[0])
        values.setdefault("last_name", whole[1])


def _said(value: str) -> str:
    return f"“{value[:40]}” " if value else ""
