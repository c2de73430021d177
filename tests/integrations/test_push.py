"""Pushing to Airtable: batches, differences, and what goes wrong."""

import uuid
from datetime import timedelta

import pytest

from integrations import clock, guard, outbox
from integrations.airtable import client, push
from integrations.airtable.rows import RowFields
from integrations.errors import Blocked, Rejected, Unavailable, Uncertain
from integrations.models import AirtableRow, ServiceState
from tests.integrations.sandbox.airtable_support import REGISTRATIONS, seed, stored

pytestmark = pytest.mark.django_db
TABLE = "registrations_2627"
objects: dict[int, dict] = {}
tables: dict[int, str] = {}


def sync_id(number: int) -> uuid.UUID:
    """The object's own id."""
    return uuid.UUID(int=number)


def mapped(object_id: int) -> RowFields | None:
    """The mapping of these tests: what `objects` holds."""
    if object_id not in objects:
        return None
    if objects[object_id] == "broken":
        raise LookupError("Priya Okafor")
    return RowFields(tables.get(object_id, TABLE), sync_id(object_id), objects[object_id])


@pytest.fixture(autouse=True)
def mapping(settings):
    settings.AIRTABLE_ROWS = {"child": f"{__name__}.mapped"}
    settings.AIRTABLE_TABLES = {}
    objects.clear()
    tables.clear()


def behind(number: int, **fields) -> AirtableRow:
    """Change an object of ours and mark it as behind."""
    objects[number] = objects.get(number, {}) | fields
    outbox.mark_behind("child", {number: sync_id(number)}, table=tables.get(number, TABLE))
    return row(number)


def row(number: int) -> AirtableRow:
    """The object's row."""
    return AirtableRow.objects.get(kind="child", object_id=number)


@pytest.fixture
def pushed(move_clock, monkeypatch):
    """Push what is behind, after the two seconds in which changes gather."""
    monkeypatch.setattr(guard.time, "sleep", lambda seconds: None)

    def _push() -> int:
        move_clock(timedelta(seconds=3))
        return push.push_due()

    return _push


def writes(sandbox) -> int:
    """How many writing requests Airtable had."""
    counts = sandbox.store.get("requests", "airtable") or {}
    return sum(number for name, number in counts.items() if name != "list")


def cells(sandbox) -> dict[str, dict]:
    """What Airtable holds, by sync id."""
    return {record["fields"].get("sync_id"): record["fields"] for record in stored(sandbox)}


def test_a_new_row_is_made_and_its_record_remembered(sandbox, pushed):
    seed(sandbox)
    behind(1, player_first_name="Ben", preferred_payment_day=15, keen=False, player_last_name="")
    assert pushed() == 1
    (record,) = stored(sandbox)
    assert record["fields"]["player_first_name"] == "Ben"
    assert "player_last_name" not in record["fields"]
    done = row(1)
    assert (done.record_id, done.due_at, done.last_error) == (record["id"], None, "")
    assert done.base == {"player_first_name": "Ben", "preferred_payment_day": 15}
    assert done.pushed_at is not None


def test_a_change_waits_two_seconds_for_others(sandbox, monkeypatch):
    seed(sandbox)
    behind(1, player_first_name="Ben")
    assert push.push_due() == 0
    assert writes(sandbox) == 0


def test_twenty_five_rows_take_three_requests(sandbox, pushed):
    seed(sandbox)
    for number in range(1, 26):
        behind(number, player_first_name=f"Child {number}")
    assert pushed() == 25
    assert writes(sandbox) == 3
    assert len(cells(sandbox)) == 25


def test_new_and_known_rows_travel_in_one_request_and_only_changes_are_sent(
    sandbox, pushed, monkeypatch
):
    seed(sandbox)
    behind(1, player_first_name="Ben", player_last_name="Okafor")
    pushed()
    sent = []
    original = client.upsert
    monkeypatch.setattr(
        client, "upsert", lambda table, records: sent.append(records) or original(table, records)
    )
    behind(1, player_last_name="O'Brien")
    behind(2, player_first_name="Amy")
    assert pushed() == 2
    assert sent == [
        [
            {"id": row(1).record_id, "fields": {"player_last_name": "O'Brien"}},
            {"fields": {"player_first_name": "Amy", "sync_id": str(sync_id(2))}},
        ]
    ]
    assert cells(sandbox)[str(sync_id(1))]["player_last_name"] == "O'Brien"


def test_an_emptied_field_is_cleared_there(sandbox, pushed):
    seed(sandbox)
    behind(1, player_first_name="Ben", keen=True)
    pushed()
    behind(1, player_first_name="", keen=False)
    pushed()
    fields = cells(sandbox)[str(sync_id(1))]
    assert "player_first_name" not in fields
    assert "keen" not in fields
    assert row(1).base == {}


def test_a_row_that_does_not_differ_makes_no_request(sandbox, pushed):
    seed(sandbox)
    behind(1, player_first_name="Ben")
    pushed()
    before = writes(sandbox)
    behind(1, player_first_name="Ben")
    assert pushed() == 0
    assert writes(sandbox) == before
    assert row(1).due_at is None


