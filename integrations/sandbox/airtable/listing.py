"""Listing records: filter, sort, pages of up to 100 and their offsets (wire/airtable 1.3)."""

import re
import threading
from collections import OrderedDict
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from werkzeug.datastructures import MultiDict

from integrations.sandbox.airtable import computed, errors, tables
from integrations.sandbox.airtable.tables import Table
from integrations.sandbox.store import Store

_OFFSET = re.compile(r"(itr[A-Za-z0-9]{14})/(rec[A-Za-z0-9]{14})")
_SORT = re.compile(r"sort\[(\d{1,4})\]\[(field|direction)\]")
_LISTS = re.compile(r"(fields|recordMetadata)\[\d*\]")
_PLAIN = {
    "view", "pageSize", "maxRecords", "filterByFormula", "cellFormat", "timeZone", "userLocale",
    "returnFieldsByFieldId", "offset",
}  # fmt: skip
_NUMBERS = {"pageSize", "maxRecords"}
_MOST_ITERATORS = 200


@dataclass(frozen=True)
class Query:
    """A list request, its parameters read and checked for shape."""

    page_size: int = 100
    max_records: int | None = None
    formula: str = ""
    fields: list[str] = field(default_factory=list)
    sort: list[tuple[str, bool]] = field(default_factory=list)
    view: str = ""
    by_id: bool = False
    comment_count: bool = False
    offset: str = ""


class Iterators:
    """The lists that are being paged through: ids, frozen at the first page.

    Kept in memory only, so a restart forgets them, as users of the real service report.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._lock = threading.Lock()
        self._ids: OrderedDict[str, tuple[int, list[str]]] = OrderedDict()

    def start(self, record_ids: list[str]) -> str:
        """Keep a list; returns the iterator's id. The least recently used one goes."""
        iterator = tables.new_id("itr")
        with self._lock:
            self._ids[iterator] = (_round(self._store), record_ids)
            while len(self._ids) > _MOST_ITERATORS:
                self._ids.popitem(last=False)
        return iterator

    def rest(self, iterator: str, record_id: str, offset: str) -> list[str]:
        """The list from that record on; Refusal when it is not known."""
        with self._lock:
            begun, record_ids = self._ids.get(iterator, (-1, []))
            if begun != _round(self._store):
                raise errors.iterator_gone()
            self._ids.move_to_end(iterator)
        if record_id not in record_ids:
            raise errors.invalid_offset(offset)
        return record_ids[record_ids.index(record_id) :]


def _round(store: Store) -> int:
    return (store.get("airtable.settings", "iterators") or {"round": 0})["round"]


def expire_iterators(store: Store) -> None:
    """Forget every list that is being paged through."""
    with store.lock:
        store.put("airtable.settings", "iterators", {"round": _round(store) + 1})


def from_arguments(arguments: MultiDict[str, str]) -> Query:
    """Read the query string of a GET; Refusal for what Airtable does not take."""
    given: dict[str, Any] = {}
    sorts: dict[int, dict[str, str]] = {}
    for name, values in arguments.lists():
        if name in _PLAIN:
            given[name] = values[-1]
        elif match := _LISTS.fullmatch(name):
            given.setdefault(match[1], []).extend(values)
        elif match := _SORT.fullmatch(name):
            sorts.setdefault(int(match[1]), {})[match[2]] = values[-1]
        else:
            raise errors.invalid_request()
    for name in _NUMBERS & set(given):
        digits = given[name]
        given[name] = int(digits) if digits.isdecimal() and len(digits) < 10 else None
    if "returnFieldsByFieldId" in given:
        given["returnFieldsByFieldId"] = given["returnFieldsByFieldId"] in ("1", "true")
    return _query({**given, "sort": [sorts[at] for at in sorted(sorts)]})


def from_body(body: dict[str, Any], arguments: MultiDict[str, str]) -> Query:
    """Read POST listRecords; time zone and locale stay in the URL."""
    if not set(arguments) <= {"timeZone", "userLocale"}:
        raise errors.invalid_request()
    if not set(body) <= _PLAIN | {"fields", "sort", "recordMetadata"}:
        raise errors.invalid_request()
    return _query(body)


