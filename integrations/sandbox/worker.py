"""The sandbox's threads: one lets time pass, the others send webhooks."""

import logging
import threading
from collections.abc import Callable

from integrations import clock
from integrations.sandbox.airtable import pings
from integrations.sandbox.config import SandboxConfig
from integrations.sandbox.gocardless import ageing, fulfilment, webhooks
from integrations.sandbox.store import Store

log = logging.getLogger(__name__)
_BEAT = 0.1
_CALENDAR_BEAT = 30.0


class Worker:
    """Runs until stopped; an error in one round is logged and the next round goes on."""

    def __init__(self, store: Store, config: SandboxConfig) -> None:
        """Nothing runs before `start`."""
        self._store = store
        self._config = config
        self._stopped = threading.Event()
        self._offset = clock.offset()
        self._calendar_at = 0.0
        steps = {step: threading.Lock() for step in (self._pass_time, self._send, self._ping)}
        self._rounds = list(steps.values())
        self._threads = [
            threading.Thread(target=self._repeat, args=of, daemon=True) for of in steps.items()
        ]

    def start(self) -> None:
        """Start the threads."""
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Ask them to stop and wait until they have."""
        self._stopped.set()
        for thread in self._threads:
            thread.join(timeout=12)

    def finish_round(self) -> None:
        """Wait until what is under way has ended: afterwards nothing old is sent any more."""
        for round_ in self._rounds:
            with round_:
                pass

    def _repeat(self, step: Callable[[], None], round_: threading.Lock) -> None:
        while not self._stopped.wait(_BEAT):
            try:
                with round_:
                    step()
            except Exception:
                log.exception("a round of the sandbox's worker failed")

    def _pass_time(self) -> None:
        """Fulfil what is due; look at the whole calendar rarely, or when the clock was moved."""
        fulfilment.run_due(self._store)
        moved = clock.offset()
        if moved != self._offset or clock.pace() >= self._calendar_at:
            self._offset = moved
            self._calendar_at = clock.pace() + _CALENDAR_BEAT
            ageing.tick(self._store)

    def _send(self) -> None:
        webhooks.send_due(self._store, self._config)

    def _ping(self) -> None:
        pings.send_due(self._store, self._config)