def test_a_row_that_changes_while_it_is_sent_stays_due(sandbox, pushed, monkeypatch):
    seed(sandbox)
    behind(1, player_first_name="Ben")
    original = client.upsert

    def slow(table, records):
        ids = original(table, records)
        behind(1, player_first_name="Benjamin")
        return ids

    monkeypatch.setattr(client, "upsert", slow)
    pushed()
    assert row(1).due_at is not None
    monkeypatch.setattr(client, "upsert", original)
    pushed()
    assert cells(sandbox)[str(sync_id(1))]["player_first_name"] == "Benjamin"
    assert len(stored(sandbox)) == 1


def test_a_repeat_after_an_uncertain_answer_makes_no_second_record(sandbox, pushed, monkeypatch):
    seed(sandbox)
    behind(1, player_first_name="Ben", player_last_name="Okafor")
    original = client.upsert

    def lost(table, records):
        original(table, records)
        raise Uncertain("airtable", "ReadTimeout")

    monkeypatch.setattr(client, "upsert", lost)
    pushed()
    assert row(1).uncertain_since is not None
    monkeypatch.setattr(client, "upsert", original)
    behind(1, player_last_name="")
    pushed()
    assert len(stored(sandbox)) == 1
    # It may have been written: what is empty now is cleared there.
    assert "player_last_name" not in cells(sandbox)[str(sync_id(1))]
    assert row(1).uncertain_since is None


def test_after_an_uncertain_answer_a_change_taken_back_is_sent_all_the_same(
    sandbox, pushed, monkeypatch
):
    seed(sandbox)
    behind(1, player_first_name="Ben")
    pushed()
    original = client.upsert

    def lost(table, records):
        original(table, records)
        raise Uncertain("airtable", "ReadTimeout")

    monkeypatch.setattr(client, "upsert", lost)
    behind(1, player_first_name="Amy")
    pushed()
    monkeypatch.setattr(client, "upsert", original)
    behind(1, player_first_name="Ben")
    pushed()
    assert cells(sandbox)[str(sync_id(1))]["player_first_name"] == "Ben"


def test_one_bad_row_goes_to_a_person_and_nine_are_written(sandbox, pushed):
    seed(sandbox)
    for number in range(1, 11):
        behind(number, player_first_name=f"Child {number}")
    behind(7, signing_on_fee_paid="Perhaps")
    assert pushed() == 9
    assert len(cells(sandbox)) == 9
    bad = row(7)
    assert bad.needs_person_at is not None
    assert bad.last_error.startswith("airtable: INVALID_MULTIPLE_CHOICE_OPTIONS")
    assert AirtableRow.objects.needs_person().count() == 1
    behind(7, signing_on_fee_paid="Y")
    assert pushed() == 1
    assert row(7).needs_person_at is None


def test_a_missing_field_parks_its_rows_and_no_person_is_asked_for_each(sandbox, pushed):
    seed(sandbox)
    for number in range(1, 25):
        behind(number, player_first_name="Ben", shoe_size=4)
    assert pushed() == 0
    assert writes(sandbox) == 1
    assert AirtableRow.objects.needs_person().count() == 0
    assert {each.last_error for each in AirtableRow.objects.all()} == {
        'airtable: UNKNOWN_FIELD_NAME Unknown field name: "shoe_size"'
    }
    assert AirtableRow.objects.due(clock.now() + timedelta(minutes=14)).count() == 0
    assert AirtableRow.objects.due(clock.now() + timedelta(minutes=16)).count() == 24


def test_a_missing_table_holds_no_other_table(sandbox, pushed):
    seed(sandbox)
    tables[1] = "registrations_9900"
    behind(1, player_first_name="Ben")
    behind(2, player_first_name="Amy")
    assert pushed() == 1
    assert list(cells(sandbox)) == [str(sync_id(2))]
    assert "INVALID_PERMISSIONS_OR_MODEL_NOT_FOUND" in row(1).last_error
    assert guard.available("airtable")


def test_a_row_whose_table_was_named_anew_moves_there(sandbox, pushed):
    seed(sandbox)
    tables[1] = "registrations_2526"
    behind(1, player_first_name="Ben")
    del tables[1]
    pushed()
    pushed()
    assert list(cells(sandbox)) == [str(sync_id(1))]
    assert row(1).table == TABLE


def test_a_record_deleted_there_goes_to_a_person_whose_retry_makes_it_anew(sandbox, pushed):
    seed(sandbox)
    behind(1, player_first_name="Ben")
    pushed()
    sandbox.store.delete(f"airtable.records.{REGISTRATIONS['id']}", row(1).record_id)
    behind(1, player_first_name="Benjamin")
    pushed()
    assert row(1).needs_person_at is not None
    assert "ROW_DOES_NOT_EXIST" in row(1).last_error
    AirtableRow.objects.update(needs_person_at=None, due_at=clock.now())
    pushed()
    assert cells(sandbox)[str(sync_id(1))]["player_first_name"] == "Benjamin"


