"""What waits for a person: every admin class may say which of its rows do."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from django.contrib import admin
from django.contrib.auth.models import User
from django.db import IntegrityError, transaction
from django.db.models import Count, Min, Q, QuerySet, Value
from django.http import HttpRequest

from integrations import clock, work
from integrations.models import Due
from integrations.office.seeing import may_see_field


@dataclass(frozen=True)
class Worklist:
    """Rows of one kind that wait for staff; `since` names the field with the moment.

    `finish` is what "Done" does besides taking the row off the list: it gets the row and who.
    `field` is what the reason is read from: who may not see it is not shown the list.
    """

    title: str
    rows: QuerySet
    since: str
    reason: Callable[[Any], str]
    can_retry: bool = False
    finish: Callable[[Any, User], Any] | None = None
    field: str = ""

    @property
    def kind(self) -> str:
        """How tasks name this list."""
        return f"{self.rows.model._meta.label_lower}/{self.since}"

    def open(self) -> QuerySet:
        """Its rows without those that somebody put off or finished."""
        return work.open_rows(self.rows, self.kind, self.since, clock.now())

    def put_off(self) -> QuerySet:
        """Its rows that come back later."""
        return work.put_off(self.rows, self.kind, clock.now())


def worklists(request: HttpRequest) -> Iterator[tuple[Any, Worklist]]:
    """Every worklist that this member of staff may see, with the admin class of its rows."""
    for owner in admin.site._registry.values():
        lists = getattr(owner, "worklists", None)
        if lists and owner.has_view_permission(request):
            for worklist in lists():
                # Nobody is shown here what their own lists would not show.
                if not may_see_field(owner, request, worklist.field):
                    continue
                mine = owner.get_queryset(request).order_by().values("pk")
                yield owner, replace(worklist, rows=worklist.rows.filter(pk__in=mine))


@dataclass(frozen=True)
class Waiting:
    """A worklist with rows in it: which rows, how many, and when the oldest began to wait."""

    owner: Any
    list: Worklist
    rows: QuerySet
    number: int
    oldest: datetime | None


def census(
    request: HttpRequest, which: Callable[[Worklist], QuerySet] = Worklist.open
) -> list[Waiting]:
    """Every worklist in which rows wait, all of them counted by one query."""
    lists = [(owner, each, which(each)) for owner, each in worklists(request)]
    counts = [
        rows.order_by()
        .values(nth=Value(nth))
        .annotate(how_many=Count("pk"), oldest=Min(each.since))
        .values_list("nth", "how_many", "oldest")
        for nth, (_, each, rows) in enumerate(lists)
    ]
    found = counts[0].union(*counts[1:], all=True) if counts else []
    waiting = []
    for nth, number, oldest in sorted(found):
        owner, worklist, rows = lists[nth]
        if number:
            waiting.append(Waiting(owner, worklist, rows, number, oldest))
    return waiting


def retry(row: Due) -> bool:
    """Make a row due now; False where it is done, or a worker has it or its like at this moment.

    `attempts` stays: it is the fence against a worker whose lease ran out.
    """
    moment = clock.now()
    free = Q(leased_until__isnull=True) | Q(leased_until__lte=moment)
    open_rows = type(row)._default_manager.filter(
        free, Q(due_at__isnull=False) | Q(needs_person_at__isnull=False), pk=row.pk
    )
    try:
        with transaction.atomic():
            return bool(open_rows.update(due_at=moment, needs_person_at=None))
    except IntegrityError:
        return False  # another row for the same thing is due already


def put_aside(row: Due) -> bool:
    """A person has looked: take the row off the list and try no more; its last error stays."""
    waiting = type(row)._default_manager.filter(pk=row.pk, needs_person_at__isnull=False)
    return bool(waiting.update(needs_person_at=None, due_at=None))
