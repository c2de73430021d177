"""Making tables and fields through the metadata API, options checked by field type."""

from collections.abc import Callable
from typing import Any
from zoneinfo import ZoneInfo

from integrations.sandbox.airtable import changes, errors, tables
from integrations.sandbox.airtable.tables import Table
from integrations.sandbox.store import Store

_COLOURS = (
    "blueLight2 cyanLight2 tealLight2 greenLight2 yellowLight2 orangeLight2 redLight2".split()
)
_DATE_FORMATS = {
    "iso": "YYYY-MM-DD",
    "european": "D/M/YYYY",
    "us": "M/D/YYYY",
    "local": "l",
    "friendly": "LL",
}
_TIME_FORMATS = {"12hour": "h:mma", "24hour": "HH:mm"}
_PLAIN = frozenset("singleLineText multilineText email url phoneNumber richText barcode".split())
_FIELD_KEYS = {"name", "type", "options", "description"}
Options = dict[str, Any]


def create_table(store: Store, body: dict[str, Any]) -> dict[str, Any]:
    """Make a table with its fields; the answer is its metadata. Refusals write nothing."""
    if not set(body) <= {"name", "description", "fields"}:
        raise errors.invalid_request()
    name, wanted = body.get("name"), body.get("fields")
    if not isinstance(name, str) or not isinstance(wanted, list) or not wanted:
        raise errors.invalid_request()
    with changes.transaction(store, "publicApi") as seen:
        if not name.strip() or taken(name, [table.name for table in tables.every(store)]):
            raise errors.duplicate_name(name)
        fields: list[dict[str, Any]] = []
        for one in wanted:
            fields.append(_field(store, one, [field["name"] for field in fields]))
        doc = {"id": tables.new_id("tbl"), "name": name, "primaryFieldId": fields[0]["id"]}
        doc |= {"description": body["description"]} if body.get("description") else {}
        table = Table({**doc, "fields": fields})
        store.put(tables.KIND, table.id, {**table.doc, "views": _first_view()})
        seen.tables.append(table.doc)
        for field in fields:
            _add_inverse(store, table, field)
        return tables.find(store, table.id).metadata()


def create_field(store: Store, table: Table, body: dict[str, Any]) -> dict[str, Any]:
    """Add one field to a table; the answer is the field."""
    with changes.transaction(store, "publicApi"):
        table = tables.find(store, table.id)
        field = _field(store, body, [field["name"] for field in table.fields])
        store.put(tables.KIND, table.id, {**table.doc, "fields": [*table.fields, field]})
        changes.saw_field(table.id, None, field)
        _add_inverse(store, table, field)
        return tables.find(store, table.id).field(field["id"])


def add_choice(field: dict[str, Any], name: str) -> None:
    """Add an option to a select field, in place, as `typecast` does."""
    options = field.setdefault("options", {}).setdefault("choices", [])
    options.append(_choice({"name": name}, len(options)))


def _first_view() -> list[dict[str, Any]]:
    return [{"id": tables.new_id("viw"), "name": "Grid view", "type": "grid"}]


def taken(name: str, names: list[str]) -> bool:
    """Whether a name is in use, letter case aside."""
    return name.casefold() in {other.casefold() for other in names}


def _field(store: Store, body: Any, names: list[str]) -> dict[str, Any]:
    if not isinstance(body, dict) or not set(body) <= _FIELD_KEYS:
        raise errors.invalid_request()
    name, kind = body.get("name"), body.get("type")
    if not isinstance(name, str) or not isinstance(kind, str):
        raise errors.invalid_request()
    if not name.strip() or taken(name, names):
        raise errors.duplicate_name(name)
    field = {"id": tables.new_id("fld"), "name": name, "type": kind}
    field |= {"description": body["description"]} if body.get("description") else {}
    read = options(store, kind, body.get("options"))
    return field | ({"options": read} if read else {})


