"""How many requests each service had, by class, and which ones they were lately."""

from integrations import clock
from integrations.sandbox.store import Store

_KIND = "requests"


def count(store: Store, service: str, name: str) -> None:
    """Count one more request of that class."""
    with store.lock:
        counted = store.get(_KIND, service) or {}
        store.put(_KIND, service, counted | {name: counted.get(name, 0) + 1})
        store.recent.append({"at": clock.pace(), "service": service, "class": name})


def counted(store: Store, services: tuple[str, ...]) -> dict[str, dict[str, int]]:
    """The counts of every service; an empty one for a service that was not called."""
    return {service: store.get(_KIND, service) or {} for service in services}


def recent(store: Store, service: str) -> list[dict]:
    """The latest requests to a service (`at` in real seconds, `class`), oldest first."""
    with store.lock:
        return [one for one in store.recent if service in ("", one["service"])]
