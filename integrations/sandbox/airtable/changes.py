"""What one action changed, gathered while it is done and then told to the webhooks."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any, Literal

from integrations.sandbox.airtable import hooks
from integrations.sandbox.store import Store

Record = dict[str, Any]
Source = Literal["client", "publicApi"]


@dataclass
class Transaction:
    """One user's action or one request, which the webhooks see as a whole.

    `records` has (before, after) by table and record; None where there was or is none.
    `fields` has the same by table and field, with name and type; `tables` those that were made.
    """

    source: Source
    records: dict[tuple[str, str], tuple[Record | None, Record | None]] = field(
        default_factory=dict
    )
    fields: dict[tuple[str, str], tuple[dict | None, dict | None]] = field(default_factory=dict)
    tables: list[dict[str, Any]] = field(default_factory=list)


_open: ContextVar[Transaction | None] = ContextVar("airtable_transaction", default=None)


@contextmanager
def transaction(store: Store, source: Source) -> Iterator[Transaction]:
    """Hold the store's lock, gather what changes, tell the webhooks at the end.

    Inside another one it is a part of that one; nothing is told when it fails.
    """
    with store.lock:
        outer = _open.get()
        if outer is not None:
            yield outer
            return
        own = Transaction(source)
        token = _open.set(own)
        try:
            yield own
        finally:
            _open.reset(token)
        hooks.publish(store, own)


def saw_record(table_id: str, before: Record | None, after: Record | None) -> None:
    """Note a record that was made, changed or deleted, if somebody is gathering."""
    own = _open.get()
    record = after or before
    if own is None or record is None:
        return
    key = (table_id, record["id"])
    first = own.records[key][0] if key in own.records else before
    own.records[key] = (first, after)


def saw_field(table_id: str, before: dict | None, after: dict | None) -> None:
    """Note a field that was made, renamed, retyped or deleted, if somebody is gathering."""
    own = _open.get()
    one = after or before
    if own is not None and one is not None:
        own.fields[(table_id, one["id"])] = (before, after)
