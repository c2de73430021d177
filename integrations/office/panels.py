"""What the home page shows: figures with their trend, and charts that are tables too.

An app offers its own with `office().panel(permission)`; each member of staff sees those for which
they hold a permission, counted over the rows that they may know of. A figure or bar without an
address is for whoever may read the number and not the list behind it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from django.http import HttpRequest


@dataclass(frozen=True)
class Figure:
    """One number: `trend` says in words how it moves; `level` is "", "good", "poor" or "bad"."""

    label: str
    value: str
    url: str = ""
    trend: str = ""
    level: str = ""


@dataclass(frozen=True)
class Bar:
    """One row of a chart: `value` and `limit` in the same unit, `shown` as people read it."""

    label: str
    value: int
    url: str = ""
    shown: str = ""
    limit: int | None = None

    @property
    def text(self) -> str:
        """The value in words, with its limit."""
        words = self.shown or f"{self.value:,}"
        return f"{words} of {self.limit:,}" if self.limit else words

    @property
    def over(self) -> bool:
        """Whether the limit is passed."""
        return bool(self.limit and self.value > self.limit)


@dataclass(frozen=True)
class Chart:
    """Bars beside their numbers: the table behind a chart is the chart's own."""

    title: str
    heading: str
    unit: str
    bars: Sequence[Bar]
    url: str = ""

    @property
    def lines(self) -> list[tuple[Bar, str, str]]:
        """Each bar with its length and its limit's place in percent of the longest."""
        longest = max((max(bar.value, bar.limit or 0) for bar in self.bars), default=0) or 1
        return [
            (bar, _percent(bar.value, longest), _percent(bar.limit, longest) if bar.limit else "")
            for bar in self.bars
        ]


Panel = Figure | Chart
Provider = Callable[[HttpRequest], Iterable[Panel]]


def _percent(value: int, of: int) -> str:
    return f"{max(value, 0) * 100 / of:.1f}%"
