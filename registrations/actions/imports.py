"""Import tables of teams and players: looked at first, then carried out whole or not at all.

What a row means is worked out anew when it is carried out, from the rows as they are then; a table
that was imported before makes nothing twice.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import IntegrityError, transaction

from integrations import tables
from registrations.actions import imports_check, imports_write
from registrations.importing import columns
from registrations.importing.rows import Row
from registrations.models import Import, Season

KEPT = timedelta(days=7)  # a table that nobody decides about


class NotImported(ValueError):
    """Nothing was imported; the text says why."""


@dataclass(frozen=True)
class Looked:
    """What would come of a table."""

    rows: list[Row]
    problems: list[str]

    @property
    def wrong(self) -> list[Row]:
        return [row for row in self.rows if row.problems]

    @property
    def warned(self) -> list[Row]:
        return [row for row in self.rows if row.warnings and not row.problems]

    @property
    def new(self) -> list[Row]:
        return [row for row in self.rows if row.standing == "new" and not row.problems]

    @property
    def here(self) -> list[Row]:
        return [row for row in self.rows if row.standing == "here" and not row.problems]

    @property
    def sound(self) -> bool:
        """Whether all of it can be carried out."""
        return not self.problems and not self.wrong


@transaction.atomic
def hand_in(raw: bytes, *, name: str, kind: str, season: Season, by: str, at: datetime) -> Import:
    """Keep a table and guess its columns; raises NotImported where it is none."""
    try:
        table = tables.read(raw)
    except tables.Unreadable as error:
        raise NotImported(str(error)) from error
    undecided = Import.objects.filter(handed_in_at__lt=at - KEPT, carried_out_at=None)
    undecided.update(content="")
    return Import.objects.create(
        kind=kind,
        season=season,
        file_name=name[:200],
        content=json.dumps([table.header, table.rows]),
        columns=columns.guess(table.header, columns.OF_KIND[kind]),
        handed_in_by=by,
        handed_in_at=at,
    )


def header(one: Import) -> list[str]:
    """The headings of its table; [] once its content is gone."""
    return json.loads(one.content)[0] if one.content else []


def choose(one: Import, chosen: Sequence[str]) -> None:
    """Say which of its columns is which, by key; "" for none."""
    known = {columns.key(column) for column in columns.OF_KIND[one.kind]}
    kept = [name if name in known else "" for name in chosen]
    Import.objects.filter(pk=one.pk, carried_out_at=None).update(columns=kept)
    one.columns = kept


def look(one: Import) -> Looked:
    """What every row says and what is wrong with it; changes nothing."""
    if not one.content:
        return Looked([], ["This table was imported, or nobody decided about it for a week."])
    _, lines = json.loads(one.content)
    twice = sorted({name for name in one.columns if name and one.columns.count(name) > 1})
    if twice:
        titles = {columns.key(column): column.title for column in columns.OF_KIND[one.kind]}
        return Looked([], [f"Two columns are both “{titles[name]}”." for name in twice])
    found, problems = imports_check.check(one, _cells(one.columns, lines))
    return Looked(found, problems)


def carry_out(import_id: int, *, by: str, at: datetime) -> Import:
    """Make what the table says, all of it or nothing; raises NotImported. Again: nothing more."""
    try:
        return _carried_out(import_id, by, at)
    except IntegrityError as error:
        words = "Somebody changed something at the same moment: nothing was imported. Look again."
        raise NotImported(words) from error


@transaction.atomic
def _carried_out(import_id: int, by: str, at: datetime) -> Import:
    one = Import.objects.select_for_update(of=("self",)).select_related("season").get(pk=import_id)
    if one.carried_out_at:
        return one
    looked = look(one)
    if not looked.sound:
        said = looked.problems or [f"{len(looked.wrong)} rows have something wrong"]
        raise NotImported(f"Nothing was imported: {'; '.join(said)}")
    imports_write.write(one, looked.new, by=by, at=at)
    one.made, one.skipped = len(looked.new), len(looked.here)
    one.carried_out_at, one.carried_out_by, one.content = at, by, ""
    one.save()
    return one


def _cells(
    chosen: Sequence[str], lines: Iterable[tuple[int, list[str]]]
) -> Iterable[tuple[int, dict[str, Any]]]:
    for number, line in lines:
        yield number, {name: cell for name, cell in zip(chosen, line, strict=False) if name}
