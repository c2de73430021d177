"""The guard: outcomes, breaker, hold, pace and the one writer."""

import threading
from datetime import timedelta

import pytest
from django.db import connection, transaction

from integrations import actions, clock, guard
from integrations.errors import Blocked, Rejected, Unavailable, Uncertain
from integrations.models import AirtableRow, ServiceCall, ServiceState

pytestmark = pytest.mark.django_db
SERVICE = "gocardless"


def fail(error: Exception, times: int = 1) -> None:
    """Make calls that end in `error`."""
    for _ in range(times):
        with pytest.raises(type(error)), guard.call(SERVICE, "try"):
            raise error


def succeed() -> None:
    """Make a call that goes well."""
    with guard.call(SERVICE, "try"):
        pass


def state() -> ServiceState:
    """The service's row."""
    return ServiceState.objects.get(pk=SERVICE)


def outcomes() -> list[str]:
    """What the call log says, oldest first."""
    return list(ServiceCall.objects.order_by("pk").values_list("outcome", flat=True))


@pytest.mark.parametrize(
    ("error", "outcome"),
    [
        (Unavailable(SERVICE, "away", code="503"), "unavailable"),
        (Uncertain(SERVICE, "lost", code="ReadTimeout"), "uncertain"),
        (Rejected(SERVICE, "no", code="validation_failed"), "rejected"),
        (Blocked(SERVICE, "key", code="access_token_revoked"), "blocked"),
    ],
)
def test_each_outcome_is_recorded_with_its_code(error, outcome):
    fail(error)
    call = ServiceCall.objects.get()
    assert (call.service, call.operation, call.outcome, call.code) == (
        SERVICE,
        "try",
        outcome,
        error.code,
    )


def test_an_unforeseen_exception_is_recorded_by_its_kind_alone():
    with pytest.raises(LookupError), guard.call(SERVICE, "try"):
        raise LookupError("Priya Okafor")
    assert (outcomes(), ServiceCall.objects.get().code) == (["uncertain"], "LookupError")
    assert state().last_error == "LookupError"


def test_five_failures_open_the_breaker_and_nothing_is_called():
    fail(Unavailable(SERVICE), 5)
    called = []
    with pytest.raises(Unavailable), guard.call(SERVICE, "try"):
        called.append(1)
    assert (called, state().failures, guard.available(SERVICE)) == ([], 5, False)
    assert state().open_until - clock.now() <= timedelta(seconds=60)


def test_four_failures_and_a_success_start_the_count_anew():
    fail(Unavailable(SERVICE), 4)
    succeed()
    assert (state().failures, state().away_since) == (0, None)
    fail(Unavailable(SERVICE), 4)
    succeed()


def test_what_a_service_rejects_shows_that_it_is_well():
    fail(Unavailable(SERVICE), 4)
    fail(Rejected(SERVICE, "no"))
    assert (state().failures, state().away_since) == (0, None)


def test_after_a_minute_one_probe_goes_through_and_a_failure_closes_the_door_again(move_clock):
    fail(Unavailable(SERVICE), 5)
    move_clock(timedelta(seconds=61))
    assert guard.available(SERVICE)
    with pytest.raises(Unavailable, match="away"), guard.call(SERVICE, "probe"):
        with pytest.raises(Unavailable, match="not tried"), guard.call(SERVICE, "second"):
            raise AssertionError("there may be one probe only")
        raise Unavailable(SERVICE, "away")
    assert not guard.available(SERVICE)


def test_a_probe_that_goes_well_opens_the_door(move_clock):
    fail(Uncertain(SERVICE), 5)
    move_clock(timedelta(seconds=61))
    succeed()
    assert (state().open_until, state().probe_until, state().failures) == (None, None, 0)
    succeed()


def test_a_clock_set_back_does_not_keep_the_breaker_open_for_months(move_clock):
    move_clock(timedelta(days=60))
    fail(Unavailable(SERVICE), 5)
    move_clock(timedelta(days=-60))
    succeed()
    assert state().failures == 0


def test_calls_that_are_not_tried_leave_one_line_a_minute():
    fail(Unavailable(SERVICE), 5)
    fail(Unavailable(SERVICE), 7)
    assert outcomes() == ["unavailable"] * 5 + ["held"]


def test_a_blocked_service_is_held_and_staff_read_why_once(caplog):
    fail(Blocked(SERVICE, "The access token is revoked"))
    fail(Blocked(SERVICE), 3)
    assert (state().blocked_reason, outcomes()) == (
        "The access token is revoked",
        ["blocked", "held"],
    )
    assert [record.levelname for record in caplog.records].count("ERROR") == 1


