"""How often a session and an address may ask (issue 2, section 4): counted, never guessed."""

from typing import Any

from django.conf import settings
from django.core.cache import cache
from django.db import connection
from django.http import HttpRequest

from integrations import clock
from registrations.models import ChatSession

A_MINUTE = 60  # messages, and as many polls, of one session
AN_ADDRESS = 10 * A_MINUTE
# In SQL: Django takes longer to write this sentence, every turn, than a database to carry it out.
_COUNT = {
    counted: f"""
        UPDATE registrations_chatsession
        SET {counted}_in_minute =
                CASE WHEN minute = %(minute)s THEN {counted}_in_minute + 1 ELSE 1 END,
            {other}_in_minute = CASE WHEN minute = %(minute)s THEN {other}_in_minute ELSE 0 END,
            minute = %(minute)s,
            last_seen_at = %(now)s
        WHERE key = %(key)s AND (minute <> %(minute)s OR {counted}_in_minute < %(limit)s)
    """  # noqa: S608  two words of our own
    for counted, other in [("messages", "polls"), ("polls", "messages")]
}


def seconds_to_wait(request: HttpRequest, key: str, what: str) -> int:
    """0 where the request may pass; else the seconds until the next minute.

    `what` is "messages" or "polls". Real minutes: a moved clock opens no door.
    """
    minute = int(clock.pace() // 60)
    left = 60 - int(clock.pace() % 60)
    if not _address_may(request, what, minute):
        return left
    return 0 if _session_may(key, what, minute) else left


def address(request: HttpRequest) -> str:
    """The client's address: what the outermost proxy that we trust saw."""
    hops = [hop.strip() for hop in request.headers.get("X-Forwarded-For", "").split(",") if hop]
    if settings.TRUSTED_PROXIES and len(hops) >= settings.TRUSTED_PROXIES:
        return hops[-settings.TRUSTED_PROXIES]
    return request.META.get("REMOTE_ADDR", "")


def _address_may(request: HttpRequest, what: str, minute: int) -> bool:
    key = f"limit:{what}:{address(request)}:{minute}"
    try:
        return cache.incr(key) <= AN_ADDRESS
    except ValueError:  # the first of this minute
        asked = 1 if cache.add(key, 1, timeout=90) else cache.incr(key)
        return asked <= AN_ADDRESS


def _session_may(key: str, what: str, minute: int) -> bool:
    """One conditional UPDATE counts and decides; a key that has no session yet has no count."""
    now = connection.ops.adapt_datetimefield_value(clock.now())
    given: dict[str, Any] = {"key": key, "minute": minute, "limit": A_MINUTE, "now": now}
    with connection.cursor() as cursor:
        cursor.execute(_COUNT[what], given)
        counted = cursor.rowcount
    return bool(counted) or not ChatSession.objects.filter(key=key).exists()
