"""The Airtable stand-in, driven by pyairtable over a socket: lists, formulas, schema, limits."""

import pytest
import requests
from pyairtable.formulas import match

from integrations import clock
from tests.integrations.sandbox.airtable_support import REGISTRATIONS, api, record, seed, table
from tests.integrations.sandbox.test_airtable_records import refusal


def names(records: list[dict]) -> list[str]:
    """The first names, in the order of the answer."""
    return [one["fields"].get("player_first_name", "") for one in records]


def counts(sandbox) -> dict[str, int]:
    """The requests that the sandbox counted."""
    return requests.get(f"{sandbox.url}/_sandbox/requests", timeout=5).json()["airtable"]


def test_a_hundred_records_are_one_request_and_one_more_is_two(sandbox):
    seed(sandbox, *[record(n, player_first_name=f"n{n}") for n in range(100)])
    assert len(table(sandbox).all()) == 100
    assert counts(sandbox) == {"list": 1}
    seed(sandbox, record(100, player_first_name="n100"))
    assert names(table(sandbox).all()) == [f"n{n}" for n in range(101)]
    assert counts(sandbox) == {"list": 3}


def test_the_most_records_caps_the_whole_iteration(sandbox):
    seed(sandbox, *[record(n) for n in range(40)])
    pages = list(table(sandbox).iterate(page_size=10, max_records=25))
    assert [len(page) for page in pages] == [10, 10, 5]


def test_a_record_deleted_while_paging_is_skipped(sandbox):
    seed(sandbox, *[record(n, player_first_name=f"n{n}") for n in range(6)])
    pages = table(sandbox).iterate(page_size=2)
    assert names(next(pages)) == ["n0", "n1"]
    table(sandbox).delete(record(2)["id"])
    assert [name for page in pages for name in names(page)] == ["n3", "n4", "n5"]


def test_a_foreign_offset_and_a_forgotten_one_are_refused(sandbox):
    seed(sandbox, record(1))
    own = table(sandbox)
    status, error = refusal(lambda: own.api.get(own.urls.records, params={"offset": "x"}))
    assert (status, error["type"]) == (422, "INVALID_OFFSET_VALUE")
    gone = f"itr00000000000000/{record(1)['id']}"
    status, error = refusal(lambda: own.api.get(own.urls.records, params={"offset": gone}))
    assert (status, error["type"]) == (422, "LIST_RECORDS_ITERATOR_NOT_AVAILABLE")
    assert len(own.api.get(own.urls.records, params={"offset": ""})["records"]) == 1


def test_lists_are_sorted_and_show_only_the_fields_asked_for(sandbox):
    rows = [("b", 2), ("a", 2), ("c", None), ("d", 10)]
    seed(
        sandbox,
        *[
            record(n, player_first_name=name, **({"preferred_payment_day": day} if day else {}))
            for n, (name, day) in enumerate(rows)
        ],
    )
    own = table(sandbox)
    found = own.all(
        sort=["preferred_payment_day", "player_first_name"], fields=["player_first_name"]
    )
    assert [one["fields"] for one in found] == [{"player_first_name": name} for name in "cabd"]
    assert names(own.all(sort=["-preferred_payment_day"])) == ["d", "b", "a", "c"]
    status, error = refusal(lambda: own.all(sort=["age"]))
    assert (status, error["message"]) == (422, 'Unknown field name: "age"')


