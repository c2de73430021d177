"""Ring a bell by name once the surrounding transaction has committed."""

import logging

from celery import current_app
from django.db import transaction

log = logging.getLogger(__name__)


def ring(job: str, *args: object) -> None:
    """Ask for `job` (a task's name) to run soon with `args` (ids only, nothing personal).

    The rows are the queue; a bell that cannot be rung is only a delay, since a sweep looks again.
    """
    transaction.on_commit(lambda: _send(job, args), robust=True)


def _send(job: str, args: tuple[object, ...]) -> None:
    try:
        current_app.send_task(job, args=args, expires=300, retry=False)
    except Exception as error:  # the broker may fail in many ways; none may fail the caller
        log.warning("could not ring %s: %s", job, type(error).__name__)
