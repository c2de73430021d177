"""The control routes and the pages for a person."""

import pytest
import requests

RESOURCE = {"id": "MD1", "created_at": "2026-01-01T00:00:00.000Z", "links": {}}


def _post(sandbox, path: str, **body: object) -> requests.Response:
    return requests.post(f"{sandbox.url}{path}", json=body, timeout=10)


def test_documents_are_seeded_read_and_forgotten(sandbox):
    rows = [["gocardless.mandates", "MD1", RESOURCE], ["gocardless.mandates", "MD2", {"id": "MD2"}]]
    assert _post(sandbox, "/_sandbox/seed", documents=rows).json() == {"documents": 2}
    url = f"{sandbox.url}/_sandbox/documents/gocardless.mandates"
    assert requests.get(url, timeout=5).json() == {"documents": [RESOURCE, {"id": "MD2"}]}
    _post(sandbox, "/_sandbox/reset")
    assert requests.get(url, timeout=5).json() == {"documents": []}


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/_sandbox/seed", {"documents": [["kind", 1, {}]]}),
        ("/_sandbox/seed", {}),
        ("/_sandbox/switches", {"service": "bank", "mode": "down"}),
        ("/_sandbox/switches", {"service": "airtable", "mode": "sideways"}),
        ("/_sandbox/clock", {"advance_seconds": -1}),
        ("/_sandbox/clock", {"advance_seconds": "far"}),
        ("/_sandbox/clock", {"advance_seconds": 1e12}),
    ],
)
def test_a_wrong_order_is_refused_with_a_sentence(sandbox, path, body):
    answer = _post(sandbox, path, **body)
    assert answer.status_code == 400
    assert answer.json()["error"]
    assert requests.get(f"{sandbox.url}/_sandbox/switches", timeout=5).json()["airtable"] == "up"


def test_a_body_that_is_no_json_is_refused(sandbox):
    answer = requests.post(f"{sandbox.url}/_sandbox/seed", data=b"\x00nonsense", timeout=5)
    assert answer.status_code == 400


def test_switches_are_turned_by_hand_and_by_program(sandbox):
    _post(sandbox, "/_sandbox/switches", service="airtable", mode="down")
    page = requests.get(f"{sandbox.url}/switches", timeout=5).text
    assert "Airtable (the club&#39;s tables)</strong> is down" in page
    form = {"service": "airtable", "mode": "up"}
    requests.post(f"{sandbox.url}/switches", data=form, timeout=5)
    assert requests.get(f"{sandbox.url}/_sandbox/switches", timeout=5).json()["airtable"] == "up"
    bad = requests.post(f"{sandbox.url}/switches", data={"service": "x"}, timeout=5)
    assert bad.status_code == 400


def test_the_clock_moves_forward_and_back_to_the_real_time(sandbox, own_clock):
    page = requests.get(f"{sandbox.url}/clock", timeout=5).text
    assert "Tuesday 8 September 2026, 11:00" in page
    requests.post(f"{sandbox.url}/clock", data={"step": "day"}, timeout=5)
    told = requests.get(f"{sandbox.url}/_sandbox/clock", timeout=5).json()
    assert told["today"] == "2026-09-09"
    _post(sandbox, "/_sandbox/clock", reset=True)
    told = requests.get(f"{sandbox.url}/_sandbox/clock", timeout=5).json()
    assert told["offset_seconds"] == 0


def test_requests_are_counted_by_class(sandbox):
    requests.get(f"{sandbox.url}/payments", timeout=5)
    requests.get(f"{sandbox.url}/payments", timeout=5)
    counts = requests.get(f"{sandbox.url}/_sandbox/requests", timeout=5).json()
    assert counts["gocardless"] == {"list_payments": 2}
    assert counts["airtable"] == {}


def test_the_index_leads_to_the_pages(sandbox):
    page = requests.get(sandbox.url, timeout=5).text
    for link in ("/phone", "/tables", "/clock", "/switches"):
        assert f'href="{link}"' in page