def test_an_object_that_cannot_be_mapped_goes_to_a_person_and_the_others_are_written(
    sandbox, pushed
):
    seed(sandbox)
    behind(1, player_first_name="Ben")
    behind(2, player_first_name="Amy")
    objects[1] = "broken"
    assert pushed() == 1
    assert row(1).last_error == "this row cannot be prepared: LookupError"


def test_an_object_that_does_not_belong_there_is_let_go(sandbox, pushed):
    seed(sandbox)
    behind(1, player_first_name="Ben")
    del objects[1]
    assert pushed() == 0
    assert (row(1).due_at, writes(sandbox)) == (None, 0)


def test_while_airtable_is_away_everything_waits_and_then_is_done_once(sandbox, pushed, move_clock):
    seed(sandbox)
    for number in range(1, 4):
        behind(number, player_first_name="Ben")
    sandbox.down("airtable")
    for _ in range(8):
        move_clock(timedelta(seconds=10))
        assert pushed() == 0
    assert AirtableRow.objects.waiting().count() == 3
    assert ServiceState.objects.get(pk="airtable").open_until is not None
    sandbox.up("airtable")
    move_clock(timedelta(seconds=70))
    assert pushed() == 3
    assert len(stored(sandbox)) == 3
    assert AirtableRow.objects.waiting().count() == 0


def test_a_second_pusher_does_nothing(sandbox, pushed):
    seed(sandbox)
    behind(1, player_first_name="Ben")
    with guard.writer("airtable"):
        assert pushed() == 0
    assert writes(sandbox) == 0
    assert pushed() == 1


def test_a_worker_that_died_after_sending_leaves_no_second_record(sandbox, pushed, move_clock):
    seed(sandbox)
    behind(1, player_first_name="Ben", player_last_name="Okafor")
    move_clock(timedelta(seconds=3))
    claimed = AirtableRow.objects.claim(row(1).pk)
    fields = {"player_first_name": "Ben", "player_last_name": "Okafor"}
    client.upsert(TABLE, [{"fields": fields | {"sync_id": str(claimed.sync_id)}}])
    objects[1]["player_last_name"] = ""
    move_clock(timedelta(minutes=6))
    assert pushed() == 1
    assert len(stored(sandbox)) == 1
    assert "player_last_name" not in cells(sandbox)[str(sync_id(1))]


ERRORS = [
    (401, {"error": {"type": "AUTHENTICATION_REQUIRED", "message": "no"}}, Blocked),
    (403, {"error": {"type": "INVALID_PERMISSIONS"}}, Blocked),
    (404, {"error": "NOT_FOUND"}, Rejected),
    (422, {"error": {"type": "INVALID_VALUE_FOR_COLUMN", "message": "no"}}, Rejected),
    (429, {"errors": [{"error": "RATE_LIMIT_REACHED", "message": "slow"}]}, Unavailable),
    (429, {"error": {"type": "PUBLIC_API_BILLING_LIMIT_EXCEEDED", "message": "x"}}, Blocked),
    (500, {"error": {"type": "SERVER_ERROR"}}, Uncertain),
    (502, "<html>bad gateway</html>", Uncertain),
    (200, "<html>not json</html>", Uncertain),
    (200, {"records": [], "createdRecords": [], "updatedRecords": []}, Uncertain),
]


@pytest.mark.parametrize(("status", "body", "outcome"), ERRORS)
def test_every_shape_of_error_has_its_outcome(vendor, status, body, outcome):
    vendor.will(status, body)
    with pytest.raises(outcome) as caught:
        client.upsert(TABLE, [{"fields": {"sync_id": "1"}}])
    assert caught.value.service == "airtable"
    assert len(vendor.requests) == 1


def test_a_lost_answer_is_uncertain_and_a_refused_connection_is_not(vendor, settings):
    vendor.will_drop()
    with pytest.raises(Uncertain):
        client.upsert(TABLE, [{"fields": {"sync_id": "1"}}])
    assert len(vendor.requests) == 1
    settings.AIRTABLE_URL = "http://127.0.0.1:9"
    with pytest.raises(Unavailable):
        client.upsert(TABLE, [{"fields": {"sync_id": "1"}}])


def test_a_429_holds_airtable_for_half_a_minute(vendor):
    vendor.will(429, {"error": {"type": "RATE_LIMIT_REACHED"}})
    with pytest.raises(Unavailable):
        client.upsert(TABLE, [{"fields": {"sync_id": "1"}}])
    with pytest.raises(Unavailable, match="not tried"):
        client.upsert(TABLE, [{"fields": {"sync_id": "1"}}])
    assert len(vendor.requests) == 1
    assert ServiceState.objects.get(pk="airtable").next_slot - clock.pace() > 28


def test_the_token_can_be_checked(sandbox):
    assert client.check().startswith("token of usr")


def test_without_a_token_nothing_is_sent(vendor, settings):
    settings.AIRTABLE_PAT = ""
    with pytest.raises(Blocked, match="AIRTABLE_PAT"):
        client.check()
    assert vendor.requests == []
