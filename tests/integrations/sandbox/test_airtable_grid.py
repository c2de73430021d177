"""A volunteer's edits in the base's grid, as a browser without JavaScript makes them."""

import re
from html import unescape

import pytest
import requests

from tests.integrations.sandbox.airtable_support import (
    REGISTRATIONS,
    api,
    record,
    seed,
    stored,
    table,
)

REG = REGISTRATIONS["id"]
FIRST, SYNC, DAY, FEE, START, STAMP, KEEN = (
    f"fld000000000000{n:02d}" for n in (1, 4, 5, 6, 8, 9, 10)
)
ANA = "rec00000000000001"


@pytest.fixture
def hook(sandbox):
    """A webhook on a base with one row."""
    row = record(1, player_first_name='Ana "O\'Neil"', signing_on_fee_paid="N", keen=True)
    seed(sandbox, row)
    base = api(sandbox).base(sandbox.config.airtable_base_id)
    made = base.add_webhook(None, {"options": {"filters": {"dataTypes": ["tableData"]}}})
    return base.webhook(made.id)


def _form(sandbox, record_id: str = ANA) -> dict[str, str]:
    """What the browser would send back untouched."""
    page = requests.get(f"{sandbox.url}/rows/{REG}/{record_id}", timeout=5)
    assert page.status_code == 200
    form = {}
    for tag in re.findall(r"<input[^>]*>", page.text):
        name, value = (re.search(rf' {a}="([^"]*)"', tag) for a in ("name", "value"))
        if 'type="checkbox"' not in tag or "checked" in tag:
            form[name[1]] = unescape(value[1])
    for id, options in re.findall(r'<select id="(\w+)".*?>(.*?)</select>', page.text, re.S):
        chosen = re.search(r"<option selected>(.*?)</option>", options)
        form[id] = unescape(chosen[1]) if chosen else ""
    return form


def _save(sandbox, form: dict[str, str], record_id: str = ANA) -> requests.Response:
    url = f"{sandbox.url}/rows/{REG}/{record_id}"
    return requests.post(url, data=form, allow_redirects=False, timeout=5)


def test_the_grid_leads_to_each_row_and_to_a_new_one(sandbox, hook):
    page = requests.get(f"{sandbox.url}/tables/registrations_2627", timeout=5).text
    assert f'href="/rows/{REG}/{ANA}"' in page
    assert f'href="/rows/{REG}/new"' in page


def test_a_row_saved_as_it_is_changes_nothing(sandbox, hook):
    before = stored(sandbox)
    answer = _save(sandbox, _form(sandbox))
    assert (answer.status_code, answer.headers["Location"]) == (303, "/tables/registrations_2627")
    assert stored(sandbox) == before
    assert list(hook.payloads()) == []


def test_what_was_typed_is_kept_and_nothing_else_is_touched(sandbox, hook):
    form = _form(sandbox)
    # Somebody else changes another cell while the form is open.
    table(sandbox).update(ANA, {"sync_id": "reg-1"})
    form |= {DAY: "5", FEE: "Y", START: "2026-09-05", STAMP: "2026-09-05T10:00:00Z"}
    del form[KEEN]
    assert _save(sandbox, form).status_code == 303
    [row] = stored(sandbox)
    assert row["fields"] == {
        "player_first_name": 'Ana "O\'Neil"',
        "sync_id": "reg-1",
        "preferred_payment_day": 5,
        "signing_on_fee_paid": "Y",
        "subscription_start_date": "2026-09-05",
        "sms_sent_at": "2026-09-05T10:00:00.000Z",
    }
    [_, payload] = list(hook.payloads())
    assert payload.action_metadata.source == "client"
    cells = payload.changed_tables_by_id[REG].changed_records_by_id[ANA].current
    edited = set(cells.cell_values_by_field_id)
    assert {DAY, FEE, START, STAMP, KEEN} <= edited
    assert not {FIRST, SYNC} & edited


def test_an_emptied_cell_is_empty(sandbox, hook):
    _save(sandbox, _form(sandbox) | {FIRST: "", FEE: ""})
    assert set(stored(sandbox)[0]["fields"]) == {"keen"}


def test_a_value_that_does_not_fit_is_said_and_what_was_typed_stays(sandbox, hook):
    before = stored(sandbox)
    answer = _save(sandbox, _form(sandbox) | {DAY: "soon", FIRST: "Anna"})
    assert answer.status_code == 422
    assert "cannot accept the provided value" in answer.text
    assert 'value="soon"' in answer.text
    assert 'value="Anna"' in answer.text
    assert stored(sandbox) == before


def test_a_row_is_added_and_deleted_again(sandbox, hook):
    _save(sandbox, _form(sandbox, "new") | {FIRST: "Cyd"}, "new")
    [_, new] = stored(sandbox)
    assert new["fields"] == {"player_first_name": "Cyd"}
    form = _form(sandbox, new["id"])
    assert _save(sandbox, form | {"choice": "delete"}, new["id"]).status_code == 303
    assert [row["id"] for row in stored(sandbox)] == [ANA]
    assert _save(sandbox, form | {FIRST: "Di"}, new["id"]).status_code == 404
    [made, gone] = list(hook.payloads())
    assert set(made.changed_tables_by_id[REG].created_records_by_id) == {new["id"]}
    assert gone.changed_tables_by_id[REG].destroyed_record_ids == [new["id"]]


@pytest.mark.parametrize("path", ["tblNowhere0000000/new", f"{REG}/rec00000000000099"])
def test_what_is_not_there_is_not_found(sandbox, hook, path):
    assert requests.get(f"{sandbox.url}/rows/{path}", timeout=5).status_code == 404


def test_the_latest_requests_are_listed(sandbox, hook):
    table(sandbox).all()
    url = f"{sandbox.url}/_sandbox/requests/log?service=airtable"
    logged = requests.get(url, timeout=5).json()["requests"]
    assert [one["class"] for one in logged] == ["webhook", "webhook", "list"]
    assert [one["at"] for one in logged] == sorted(one["at"] for one in logged)
