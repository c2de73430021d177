"""The rate limit of one token: a thousand requests in each minute of real time."""

import threading
from email.utils import formatdate

from integrations import clock

LIMIT = 1000
_MINUTE = 60


class Limits:
    """Counts the requests of the minute."""

    def __init__(self) -> None:
        """A fresh minute."""
        self._lock = threading.Lock()
        self._minute = 0
        self._used = 0

    def take(self) -> bool:
        """Count one request; False when it is over the limit."""
        with self._lock:
            minute = int(clock.pace() // _MINUTE)
            if minute != self._minute:
                self._minute, self._used = minute, 0
            self._used += 1
            return self._used <= LIMIT

    def headers(self) -> dict[str, str]:
        """The three headers that every answer carries (1.7)."""
        reset = (int(clock.pace() // _MINUTE) + 1) * _MINUTE
        return {
            "RateLimit-Limit": str(LIMIT),
            "RateLimit-Remaining": str(max(0, LIMIT - self._used)),
            "RateLimit-Reset": formatdate(reset, usegmt=True),
        }
