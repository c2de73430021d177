"""Airtable over pyairtable: one session per thread, no retries of its own (wire/airtable 2).

Every function raises the four outcomes of integrations.errors and makes one request.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import requests
from django.conf import settings
from pyairtable import Api
from pydantic import ValidationError

from integrations import guard
from integrations.airtable.rows import SYNC_ID
from integrations.errors import Blocked, OutsideError, Rejected, Unavailable, Uncertain
from integrations.transport import never_sent, per_thread

SERVICE = "airtable"
TIMEOUT = (5, 30)
PENALTY = 30  # seconds that Airtable asks for after a 429
LARGEST_WRITE = 10
# A wrong table's name says "permissions" too, and must not hold the other tables.
NO_SUCH_TABLE = ("INVALID_PERMISSIONS_OR_MODEL_NOT_FOUND", "TABLE_NOT_FOUND")
_QUOTA = "PUBLIC_API_BILLING_LIMIT_EXCEEDED"


def upsert(table: str, records: list[dict[str, Any]]) -> list[str]:
    """Write up to ten records and return their ids, in the order given.

    A record is `{"id", "fields"}` for one that is known, else `{"fields"}` with its sync id.
    """
    if len(records) > LARGEST_WRITE:
        raise ValueError(f"Airtable takes {LARGEST_WRITE} records at a time")
    with _calling("upsert", writing=True) as api:
        result = api.table(settings.AIRTABLE_BASE_ID, table).batch_upsert(records, [SYNC_ID])
        ids = [record["id"] for record in result["records"]]
        if len(ids) != len(records):
            raise Uncertain(SERVICE, "an answer with too few records", code="records")
        return ids


def check() -> str:
    """Ask whose token it is, even while the service is held; the answer in words."""
    with _calling("check", writing=False, test=True) as api:
        return f"token of {api.whoami()['id']}"


@per_thread
def _api(token: str, url: str) -> Api:
    return Api(token, timeout=TIMEOUT, retry_strategy=None, endpoint_url=url)


@contextmanager
def _calling(operation: str, *, writing: bool, test: bool = False) -> Iterator[Api]:
    if not (settings.AIRTABLE_PAT and settings.AIRTABLE_BASE_ID):
        raise Blocked(SERVICE, "AIRTABLE_PAT or AIRTABLE_BASE_ID is not set", code="not_configured")
    with guard.call(SERVICE, operation, test=test), _translated(writing):
        yield _api(settings.AIRTABLE_PAT, settings.AIRTABLE_URL)


@contextmanager
def _translated(writing: bool) -> Iterator[None]:
    lost = Uncertain if writing else Unavailable
    try:
        yield
    except requests.HTTPError as error:
        raise _outcome(error.response, lost) from error
    except (ValidationError, KeyError, TypeError, requests.JSONDecodeError) as error:
        raise lost(SERVICE, "an answer that cannot be read", code=type(error).__name__) from error
    except requests.RequestException as error:
        kind = Unavailable if never_sent(error) else lost
        raise kind(SERVICE, type(error).__name__, code=type(error).__name__) from error


def _outcome(response: requests.Response, lost: type[OutsideError]) -> OutsideError:
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
        return Blocked(SERVICE, words, code=code)
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
