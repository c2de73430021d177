"""Several workers or visitors at the same moment: a thread or a process, and a connection each."""

import multiprocessing
import os
import queue
import threading
import traceback
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


def processes(*works: Callable[[], Any]) -> list[Any]:
    """As `together`, each in a process of its own, which shares nothing with the others but the
    database and the services. What they return must be plain values."""
    connections.close_all()  # a connection does not survive being shared by a fork
    fork = multiprocessing.get_context("fork")
    start, answers = fork.Barrier(len(works)), fork.Queue()

    def run(place: int) -> None:
        try:
            start.wait(PATIENCE)
            answers.put((place, works[place](), ""))
        except BaseException:
            answers.put((place, None, traceback.format_exc()))
        finally:
            connections.close_all()
            answers.close()
            answers.join_thread()
            os._exit(0)  # the fixtures are the parent's to tear down

    children = [fork.Process(target=run, args=(place,)) for place in range(len(works))]
    for child in children:
        child.start()
    results: list[Any] = [None] * len(works)
    errors = []
    try:
        for _ in works:
            place, results[place], error = answers.get(timeout=PATIENCE)
            errors += [error] if error else []
    except queue.Empty:
        raise AssertionError("somebody never came back") from None
    finally:
        for child in children:
            child.join(5)
            child.kill()
    assert not errors, errors[0]
    return results
