"""What the token may do (wire/airtable 1.1); every scope unless a test takes some away."""

from integrations.sandbox.airtable import errors
from integrations.sandbox.store import Store

ALL = (
    "data.records:read",
    "data.records:write",
    "schema.bases:read",
    "schema.bases:write",
    "webhook:manage",
)
_OF_KIND = {
    "list": "data.records:read",
    "get": "data.records:read",
    "write": "data.records:write",
    "webhook": "webhook:manage",
}


def held(store: Store) -> list[str]:
    """The token's scopes: those of the document `airtable.settings/token`, or all."""
    kept = store.get("airtable.settings", "token")
    return list(kept["scopes"]) if kept else list(ALL)


def admit(store: Store, kind: str, *, reading: bool) -> None:
    """Refuse with 403 what the token may not do; `kind` is the request's class."""
    meta = f"schema.bases:{'read' if reading else 'write'}"
    if _OF_KIND.get(kind, meta) not in held(store):
        raise errors.not_permitted()


def keep(store: Store, scopes: object) -> None:
    """Give the token these scopes only; ValueError for one that does not exist."""
    if not isinstance(scopes, list) or not set(scopes) <= set(ALL):
        raise ValueError(f"scopes must be a list of {', '.join(ALL)}.")
    store.put("airtable.settings", "token", {"scopes": scopes})