def options(store: Store, kind: str, given: Any) -> Options:
    """The options of a field type, checked; Refusal for a type that cannot be made."""
    if kind in _PLAIN:
        if given:
            raise _bad_options(kind)
        return {}
    if kind == "multipleRecordLinks":
        return _link_options(store, given)
    reader = _READERS.get(kind)
    if reader is None:
        raise errors.uncreatable(kind)
    try:
        return reader(given or {})
    except (KeyError, TypeError, ValueError, AttributeError) as e:
        raise _bad_options(kind) from e


def _bad_options(kind: str) -> errors.Refusal:
    error = {
        "type": "INVALID_FIELD_TYPE_OPTIONS_FOR_CREATE",
        "message": f"Invalid options for a field of type {kind}",
    }
    return errors.Refusal(422, {"error": error})


def _choice(wanted: dict[str, Any], position: int) -> dict[str, Any]:
    name = wanted["name"]
    if not isinstance(name, str) or not name:
        raise ValueError("a choice needs a name")
    colour = wanted.get("color", _COLOURS[position % len(_COLOURS)])
    return {"id": tables.new_id("sel"), "name": name, "color": colour}


def _choices(options: Options) -> Options:
    read = [_choice(one, at) for at, one in enumerate(options["choices"])]
    if len({choice["name"] for choice in read}) != len(read):
        raise ValueError("choices repeat")
    return {"choices": read}


def _precision(options: Options) -> Options:
    precision = options["precision"]
    if type(precision) is not int or not 0 <= precision <= 8:
        raise ValueError("precision is 0 to 8")
    return {"precision": precision}


def _currency(options: Options) -> Options:
    return {**_precision(options), "symbol": str(options["symbol"])}


def _date(options: Options) -> Options:
    name = options["dateFormat"]["name"]
    return {"dateFormat": {"name": name, "format": _DATE_FORMATS[name]}}


def _date_time(options: Options) -> Options:
    name = options["timeFormat"]["name"]
    time = {"name": name, "format": _TIME_FORMATS[name]}
    zone = options["timeZone"]
    if zone not in ("utc", "client"):
        ZoneInfo(zone)
    return {**_date(options), "timeFormat": time, "timeZone": zone}


def _picked(*keys: str) -> Callable[[Options], Options]:
    return lambda options: {key: options[key] for key in keys}


_READERS: dict[str, Callable[[Options], Options]] = {
    "singleSelect": _choices,
    "multipleSelects": _choices,
    "number": _precision,
    "percent": _precision,
    "currency": _currency,
    "date": _date,
    "dateTime": _date_time,
    "duration": _picked("durationFormat"),
    "rating": _picked("icon", "max", "color"),
    "checkbox": _picked("icon", "color"),
}


def _link_options(store: Store, options: Any) -> Options:
    linked = options.get("linkedTableId") if isinstance(options, dict) else None
    if not linked or store.get(tables.KIND, linked) is None:
        raise _bad_options("multipleRecordLinks")
    return {
        "linkedTableId": linked,
        "isReversed": False,
        "prefersSingleRecordLink": False,
        "inverseLinkFieldId": tables.new_id("fld"),
    }


def _add_inverse(store: Store, table: Table, field: dict[str, Any]) -> None:
    """A link shows on both sides: the linked table gets a field that points back."""
    if field["type"] != "multipleRecordLinks":
        return
    other = tables.find(store, field["options"]["linkedTableId"])
    name, at = table.name, 1
    while taken(name, [one["name"] for one in other.fields]):
        at += 1
        name = f"{table.name} {at}"
    options = {
        "linkedTableId": table.id,
        "isReversed": False,
        "prefersSingleRecordLink": False,
        "inverseLinkFieldId": field["id"],
    }
    inverse = {
        "id": field["options"]["inverseLinkFieldId"],
        "name": name,
        "type": "multipleRecordLinks",
        "options": options,
    }
    store.put(tables.KIND, other.id, {**other.doc, "fields": [*other.fields, inverse]})
    changes.saw_field(other.id, None, inverse)
