"""What each field type takes and keeps (wire/airtable 1.8); everything else is refused.

A reader returns the value to keep; None is an empty cell, which answers leave out.
"""

import math
import re
from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from dateutil import parser as dates

from integrations.sandbox.airtable import errors, formula_values, schema, tables

Field = dict[str, Any]
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")
_TEXT = frozenset("singleLineText multilineText email url phoneNumber".split())


class _Wrong(ValueError):
    """The value does not fit the field's type."""


def read(field: Field, value: Any, *, typecast: bool) -> Any:
    """The value to keep for a writable field; with `typecast` a select may gain an option.

    Raises Refusal: INVALID_VALUE_FOR_COLUMN, INVALID_MULTIPLE_CHOICE_OPTIONS.
    """
    if field["type"] in tables.COMPUTED:
        raise errors.computed_field(field["name"])
    if value is None:
        # A cleared rich text keeps its line end in recordings of the real service.
        return "\n" if field["type"] == "richText" else None
    reader = _READERS.get(field["type"])
    try:
        if reader is None:
            raise _Wrong(field["type"])
        return reader(field, value, typecast)
    except (_Wrong, ValueError, TypeError, OverflowError, OSError) as e:
        raise errors.bad_value(field["name"]) from e


def _text(field: Field, value: Any, typecast: bool) -> str | None:
    if typecast and isinstance(value, bool | int | float):
        value = formula_values.text(value)
    if not isinstance(value, str):
        raise _Wrong
    return value or None


def _rich_text(field: Field, value: Any, typecast: bool) -> str | None:
    text = _text(field, value, typecast)
    return text if text is None or text.endswith("\n") else f"{text}\n"


def _number(field: Field, value: Any, typecast: bool) -> int | float:
    if typecast and isinstance(value, str):
        value = float(value)
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise _Wrong
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _rating(field: Field, value: Any, typecast: bool) -> int:
    stars = _number(field, value, typecast)
    if not isinstance(stars, int) or not 1 <= stars <= field["options"]["max"]:
        raise _Wrong
    return stars


def _checkbox(field: Field, value: Any, typecast: bool) -> bool | None:
    if typecast and value in ("true", "checked", 1):
        value = True
    if not isinstance(value, bool):
        raise _Wrong
    return value or None


def _date(field: Field, value: Any, typecast: bool) -> str:
    if not isinstance(value, str):
        raise _Wrong
    if _DATE.fullmatch(value):
        return date.fromisoformat(value).isoformat()
    return dates.isoparse(value).date().isoformat()


def _date_time(field: Field, value: Any, typecast: bool) -> str:
    if isinstance(value, bool):
        raise _Wrong
    if isinstance(value, int | float):
        moment = datetime.fromtimestamp(value / 1000, UTC)
    elif isinstance(value, str) and value:
        moment = dates.isoparse(value)
    else:
        raise _Wrong
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=_zone(field))
    return formula_values.iso(moment)


def _zone(field: Field) -> ZoneInfo:
    name = field.get("options", {}).get("timeZone", "utc")
    return ZoneInfo("UTC" if name in ("utc", "client") else name)


def _choice(field: Field, value: Any, typecast: bool) -> str:
    if typecast and isinstance(value, bool | int | float):
        value = formula_values.text(value)
    if not isinstance(value, str):
        raise _Wrong
    if value not in tables.choices(field):
        if not typecast or not value:
            raise errors.unknown_choice(value)
        schema.add_choice(field, value)
    return value


def _select(field: Field, value: Any, typecast: bool) -> str | None:
    return None if typecast and value == "" else _choice(field, value, typecast)


def _selects(field: Field, value: Any, typecast: bool) -> list[str] | None:
    if typecast and isinstance(value, str):
        value = [part.strip() for part in value.split(",") if part.strip()]
    if not isinstance(value, list):
        raise _Wrong
    return list(dict.fromkeys(_choice(field, one, typecast) for one in value)) or None


def _links(field: Field, value: Any, typecast: bool) -> list[str] | None:
    if not isinstance(value, list) or not all(tables.is_id(one, "rec") for one in value):
        raise _Wrong
    return list(dict.fromkeys(value)) or None


def _barcode(field: Field, value: Any, typecast: bool) -> dict[str, str]:
    if not isinstance(value, dict) or not isinstance(value.get("text"), str):
        raise _Wrong
    if not set(value) <= {"text", "type"}:
        raise _Wrong
    return value


_READERS: dict[str, Callable[[Field, Any, bool], Any]] = {
    **dict.fromkeys(_TEXT, _text),
    **dict.fromkeys(("number", "currency", "percent", "duration"), _number),
    "richText": _rich_text,
    "rating": _rating,
    "checkbox": _checkbox,
    "date": _date,
    "dateTime": _date_time,
    "singleSelect": _select,
    "multipleSelects": _selects,
    "multipleRecordLinks": _links,
    "barcode": _barcode,
}
