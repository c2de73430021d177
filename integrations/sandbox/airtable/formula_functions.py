"""The functions of Airtable's formula language that the sandbox knows (wire/airtable 1.3)."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from dateutil.relativedelta import relativedelta

from integrations import clock
from integrations.sandbox.airtable.formula_values import (
    FormulaError,
    Row,
    moment,
    number,
    text,
    truth,
)

_MANY = 10_000
_UNITS = ("years", "months", "weeks", "days", "hours", "minutes", "seconds")
_SPANS = {"year": 1, "month": 2, "day": 3, "hour": 4, "minute": 5, "second": 6}


@dataclass(frozen=True)
class Function:
    """A function: how many arguments it takes, and what it does with them, still unread."""

    apply: Callable[[Row, Sequence[Callable[[Row], Any]]], Any]
    least: int
    most: int


def _plain(function: Callable[..., Any], least: int = 1, most: int | None = None) -> Function:
    def apply(row: Row, arguments: Sequence[Callable[[Row], Any]]) -> Any:
        return function(*(argument(row) for argument in arguments))

    return Function(apply, least, least if most is None else most)


def _if(row: Row, arguments: Sequence[Callable[[Row], Any]]) -> Any:
    if truth(arguments[0](row)):
        return arguments[1](row)
    return arguments[2](row) if len(arguments) == 3 else None


def _and(row: Row, arguments: Sequence[Callable[[Row], Any]]) -> bool:
    return all([truth(argument(row)) for argument in arguments])


def _or(row: Row, arguments: Sequence[Callable[[Row], Any]]) -> bool:
    return any([truth(argument(row)) for argument in arguments])


def _last_modified(row: Row, arguments: Sequence[Callable[[Row], Any]]) -> datetime | None:
    names = [getattr(argument, "field", None) for argument in arguments]
    if None in names:
        raise FormulaError("LAST_MODIFIED_TIME takes fields")
    return row.modified_at([str(name) for name in names])


def _find(needle: Any, hay: Any, start: Any = 1) -> int:
    return text(hay).find(text(needle), max(int(number(start)) - 1, 0)) + 1


def _search(needle: Any, hay: Any, start: Any = 1) -> int | None:
    return _find(text(needle).lower(), text(hay).lower(), start) or None


def _date_add(date: Any, amount: Any, unit: Any) -> datetime:
    name = text(unit).lower().rstrip("s") + "s"
    if name not in _UNITS:
        raise FormulaError(f"unknown unit {unit!r}")
    step: dict[str, Any] = {name: int(number(amount))}
    try:
        return moment(date) + relativedelta(**step)
    except (OverflowError, ValueError) as e:
        raise FormulaError("out of range") from e


def _is_same(left: Any, right: Any, unit: Any = None) -> bool:
    if unit is None:
        return moment(left) == moment(right)
    depth = _SPANS.get(text(unit).lower())
    if depth is None:
        raise FormulaError(f"unknown unit {unit!r}")
    return moment(left).timetuple()[:depth] == moment(right).timetuple()[:depth]


def _today() -> datetime:
    return clock.now().astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)


FUNCTIONS: dict[str, Function] = {
    "AND": Function(_and, 1, _MANY),
    "OR": Function(_or, 1, _MANY),
    "IF": Function(_if, 2, 3),
    "NOT": _plain(lambda value: not truth(value)),
    "TRUE": _plain(lambda: True, 0),
    "FALSE": _plain(lambda: False, 0),
    "BLANK": _plain(lambda: None, 0),
    "RECORD_ID": Function(lambda row, _: row.record_id, 0, 0),
    "CREATED_TIME": Function(lambda row, _: row.created_at, 0, 0),
    "LAST_MODIFIED_TIME": Function(_last_modified, 0, _MANY),
    "NOW": _plain(clock.now, 0),
    "TODAY": _plain(_today, 0),
    "DATETIME_PARSE": _plain(moment),
    "DATEADD": _plain(_date_add, 3),
    "IS_AFTER": _plain(lambda left, right: moment(left) > moment(right), 2),
    "IS_BEFORE": _plain(lambda left, right: moment(left) < moment(right), 2),
    "IS_SAME": _plain(_is_same, 2, 3),
    "FIND": _plain(_find, 2, 3),
    "SEARCH": _plain(_search, 2, 3),
    "LOWER": _plain(lambda value: text(value).lower()),
    "UPPER": _plain(lambda value: text(value).upper()),
    "TRIM": _plain(lambda value: text(value).strip()),
    "LEN": _plain(lambda value: len(text(value))),
    "CONCATENATE": _plain(lambda *values: "".join(map(text, values)), 1, _MANY),
}
