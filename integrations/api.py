"""The doors for other systems: GoCardless's webhooks, and the probes of the machine."""

import json
import logging
from typing import Any

from django.core.cache import cache
from django.core.exceptions import RequestDataTooBig
from django.db import DatabaseError, connection
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.http.request import UnreadablePostError
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_GET, require_POST

from integrations import clock, gocardless, inbox, queue
from integrations.airtable import hooks
from integrations.health.parts import WORKER
from integrations.models import ServiceState

log = logging.getLogger(__name__)

LARGEST_BODY = 5 * 512 * 1024  # 2.5 MiB; the 250 events of a full delivery are about 150 KB
BAD_SIGNATURE = 498  # what GoCardless expects for it
LATE_SECONDS = 120


@csrf_exempt
@require_POST
def gocardless_webhook(request: HttpRequest) -> HttpResponse:
    """Check the signature of the raw body, store its events, answer 204 (domain 3, wire 4.1)."""
    if not gocardless.secrets():
        return _text("webhooks are not configured", 503)
    try:
        body = _body(request)
    except UnreadablePostError:
        return _text("the body did not arrive", 400)
    if body is None:
        return _text("the body is too large", 413)
    if not gocardless.verify(body, request.headers.get("Webhook-Signature", "")):
        return _text("the signature is missing or wrong", BAD_SIGNATURE)
    events = _events(body)
    if events is None:
        return _text("the body holds no list of events", 400)
    try:
        inbox.store("gocardless", events)
    except DatabaseError:  # full, locked, away: GoCardless delivers it again
        log.exception("a delivery of %s events could not be stored", len(events))
        return _text("the events cannot be stored just now", 503)
    return HttpResponse(status=204)


@csrf_exempt
@require_POST
def airtable_webhook(request: HttpRequest) -> HttpResponse:
    """Check the MAC of the raw body, ring, answer 204: a ping says only that something changed."""
    try:
        body = _body(request)
    except UnreadablePostError:
        return _text("the body did not arrive", 400)
    if body is None:
        return _text("the body is too large", 413)
    if not hooks.verify(body, request.headers.get("X-Airtable-Content-MAC", "")):
        return _text("the signature is missing or wrong", 401)
    queue.ring("integrations.drain_airtable")
    return HttpResponse(status=204)


@require_GET
def gocardless_test(request: HttpRequest) -> JsonResponse:
    """Say that the webhook door is reachable, and whether it has a secret to check with."""
    configured = bool(gocardless.secrets())
    return JsonResponse({"status": "ok", "webhooks": "configured" if configured else "missing"})


@require_GET
def livez(request: HttpRequest) -> JsonResponse:
    """The process answers."""
    return JsonResponse({"status": "ok"})


@require_GET
def readyz(request: HttpRequest) -> JsonResponse:
    """Whether this process can serve: 503 without its database; the rest is told."""
    database = _database()
    parts = {"database": database, "cache": _cache()}
    if database == "ok":
        parts["worker"] = _worker()
    ready = database == "ok"
    answer = {"status": "ok" if ready else "unavailable", **parts}
    return JsonResponse(answer, status=200 if ready else 503)


def _text(words: str, status: int) -> HttpResponse:
    return HttpResponse(words, status=status, content_type="text/plain; charset=utf-8")


def _body(request: HttpRequest) -> bytes | None:
    """The raw body, or None where it is too large."""
    try:
        if int(request.headers.get("Content-Length") or 0) > LARGEST_BODY:
            return None
        return request.body
    except (RequestDataTooBig, ValueError):
        return None


def _events(body: bytes) -> list[dict[str, Any]] | None:
    """The events of a delivery; None where the body is not one."""
    if b"\\u0000" in body:  # PostgreSQL keeps no such character
        return None
    try:
        delivery = json.loads(body, parse_constant=_no_such_number)
    except (ValueError, RecursionError):
        return None
    events = delivery.get("events") if isinstance(delivery, dict) else None
    if not isinstance(events, list) or not all(_is_event(event) for event in events):
        return None
    return events


def _no_such_number(text: str) -> None:
    raise ValueError(f"{text} is not JSON")


def _is_event(event: Any) -> bool:
    if not isinstance(event, dict):
        return False
    id, links = event.get("id"), event.get("links", {})
    named = isinstance(id, str) and 0 < len(id) <= 255 and "\x00" not in id
    kinds = all(isinstance(event.get(name), str) for name in ("resource_type", "action"))
    return named and kinds and isinstance(links, dict)


def _database() -> str:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except DatabaseError:
        return "away"
    return "ok"


def _cache() -> str:
    try:
        cache.set("readyz", 1, 10)
        return "ok" if cache.get("readyz") == 1 else "away"
    except Exception:  # every cache backend fails in its own way
        return "away"


def _worker() -> str:
    beat = ServiceState.objects.filter(pk=WORKER).values_list("last_success_at", flat=True)
    last = beat.first()
    if last is None:
        return "never seen"
    seconds = int((clock.now() - last).total_seconds())
    return "ok" if seconds <= LATE_SECONDS else f"last seen {seconds} seconds ago"
