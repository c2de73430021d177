"""Rows of the work queue as pages show them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Q
from django.http import HttpRequest

from integrations import clock, work
from integrations.office.worklists import Waiting, Worklist


@dataclass(frozen=True)
class Line:
    """One waiting row as the page shows it."""

    owner_admin: Any
    list: Worklist
    row: Any
    task: work.Task | None
    may_press: bool

    @property
    def text(self) -> str:
        return self.owner_admin.summary(self.row)

    @property
    def reason(self) -> str:
        return self.list.reason(self.row)

    @property
    def since(self) -> datetime:
        return getattr(self.row, self.list.since)

    @property
    def retry(self) -> bool:
        return self.list.can_retry and self.may_press

    @property
    def days(self) -> int:
        return (clock.now() - self.since).days if self.since else 0

    @property
    def change(self) -> str:
        return route(self.owner_admin, "change")

    @property
    def do(self) -> str:
        return route(self.owner_admin, "do")


def oldest(found: list[Waiting], request: HttpRequest, number: int) -> list[Line]:
    """The rows that have waited longest, of all lists together, for the home page."""
    # Of lists sorted by their oldest row, no further one can hold one of the oldest.
    first = sorted(found, key=lambda each: _age(each.oldest))[:number]
    rows = [(each, row) for each in first for row in each.rows.order_by(each.list.since)[:number]]
    rows.sort(key=lambda pair: _age(getattr(pair[1], pair[0].list.since)))
    return _lines(request, rows[:number])


def lines(request: HttpRequest, waiting: Waiting, number: int) -> list[Line]:
    """The oldest rows of one list."""
    rows = waiting.rows.order_by(waiting.list.since)[:number]
    return _lines(request, [(waiting, row) for row in rows])


def _lines(request: HttpRequest, rows: list[tuple[Waiting, Any]]) -> list[Line]:
    """Each row with what somebody decided about it."""
    named = Q(pk__in=[])
    for each, row in rows:
        named |= Q(kind=each.list.kind, object_id=str(row.pk))
    tasks = work.Task.objects.filter(named).select_related("owner") if rows else []
    known = {(task.kind, task.object_id): task for task in tasks}
    return [
        Line(
            each.owner,
            each.list,
            row,
            known.get((each.list.kind, str(row.pk))),
            each.owner.has_press_permission(request),
        )
        for each, row in rows
    ]


def _age(moment: datetime | None) -> tuple[bool, datetime]:
    """Oldest first; a row without its moment comes last rather than breaking everybody's page."""
    return (moment is None, moment or clock.now())


def route(owner: Any, page: str) -> str:
    """The name of an admin page."""
    return f"admin:{owner.opts.app_label}_{owner.opts.model_name}_{page}"
