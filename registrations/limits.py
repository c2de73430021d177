"""How often a session and an address may ask (issue 2, section 4): counted, never guessed."""

from typing import Any

from django.db import connection, transaction
from django.http import HttpRequest

from integrations import clock
from integrations.origin import address
from registrations.models import ChatSession, VisitCount

A_MINUTE = 60  # messages, and as many polls, of one session
AN_ADDRESS = 10 * A_MINUTE
_KEY = VisitCount._meta.get_field("key").max_length
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
_COUNT_ADDRESS = """
    INSERT INTO registrations_visitcount AS seen (key, minute, asked)
    VALUES (%(key)s, %(minute)s, 1)
    ON CONFLICT (key) DO UPDATE
    SET asked = CASE WHEN seen.minute = excluded.minute THEN seen.asked + 1 ELSE 1 END,
        minute = excluded.minute
    WHERE seen.minute <> excluded.minute OR seen.asked < %(limit)s
"""


def seconds_to_wait(request: HttpRequest, key: str, what: str) -> int:
    """0 where the request may pass; else the seconds until the next minute.

    `what` is "messages" or "polls". Real minutes: a moved clock opens no door.
    """
    minute = int(clock.pace() // 60)
    with transaction.atomic(), connection.cursor() as cursor:
        may = _address_may(cursor, f"{what}:{address(request)}", minute)
        may = may and _session_may(cursor, key, what, minute)
    return 0 if may else 60 - int(clock.pace() % 60)


def forget() -> int:
    """Drop the addresses of the minutes that are over; how many rows went."""
    last = int(clock.pace() // 60) - 1
    return VisitCount.objects.filter(minute__lt=last).delete()[0]


def _address_may(cursor: Any, key: str, minute: int) -> bool:
    given = {"key": key[:_KEY], "minute": minute, "limit": AN_ADDRESS}
    cursor.execute(_COUNT_ADDRESS, given)
    return bool(cursor.rowcount)


def _session_may(cursor: Any, key: str, what: str, minute: int) -> bool:
    """One conditional UPDATE counts and decides; a key that has no session yet has no count."""
    now = connection.ops.adapt_datetimefield_value(clock.now())
    cursor.execute(_COUNT[what], {"key": key, "minute": minute, "limit": A_MINUTE, "now": now})
    return bool(cursor.rowcount) or not ChatSession.objects.filter(key=key).exists()
