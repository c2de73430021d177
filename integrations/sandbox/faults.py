"""One switch per service: a service that is down closes the connection with no answer."""

import socket
from typing import Literal

from flask import abort, request

from integrations.sandbox.store import Store

Mode = Literal["up", "down"]
SERVICES = ("gocardless", "airtable", "twilio", "places", "s3", "openai")
MODES = ("up", "down")
_KIND = "sandbox.switches"


def mode(store: Store, service: str) -> str:
    """The service's mode, `up` unless it was switched."""
    switch = store.get(_KIND, service)
    return switch["mode"] if switch else "up"


def set_mode(store: Store, service: str, mode: str) -> None:
    """Switch the service; ValueError for a name or a mode that does not exist."""
    if service not in SERVICES:
        raise ValueError(f"There is no service called {service!r}.")
    if mode not in MODES:
        raise ValueError(f"There is no mode called {mode!r}.")
    store.put(_KIND, service, {"service": service, "mode": mode})


def switches(store: Store) -> dict[str, str]:
    """Every service's mode."""
    return {service: mode(store, service) for service in SERVICES}


def check(store: Store, service: str) -> None:
    """Drop this request, before anything is done, when the service is down."""
    if mode(store, service) == "down":
        drop_connection()


def drop_connection() -> None:
    """Close the caller's TCP connection with no answer."""
    connection = request.environ.get("werkzeug.socket")
    if connection is not None:
        connection.shutdown(socket.SHUT_RDWR)
    # The answer goes nowhere once the socket is shut; it only ends the view.
    abort(503)
