"""The base's webhooks, driven by pyairtable: what they tell, when they ping, how they end."""

import json
from datetime import timedelta

import pytest
import requests
from pyairtable.models.webhook import WebhookNotification

from integrations.sandbox import faults
from tests.integrations.sandbox.airtable_support import (
    REGISTRATIONS,
    api,
    record,
    seed,
    stored,
    table,
)
from tests.integrations.sandbox.gocardless_support import until

REG = REGISTRATIONS["id"]
FIRST, SYNC, DAY, FEE = (f"fld000000000000{n:02d}" for n in (1, 4, 5, 6))
ANA, BEN = "rec00000000000001", "rec00000000000002"
EVERYTHING = {
    "filters": {"dataTypes": ["tableData", "tableFields", "tableMetadata"]},
    "includes": {
        "includePreviousCellValues": True,
        "includePreviousFieldDefinitions": True,
    },
}


@pytest.fixture
def base(sandbox):
    """The base through the official client, with two rows."""
    seed(
        sandbox,
        record(1, player_first_name="Ana", sync_id="reg-1"),
        record(2, player_first_name="Ben", signing_on_fee_paid="N"),
    )
    return api(sandbox).base(sandbox.config.airtable_base_id)


def _watch(base, url: str | None = None, includes: object = None, **filters: object):
    options = dict(EVERYTHING)
    if filters:
        options["filters"] = {"dataTypes": ["tableData"]} | filters
    if includes is not None:
        options["includes"] = includes
    made = base.add_webhook(url, {"options": options})
    return made, base.webhook(made.id)


def _told(base, hook, cursor: int = 1) -> dict:
    return base.api.get(f"{base.api.endpoint_url}/v0/bases/{base.id}/webhooks/{hook.id}/payloads",
                        params={"cursor": cursor})  # fmt: skip


def _control(sandbox, path: str, **body: object) -> requests.Response:
    return requests.post(f"{sandbox.url}/_sandbox/airtable/{path}", json=body, timeout=5)


def test_an_edit_tells_what_the_cells_were_and_are(base, sandbox):
    _, hook = _watch(base)
    table(sandbox).update(BEN, {"signing_on_fee_paid": "Y", "player_first_name": None})
    told = _told(base, hook)
    [payload] = told["payloads"]
    assert (told["cursor"], told["mightHaveMore"]) == (2, False)
    assert payload["actionMetadata"]["source"] == "publicApi"
    change = payload["changedTablesById"][REG]["changedRecordsById"][BEN]
    current, previous = (change[part]["cellValuesByFieldId"] for part in ("current", "previous"))
    assert (current[FIRST], previous[FIRST]) == (None, "Ben")
    assert previous[FEE] == {"id": "sel00000000000001", "name": "N"}
    assert current[FEE]["name"] == "Y"
    assert (current["fld00000000000013"], previous["fld00000000000013"]) == ("Y", "N")
    assert SYNC not in current


def test_rows_made_and_deleted_are_told_and_a_second_read_is_empty(base, sandbox):
    _, hook = _watch(base)
    made = table(sandbox).create({"player_first_name": "Cyd"})
    table(sandbox).delete(ANA)
    [first, second] = list(hook.payloads())
    told = first.changed_tables_by_id[REG].created_records_by_id[made["id"]]
    assert told.cell_values_by_field_id[FIRST] == "Cyd"
    assert second.changed_tables_by_id[REG].destroyed_record_ids == [ANA]
    assert first.base_transaction_number < second.base_transaction_number
    again = _told(base, hook, 3)
    assert (again["payloads"], again["cursor"], again["mightHaveMore"]) == ([], 3, False)
    assert base.webhook(hook.id).cursor_for_next_payload == 3


def test_a_volunteers_action_is_one_payload_of_the_source_client(base, sandbox):
    _, hook = _watch(base)
    answer = _control(
        sandbox,
        "records",
        table="registrations_2627",
        create=[{"player_first_name": "Di"}],
        update=[{"id": BEN, "fields": {"preferred_payment_day": 5}}],
        delete=[ANA],
    )
    [new] = answer.json()["created"]
    [payload] = list(hook.payloads())
    assert payload.action_metadata.source == "client"
    told = payload.changed_tables_by_id[REG]
    assert set(told.created_records_by_id) == {new}
    assert set(told.changed_records_by_id) == {BEN}
    assert told.destroyed_record_ids == [ANA]


