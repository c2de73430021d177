"""The Airtable stand-in, driven by pyairtable over a socket: reading and writing records."""

import pytest
import requests

from tests.integrations.sandbox.airtable_support import CREATED, api, record, seed, stored, table


def refusal(call) -> tuple[int, object]:
    """The status and the error of a call that must be refused."""
    with pytest.raises(requests.HTTPError) as caught:
        call()
    return caught.value.response.status_code, caught.value.response.json()["error"]


def test_a_record_is_created_and_shown_with_its_computed_cells_and_without_empty_ones(sandbox):
    seed(sandbox)
    made = table(sandbox).create(
        {"player_first_name": "Ana", "player_last_name": "O'Neil", "keen": False, "sync_id": ""}
    )
    assert made["fields"] == {
        "player_first_name": "Ana",
        "player_last_name": "O'Neil",
        "player_full_name": "Ana O'Neil",
        "created": made["createdTime"],
        "last_modified": made["createdTime"],
        "paid": "N",
        "record_id": made["id"],
    }
    assert table(sandbox).get(made["id"]) == made


def test_every_kind_of_cell_reads_back_as_it_is_kept(sandbox):
    seed(sandbox)
    made = table(sandbox).create(
        {
            "preferred_payment_day": -1,
            "signing_on_fee_paid": "Y",
            "signing_on_fee_amount": 27.5,
            "subscription_start_date": "2026-09-05",
            "sms_sent_at": "2026-07-01T10:00:00",
            "keen": True,
        }
    )["fields"]
    assert made["preferred_payment_day"] == -1
    assert made["signing_on_fee_amount"] == 27.5
    assert made["subscription_start_date"] == "2026-09-05"
    assert made["sms_sent_at"] == "2026-07-01T09:00:00.000Z"
    assert made["keen"] is True
    assert made["paid"] == "Y"


@pytest.mark.parametrize(
    ("fields", "kind", "message"),
    [
        ({"foo": "1"}, "UNKNOWN_FIELD_NAME", 'Unknown field name: "foo"'),
        (
            {"preferred_payment_day": "5"},
            "INVALID_VALUE_FOR_COLUMN",
            'Field "preferred_payment_day" cannot accept the provided value',
        ),
        (
            {"subscription_start_date": ""},
            "INVALID_VALUE_FOR_COLUMN",
            'Field "subscription_start_date" cannot accept the provided value',
        ),
        (
            {"subscription_start_date": "05-09-2026"},
            "INVALID_VALUE_FOR_COLUMN",
            'Field "subscription_start_date" cannot accept the provided value',
        ),
        (
            {"player_first_name": 7},
            "INVALID_VALUE_FOR_COLUMN",
            'Field "player_first_name" cannot accept the provided value',
        ),
        (
            {"player_full_name": "Ana"},
            "INVALID_VALUE_FOR_COLUMN",
            'Field "player_full_name" cannot accept a value because the field is computed',
        ),
        (
            {"signing_on_fee_paid": "Maybe"},
            "INVALID_MULTIPLE_CHOICE_OPTIONS",
            'Insufficient permissions to create new select option ""Maybe""',
        ),
    ],
)
def test_one_bad_cell_refuses_the_whole_batch(sandbox, fields, kind, message):
    seed(sandbox)
    good = {"player_first_name": "Ana"}
    answer = refusal(lambda: table(sandbox).batch_create([good, fields]))
    assert answer == (422, {"type": kind, "message": message})
    assert stored(sandbox) == []


def test_typecast_makes_the_missing_choice_and_reads_numbers(sandbox):
    seed(sandbox)
    made = table(sandbox).create(
        {"signing_on_fee_paid": "Maybe", "preferred_payment_day": "5"}, typecast=True
    )
    assert made["fields"]["signing_on_fee_paid"] == "Maybe"
    assert made["fields"]["preferred_payment_day"] == 5
    kept = sandbox.store.all("airtable.tables")[0]["fields"][5]["options"]["choices"]
    assert [choice["name"] for choice in kept] == ["Y", "N", "Maybe"]


def test_a_patch_merges_null_clears_and_a_put_clears_the_rest(sandbox):
    seed(sandbox, record(1, player_first_name="Ana", player_last_name="Bell", sync_id="s1"))
    own = table(sandbox)
    own.update(record(1)["id"], {"player_last_name": None})
    assert stored(sandbox)[0]["fields"] == {"player_first_name": "Ana", "sync_id": "s1"}
    own.update(record(1)["id"], {"sync_id": "s2"}, replace=True)
    assert stored(sandbox)[0]["fields"] == {"sync_id": "s2"}


def test_an_upsert_updates_the_match_and_creates_the_rest(sandbox):
    seed(sandbox, record(1, player_first_name="Ana", sync_id="s1"))
    rows = [
        {"fields": {"sync_id": "s1", "player_first_name": "Anna"}},
        {"fields": {"sync_id": "s2", "player_first_name": "Ben"}},
    ]
    answer = table(sandbox).batch_upsert(rows, ["sync_id"])
    assert answer["updatedRecords"] == [record(1)["id"]]
    assert answer["createdRecords"] == [answer["records"][1]["id"]]
    again = table(sandbox).batch_upsert(rows, ["sync_id"])
    assert again["createdRecords"] == []
    assert [one["fields"]["player_first_name"] for one in stored(sandbox)] == ["Anna", "Ben"]


