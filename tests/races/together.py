"""Several workers or visitors at the same moment: a thread and a connection each."""

import threading
from collections.abc import Callable
from typing import Any

from django.db import connections

PATIENCE = 60.0


def together(*works: Callable[[], Any]) -> list[Any]:
    """Start all at once; what each returned, in order. An error in any of them is raised here."""
    start = threading.Barrier(len(works))
    results: list[Any] = [None] * len(works)
    errors: list[BaseException] = []

    def run(place: int) -> None:
        try:
            start.wait(PATIENCE)
            results[place] = works[place]()
        except BaseException as error:  # would be lost with its thread
            errors.append(error)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=run, args=(place,)) for place in range(len(works))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE)
    if errors:
        raise errors[0]
    assert not any(thread.is_alive() for thread in threads), "somebody never came back"
    return results