def test_a_refused_write_tells_nothing(base, sandbox):
    _, hook = _watch(base)
    with pytest.raises(requests.HTTPError):
        table(sandbox).update(BEN, {"preferred_payment_day": "x"})
    assert _control(
        sandbox, "records", table="registrations_2627", update=[{"id": BEN, "fields": {"no": 1}}]
    ).status_code == 400  # fmt: skip
    assert list(hook.payloads()) == []


def test_filters_let_through_only_what_was_asked_for(base, sandbox):
    _, by_people = _watch(base, fromSources=["client"])
    _, one_field = _watch(base, watchDataInFieldIds=[DAY], recordChangeScope=REG)
    _, removals = _watch(base, changeTypes=["remove"])
    table(sandbox).update(BEN, {"player_first_name": "Benjamin"})
    edit = {"id": BEN, "fields": {"preferred_payment_day": 3}}
    _control(sandbox, "records", table=REG, update=[edit])
    table(sandbox).delete(ANA)
    assert [len(list(hook.payloads())) for hook in (by_people, removals)] == [1, 1]
    [changed, removed] = list(one_field.payloads())
    cells = changed.changed_tables_by_id[REG].changed_records_by_id[BEN].current
    assert cells.cell_values_by_field_id == {DAY: 3}
    assert removed.changed_tables_by_id[REG].destroyed_record_ids == [ANA]


def test_unchanged_cells_come_along_where_they_are_included(base, sandbox):
    _, every = _watch(base, includes={"includeCellValuesInFieldIds": "all"})
    _, one = _watch(base, includes={"includeCellValuesInFieldIds": [FIRST]})
    table(sandbox).update(ANA, {"preferred_payment_day": 7})
    [all_cells, one_cell] = [
        _told(base, hook)["payloads"][0]["changedTablesById"][REG]["changedRecordsById"][ANA]
        for hook in (every, one)
    ]
    assert all_cells["unchanged"]["cellValuesByFieldId"][SYNC] == "reg-1"
    assert DAY not in all_cells["unchanged"]["cellValuesByFieldId"]
    assert one_cell["unchanged"]["cellValuesByFieldId"] == {FIRST: "Ana"}
    assert "previous" not in all_cells


def test_fifty_payloads_at_a_time_by_cursor(base, sandbox):
    _, hook = _watch(base)
    for day in range(1, 61):
        edit = {"id": ANA, "fields": {"preferred_payment_day": day % 28 + 1}}
        _control(sandbox, "records", table=REG, update=[edit])
    first = _told(base, hook)
    assert (len(first["payloads"]), first["cursor"], first["mightHaveMore"]) == (50, 51, True)
    second = _told(base, hook, first["cursor"])
    assert (len(second["payloads"]), second["cursor"], second["mightHaveMore"]) == (10, 61, False)
    assert len(list(hook.payloads())) == 60


def test_a_ping_is_signed_and_carries_no_change(base, sandbox, site):
    made, hook = _watch(base, f"{site.url}/webhooks/airtable")
    table(sandbox).update(ANA, {"preferred_payment_day": 7})
    [ping] = until(lambda: site.deliveries)
    body = ping.data.decode()
    header = ping.headers["X-Airtable-Content-MAC"]
    read = WebhookNotification.from_request(body, header, made.mac_secret_base64)
    assert (read.base.id, read.webhook.id) == (base.id, hook.id)
    assert set(json.loads(body)) == {"base", "webhook", "timestamp"}
    assert body == json.dumps(json.loads(body), separators=(",", ":"))
    result = until(lambda: base.webhook(hook.id).last_notification_result)
    assert (result.success, result.retry_number) == (True, 0)


def test_a_ping_that_is_not_taken_comes_again_until_notifications_end(base, sandbox, site):
    _, hook = _watch(base, site.url)
    site.statuses = [500, 302]
    table(sandbox).update(ANA, {"preferred_payment_day": 7})
    until(lambda: len(site.deliveries) == 3)
    site.statuses = [500] * 20
    table(sandbox).update(ANA, {"preferred_payment_day": 8})
    until(lambda: not base.webhook(hook.id).are_notifications_enabled)
    result = base.webhook(hook.id).last_notification_result
    assert (result.success, result.retry_number, result.will_be_retried) == (False, 4, False)
    assert len(list(hook.payloads())) == 2
    site.statuses.clear()
    heard = len(site.deliveries)
    hook.enable_notifications()
    table(sandbox).update(ANA, {"preferred_payment_day": 9})
    until(lambda: len(site.deliveries) == heard + 1)


