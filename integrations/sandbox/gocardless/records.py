"""GoCardless's resources in the store: one kind per plural, fetched or refused with its 404."""

from collections.abc import Callable
from typing import Any

from integrations import clock
from integrations.sandbox.gocardless.errors import ApiError, field_detail, not_found, usage
from integrations.sandbox.gocardless.ids import moment, new_id, timestamp
from integrations.sandbox.store import Store

Resource = dict[str, Any]
_PAGE = 50
_LARGEST_PAGE = 500
_SORTED_BY = ("created_at", "charge_date", "amount")


def kind(plural: str) -> str:
    """The store's kind for a resource."""
    return f"gocardless.{plural}"


def save(store: Store, plural: str, resource: Resource) -> Resource:
    """Keep the resource; returns it."""
    store.put(kind(plural), resource["id"], resource)
    return resource


def find(store: Store, plural: str, id: str | None) -> Resource | None:
    """The resource, or None."""
    return store.get(kind(plural), id) if id else None


def fetch(store: Store, plural: str, id: str) -> Resource:
    """The resource, or GoCardless's 404."""
    resource = find(store, plural, id)
    if resource is None:
        raise not_found()
    return resource


def linked(store: Store, plural: str, resource: str, name: str, id: str) -> Resource:
    """The resource that a link of a new one names; a dangling link is GoCardless's 404."""
    found = find(store, plural, id)
    if found is None:
        detail = {"reason": "resource_not_found", "message": "Resource not found"}
        detail |= field_detail(resource, f"links/{name}", "Resource not found")
        raise ApiError(404, "invalid_api_usage", "Resource not found", [detail])
    return found


def every(store: Store, plural: str) -> list[Resource]:
    """All of them, oldest first."""
    return store.all(kind(plural))


def created(prefix: str) -> Resource:
    """The two fields that every new resource begins with."""
    return {"id": new_id(prefix), "created_at": timestamp(clock.now())}


def creditor(store: Store) -> Resource:
    """The club as GoCardless knows it; made the first time that it is asked for."""
    known = every(store, "creditors")
    if known:
        return known[0]
    club = created("CR") | {
        "name": "Sandbox Football Club",
        "address_line1": None,
        "city": None,
        "postal_code": None,
        "country_code": "GB",
        "creditor_type": "charity",
        "verification_status": "successful",
        "can_create_refunds": True,
        "custom_payment_pages_enabled": False,
        "mandate_imports_enabled": False,
        "merchant_responsible_for_notifications": False,
        "scheme_identifiers": [],
        "links": {},
    }
    return save(store, "creditors", club)


def page(plural: str, resources: list[Resource], query: dict[str, str]) -> dict[str, Any]:
    """One page of a list, newest first, by `limit`, `after` and `before` (ids)."""
    limit = _limit(query.get("limit"))
    ordered = _sorted(resources, query)
    ids = [item["id"] for item in ordered]
    start = _position(ids, query["after"]) + 1 if query.get("after") else 0
    if query.get("before"):
        start = max(0, _position(ids, query["before"]) - limit)
    shown = ordered[start : start + limit]
    more = start + limit < len(ordered)
    cursors = {
        "before": shown[0]["id"] if shown and start > 0 else None,
        "after": shown[-1]["id"] if shown and more else None,
    }
    return {plural: shown, "meta": {"cursors": cursors, "limit": limit}}


def _sorted(resources: list[Resource], query: dict[str, str]) -> list[Resource]:
    field = query.get("sort_field", "created_at")
    direction = query.get("sort_direction", "desc")
    if field not in _SORTED_BY or direction not in ("asc", "desc"):
        raise usage(400, "invalid_filters", "This list cannot be sorted so")
    # Sorting is stable, so of two that are equal the one stored later comes first.
    newest = reversed(resources) if direction == "desc" else resources
    return sorted(newest, key=lambda item: item[field], reverse=direction == "desc")


def _limit(text: str | None) -> int:
    if text is None:
        return _PAGE
    if not (text.isascii() and text.isdigit()) or not 1 <= int(text) <= _LARGEST_PAGE:
        raise usage(400, "invalid_filters", "limit must be between 1 and 500")
    return int(text)


def _position(ids: list[str], id: str) -> int:
    if id not in ids:
        raise usage(400, "invalid_cursor", "The cursor does not exist")
    return ids.index(id)


_COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    "gt": lambda left, right: left > right,
    "gte": lambda left, right: left >= right,
    "lt": lambda left, right: left < right,
    "lte": lambda left, right: left <= right,
}
_PAGING = ("limit", "after", "before")
_SORTING = ("sort_field", "sort_direction")
Lookup = Callable[[Resource], Any]


def filtered(
    resources: list[Resource], query: dict[str, str], lookups: dict[str, Lookup]
) -> list[Resource]:
    """Those that every filter of the query lets through; 400 for a filter that is unknown.

    `created_at` and `charge_date` take `[gt]`, `[gte]`, `[lt]`, `[lte]`; others may be a list.
    """
    for name, wanted in query.items():
        if name not in _PAGING and not (name in _SORTING and "charge_date" in lookups):
            test = _test(name, wanted, lookups)
            resources = [resource for resource in resources if test(resource)]
    return resources


def _test(name: str, wanted: str, lookups: dict[str, Lookup]) -> Callable[[Resource], bool]:
    field, _, rest = name.partition("[")
    lookup = lookups.get(field)
    if rest and lookup and rest[:-1] in _COMPARE and field in ("created_at", "charge_date"):
        compare, bound = _COMPARE[rest[:-1]], _bound(wanted)
        return lambda item: lookup(item) is not None and compare(moment(lookup(item)), bound)
    if lookup is None or rest:
        raise usage(400, "invalid_filters", f"{name} is not a filter of this list")
    choices = wanted.split(",")
    return lambda item: lookup(item) in choices


def _bound(text: str) -> Any:
    try:
        return moment(text)
    except ValueError:
        raise usage(400, "invalid_filters", f"{text} is not a date or time") from None


def by_field(*names: str) -> dict[str, Lookup]:
    """Filters that compare a field of the resource."""
    return {name: _field(name) for name in names}


def by_link(*names: str) -> dict[str, Lookup]:
    """Filters that compare one of the resource's links."""
    return {name: _link(name) for name in names}


def _field(name: str) -> Lookup:
    return lambda item: item.get(name)


def _link(name: str) -> Lookup:
    return lambda item: item["links"].get(name)
