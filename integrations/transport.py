"""What the vendors' HTTP clients have in common: one session per thread, and was it sent?

And a hard end for what a parent waits for.
"""

import threading
from collections.abc import Callable
from concurrent.futures import Future
from functools import wraps
from typing import Any, TypeVar

import requests
from urllib3.exceptions import MaxRetryError, NewConnectionError, SSLError

Made = TypeVar("Made")
SHORTEST = 0.2  # seconds; with less time left a call is not worth making


def per_thread(build: Callable[..., Made]) -> Callable[..., Made]:
    """Keep what `build(*args)` made for this thread; a session is not promised to be shared."""
    kept = threading.local()

    @wraps(build)
    def wrapper(*args: Any) -> Made:
        if getattr(kept, "args", None) != args:
            kept.made, kept.args = build(*args), args
        return kept.made

    return wrapper


def within(seconds: float, talk: Callable[[], Made]) -> Made:
    """What `talk` returns; TimeoutError after so many real seconds, whatever it is waiting for.

    A client's own timeouts count each wait by itself: the name, the connection, each piece of the
    answer. `talk` must touch no database; where it is late it ends by itself, and nobody listens.
    """
    ended: Future[Made] = Future()

    def run() -> None:
        try:
            ended.set_result(talk())
        except BaseException as error:  # whatever it is, it belongs to whoever waits
            ended.set_exception(error)

    threading.Thread(target=run, daemon=True).start()
    return ended.result(seconds)


def never_sent(error: requests.RequestException) -> bool:
    """True where the request certainly did not leave: no connection, no TLS, no such host."""
    if isinstance(error, requests.ConnectTimeout | requests.exceptions.ProxyError):
        return True
    cause = error.args[0] if error.args else None
    reason = cause.reason if isinstance(cause, MaxRetryError) else cause
    return isinstance(reason, NewConnectionError | SSLError)