def test_an_upsert_whose_key_is_there_twice_fails_and_changes_nothing(sandbox):
    before = [record(1, sync_id="s1"), record(2, sync_id="s1")]
    seed(sandbox, *before)
    rows = [{"fields": {"sync_id": "s0"}}, {"fields": {"sync_id": "s1"}}]
    status, error = refusal(lambda: table(sandbox).batch_upsert(rows, ["sync_id"]))
    assert (status, error["type"]) == (422, "INVALID_RECORDS")
    assert stored(sandbox) == before


def test_eleven_records_at_once_are_refused(sandbox):
    seed(sandbox)
    own = table(sandbox)
    rows = {"records": [{"fields": {}}] * 11}
    status, error = refusal(lambda: own.api.post(own.urls.records, json=rows))
    assert (status, error["type"]) == (422, "INVALID_RECORDS")
    assert stored(sandbox) == []


def test_an_unknown_record_is_a_404_alone_and_a_422_in_a_batch(sandbox):
    seed(sandbox, record(1))
    own, missing = table(sandbox), "recMissing0000000"
    gone = (404, {"type": "MODEL_ID_NOT_FOUND", "message": "Record not found"})
    assert refusal(lambda: own.get(missing)) == gone
    assert refusal(lambda: own.update(missing, {})) == gone
    assert refusal(lambda: own.delete(missing)) == gone
    batch = [{"id": record(1)["id"], "fields": {"sync_id": "x"}}, {"id": missing, "fields": {}}]
    message = f"Record ID {missing} does not exist in this table"
    expected = (422, {"type": "ROW_DOES_NOT_EXIST", "message": message})
    assert refusal(lambda: own.batch_update(batch)) == expected
    assert stored(sandbox) == [record(1)]


def test_deleted_records_are_gone_and_deleting_again_is_an_error(sandbox):
    seed(sandbox, *[record(n) for n in range(1, 4)])
    own = table(sandbox)
    ids = [record(n)["id"] for n in (1, 2)]
    assert own.batch_delete(ids) == [{"deleted": True, "id": one} for one in ids]
    assert own.delete(record(3)["id"]) == {"deleted": True, "id": record(3)["id"]}
    assert refusal(lambda: own.batch_delete(ids))[0] == 422
    assert stored(sandbox) == []


def test_cells_can_be_keyed_by_field_id(sandbox):
    seed(sandbox)
    made = table(sandbox).create({"fld00000000000001": "Ana"}, use_field_ids=True)
    assert made["fields"]["fld00000000000001"] == "Ana"
    assert "player_first_name" not in made["fields"]
    assert stored(sandbox)[0]["fields"] == {"player_first_name": "Ana"}


def test_a_wrong_token_an_unknown_table_and_an_unknown_route_are_refused_in_airtables_words(
    sandbox,
):
    seed(sandbox)
    base = sandbox.config.airtable_base_id
    wrong = refusal(api(sandbox, "patWrong").table(base, "registrations_2627").all)
    assert wrong == (
        401,
        {"type": "AUTHENTICATION_REQUIRED", "message": "Authentication required"},
    )
    status, error = refusal(table(sandbox, "no such table").all)
    assert (status, error["type"]) == (403, "INVALID_PERMISSIONS_OR_MODEL_NOT_FOUND")
    unknown = refusal(lambda: api(sandbox).get(f"{sandbox.url}/airtable/v0/{base}/a/b/c/d"))
    assert unknown == (404, "NOT_FOUND")


def test_a_body_that_is_not_json_or_has_a_stray_key_is_refused(sandbox):
    seed(sandbox)
    url = f"{sandbox.url}/airtable/v0/{sandbox.config.airtable_base_id}/registrations_2627"
    headers = {"Authorization": f"Bearer {sandbox.config.airtable_pat}"}
    answer = requests.post(url, data=b"{", headers=headers, timeout=5)
    assert (answer.status_code, answer.json()["error"]["type"]) == (422, "INVALID_REQUEST_BODY")
    answer = requests.post(url, json={"fields": {}, "tyopcast": True}, headers=headers, timeout=5)
    assert (answer.status_code, answer.json()["error"]["type"]) == (422, "INVALID_REQUEST_UNKNOWN")
    assert stored(sandbox) == []


def test_while_it_is_down_every_connection_is_closed_and_nothing_is_written(sandbox):
    seed(sandbox)
    sandbox.down("airtable")
    with pytest.raises(requests.ConnectionError):
        table(sandbox).create({"player_first_name": "Ana"})
    assert stored(sandbox) == []
    sandbox.up("airtable")
    assert table(sandbox).create({"player_first_name": "Ana"})["createdTime"] != CREATED