def _query(given: dict[str, Any]) -> Query:
    if given.get("cellFormat", "json") != "json":
        raise errors.invalid_request('Only the cellFormat "json" is spoken here.')
    metadata = _strings(given.get("recordMetadata", []))
    if not set(metadata) <= {"commentCount"}:
        raise errors.invalid_request()
    return Query(
        page_size=_within(given.get("pageSize", 100), 100),
        max_records=_within(given["maxRecords"]) if "maxRecords" in given else None,
        formula=_string(given.get("filterByFormula")),
        fields=_strings(given.get("fields", [])),
        sort=[_sort(one) for one in _sequence(given.get("sort", []))],
        view=_string(given.get("view")),
        by_id=bool(given.get("returnFieldsByFieldId")),
        comment_count=bool(metadata),
        offset=_string(given.get("offset")),
    )


def _within(number: Any, most: int | None = None) -> int:
    if type(number) is not int or number < 1 or (most and number > most):
        raise errors.invalid_request()
    return number


def _string(value: Any) -> str:
    if value is not None and not isinstance(value, str):
        raise errors.invalid_request()
    return value or ""


def _sequence(value: Any) -> list[Any]:
    if not isinstance(value, list):
        raise errors.invalid_request()
    return value


def _strings(value: Any) -> list[str]:
    return [_string(one) for one in _sequence(value)]


def _sort(one: Any) -> tuple[str, bool]:
    if not isinstance(one, dict) or "field" not in one or not set(one) <= {"field", "direction"}:
        raise errors.invalid_request()
    direction = one.get("direction", "asc")
    if direction not in ("asc", "desc"):
        raise errors.invalid_request()
    return _string(one["field"]), direction == "desc"


def page(store: Store, table: Table, query: Query, iterators: Iterators) -> dict[str, Any]:
    """One page of records, with an offset if and only if another one follows."""
    fields = [table.field(name) for name in query.fields] or None
    if query.offset:
        match = _OFFSET.fullmatch(query.offset)
        if match is None:
            raise errors.invalid_offset(query.offset)
        iterator, record_ids = match[1], iterators.rest(match[1], match[2], query.offset)
    else:
        iterator, record_ids = "", _matching(store, table, query)
    answer: dict[str, Any] = {"records": []}
    for record_id in record_ids[: query.page_size]:
        record = store.get(table.records, record_id)
        if record is not None:  # deleted while somebody was paging
            shown = computed.shown(store, table, record, fields=fields, by_id=query.by_id)
            extra = {"commentCount": 0} if query.comment_count else {}
            answer["records"].append(shown | extra)
    rest = record_ids[query.page_size :]
    if rest:
        answer["offset"] = f"{iterator or iterators.start(record_ids)}/{rest[0]}"
    return answer


def _matching(store: Store, table: Table, query: Query) -> list[str]:
    """The ids of the records asked for, in order."""
    _check_view(table, query.view)
    sorts = [(table.field(name), descending) for name, descending in query.sort]
    rows = [computed.RecordRow(store, table, record) for record in store.all(table.records)]
    if query.formula:
        formula = computed.read_filter(table, query.formula)
        rows = [row for row in rows if formula.keeps(row)]
    for one, descending in reversed(sorts):
        rows.sort(key=partial(_sort_key, one), reverse=descending)
    return [row.record_id for row in rows][: query.max_records]


def _check_view(table: Table, view: str) -> None:
    if view and not any(view in (one["id"], one["name"]) for one in table.views()):
        raise errors.view_not_found(view)


def _sort_key(one: dict[str, Any], row: computed.RecordRow) -> tuple[int, Any]:
    """Empty cells first, then numbers, then text without letter case; selects by their order."""
    cell = row.cell(one)
    if cell is None:
        return (0, 0)
    if one["type"] == "singleSelect":
        names = tables.choices(one)
        return (1, names.index(cell)) if cell in names else (2, str(cell).casefold())
    if isinstance(cell, bool | int | float):
        return (1, cell)
    return (2, str(cell).casefold())
