"""The lease of the base's one writer, waited for (wire/airtable 3.2)."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from integrations import guard
from integrations.airtable import client
from integrations.errors import Unavailable

RENEW_AFTER = 20.0  # real seconds; the lease lasts longer than a page's time-outs on top
LEASE_WAIT = 60.0  # real seconds to wait while somebody else writes


@contextmanager
def writing(held: bool = False) -> Iterator[Callable[[], None]]:
    """The writer's lease for as long as the block lasts; Unavailable where it does not come.

    What is yielded renews it where it is needed, and raises Unavailable where it was lost.
    """
    if held:
        yield lambda: None
        return
    until = time.monotonic() + LEASE_WAIT
    while True:
        with guard.writer(client.SERVICE) as renew:
            if renew is not None:
                yield _renewing(renew)
                return
        if time.monotonic() > until:
            raise Unavailable(client.SERVICE, "somebody else is writing", code="lease")
        time.sleep(0.2)


def _renewing(renew: Callable[[], bool]) -> Callable[[], None]:
    renewed = time.monotonic()

    def keep() -> None:
        nonlocal renewed
        if time.monotonic() - renewed < RENEW_AFTER:
            return
        if not renew():
            raise Unavailable(client.SERVICE, "the writer's lease was lost", code="lease")
        renewed = time.monotonic()

    return keep
