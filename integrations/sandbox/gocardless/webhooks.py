"""The webhook sender: compact JSON, signed, in batches, again later when not accepted."""

import hashlib
import hmac
import json
import logging
import random
from typing import Any

import requests

from integrations import clock
from integrations.sandbox import faults
from integrations.sandbox.config import SandboxConfig, web_url
from integrations.sandbox.gocardless import events, records
from integrations.sandbox.gocardless.ids import new_id, timestamp
from integrations.sandbox.store import Store

log = logging.getLogger(__name__)
LARGEST_BATCH = 250
_TIMEOUT = 10
_PENDING = "gocardless.webhook_queue"
_KEPT = 500
_RANDOM = random.SystemRandom()


def send_due(store: Store, config: SandboxConfig) -> None:
    """Send the new events in batches, and every webhook whose next attempt is due."""
    if faults.mode(store, "gocardless") == "down":
        return
    _batch_up(store)
    for webhook in store.all(_PENDING):
        if webhook["next_at"] <= clock.pace():
            _attempt(store, config, webhook)


def _batch_up(store: Store) -> None:
    if not store.count(events.OUTBOX):
        return
    with store.lock:
        ids = [entry["id"] for entry in store.all(events.OUTBOX)]
        fault = faults.take_webhook(store, "gocardless")
        mode = fault.mode if fault else ""
        if mode == "shuffled":
            _RANDOM.shuffle(ids)
        size = 1 if mode == "split" else LARGEST_BATCH
        wait = fault.seconds if fault and mode == "delayed" else 0.0
        for start in range(0, len(ids), size):
            # A replay is another webhook with the same events (wire/gocardless_twilio 4.5).
            for _ in range(2 if mode == "doubled" else 1):
                _queue(store, ids[start : start + size], wait, mode == "bad_signature")
        for id in ids:
            store.delete(events.OUTBOX, id)


def _queue(store: Store, batch: list[str], wait: float, bad_signature: bool) -> None:
    webhook: dict[str, Any] = {
        "id": new_id("WB"),
        "events": batch,
        "attempts": 0,
        "next_at": clock.pace() + wait if wait else 0.0,
        "bad_signature": bad_signature,
    }
    store.put(_PENDING, webhook["id"], webhook)


def _attempt(store: Store, config: SandboxConfig, webhook: dict[str, Any]) -> None:
    accepted = _posted(store, config, webhook)
    _forget_old(store)
    with store.lock:
        if store.get(_PENDING, webhook["id"]) is None:  # the sandbox was reset meanwhile
            return
        webhook["attempts"] += 1
        if accepted or webhook["attempts"] > len(config.webhook_gaps):
            store.delete(_PENDING, webhook["id"])
            return
        webhook["next_at"] = clock.pace() + config.webhook_gaps[webhook["attempts"] - 1]
        store.put(_PENDING, webhook["id"], webhook)


def _posted(store: Store, config: SandboxConfig, webhook: dict[str, Any]) -> bool:
    sent = [records.find(store, "events", id) for id in webhook["events"]]
    content = {"events": [event for event in sent if event], "meta": {"webhook_id": webhook["id"]}}
    body = json.dumps(content, separators=(",", ":"), ensure_ascii=False).encode()
    wrong = "x" if webhook.get("bad_signature") else ""
    signed = headers(config.gocardless_webhook_secret + wrong, body)
    url = f"{web_url(store, config)}/webhooks/gocardless"
    answer: requests.Response | None = None
    try:
        answer = requests.post(
            url, data=body, headers=signed, timeout=_TIMEOUT, allow_redirects=False
        )
    except requests.RequestException as error:
        log.info("a webhook did not arrive: %s", type(error).__name__)
    accepted = answer is not None and 200 <= answer.status_code < 300
    if store.get(_PENDING, webhook["id"]) is not None:  # else the sandbox was reset meanwhile
        records.save(store, "webhooks", _delivery(store, webhook["id"], url, body, signed, answer))
    return accepted


def _delivery(
    store: Store,
    id: str,
    url: str,
    body: bytes,
    signed: dict[str, str],
    answer: requests.Response | None,
) -> dict[str, Any]:
    """The webhook as `GET /webhooks` shows it: what was sent last, and what was answered."""
    known = records.find(store, "webhooks", id)
    return {
        "id": id,
        "created_at": known["created_at"] if known else timestamp(clock.now()),
        "is_test": False,
        "url": url,
        "successful": answer is not None and 200 <= answer.status_code < 300,
        "request_headers": signed,
        "request_body": body.decode(),
        "response_code": answer.status_code if answer is not None else None,
        "response_headers": dict(answer.headers) if answer is not None else {},
        "response_headers_content_truncated": False,
        "response_headers_count_truncated": False,
        "response_body": answer.text[:10_000] if answer is not None else None,
        "response_body_truncated": answer is not None and len(answer.text) > 10_000,
    }


def _forget_old(store: Store) -> None:
    if store.count(records.kind("webhooks")) > _KEPT:
        for old in records.every(store, "webhooks")[:-_KEPT]:
            store.delete(records.kind("webhooks"), old["id"])


def retry(store: Store, id: str, params: Any) -> dict:
    """Send a webhook again, from its first attempt on; the answer is what came of it so far."""
    delivery = records.fetch(store, "webhooks", id)
    ids = [event["id"] for event in json.loads(delivery["request_body"])["events"]]
    store.put(_PENDING, id, {"id": id, "events": ids, "attempts": 0, "next_at": 0.0})
    return delivery


def headers(secret: str, body: bytes) -> dict[str, str]:
    """The headers of a delivery, with the signature of exactly these bytes (4.1)."""
    return {
        "Content-Type": "application/json",
        "User-Agent": "gocardless-webhook-service/1.1",
        "Origin": "https://api-sandbox.gocardless.com",
        "Webhook-Signature": hmac.new(secret.encode(), body, hashlib.sha256).hexdigest(),
    }


FILTERS = records.by_field("created_at", "is_test") | {
    "successful": lambda delivery: str(delivery["successful"]).lower()
}
