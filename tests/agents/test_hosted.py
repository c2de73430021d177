"""Where a model's tools run: here, unless the door is chosen, reachable from outside, and well."""

import json
from datetime import timedelta

import pytest
from django.contrib.auth.models import User

from integrations import clock, guard
from integrations.agents import hosted
from integrations.agents.tools import all_tools
from integrations.models import AgentMode, ServiceState
from tests.agents.conftest import person
from tests.integrations import vendor

pytestmark = pytest.mark.django_db
ADDRESS = "https://mcp.club.example/mcp"


@pytest.fixture
def outside(outside, settings):
    settings.USE_MCP, settings.MCP_SERVER_URL = True, ADDRESS
    settings.MCP_AUTH_TOKEN = "club_test"


@pytest.fixture
def health(monkeypatch):
    """The health address of a door that the test speaks for."""
    with vendor.running() as door:
        monkeypatch.setattr(hosted, "health_url", lambda: f"{door.url}/health")
        yield door


def test_by_default_tools_run_in_this_program(settings):
    settings.USE_MCP = False
    tools = hosted.tools(hosted.public())
    assert [(tool["type"], tool["name"]) for tool in tools] == [
        ("function", "address_lookup"),
        ("function", "check_code"),
    ]
    assert tools[0]["parameters"]["properties"].keys() == {"postcode", "house_number"}
    assert hosted.watch() is None and hosted.tools([]) == []


def test_the_door_is_handed_out_while_it_is_well_and_taken_back_by_itself(health, move_clock):
    names = ["teams", "find_registrations"]
    assert hosted.tools(names)[0]["type"] == "function"  # nobody has looked yet
    health.will(200).will(503).will(200)
    assert hosted.watch() is True
    assert hosted.tools(names) == [
        {
            "type": "mcp",
            "server_label": "utjfc_registration",
            "server_url": ADDRESS,
            "allowed_tools": names,
            "headers": {"Authorization": "Bearer club_test"},
            "require_approval": "never",
        }
    ]
    assert hosted.watch() is False
    assert not hosted.in_use() and hosted.tools(names)[0]["type"] == "function"
    assert hosted.watch() is True and hosted.in_use()
    move_clock(timedelta(minutes=2))  # nobody looks any more: the worker is gone
    assert not hosted.in_use()


def test_tools_that_write_are_never_run_without_being_asked_for():
    ServiceState.objects.create(service="mcp", last_success_at=clock.now())
    entry = hosted.tools(["add_note", "teams"])[0]
    assert entry["require_approval"] == {
        "always": {"tool_names": ["add_note"]},
        "never": {"tool_names": ["teams"]},
    }
    assert hosted.tools(["add_note"])[0]["require_approval"] == {
        "always": {"tool_names": ["add_note"]}
    }


@pytest.mark.parametrize(
    ("address", "word"),
    [
        ("", "not set"),
        ("http://127.0.0.1:8002/mcp", "this machine"),
        ("https://localhost/mcp", "this machine"),
        ("https://127.1.2.3/mcp", "this machine"),
        ("https://[::1]:8002/mcp", "this machine"),
        ("http://mcp.club.example/mcp", "https"),
    ],
)
def test_an_address_that_no_provider_can_use_is_never_handed_out(settings, address, word):
    ServiceState.objects.create(service="mcp", last_success_at=clock.now())
    settings.MCP_SERVER_URL = address
    assert word in hosted.hindrance()
    assert hosted.watch() is None and hosted.tools(["teams"])[0]["type"] == "function"


def test_a_person_may_let_the_door_through_again():
    ServiceState.objects.create(service="mcp", last_success_at=clock.now(), failures=9)
    assert not hosted.well()
    guard.release("mcp")
    assert hosted.well()
    assert hosted.health_url() == "https://mcp.club.example/health"


def test_staff_see_and_choose_where_tools_run_and_nobody_else(client, settings):
    for path in ("/agent/status", "/api/agent/status"):
        assert client.get(path).status_code == 401
    assert client.post("/agent/mode", {}).status_code == 401
    client.force_login(User.objects.create_user("parent"))
    assert client.get("/agent/status").status_code == 401
    client.force_login(person("M"))
    assert client.get("/agent/status").status_code == 403
    registrar = person("R")
    client.force_login(registrar)
    told = client.get("/agent/status").json()
    assert set(told["current_agent"]) == {"name", "model", "use_mcp", "mcp_server_url", "tools"}
    assert told["current_agent"]["tools"] == list(all_tools())
    assert told["available_modes"]["mcp"]["server_url"] == ADDRESS
    assert set(told["available_modes"]["local"]) == {"name", "description"}

    def choose(body):
        return client.post("/agent/mode", body, content_type="application/json")

    assert choose('{"mode": "local"}').status_code == 403
    client.force_login(person("A"))
    assert client.get("/agent/mode").status_code == 405
    for body in ("{", "[]", '{"mode": "fast"}', '{"mode": {}}', "9" * 2000, json.dumps("x" * 2000)):
        answer = choose(body)
        assert (answer.status_code, set(answer.json())) == (200, {"error"})
    assert choose('{"mode": "local"}').json()["agent"]["use_mcp"] is False
    assert hosted.mode() == "local"
    said = choose('{"mode": "mcp"}').json()
    assert (said["message"], said["agent"]["mcp_server_url"]) == ("Mode: mcp", ADDRESS)
    assert AgentMode.objects.get().changed_by == "Administrator"
    settings.MCP_SERVER_URL = "http://127.0.0.1:8002/mcp"
    assert "this machine" in choose('{"mode": "mcp"}').json()["error"]
