"""Our webhook at Airtable: made, refreshed, made anew, and its payloads fetched (wire 1.12)."""

import base64
import binascii
import hashlib
import hmac
import logging
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings

from integrations import clock, guard, queue
from integrations.airtable import base, client, news
from integrations.airtable.lease import writing
from integrations.airtable.news import News
from integrations.errors import Blocked, OutsideError, Rejected
from integrations.models import AirtableBase

log = logging.getLogger(__name__)

PATH = "/webhooks/airtable"
MAC = "hmac-sha256="
# A hook lives for seven days; one that was refreshed today has more than six left.
RENEW_BEFORE = timedelta(days=6)
TRY_AGAIN = timedelta(hours=6)
MOST_PAGES = 20  # of 50 payloads in one go
# Every cell comes along, so that a row need not be read again; and what it was before, by which
# a cleared cell is known from one that is not told.
_SPECIFICATION = {
    "options": {
        "filters": {"dataTypes": ["tableData", "tableFields"]},
        "includes": {"includeCellValuesInFieldIds": "all", "includePreviousCellValues": True},
    }
}


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
            if _may_try(stored):
                _make(stored)
        elif stored.webhook_until is None or stored.webhook_until - clock.now() < RENEW_BEFORE:
            _refresh(stored)
    except (Rejected, Blocked) as error:
        # Polling goes on all the same; the token may lack webhook:manage.
        _note(str(error))
    except OutsideError as error:
        log.info("airtable: the webhook waits: %s", error.code)


def alive() -> bool:
    """Whether a hook of ours tells us what changes, so that tables need less polling."""
    stored = AirtableBase.objects.filter(pk=settings.AIRTABLE_BASE_ID).first()
    return bool(stored and stored.webhook_id)


def drain() -> News:
    """Fetch the payloads that wait and take what they say; an error leaves them for the next time.

    Under the writer's lease: whatever we wrote ourselves is then older than what is fetched.
    """
    told = News()
    stored = AirtableBase.objects.filter(pk=settings.AIRTABLE_BASE_ID).first()
    if stored is None or not stored.webhook_id or not guard.available(client.SERVICE):
        return told
    try:
        base.known()
        with writing():
            cursor = _fetch(stored, told)
            if cursor is not None:
                news.take(told)
    except OutsideError as error:
        log.info("airtable: the payloads wait: %s", error.code)
        return told
    if cursor is None:
        return told
    AirtableBase.objects.filter(pk=stored.pk, webhook_id=stored.webhook_id).update(
        webhook_cursor=cursor
    )
    if told.more:
        queue.ring("integrations.drain_airtable")
    if told.broken:
        _remake(stored, told.broken)
    return told


def _fetch(stored: AirtableBase, told: News) -> int | None:
    """Read the payloads into `told`; the cursor of the next one, or None: the hook is gone."""
    cursor = stored.webhook_cursor
    for _ in range(MOST_PAGES):
        page = {"cursor": cursor, "limit": 50}
        try:
            answer = client.request("GET", "payloads", *_path(stored, "payloads"), params=page)
        except Rejected as error:
            _forget(str(error))
            return None
        for payload in answer["payloads"]:
            told.read(payload)
        cursor = int(answer["cursor"])
        told.more = bool(answer.get("mightHaveMore"))
        if not told.more:
            break
    return cursor


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
    rows.update(webhook_id="", webhook_secret="", webhook_until=None, webhook_tried_at=None)
    _note(why)


def _note(why: str) -> None:
    AirtableBase.objects.filter(pk=settings.AIRTABLE_BASE_ID).update(webhook_problem=why[:300])


def _may_try(stored: AirtableBase) -> bool:
    """Whether a hook that could not be made may be tried again."""
    tried, moment = stored.webhook_tried_at, clock.now()
    if tried is not None and tried <= moment < tried + TRY_AGAIN:
        return False
    AirtableBase.objects.filter(pk=stored.pk).update(webhook_tried_at=moment)
    return True


def _reachable() -> bool:
    """Airtable calls an address that it can reach; the sandbox calls any."""
    return settings.PUBLIC_URL.startswith("https://") or settings.USE_SANDBOX


def _path(stored: AirtableBase, *rest: str) -> tuple[str, ...]:
    return ("bases", stored.pk, "webhooks", stored.webhook_id, *rest)


def _moment(text: Any) -> datetime | None:
    return datetime.fromisoformat(text.replace("Z", "+00:00")) if text else None
