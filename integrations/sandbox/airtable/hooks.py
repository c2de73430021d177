"""Webhooks of the base: kept for seven days at a time, each with its own payloads (1.12).

Where wire/airtable leaves something open: an unknown webhook is a 404; notifications are switched
off after the last attempt at a ping failed; a row that is made empty is told only by a webhook
that watches every field.
"""

import base64
import secrets
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from integrations import clock
from integrations.sandbox.airtable import errors, payloads, tables
from integrations.sandbox.store import Store

if TYPE_CHECKING:
    from integrations.sandbox.airtable.changes import Transaction

Hook = dict[str, Any]
KIND = "airtable.webhooks"
PINGS = "airtable.pings"
MOST_HOOKS = 10
MOST_PAYLOADS = 50
LIFE = timedelta(days=7)
_FILTERS = frozenset(
    "dataTypes recordChangeScope changeTypes fromSources sourceOptions watchDataInFieldIds "
    "watchSchemasOfFieldIds".split()
)
_INCLUDES = frozenset(
    "includeCellValuesInFieldIds includePreviousCellValues includePreviousFieldDefinitions".split()
)
_DATA_TYPES = {"tableData", "tableFields", "tableMetadata"}
_CHANGE_TYPES = {"add", "remove", "update"}


def stamp(moment: datetime) -> str:
    """A moment as webhooks write it: UTC with milliseconds."""
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 1000:03d}Z"


def create(store: Store, body: dict[str, Any]) -> dict[str, Any]:
    """Make a webhook; its secret is in this answer and never again."""
    if not set(body) <= {"notificationUrl", "specification"}:
        raise errors.invalid_request()
    url = body.get("notificationUrl")
    if url is not None and not _is_address(url):
        raise errors.invalid_request()
    specification = _specification(store, body.get("specification"))
    with store.lock:
        if len(_living(store)) >= MOST_HOOKS:
            raise errors.too_many_webhooks()
        hook: Hook = {
            "id": tables.new_id("ach"),
            "secret": base64.b64encode(secrets.token_bytes(64)).decode(),
            "url": url,
            "specification": specification,
            "expires_at": stamp(clock.now() + LIFE),
            "enabled": bool(url),
            "next": 1,
            "invalid": False,
            "last_success": None,
            "last_result": None,
        }
        store.put(KIND, hook["id"], hook)
    return {
        "id": hook["id"],
        "macSecretBase64": hook["secret"],
        "expirationTime": hook["expires_at"],
    }


def listed(store: Store) -> list[dict[str, Any]]:
    """Every webhook that is not forgotten; one that is INVALID_HOOK looks as well as before."""
    return [
        {
            "id": hook["id"],
            "areNotificationsEnabled": hook["enabled"],
            "cursorForNextPayload": hook["next"],
            "isHookEnabled": _active(hook),
            "lastSuccessfulNotificationTime": hook["last_success"],
            "lastNotificationResult": hook["last_result"],
            "notificationUrl": hook["url"],
            "expirationTime": hook["expires_at"],
            "specification": hook["specification"],
        }
        for hook in _living(store)
    ]


def delete(store: Store, hook_id: str) -> None:
    """Forget the webhook with its payloads; Refusal 404."""
    _fetch(store, hook_id)
    _forget(store, hook_id)


def refresh(store: Store, hook_id: str) -> dict[str, str]:
    """Seven more days from now, for one that has not expired."""
    with store.lock:
        hook = _fetch(store, hook_id)
        if not _active(hook):
            raise errors.invalid_request("The webhook has expired.")
        return {"expirationTime": _extended(store, hook)["expires_at"]}


def enable(store: Store, hook_id: str, body: dict[str, Any]) -> None:
    """Switch its pings on or off."""
    if set(body) != {"enable"} or not isinstance(body["enable"], bool):
        raise errors.invalid_request()
    with store.lock:
        hook = _fetch(store, hook_id)
        store.put(KIND, hook_id, hook | {"enabled": body["enable"]})


def page(store: Store, hook_id: str, cursor: int, limit: int) -> dict[str, Any]:
    """Up to fifty payloads from the cursor on; reading extends the life of an active webhook."""
    with store.lock:
        hook = _fetch(store, hook_id)
        if _active(hook):
            _extended(store, hook)
        oldest = stamp(clock.now() - LIFE)
        for kept in store.all(_payloads(hook_id)):
            if kept["body"]["timestamp"] < oldest:
                store.delete(_payloads(hook_id), str(kept["number"]))
        waiting = [one for one in store.all(_payloads(hook_id)) if one["number"] >= cursor]
    shown = waiting[: min(limit, MOST_PAYLOADS)]
    return {
        "payloads": [one["body"] for one in shown],
        "cursor": shown[-1]["number"] + 1 if shown else cursor,
        "mightHaveMore": len(waiting) > len(shown),
    }


