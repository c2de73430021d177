"""The rate limit of one token: a thousand requests in each minute of real time."""

from email.utils import formatdate

from integrations import clock
from integrations.sandbox.store import Store

LIMIT = 1000
_MINUTE = 60
_KIND = "gocardless.limits"


def take(store: Store) -> bool:
    """Count one request; False when it is over the limit."""
    with store.lock:
        minute, used = _minute(), _used(store) + 1
        store.put(_KIND, "token", {"minute": minute, "used": used})
        return used <= LIMIT


def headers(store: Store) -> dict[str, str]:
    """The three headers that every answer carries (1.7)."""
    return {
        "RateLimit-Limit": str(LIMIT),
        "RateLimit-Remaining": str(max(0, LIMIT - _used(store))),
        "RateLimit-Reset": formatdate((_minute() + 1) * _MINUTE, usegmt=True),
    }


def _minute() -> int:
    return int(clock.pace() // _MINUTE)


def _used(store: Store) -> int:
    counted = store.get(_KIND, "token")
    return counted["used"] if counted and counted["minute"] == _minute() else 0