@pytest.mark.parametrize(
    ("formula", "found"),
    [
        (match({"player_first_name": "Ana"}), ["Ana"]),
        (match({"player_last_name": "O'Neil", "preferred_payment_day": (">=", 5)}), ["Ana"]),
        (match({"sync_id": "s2", "player_first_name": "Ana"}, match_any=True), ["Ana", "ben"]),
        (match({"keen": True}), ["Ana"]),
        ("NOT({keen})", ["ben", "Cy"]),
        ("{player_first_name}='ana'", []),
        ("LOWER({player_first_name})='ana'", ["Ana"]),
        ("{fld00000000000004}='s2'", ["ben"]),
        ("{player_full_name}='Ana O\\'Neil'", ["Ana"]),
        ("RECORD_ID()='rec00000000000002'", ["ben"]),
        ("OR(RECORD_ID()='rec00000000000001',RECORD_ID()='rec00000000000003')", ["Ana", "Cy"]),
        ("{preferred_payment_day}=BLANK()", ["Cy"]),
        ("preferred_payment_day*2+1>10", ["Ana"]),
        ("{preferred_payment_day}='7'", []),
        ("FIND('Nei', {player_last_name})", ["Ana"]),
        ("SEARCH('nei', {player_last_name})", ["Ana"]),
        ("LEN({player_first_name}&'x')=3", ["Cy"]),
        ("IS_SAME({subscription_start_date}, '2026-09-05', 'day')", ["Ana"]),
        (
            "IS_BEFORE({subscription_start_date}, DATEADD('2026-09-05', 2, 'months'))",
            ["Ana", "ben"],
        ),
        ("IS_AFTER(LAST_MODIFIED_TIME(), '2026-01-06T00:00:00Z')", ["Cy"]),
        ("IS_AFTER(CREATED_TIME(), DATETIME_PARSE('2026-01-05T09:30:00.000Z'))", []),
        ("1/0", []),
        ("TRUE()", ["Ana", "ben", "Cy"]),
        ("IF({keen}, FALSE(), 'x')", ["ben", "Cy"]),
    ],
)
def test_a_formula_keeps_the_rows_that_it_is_true_for(sandbox, formula, found):
    ana = record(1, player_first_name="Ana", player_last_name="O'Neil", keen=True)
    ana["fields"] |= {"preferred_payment_day": 7, "subscription_start_date": "2026-09-05"}
    ben = record(2, player_first_name="ben", sync_id="s2", preferred_payment_day=-1)
    ben["fields"]["subscription_start_date"] = "2026-10-01"
    cy = record(3, player_first_name="Cy") | {
        "modified": {"player_first_name": "2026-01-07T00:00:00.000Z"}
    }
    seed(sandbox, ana, ben, cy)
    assert names(table(sandbox).all(formula=formula)) == found


@pytest.mark.parametrize(
    ("formula", "problem"),
    [
        ("AND({Foo}=1,{Bar}=2)", "Unknown field names: foo, bar"),
        ("{sync_id}=", "Invalid formula. Please check your formula text."),
        ("EVIL({sync_id})", "Invalid formula. Please check your formula text."),
        ("(" * 5000, "Invalid formula. Please check your formula text."),
    ],
)
def test_a_bad_formula_is_refused(sandbox, formula, problem):
    seed(sandbox, record(1))
    error = {
        "type": "INVALID_FILTER_BY_FORMULA",
        "message": f"The formula for filtering records is invalid: {problem}",
    }
    assert refusal(lambda: table(sandbox).all(formula=formula)) == (422, error)


def test_a_very_long_formula_goes_by_post(sandbox):
    seed(sandbox, *[record(n, player_first_name=f"n{n}") for n in range(600)])
    formula = "OR(" + ",".join(f"RECORD_ID()='{record(n)['id']}'" for n in range(1, 500)) + ")"
    assert names(table(sandbox).all(formula=formula)) == [f"n{n}" for n in range(1, 500)]


def test_the_schema_and_the_token_can_be_asked_for(sandbox):
    seed(sandbox)
    base = api(sandbox).base(sandbox.config.airtable_base_id)
    (found,) = base.schema().tables
    assert (found.id, found.name) == (REGISTRATIONS["id"], "registrations_2627")
    assert [one.name for one in found.fields] == [one["name"] for one in REGISTRATIONS["fields"]]
    assert api(sandbox).whoami()["id"].startswith("usr")
    assert [one.id for one in api(sandbox).bases()] == [sandbox.config.airtable_base_id]