@pytest.mark.parametrize("mode", ["doubled", "delayed", "bad_signature"])
def test_pings_go_wrong_on_demand(base, sandbox, site, mode):
    made, _ = _watch(base, site.url)
    faults.set_mode(sandbox.store, "airtable", mode, count=1, seconds=0.3)
    table(sandbox).update(ANA, {"preferred_payment_day": 7})
    until(lambda: len(site.deliveries) == (2 if mode == "doubled" else 1))
    ping = site.deliveries[0]
    if mode == "bad_signature":
        with pytest.raises(ValueError, match="MAC"):
            WebhookNotification.from_request(
                ping.data.decode(),
                ping.headers["X-Airtable-Content-MAC"],
                made.mac_secret_base64,
            )


def test_seven_days_unless_somebody_reads_or_refreshes(base, sandbox, move_clock):
    _, hook = _watch(base)
    first = hook.expiration_time
    move_clock(timedelta(days=6))
    assert list(hook.payloads()) == []
    second = base.webhook(hook.id).expiration_time
    assert second - first >= timedelta(days=6)
    move_clock(timedelta(days=6))
    hook.extend_expiration()
    table(sandbox).update(ANA, {"preferred_payment_day": 7})
    move_clock(timedelta(days=8))
    assert not base.webhook(hook.id).is_hook_enabled
    table(sandbox).update(ANA, {"preferred_payment_day": 8})
    assert list(hook.payloads()) == []  # the one payload is older than seven days
    with pytest.raises(requests.HTTPError):
        hook.extend_expiration()
    move_clock(timedelta(days=7))
    assert base.webhooks() == []


def test_a_watched_field_that_goes_breaks_the_webhook_though_it_looks_well(base, sandbox):
    _, broken = _watch(base, watchDataInFieldIds=[DAY])
    _, other = _watch(base)
    assert _control(sandbox, "fields/delete", table=REG, field=DAY).json() == {"deleted": True}
    table(sandbox).update(ANA, {"player_first_name": "Anna"})
    [payload] = list(broken.payloads())
    assert (payload.error, payload.error_code) == (True, "INVALID_HOOK")
    assert base.webhook(broken.id).is_hook_enabled
    [deleted, changed] = list(other.payloads())
    assert deleted.changed_tables_by_id[REG].destroyed_field_ids == [DAY]
    assert ANA in changed.changed_tables_by_id[REG].changed_records_by_id


def test_a_webhook_can_be_broken_on_demand(base, sandbox):
    _, hook = _watch(base)
    assert _control(sandbox, "webhooks/invalidate", webhook=hook.id).ok
    [payload] = list(hook.payloads())
    assert payload.error_code == "INVALID_HOOK"
    assert _control(sandbox, "webhooks/invalidate", webhook="ach").status_code == 400


def test_a_deleted_webhook_is_gone_and_ten_are_the_most(base):
    hooks = [_watch(base)[1] for _ in range(10)]
    with pytest.raises(requests.HTTPError):
        _watch(base)
    hooks[0].delete()
    assert len(base.webhooks()) == 9
    with pytest.raises(requests.HTTPError) as refused:
        list(hooks[0].payloads())
    assert refused.value.response.status_code == 404


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"filters": {}},
        {"filters": {"dataTypes": []}},
        {"filters": {"dataTypes": ["rows"]}},
        {"filters": {"dataTypes": ["tableData"], "recordChangeScope": "tblNowhere0000000"}},
        {"filters": {"dataTypes": ["tableData"], "watchDataInFieldIds": ["fldNowhere0000000"]}},
        {"filters": {"dataTypes": ["tableData"], "colour": "red"}},
    ],
)
def test_a_specification_that_cannot_be_is_refused(base, options):
    with pytest.raises(requests.HTTPError) as refused:
        base.api.post(
            f"{base.api.endpoint_url}/v0/bases/{base.id}/webhooks",
            json={"notificationUrl": None, "specification": {"options": options}},
        )
    assert refused.value.response.status_code == 422


