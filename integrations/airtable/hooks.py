"""Our webhook at Airtable: made, refreshed, made anew, and its payloads read (wire 1.12)."""

import base64
import binascii
import hashlib
import hmac
import logging
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings

from integrations import clock, guard
from integrations.airtable import base, client, deletions, pull, schema
from integrations.airtable.mapping import mappings
from integrations.errors import Blocked, OutsideError, Rejected
from integrations.models import AirtableBase, AirtableTable

log = logging.getLogger(__name__)

PATH = "/webhooks/airtable"
MAC = "hmac-sha256="
# A hook lives for seven days; half of that is soon enough, and survives two lost days.
RENEW_BEFORE = timedelta(days=4)
MOST_PAGES = 20  # of 50 payloads; what is more is found by reading the tables
_SPECIFICATION = {"options": {"filters": {"dataTypes": ["tableData", "tableFields"]}}}


@dataclass
class News:
    """What the payloads say: which tables changed, and which records were destroyed in them."""

    tables: set[str] = field(default_factory=set)
    destroyed: dict[str, set[str]] = field(default_factory=dict)
    schema: bool = False
    broken: str = ""


def verify(body: bytes, signature: str) -> bool:
    """Whether a ping comes from Airtable: HMAC-SHA256 of the raw body with our hook's secret."""
    stored = AirtableBase.objects.filter(pk=settings.AIRTABLE_BASE_ID).first()
    if stored is None or not stored.webhook_secret:
        return False
    try:
        secret = base64.b64decode(stored.webhook_secret)
    except (binascii.Error, ValueError):
        return False
    right = MAC + hmac.new(secret, body, hashlib.sha256).hexdigest()
    return hmac.compare_digest(right.encode(), signature.encode())


def keep() -> None:
    """See to it that our hook lives; without an https address of ours there is none to make."""
    if not _reachable() or not settings.AIRTABLE_PAT or not guard.available(client.SERVICE):
        return
    try:
        stored = base.known()
        if not stored.webhook_id:
            _make(stored)
        elif stored.webhook_until is None or stored.webhook_until - clock.now() < RENEW_BEFORE:
            _refresh(stored)
    except (Rejected, Blocked) as error:
        # Polling goes on all the same; the token may lack webhook:manage.
        _note(str(error))
    except OutsideError as error:
        log.info("airtable: the webhook waits: %s", error.code)


def drain() -> News:
    """Read the payloads that wait, then what they say has changed; never deletes on hearsay."""
    news = News()
    stored = AirtableBase.objects.filter(pk=settings.AIRTABLE_BASE_ID).first()
    if stored is None or not stored.webhook_id:
        return news
    cursor = stored.webhook_cursor
    try:
        for _ in range(MOST_PAGES):
            answer = client.request("GET", "payloads", *_path(stored, "payloads"), params={
                "cursor": cursor, "limit": 50,
            })  # fmt: skip
            for payload in answer["payloads"]:
                _read(payload, news)
            cursor = int(answer["cursor"])
            if not answer.get("mightHaveMore"):
                break
        _act(news)
    except Rejected as error:
        _forget(str(error))
        return news
    except OutsideError as error:
        log.info("airtable: the payloads wait: %s", error.code)
        return news
    AirtableBase.objects.filter(pk=stored.pk).update(webhook_cursor=cursor)
    if news.broken:
        _remake(stored, news.broken)
    return news


def _read(payload: dict[str, Any], news: News) -> None:
    if payload.get("error"):
        news.broken = str(payload.get("code") or "error")
        return
    news.schema |= bool(payload.get("createdTablesById") or payload.get("destroyedTableIds"))
    for table_id, changed in (payload.get("changedTablesById") or {}).items():
        news.tables.add(table_id)
        destroyed = changed.get("destroyedRecordIds") or []
        news.destroyed.setdefault(table_id, set()).update(destroyed)
        parts = ("changedFieldsById", "createdFieldsById", "destroyedFieldIds", "changedMetadata")
        news.schema |= any(changed.get(part) for part in parts)


def _act(news: News) -> None:
    if news.schema:
        AirtableTable.objects.update(schema_at=None)
    for mapping in mappings():
        for row in AirtableTable.objects.filter(kind=mapping.kind, table_id__in=news.tables):
            pull.pull(mapping, row.name)
            if gone := news.destroyed.get(row.table_id):
                deletions.note_destroyed(schema.bound(mapping, row.name), gone)


def _make(stored: AirtableBase) -> None:
    body = {"notificationUrl": settings.PUBLIC_URL + PATH, "specification": _SPECIFICATION}
    path = ("bases", settings.AIRTABLE_BASE_ID, "webhooks")
    answer = client.request("POST", "create_webhook", *path, json=body)
    AirtableBase.objects.filter(pk=stored.pk).update(
        webhook_id=answer["id"],
        webhook_secret=answer["macSecretBase64"],
        webhook_cursor=1,
        webhook_until=_moment(answer.get("expirationTime")),
        webhook_problem="",
    )


def _refresh(stored: AirtableBase) -> None:
    try:
        answer = client.request("POST", "refresh_webhook", *_path(stored, "refresh"))
    except Rejected:
        _forget("it was gone")
        _make(stored)
        return
    until = _moment(answer.get("expirationTime"))
    AirtableBase.objects.filter(pk=stored.pk).update(webhook_until=until)


def _remake(stored: AirtableBase, why: str) -> None:
    """A hook whose field was deleted stays silent for ever: make another, delete only our own."""
    log.warning("airtable: our webhook is made anew: %s", why)
    try:
        client.request("DELETE", "delete_webhook", *_path(stored))
    except Rejected as error:
        log.info("airtable: the old webhook was gone: %s", error.code)
    except OutsideError as error:
        log.info("airtable: the webhook waits: %s", error.code)
        return
    _forget(why)
    keep()


def _forget(why: str) -> None:
    rows = AirtableBase.objects.filter(pk=settings.AIRTABLE_BASE_ID)
    rows.update(webhook_id="", webhook_secret="", webhook_until=None)
    _note(why)


def _note(why: str) -> None:
    AirtableBase.objects.filter(pk=settings.AIRTABLE_BASE_ID).update(webhook_problem=why[:300])


def _reachable() -> bool:
    """Airtable calls an address that it can reach; the sandbox calls any."""
    return settings.PUBLIC_URL.startswith("https://") or settings.USE_SANDBOX


def _path(stored: AirtableBase, *rest: str) -> tuple[str, ...]:
    return ("bases", stored.pk, "webhooks", stored.webhook_id, *rest)


def _moment(text: Any) -> datetime | None:
    return datetime.fromisoformat(text.replace("Z", "+00:00")) if text else None
