"""What every outgoing call passes through: breaker, pace, call log (design.md 3.3).

One ServiceState row per service is shared by all processes and changed by conditional UPDATE only.
"""

import logging
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from uuid import uuid4

from django.db import DatabaseError, connection
from django.db.models import F, Q, QuerySet
from django.db.models.functions import Coalesce

from integrations import clock, queue
from integrations.errors import Blocked, OutsideError, Rejected, Unavailable, Uncertain
from integrations.models import ServiceCall, ServiceState

log = logging.getLogger(__name__)

FAILURES = 5
OPEN_FOR = timedelta(seconds=60)
# Nobody may be there to press "test now", so a blocked service is tried again this often.
BLOCKED_PROBE = timedelta(minutes=15)
WRITER_LEASE = timedelta(minutes=2)
# Seconds between two calls. Airtable allows 5 a second for a base, whoever asks, and then shuts
# everybody out for 30 s: two are left to the club's own automations. GoCardless: 1,000 a minute.
SPACING = {
    "airtable": 1 / 3,
    "gocardless": 1 / 15,
    "twilio": 1 / 5,
    "places": 1 / 10,
    "s3": 1 / 50,
    "mail": 1 / 10,
    "openai": 1 / 20,
}
LONGEST_PACE = 5.0  # seconds that a call may wait for its slot; beyond that it is not made
LONGEST_PENALTY = 300.0
NEWS_AFTER = timedelta(seconds=2)
_OUTCOMES = {
    Unavailable: ServiceCall.Outcome.UNAVAILABLE,
    Uncertain: ServiceCall.Outcome.UNCERTAIN,
    Rejected: ServiceCall.Outcome.REJECTED,
    Blocked: ServiceCall.Outcome.BLOCKED,
}


@contextmanager
def call(
    service: str, operation: str, *, test: bool = False, patience: float = LONGEST_PACE
) -> Iterator[None]:
    """Make one call to `service` inside; the body raises one of the four outcomes or succeeds.

    Raises Unavailable or Blocked without running the body while the service is held; `test` (a
    person's "test now") goes through all the same. `patience` is in seconds: how long it may wait
    for its slot. Never inside a transaction.
    """
    _refuse_inside_a_transaction(service)
    state = _state(service)
    if not test:
        _refuse_if_held(state, operation)
    _wait_for_slot(state, operation, min(patience, LONGEST_PACE))
    started_at, started = clock.now(), time.monotonic()
    code, outcome = "", ServiceCall.Outcome.OK
    problem: Exception | None = None
    try:
        yield
    except OutsideError as error:
        problem, code, outcome = error, error.code, _OUTCOMES[type(error)]
        raise
    except Exception as error:
        problem, code, outcome = error, type(error).__name__, ServiceCall.Outcome.UNCERTAIN
        raise
    finally:
        milliseconds = int((time.monotonic() - started) * 1000)
        _note(state, operation, started_at, milliseconds, outcome, code, problem)


def available(service: str) -> bool:
    """True where a call would be let through now; asking takes no probe."""
    state, moment = _state(service), clock.now()
    if state.blocked_at is not None:
        return _past(state.probe_until, moment, BLOCKED_PROBE)
    if state.open_until is None:
        return True
    open_until, probe_until = state.open_until, state.probe_until
    return _past(open_until, moment, OPEN_FOR) and _past(probe_until, moment, OPEN_FOR)


def penalise(service: str, seconds: float) -> None:
    """Let nobody call `service` for so many real seconds: it has answered "too many requests"."""
    until = clock.pace() + min(seconds, LONGEST_PENALTY)
    _row(service).filter(next_slot__lt=until).update(next_slot=until)


def release(service: str) -> None:
    """Close the breaker and lift the hold, as staff may."""
    _row(service).update(
        failures=0, open_until=None, probe_until=None, blocked_at=None, blocked_reason=""
    )


@contextmanager
def writer(service: str) -> Iterator[Callable[[], bool] | None]:
    """Be the only writer to `service`, or get None where somebody else is.

    What is yielded renews the lease; False means that it was lost and writing must stop.
    """
    _state(service)
    token = str(uuid4())
    mine = _row(service).filter(writer_token=token)

    def renew() -> bool:
        return bool(mine.update(writer_until=clock.now() + WRITER_LEASE))

    moment = clock.now()
    free = _gone("writer_until", moment, WRITER_LEASE)
    taken = (
        _row(service).filter(free).update(writer_token=token, writer_until=moment + WRITER_LEASE)
    )
    try:
        yield renew if taken else None
    finally:
        if taken:
            mine.update(writer_token="", writer_until=None)


def _row(service: str) -> QuerySet[ServiceState]:
    return ServiceState.objects.filter(pk=service)


def _state(service: str) -> ServiceState:
    return _row(service).first() or ServiceState.objects.get_or_create(pk=service)[0]


def _too_far(longest: timedelta) -> timedelta:
    # What lies further ahead was written before a moved clock was set back. Twice the length, for
    # whoever looked at the clock a moment before the row was written must not find it too far.
    return 2 * longest


def _past(moment: datetime | None, now: datetime, longest: timedelta) -> bool:
    return moment is None or moment <= now or moment > now + _too_far(longest)