def test_webhook_calls_are_counted_as_such(base, sandbox):
    _watch(base)
    counts = requests.get(f"{sandbox.url}/_sandbox/requests", timeout=5).json()
    assert counts["airtable"] == {"webhook": 2}


def test_a_renamed_field_keeps_its_id_its_cells_and_the_formulas_on_it(base, sandbox):
    _, hook = _watch(base)
    field = base.schema().table(REG).field("player_first_name")
    field.name = "First name"
    field.save()
    row = table(sandbox).get(ANA)["fields"]
    assert (row["First name"], row["player_full_name"]) == ("Ana", "Ana ")
    assert table(sandbox).get(ANA, use_field_ids=True)["fields"][FIRST] == "Ana"
    with pytest.raises(requests.HTTPError):
        table(sandbox).update(ANA, {"player_first_name": "Anna"})
    [payload] = list(hook.payloads())
    change = payload.changed_tables_by_id[REG].changed_fields_by_id[FIRST]
    assert (change.current.name, change.previous.name) == ("First name", "player_first_name")
    field.name = "sync_id"
    with pytest.raises(requests.HTTPError):
        field.save()


def test_a_retyped_field_keeps_what_fits(base, sandbox):
    _, hook = _watch(base)
    table(sandbox).batch_update(
        [{"id": ANA, "fields": {"sync_id": "12"}}, {"id": BEN, "fields": {"sync_id": "x"}}]
    )
    answer = _control(
        sandbox, "fields/retype", table=REG, field="sync_id", type="number",
        options={"precision": 0},
    )  # fmt: skip
    assert (answer.json()["id"], answer.json()["type"]) == (SYNC, "number")
    kept = [row["fields"].get("sync_id") for row in table(sandbox).all()]
    assert kept == [12, None]
    [_, payload] = list(hook.payloads())
    change = payload.changed_tables_by_id[REG].changed_fields_by_id[SYNC]
    assert (change.current.type, change.previous.type) == ("number", "singleLineText")
    to_select = _control(
        sandbox, "fields/retype", table=REG, field="player_first_name", type="singleSelect"
    )
    names = [choice["name"] for choice in to_select.json()["options"]["choices"]]
    assert names == ["Ana", "Ben"]


def test_a_choice_is_added_and_then_taken(base, sandbox):
    with pytest.raises(requests.HTTPError):
        table(sandbox).update(ANA, {"signing_on_fee_paid": "Maybe"})
    field = "signing_on_fee_paid"
    assert _control(sandbox, "fields/choice", table=REG, field=field, name="Maybe").ok
    assert table(sandbox).update(ANA, {field: "Maybe"})["fields"][field] == "Maybe"
    assert _control(sandbox, "fields/choice", table=REG, field=field, name="Y").status_code == 400


def test_the_primary_field_stays_and_an_unknown_one_is_refused(base, sandbox):
    for field in ("player_first_name", "nothing"):
        answer = _control(sandbox, "fields/delete", table=REG, field=field)
        assert (answer.status_code, bool(answer.json()["error"])) == (400, True)
    assert len(base.schema().table(REG).fields) == len(REGISTRATIONS["fields"])


def test_iterators_expire_on_demand(base, sandbox):
    pages = table(sandbox).iterate(page_size=1)
    next(pages)
    assert _control(sandbox, "iterators/expire").ok
    with pytest.raises(requests.HTTPError) as refused:
        next(pages)
    kind = refused.value.response.json()["error"]["type"]
    assert kind == "LIST_RECORDS_ITERATOR_NOT_AVAILABLE"


def test_a_table_and_a_field_that_are_made_are_told(base, sandbox):
    _, hook = _watch(base)
    base.create_table("team_info", [{"name": "Team", "type": "singleLineText"}])
    base.table(REG).create_field("notes", "multilineText")
    [table_made, field_made] = list(hook.payloads())
    [made] = table_made.created_tables_by_id.values()
    assert made.metadata.name == "team_info"
    [field] = field_made.changed_tables_by_id[REG].created_fields_by_id.values()
    assert (field.name, field.type) == ("notes", "multilineText")


def test_nothing_is_kept_for_nobody(base, sandbox):
    table(sandbox).update(ANA, {"preferred_payment_day": 7})
    assert sandbox.store.get("airtable.settings", "transactions") is None
    assert len(stored(sandbox)) == 2