def publish(store: Store, transaction: "Transaction") -> None:
    """Give every active webhook its payload of what happened, and plan its ping."""
    hooks = [hook for hook in store.all(KIND) if _active(hook) and not hook["invalid"]]
    if not hooks or not (transaction.records or transaction.fields or transaction.tables):
        return
    number = (store.get("airtable.settings", "transactions") or {"number": 0})["number"] + 1
    store.put("airtable.settings", "transactions", {"number": number})
    frame = {
        "timestamp": stamp(clock.now()),
        "baseTransactionNumber": number,
        "payloadFormat": "v0",
    }
    gone = {field_id for (_, field_id), pair in transaction.fields.items() if pair[1] is None}
    for hook in hooks:
        if gone & payloads.named_fields(hook["specification"]):
            _append(store, hook, frame | {"error": True, "code": "INVALID_HOOK"})
            continue
        content = payloads.content(store, hook["specification"], transaction)
        if content:
            _append(store, hook, frame | content)


def invalidate(store: Store, hook_id: str) -> None:
    """Break the webhook as the loss of a watched field does; Refusal 404."""
    with store.lock:
        hook = _fetch(store, hook_id)
        frame = {"timestamp": stamp(clock.now()), "baseTransactionNumber": 0, "payloadFormat": "v0"}
        _append(store, hook, frame | {"error": True, "code": "INVALID_HOOK"})


def _append(store: Store, hook: Hook, body: dict[str, Any]) -> None:
    kept = {"number": hook["next"], "body": body}
    store.put(_payloads(hook["id"]), str(hook["next"]), kept)
    hook |= {"next": hook["next"] + 1, "invalid": hook["invalid"] or "error" in body}
    store.put(KIND, hook["id"], hook)
    if hook["enabled"] and hook["url"]:
        waiting = store.get(PINGS, hook["id"]) or {"attempts": 0, "next_at": 0.0, "asked": 0}
        waiting |= {"id": hook["id"], "asked": waiting["asked"] + 1}
        store.put(PINGS, hook["id"], waiting)


def _payloads(hook_id: str) -> str:
    return f"airtable.payloads.{hook_id}"


def _active(hook: Hook) -> bool:
    return stamp(clock.now()) < hook["expires_at"]


def _extended(store: Store, hook: Hook) -> Hook:
    hook |= {"expires_at": stamp(clock.now() + LIFE)}
    store.put(KIND, hook["id"], hook)
    return hook


def _living(store: Store) -> list[Hook]:
    """Expired ones stay readable for seven more days, then they are forgotten."""
    oldest = stamp(clock.now() - LIFE)
    for hook in store.all(KIND):
        if hook["expires_at"] < oldest:
            _forget(store, hook["id"])
    return store.all(KIND)


def _forget(store: Store, hook_id: str) -> None:
    with store.lock:
        store.delete(KIND, hook_id)
        store.delete(PINGS, hook_id)
        for kept in store.all(_payloads(hook_id)):
            store.delete(_payloads(hook_id), str(kept["number"]))


def _fetch(store: Store, hook_id: str) -> Hook:
    for hook in _living(store):
        if hook["id"] == hook_id:
            return hook
    raise errors.not_found()


def _is_address(url: Any) -> bool:
    if not isinstance(url, str) or len(url) > 2000:
        return False
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and bool(parts.hostname)


def _specification(store: Store, given: Any) -> dict[str, Any]:
    """The specification as it was given, checked; every id that it names must exist."""
    options = given.get("options") if isinstance(given, dict) else None
    filters = options.get("filters") if isinstance(options, dict) else None
    includes = options.get("includes", {}) if isinstance(options, dict) else None
    if not isinstance(filters, dict) or not isinstance(includes, dict | None):
        raise errors.invalid_request()
    if not set(filters) <= _FILTERS or not set(includes or {}) <= _INCLUDES:
        raise errors.invalid_request()
    _check_words(filters.get("dataTypes"), _DATA_TYPES, least=1)
    _check_words(filters.get("changeTypes", []), _CHANGE_TYPES)
    _check_words(filters.get("fromSources", []), None)
    known = {field["id"] for table in tables.every(store) for field in table.fields}
    for name in ("watchDataInFieldIds", "watchSchemasOfFieldIds"):
        _check_words(filters.get(name, []), known)
    included = (includes or {}).get("includeCellValuesInFieldIds", "all")
    if included != "all":
        _check_words(included, known)
    scope = filters.get("recordChangeScope")
    if scope is not None and payloads.scoped_table(store, scope) is None:
        raise errors.invalid_request()
    return given


def _check_words(words: Any, known: set[str] | None, least: int = 0) -> None:
    if not isinstance(words, list) or len(words) < least:
        raise errors.invalid_request()
    for word in words:
        if not isinstance(word, str) or (known is not None and word not in known):
            raise errors.invalid_request()