def test_a_table_and_a_field_are_made_and_used(sandbox):
    seed(sandbox)
    base = api(sandbox).base(sandbox.config.airtable_base_id)
    made = base.create_table(
        "teams",
        [
            {"name": "name", "type": "singleLineText"},
            {"name": "open", "type": "singleSelect", "options": {"choices": [{"name": "Y"}]}},
        ],
    )
    made.create_field("sync_id", "singleLineText")
    row = {"name": "Lions", "open": "Y", "sync_id": "t1"}
    assert made.create(row)["fields"] == row
    status, error = refusal(lambda: made.create_field("sum", "formula", options={"formula": "1"}))
    assert (status, error["type"]) == (422, "UNSUPPORTED_FIELD_TYPE_FOR_CREATE")
    assert refusal(lambda: made.create_field("SYNC_ID", "email"))[0] == 422


def test_links_show_on_both_sides_and_end_with_the_record(sandbox):
    seed(sandbox, record(1, player_first_name="Ana"))
    base = api(sandbox).base(sandbox.config.airtable_base_id)
    teams = base.create_table(
        "teams",
        [
            {"name": "name", "type": "singleLineText"},
            {
                "name": "players",
                "type": "multipleRecordLinks",
                "options": {"linkedTableId": REGISTRATIONS["id"]},
            },
        ],
    )
    lions = teams.create({"name": "Lions", "players": [record(1)["id"]]})
    assert table(sandbox).get(record(1)["id"])["fields"]["teams"] == [lions["id"]]
    assert names(table(sandbox).all(formula="{teams}='Lions'")) == ["Ana"]
    table(sandbox).delete(record(1)["id"])
    assert teams.get(lions["id"])["fields"] == {"name": "Lions"}


def test_the_sixth_request_in_a_second_starts_a_penalty_that_calls_do_not_extend(
    sandbox, monkeypatch
):
    seed(sandbox, record(1), unlimited=False)
    moment = [1000.0]
    monkeypatch.setattr(clock, "pace", lambda: moment[0])
    for _ in range(5):
        table(sandbox).all()
    expected = {
        "type": "RATE_LIMIT_REACHED",
        "message": "Rate limit exceeded. Please try again later",
    }
    assert refusal(table(sandbox).all) == (429, expected)
    moment[0] += sandbox.config.airtable_penalty_seconds - 0.01
    assert refusal(table(sandbox).all)[0] == 429
    moment[0] += 0.02
    moment[0] += 1
    assert len(table(sandbox).all()) == 1
    assert counts(sandbox)["limited"] == 2


def test_the_grid_shows_escaped_cells_and_searches(sandbox):
    seed(
        sandbox,
        record(1, player_first_name="<b>Ana", player_last_name="Bell"),
        record(2, player_first_name="Ben"),
    )
    listed = requests.get(f"{sandbox.url}/tables", timeout=5).text
    assert 'href="/tables/registrations_2627"' in listed
    page = requests.get(f"{sandbox.url}/tables/registrations_2627?q=ana+bell", timeout=5).text
    assert "&lt;b&gt;Ana Bell" in page
    assert "Ben" not in page
    assert requests.get(f"{sandbox.url}/tables/nothing", timeout=5).status_code == 404


def test_an_unknown_view_is_refused_and_the_first_one_is_there(sandbox):
    seed(sandbox, record(1, player_first_name="Ana"))
    assert names(table(sandbox).all(view="Grid view")) == ["Ana"]
    error = {"type": "VIEW_NAME_NOT_FOUND", "message": "View Best not found"}
    assert refusal(lambda: table(sandbox).all(view="Best")) == (422, error)


@pytest.mark.parametrize("size", ["0", "101", "x", "9" * 5000])
def test_a_page_size_outside_1_to_100_is_refused(sandbox, size):
    seed(sandbox, record(1))
    own = table(sandbox)
    status, error = refusal(lambda: own.api.get(own.urls.records, params={"pageSize": size}))
    assert (status, error["type"]) == (422, "INVALID_REQUEST_UNKNOWN")
