"""Rows of the work queue as pages show them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import QuerySet
from django.http import HttpRequest

from integrations import clock, work
from integrations.office.worklists import Worklist, worklists


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


def oldest(request: HttpRequest, number: int) -> list[Line]:
    """The rows that have waited longest, of all lists together, for the home page."""
    found: list[Line] = []
    for owner, worklist in worklists(request):
        found += lines(request, owner, worklist, worklist.open(), number)
    # A row without its moment comes last rather than breaking everybody's home page.
    return sorted(found, key=lambda line: (not line.since, line.since or clock.now()))[:number]


def lines(
    request: HttpRequest, owner: Any, of: Worklist, rows: QuerySet, number: int
) -> Iterator[Line]:
    """The oldest rows of one list, with what somebody decided about each."""
    may = owner.has_press_permission(request)
    some = list(rows.order_by(of.since)[:number])
    keys = [str(row.pk) for row in some]
    tasks = work.Task.objects.filter(kind=of.kind, object_id__in=keys).select_related("owner")
    by_key = {task.object_id: task for task in tasks}
    for row in some:
        yield Line(owner, of, row, by_key.get(str(row.pk)), may)


def route(owner: Any, page: str) -> str:
    """The name of an admin page."""
    return f"admin:{owner.opts.app_label}_{owner.opts.model_name}_{page}"
