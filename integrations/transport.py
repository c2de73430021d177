"""What the vendors' HTTP clients have in common: one session per thread, and was it sent?"""

import threading
from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar

import requests
from urllib3.exceptions import MaxRetryError, NewConnectionError, SSLError

Made = TypeVar("Made")


def per_thread(build: Callable[..., Made]) -> Callable[..., Made]:
    """Keep what `build(*args)` made for this thread; a session is not promised to be shared."""
    kept = threading.local()

    @wraps(build)
    def wrapper(*args: Any) -> Made:
        if getattr(kept, "args", None) != args:
            kept.made, kept.args = build(*args), args
        return kept.made

    return wrapper


def never_sent(error: requests.RequestException) -> bool:
    """True where the request certainly did not leave: no connection, no TLS, no such host."""
    if isinstance(error, requests.ConnectTimeout | requests.exceptions.ProxyError):
        return True
    cause = error.args[0] if error.args else None
    reason = cause.reason if isinstance(cause, MaxRetryError) else cause
    return isinstance(reason, NewConnectionError | SSLError)
