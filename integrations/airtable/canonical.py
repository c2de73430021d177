"""One way to write each value, so that equal cells compare equal (wire/airtable 1.8). Pure.

Everything empty is None: Airtable leaves empty cells out.
"""

import hashlib
import hmac
import json
from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from typing import Any

# What Airtable works out for itself: nobody writes these.
COMPUTED = frozenset(
    "formula rollup multipleLookupValues count autoNumber createdTime lastModifiedTime createdBy "
    "lastModifiedBy button aiText externalSyncSource".split()
)
NUMBERS = frozenset("number currency percent duration rating".split())
_LISTS = {
    "multipleSelects": "name",
    "multipleRecordLinks": "id",
    "multipleAttachments": "id",
    "multipleCollaborators": "id",
}


def canonical(value: Any, kind: str = "", options: Mapping[str, Any] | None = None) -> Any:
    """The one form of a cell of Airtable's type `kind`; webhook shapes are understood too.

    A value that does not fit its type comes back as it is: Airtable will refuse it in words.
    """
    if value is None or value is False or value == "" or value == []:
        return None
    if kind in NUMBERS:
        return _number(value, (options or {}).get("precision"))
    if kind in _LISTS and isinstance(value, list):
        return _list(value, _LISTS[kind])
    if kind == "singleSelect" and isinstance(value, dict):
        return value.get("name")
    if kind == "singleCollaborator" and isinstance(value, dict):
        return value.get("id")
    if isinstance(value, str):
        return _text(value, kind)
    return value


def fingerprint(cells: list[Any]) -> str:
    """A short digest of a record's cells in their order; the same cells give the same digest.

    Of their `repr`: JSON takes three times as long, and each row of each pass pays for it.
    """
    return hashlib.blake2b(repr(cells).encode(), digest_size=16).hexdigest()


def veiled(value: Any, key: str) -> str | None:
    """A keyed digest in place of a value that may not be stored; None stays None."""
    if value is None:
        return None
    text = json.dumps(value, sort_keys=True, default=str).encode()
    return f"#{hmac.new(key.encode(), text, hashlib.sha256).hexdigest()[:32]}"


def _number(value: Any, precision: Any) -> Any:
    try:
        number = Decimal(str(value))
        if isinstance(precision, int):
            number = number.quantize(Decimal(1).scaleb(-precision), ROUND_HALF_UP)
    except InvalidOperation:
        return value
    return int(number) if number == number.to_integral_value() else float(number)


def _list(value: list[Any], key: str) -> Any:
    names = [one.get(key) if isinstance(one, dict) else one for one in value]
    return sorted(str(name) for name in names) or None


def _text(value: str, kind: str) -> Any:
    if kind == "richText":
        return value.rstrip("\n") or None
    if kind == "date":
        return value[:10]
    if kind == "dateTime":
        return _moment(value)
    return value


def _moment(text: str) -> str:
    try:
        moment = datetime.fromisoformat(text.replace("Z", "+00:00"))
    except ValueError:
        return text
    if moment.tzinfo is None:
        return text
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"
