"""A process that dies at its n-th statement: nothing that it would have done afterwards happens."""

from collections.abc import Callable
from contextlib import ExitStack
from typing import Any

from django.db import connection


class Killed(BaseException):
    """What no `except Exception` catches, as a kill is not caught."""


class _Death:
    """Lets `left` statements pass; from then on the process is dead."""

    def __init__(self, left: int) -> None:
        self.left = left
        self.dead = False

    def __call__(self, execute, sql, params, many, context):
        if not sql.startswith(("SAVEPOINT", "RELEASE", "ROLLBACK")):
            self.left -= 1
        if self.left < 0:
            self.dead = True
            raise Killed
        return execute(sql, params, many, context)


def dies_at(statement: int, work: Callable[[], Any]) -> bool:
    """Run `work` and kill it before this statement (0 is the first); False where it ended before.

    What a `finally` would still write is not written either: the dead write nothing.
    """
    death = _Death(statement)
    with ExitStack() as stack:
        stack.enter_context(connection.execute_wrapper(death))
        try:
            work()
        except Killed:
            pass
    if connection.in_atomic_block or connection.needs_rollback:
        raise AssertionError("the transaction outlived its process")
    return death.dead
