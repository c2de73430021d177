"""Airtable over pyairtable: one session per thread, no retries of its own (wire/airtable 2).

Every function raises the four outcomes of integrations.errors and makes one request.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import requests
from django.conf import settings
from pyairtable import Api, Table
from pydantic import ValidationError

from integrations import guard
from integrations.airtable import base
from integrations.airtable.rows import SYNC_ID
from integrations.errors import Blocked, OutsideError, Rejected, Unavailable, Uncertain
from integrations.transport import never_sent, per_thread

SERVICE = "airtable"
TIMEOUT = (5, 30)
PENALTY = 30  # seconds that Airtable asks for after a 429
LARGEST_WRITE = 10
PAGE = 100
# A wrong table's name says "permissions" too, and must not hold the other tables.
NO_SUCH_TABLE = ("INVALID_PERMISSIONS_OR_MODEL_NOT_FOUND", "TABLE_NOT_FOUND")
_QUOTA = "PUBLIC_API_BILLING_LIMIT_EXCEEDED"


def upsert(
    table: str, records: list[dict[str, Any]], *, merge_on: Sequence[str] = (), by_id: bool = False
) -> list[dict[str, Any]]:
    """Write up to ten records and return them as they are now, in the order given.

    A record is `{"id", "fields"}` for one that is known, else `{"fields"}` with its sync id (or the
    fields of `merge_on`). `by_id`: fields are named by their ids, in the answer too.
    """
    _few(records)
    keys = list(merge_on or [SYNC_ID])
    with _calling("upsert", writing=True) as api:
        result = _table(api, table).batch_upsert(records, keys, use_field_ids=by_id)
        return _all_of(result["records"], records)


def delete(table: str, record_ids: list[str]) -> None:
    """Delete up to ten records; Rejected where one is not there."""
    _few(record_ids)
    with _calling("delete", writing=True) as api:
        _all_of(_table(api, table).batch_delete(record_ids), record_ids)


def page(
    table: str, *, fields: Sequence[str], formula: str = "", offset: str = ""
) -> tuple[list[dict[str, Any]], str]:
    """Up to a hundred records with these fields (by id), and the offset of the next page or ""."""
    options = {"page_size": PAGE, "fields": list(fields), "use_field_ids": True}
    given = {"formula": formula, "offset": offset}
    options |= {name: value for name, value in given.items() if value}
    with _calling("list", writing=False) as api:
        urls = _table(api, table).urls
        answer = api.get(urls.records, fallback=("post", urls.records_post), options=options)
        records = answer["records"]
        for record in records:
            if not (isinstance(record["id"], str) and isinstance(record["fields"], dict)):
                raise TypeError
        return records, str(answer.get("offset") or "")


def tables() -> list[dict[str, Any]]:
    """Every table of the base with its fields (wire/airtable 1.11)."""
    answer = request("GET", "schema", "meta", "bases", settings.AIRTABLE_BASE_ID, "tables")
    return answer["tables"]


def request(method: str, operation: str, *path: str, **given: Any) -> Any:
    """One call that pyairtable has no plain method for: metadata and webhooks.

    Without the permission for webhooks that is Rejected: rows are read and written all the same.
    """
    forbidden = Rejected if "webhooks" in path else Blocked
    with _calling(operation, writing=method != "GET", forbidden=forbidden) as api:
        return api.request(method, api.build_url(*path), **given)


def check() -> str:
    """Ask whose token it is, even while the service is held; the answer in words."""
    with _calling("check", writing=False, test=True) as api:
        return f"token of {api.whoami()['id']}"


def _few(records: Sequence[Any]) -> None:
    if len(records) > LARGEST_WRITE:
        raise ValueError(f"Airtable takes {LARGEST_WRITE} records at a time")


def _table(api: Api, table: str) -> Table:
    return api.table(settings.AIRTABLE_BASE_ID, table)


def _all_of(answered: Sequence[Any], asked: Sequence[Any]) -> list[dict[str, Any]]:
    if len(answered) != len(asked):
        raise Uncertain(SERVICE, "an answer with too few records", code="records")
    return [dict(record) for record in answered]


@per_thread
def _api(token: str, url: str) -> Api:
    return Api(token, timeout=TIMEOUT, retry_strategy=None, endpoint_url=url)


@contextmanager
def _calling(
    operation: str,
    *,
    writing: bool,
    test: bool = False,
    forbidden: type[OutsideError] = Blocked,
) -> Iterator[Api]:
    if not (settings.AIRTABLE_PAT and settings.AIRTABLE_BASE_ID):
        raise Blocked(SERVICE, "AIRTABLE_PAT or AIRTABLE_BASE_ID is not set", code="not_configured")
    with guard.call(SERVICE, operation, test=test), _translated(writing, forbidden):
        base.count_request()
        yield _api(settings.AIRTABLE_PAT, settings.AIRTABLE_URL)


@contextmanager
def _translated(writing: bool, forbidden: type[OutsideError]) -> Iterator[None]:
    lost = Uncertain if writing else Unavailable
    try:
        yield
    except requests.HTTPError as error:
        raise _outcome(error.response, lost, forbidden) from error
    except (ValidationError, KeyError, TypeError, requests.JSONDecodeError) as error:
        raise lost(SERVICE, "an answer that cannot be read", code=type(error).__name__) from error
    except requests.RequestException as error:
        kind = Unavailable if never_sent(error) else lost
        raise kind(SERVICE, type(error).__name__, code=type(error).__name__) from error


def _outcome(
    response: requests.Response, lost: type[OutsideError], forbidden: type[OutsideError]
) -> OutsideError:
    status, (kind, message) = response.status_code, _error(response)
    code, words = kind or str(status), f"{kind} {message}".strip() or f"HTTP {status}"
    if kind == _QUOTA:
        return Blocked(SERVICE, "the month's quota of requests is spent", code=code)
    if status == 429:
        guard.penalise(SERVICE, PENALTY)
        return Unavailable(SERVICE, "too many requests", code=code)
    if kind in NO_SUCH_TABLE:
        return Rejected(SERVICE, words, code=code)
    if status in (401, 403):
        return (Blocked if status == 401 else forbidden)(SERVICE, words, code=code)
    if 400 <= status < 500:
        return Rejected(SERVICE, words, code=code)
    return lost(SERVICE, words, code=code)


def _error(response: requests.Response) -> tuple[str, str]:
    """Type and message, from any of the four shapes of an error (wire/airtable 1.9)."""
    try:
        body = response.json()
    except ValueError:
        return "", ""
    if not isinstance(body, dict):
        return "", ""
    error = body.get("error") or next(iter(body.get("errors") or []), "")
    if isinstance(error, dict):
        kind = error.get("type") or error.get("error") or ""
        return str(kind), str(error.get("message") or "")
    return str(error), ""
