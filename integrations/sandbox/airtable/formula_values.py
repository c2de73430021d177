"""What formula values are, and how Airtable compares, joins and counts with them."""

import math
import operator
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any, Protocol

from dateutil import parser as dates


class FormulaError(Exception):
    """The value is Airtable's `#ERROR!`."""


class Row(Protocol):
    """What a formula may ask of the record that it is worked out for."""

    record_id: str

    @property
    def created_at(self) -> datetime:
        """When the record was made."""

    def value(self, field: str) -> Any:
        """The cell's value for formulas; None when empty."""

    def modified_at(self, fields: Sequence[str]) -> datetime | None:
        """When any of the fields (none: any at all) last changed."""


def truth(value: Any) -> bool:
    """Airtable's truth: not 0, false, "", NaN, [] or empty."""
    if isinstance(value, float) and math.isnan(value):
        return False
    return bool(value)


def text(value: Any) -> str:
    """A value as `&` joins it."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "1" if value else "0"
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    if isinstance(value, datetime):
        return iso(value)
    if isinstance(value, list):
        return ", ".join(text(item) for item in value)
    return str(value)


def number(value: Any) -> int | float:
    """A value in arithmetic; FormulaError when it is not one."""
    if value is None:
        return 0
    if isinstance(value, bool):
        return int(value)
    if isinstance(value, int | float):
        return value
    raise FormulaError(f"not a number: {value!r}")


def moment(value: Any) -> datetime:
    """A value as an aware UTC datetime; text must be ISO 8601. FormulaError otherwise."""
    if isinstance(value, datetime):
        return value
    if not isinstance(value, str):
        raise FormulaError(f"not a date: {value!r}")
    try:
        parsed = dates.isoparse(value)
        return parsed.astimezone(UTC) if parsed.tzinfo else parsed.replace(tzinfo=UTC)
    except (ValueError, OverflowError) as e:
        raise FormulaError(f"not a date: {value!r}") from e


def iso(value: datetime) -> str:
    """A moment as Airtable writes it: UTC, milliseconds."""
    in_utc = value.astimezone(UTC)
    return f"{in_utc:%Y-%m-%dT%H:%M:%S}.{in_utc.microsecond // 1000:03d}Z"


def equal(left: Any, right: Any) -> bool:
    """`=`: case-sensitive for text; empty equals "", 0 and false; "7" is not 7."""
    left, right = _comparable(left, right), _comparable(right, left)
    return bool(left == right)


def _comparable(value: Any, other: Any) -> Any:
    if value is None:
        return _empty_like(other)
    if isinstance(value, bool):
        return int(value)
    if isinstance(value, list):
        return text(value)
    if isinstance(value, str) and isinstance(other, datetime):
        return moment(value)
    return value


def _empty_like(other: Any) -> Any:
    if isinstance(other, str | list):
        return ""
    return None if isinstance(other, datetime) or other is None else 0


def _ordered(compare: Callable[[Any, Any], bool]) -> Callable[[Any, Any], bool]:
    def compared(left: Any, right: Any) -> bool:
        left, right = _comparable(left, right), _comparable(right, left)
        if left is None or right is None:
            return False
        try:
            return compare(left, right)
        except TypeError as e:
            raise FormulaError("cannot be compared") from e

    return compared


def _divided(left: Any, right: Any) -> float:
    divisor = number(right)
    if divisor == 0:
        raise FormulaError("division by zero")
    return number(left) / divisor


OPERATORS: dict[str, Callable[[Any, Any], Any]] = {
    "=": equal,
    "!=": lambda left, right: not equal(left, right),
    "<": _ordered(operator.lt),
    "<=": _ordered(operator.le),
    ">": _ordered(operator.gt),
    ">=": _ordered(operator.ge),
    "&": lambda left, right: text(left) + text(right),
    "+": lambda left, right: number(left) + number(right),
    "-": lambda left, right: number(left) - number(right),
    "*": lambda left, right: number(left) * number(right),
    "/": _divided,
}
