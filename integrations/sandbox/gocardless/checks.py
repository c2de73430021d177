"""Parameters as GoCardless checks them: a table of readers per resource, all errors at once."""

from collections.abc import Callable
from datetime import date
from typing import Any

from integrations.sandbox.gocardless.errors import field_detail, usage, validation_failed

Reader = Callable[[Any], Any]
Spec = dict[str, Any]
METADATA_KEYS = 3


def text(longest: int = 255) -> Reader:
    """A string, or null."""

    def read(value: Any) -> str | None:
        if value is None:
            return None
        if not isinstance(value, str):
            raise ValueError("must be a string")
        if len(value) > longest:
            raise ValueError(f"is too long (maximum is {longest} characters)")
        return value

    return read


def whole(smallest: int = 1, largest: int = 10**9) -> Reader:
    """A whole number; numbers in strings are taken too, as GoCardless does."""

    def read(value: Any) -> int:
        if isinstance(value, str) and value.isascii() and value.isdigit():
            value = int(value)
        if not isinstance(value, int) or isinstance(value, bool):
            raise ValueError("must be a number")
        if not smallest <= value <= largest:
            raise ValueError(f"must be between {smallest} and {largest}")
        return value

    return read


def one_of(*choices: Any) -> Reader:
    """One of the choices."""

    def read(value: Any) -> Any:
        if isinstance(value, dict | list) or value not in choices:
            raise ValueError("is not included in the list")
        return value

    return read


def boolean(value: Any) -> bool:
    """true or false."""
    if not isinstance(value, bool):
        raise ValueError("must be a boolean")
    return value


def iso_date(value: Any) -> str | None:
    """A date as `YYYY-MM-DD`, or null."""
    if value is None:
        return None
    try:
        return date.fromisoformat(value).isoformat()
    except (TypeError, ValueError):
        raise ValueError("is not a valid date") from None


def day_of_month(value: Any) -> int | None:
    """1 to 28, or -1 for the last day (wire/gocardless_twilio 3.3)."""
    if value is None:
        return None
    if isinstance(value, str) and value.lstrip("-").isdigit():
        value = int(value)
    if isinstance(value, bool) or value not in (-1, *range(1, 29)):
        raise ValueError("must be between 1 and 28, or -1")
    return value


def metadata(value: Any) -> dict[str, str]:
    """At most three keys (50 characters) with strings (500 characters)."""
    if not isinstance(value, dict):
        raise ValueError("must be an object")
    if len(value) > METADATA_KEYS:
        raise ValueError("has too many keys (maximum is 3)")
    for key, item in value.items():
        if len(key) > 50:
            raise ValueError("has a key that is too long (maximum is 50 characters)")
        if not isinstance(item, str):
            raise ValueError("must have strings as values")
        if len(item) > 500:
            raise ValueError("has a value that is too long (maximum is 500 characters)")
    return value


def checked(resource: str, params: Any, spec: Spec, required: tuple[str, ...] = ()) -> dict:
    """The parameters, read by the spec (nested dicts nest); 422 with every refused field.

    Fields that the spec does not know are refused, as the real API does.
    """
    if not isinstance(params, dict):
        raise usage(400, "invalid_document_structure", "Root element must be an object.")
    details: list[dict] = []
    values = _read(resource, params, spec, "", details)
    for path in required:
        if not _present(params, path):
            details.append(field_detail(resource, path, "is required"))
    if details:
        raise validation_failed(details)
    return values


def _read(resource: str, params: dict, spec: Spec, prefix: str, details: list[dict]) -> dict:
    values = {}
    for name, value in params.items():
        path = prefix + name
        reader = spec.get(name)
        if reader is None:
            details.append(field_detail(resource, path, "is not a recognised parameter"))
        elif isinstance(reader, dict):
            if value is None:
                continue
            if isinstance(value, dict):
                values[name] = _read(resource, value, reader, f"{path}/", details)
            else:
                details.append(field_detail(resource, path, "must be an object"))
        else:
            try:
                values[name] = reader(value)
            except ValueError as error:
                details.append(field_detail(resource, path, str(error)))
    return values


def _present(params: dict, path: str) -> bool:
    value: Any = params
    for name in path.split("/"):
        value = value.get(name) if isinstance(value, dict) else None
    return value is not None and value != ""
