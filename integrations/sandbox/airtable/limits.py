"""Five requests a second per base, and a penalty after that (wire/airtable 1.10)."""

from integrations import clock
from integrations.sandbox import faults
from integrations.sandbox.airtable import errors
from integrations.sandbox.counts import count
from integrations.sandbox.store import Store

PER_SECOND = 5
# Where the month's quota is spent some plans go on slowly (wire/airtable 1.10).
SPENT_PER_SECOND = 2


def admit(store: Store, base_id: str, penalty_seconds: float) -> None:
    """Let one request to a base through, or refuse it with 429 (wire/airtable 1.10).

    The document `airtable.settings/limits` may hold `per_second` (0: no limit), for tests that
    are about something else. Time is the real one: a penalty does not end because somebody
    moved the sandbox's clock. Calls during it do not extend it.
    """
    per_second = _per_second(store)
    if not per_second:
        return
    now = clock.pace()
    with store.lock:
        state = store.get("airtable.rate", base_id) or {"recent": [], "penalty_until": 0.0}
        if now < state["penalty_until"]:
            raise _refused(store)
        recent = [moment for moment in state["recent"] if now - moment < 1.0]
        if len(recent) >= per_second:
            until = now + penalty_seconds
            store.put("airtable.rate", base_id, {"recent": recent, "penalty_until": until})
            raise _refused(store)
        recent.append(now)
        store.put("airtable.rate", base_id, {"recent": recent, "penalty_until": 0.0})


def penalise(store: Store, base_id: str, penalty_seconds: float) -> None:
    """Begin the penalty, as after a real 429; nothing where the limit is switched off."""
    if _per_second(store):
        until = clock.pace() + penalty_seconds
        store.put("airtable.rate", base_id, {"recent": [], "penalty_until": until})


def _per_second(store: Store) -> int:
    if faults.mode(store, "airtable") == "quota_slow":
        return SPENT_PER_SECOND
    settings = store.get("airtable.settings", "limits") or {}
    return settings.get("per_second", PER_SECOND)


def _refused(store: Store) -> errors.Refusal:
    count(store, "airtable", "limited")
    return errors.rate_limited()