def _gone(name: str, now: datetime, longest: timedelta) -> Q:
    return (
        Q(**{f"{name}__isnull": True})
        | Q(**{f"{name}__lte": now})
        | Q(**{f"{name}__gt": now + _too_far(longest)})
    )


def _refuse_inside_a_transaction(service: str) -> None:
    # pytest's own wrapping of a test is not a transaction of ours.
    blocks = connection.atomic_blocks
    if any(not getattr(block, "_from_testcase", False) for block in blocks):
        raise RuntimeError(f"{service} was called inside a database transaction")


def _refuse_if_held(state: ServiceState, operation: str) -> None:
    moment = clock.now()
    if state.blocked_at is not None:
        if not _probe(state, moment, BLOCKED_PROBE):
            _note_held(state.service, operation, "blocked")
            raise Blocked(state.service, state.blocked_reason, code="held")
    elif state.open_until is not None:
        ready = _past(state.open_until, moment, OPEN_FOR)
        if not (ready and _probe(state, moment, OPEN_FOR)):
            _note_held(state.service, operation, "breaker")
            raise Unavailable(state.service, "not tried: it has just failed", code="held")


def _probe(state: ServiceState, moment: datetime, length: timedelta) -> bool:
    """Take the one trial call; False where another process has it."""
    free = _gone("probe_until", moment, length)
    return bool(_row(state.service).filter(free).update(probe_until=moment + length))


def _wait_for_slot(state: ServiceState, operation: str, patience: float) -> None:
    spacing, row = SPACING.get(state.service, 0), _row(state.service)
    taken, slot = state.next_slot, 0.0
    while True:
        slot = max(clock.pace(), taken)
        if slot - clock.pace() > patience:
            _note_held(state.service, operation, "pace")
            raise Unavailable(state.service, "not tried: too many requests", code="held")
        if row.filter(next_slot=taken).update(next_slot=slot + spacing):
            break
        taken = row.values_list("next_slot", flat=True).get()
    wait = slot - clock.pace()
    if wait > 0:
        time.sleep(wait)


def _note_held(service: str, operation: str, code: str) -> None:
    # One line a minute tells as much as one for every row that waits.
    lately = clock.now() - timedelta(minutes=1)
    held = ServiceCall.objects.filter(service=service, outcome=ServiceCall.Outcome.HELD)
    if not held.filter(started_at__gt=lately).exists():
        ServiceCall.objects.create(
            service=service,
            operation=operation,
            started_at=clock.now(),
            outcome=ServiceCall.Outcome.HELD,
            code=code,
        )


def _note(
    state: ServiceState,
    operation: str,
    started_at: datetime,
    milliseconds: int,
    outcome: str,
    code: str,
    problem: Exception | None,
) -> None:
    """Write down what came of a call; it must not lose the outcome where the database fails."""
    service = state.service
    try:
        if problem is None or isinstance(problem, Rejected):
            if not _well(state):
                _note_health(service)
        elif isinstance(problem, Blocked):
            _note_block(service, problem)
        else:
            _note_failure(service, problem)
        ServiceCall.objects.create(
            service=service,
            operation=operation,
            started_at=started_at,
            milliseconds=milliseconds,
            outcome=outcome,
            code=code[:80],
        )
    except DatabaseError as error:
        log.warning("a call to %s was not recorded: %s", service, type(error).__name__)


def _well(state: ServiceState) -> bool:
    """Whether it was all right before the call, and said so a moment ago: then that is no news."""
    trouble = state.failures or state.open_until or state.blocked_at or state.away_since
    at, moment = state.last_success_at, clock.now()
    return not trouble and at is not None and moment - NEWS_AFTER < at <= moment


def _note_health(service: str) -> None:
    back = _row(service).filter(Q(away_since__isnull=False) | Q(blocked_at__isnull=False)).exists()
    _row(service).update(
        failures=0,
        open_until=None,
        probe_until=None,
        blocked_at=None,
        blocked_reason="",
        away_since=None,
        last_success_at=clock.now(),
    )
    if back:
        queue.ring("integrations.service_back", service)


def _note_failure(service: str, problem: Exception) -> None:
    moment = clock.now()
    _row(service).update(
        failures=F("failures") + 1,
        away_since=Coalesce("away_since", moment),
        last_error=_words(problem),
        last_error_at=moment,
    )
    _row(service).filter(failures__gte=FAILURES).update(
        open_until=moment + OPEN_FOR, probe_until=None
    )


def _note_block(service: str, problem: Blocked) -> None:
    moment, reason = clock.now(), _words(problem)
    first = (
        _row(service)
        .filter(blocked_at__isnull=True)
        .update(blocked_at=moment, away_since=Coalesce("away_since", moment))
    )
    _row(service).update(
        blocked_reason=reason,
        probe_until=moment + BLOCKED_PROBE,
        last_error=reason,
        last_error_at=moment,
    )
    if first:
        log.error("%s is blocked: %s", service, reason)


def _words(problem: Exception) -> str:
    # Another exception's text may hold somebody's details, so only its kind is kept.
    return problem.message[:500] if isinstance(problem, OutsideError) else type(problem).__name__