def test_test_now_goes_through_a_hold_and_lifts_it():
    fail(Blocked(SERVICE, "key"))
    with guard.call(SERVICE, "check", test=True):
        pass
    assert (state().blocked_at, state().blocked_reason) == (None, "")
    succeed()


def test_a_test_that_fails_keeps_the_hold():
    fail(Blocked(SERVICE, "key"))
    with pytest.raises(Blocked), guard.call(SERVICE, "check", test=True):
        raise Blocked(SERVICE, "key")
    assert state().blocked_at is not None
    assert not guard.available(SERVICE)


def test_a_blocked_service_is_tried_again_after_a_quarter_of_an_hour(move_clock):
    fail(Blocked(SERVICE, "key"))
    move_clock(timedelta(minutes=14))
    fail(Blocked(SERVICE))
    move_clock(timedelta(minutes=2))
    succeed()
    assert state().blocked_at is None


def test_staff_can_lift_a_hold_and_close_the_breaker():
    fail(Unavailable(SERVICE), 5)
    fail(Unavailable(SERVICE), 1)
    guard.release(SERVICE)
    succeed()


def test_one_service_that_is_away_holds_no_other():
    fail(Unavailable(SERVICE), 5)
    with guard.call("twilio", "try"):
        pass
    assert guard.available("twilio")


def test_calls_are_spaced(monkeypatch):
    waited = []
    monkeypatch.setattr(clock, "pace", lambda: 1000.0)
    monkeypatch.setattr(guard.time, "sleep", waited.append)
    for _ in range(4):
        with guard.call("airtable", "try"):
            pass
    assert waited == pytest.approx([1 / 3, 2 / 3, 3 / 3])


def test_after_a_429_nobody_calls_until_the_penalty_is_over(monkeypatch):
    now = [1000.0]
    monkeypatch.setattr(clock, "pace", lambda: now[0])
    monkeypatch.setattr(guard.time, "sleep", lambda seconds: None)
    succeed()
    guard.penalise(SERVICE, 30)
    guard.penalise(SERVICE, 5)  # a shorter one shortens nothing
    fail(Unavailable(SERVICE))
    assert outcomes() == ["ok", "held"]
    assert state().failures == 0
    now[0] += 31
    succeed()


def test_a_call_inside_a_transaction_is_a_mistake_and_is_not_made():
    with pytest.raises(RuntimeError), transaction.atomic(), guard.call(SERVICE, "try"):
        raise AssertionError("it was made")
    assert ServiceCall.objects.count() == 0


def test_there_is_one_writer_at_a_time_and_a_lost_lease_is_noticed(move_clock):
    with guard.writer("airtable") as renew, guard.writer("airtable") as second:
        assert renew() is True
        assert second is None
        move_clock(timedelta(minutes=3))
        with guard.writer("airtable") as third:
            assert third() is True
            assert renew() is False
    with guard.writer("airtable") as next_one:
        assert next_one() is True


def test_when_a_service_is_back_what_waited_for_it_is_due_at_once():
    far = clock.now() + timedelta(minutes=30)
    make = AirtableRow.objects.create
    ours = {"kind": "registration", "table": "t", "due_at": far}
    sync = "0d6a3a52-0000-4000-8000-00000000000"
    waits = make(object_id=1, sync_id=f"{sync}1", last_error="airtable: away", **ours)
    other = make(object_id=2, sync_id=f"{sync}2", last_error="twilio: away", **ours)
    planned = make(object_id=3, sync_id=f"{sync}3", **ours)
    assert actions.wake("airtable") == 1
    for row in (waits, other, planned):
        row.refresh_from_db()
    assert waits.due_at <= clock.now()
    assert (other.due_at, planned.due_at) == (far, far)


@pytest.mark.django_db(transaction=True)
def test_of_six_threads_one_gets_the_probe(move_clock):
    fail(Unavailable(SERVICE), 5)
    move_clock(timedelta(seconds=61))
    start, called, refused = threading.Barrier(6), [], []
    done = threading.Barrier(6)

    def probe() -> None:
        start.wait(10)
        try:
            with guard.call(SERVICE, "probe"):
                called.append(1)
                done.wait(10)
        except Unavailable:
            refused.append(1)
            done.wait(10)
        finally:
            connection.close()

    threads = [threading.Thread(target=probe) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert (len(called), len(refused)) == (1, 5)
    assert guard.available(SERVICE)


def test_old_calls_are_cleared_and_young_ones_stay():
    for days in (29, 31):
        ServiceCall.objects.create(
            service=SERVICE,
            operation="try",
            started_at=clock.now() - timedelta(days=days),
            outcome="ok",
        )
    assert actions.tidy() == 1
    assert ServiceCall.objects.get().started_at > clock.now() - timedelta(days=30)
