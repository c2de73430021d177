"""Where a model's tools run: here, unless the door is chosen, reachable from outside, and well."""

import json
from datetime import timedelta

import pytest
from django.contrib.auth.models import AnonymousUser, User

from integrations import clock, guard
from integrations.agents import hosted
from integrations.agents.tools import all_tools
from integrations.models import AgentCall, AgentMode, AgentToken, ServiceCall, ServiceState
from registrations.chat import assistant
from registrations.models import ModelCall
from tests.agents.conftest import ADDRESS, person
from tests.integrations import vendor
from tests.integrations.sandbox.test_openai import post
from tests.registrations.parent import Parent

pytestmark = pytest.mark.django_db
# No title tells it, and the search is not sure: the model has to look into the texts.
QUESTION, ANSWER = "will some volunteer reply", "a volunteer answers"


@pytest.fixture(autouse=True)
def chosen(hosted_mode):
    """Every test begins with the door chosen, at an address that a provider could use."""


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
        ("function", "club_texts"),
    ]
    assert set(assistant.TOOLS) <= set(hosted.public())
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


def asked(provider):
    """What the provider was asked, in turn."""
    rows = [row for row in provider.store.all("openai.asked") if "body" in row]
    return [row["body"] for row in sorted(rows, key=lambda row: row["n"])]


def test_in_this_program_the_model_reads_in_the_clubs_texts_and_nowhere_else(
    provider, client, settings
):
    settings.USE_MCP = False
    assert ANSWER in Parent(client).say(QUESTION)
    first, second = asked(provider)
    assert [tool["name"] for tool in first["tools"]] == assistant.TOOLS
    assert [item.get("type", "message") for item in second["input"]] == [
        "message", "function_call", "function_call_output",
    ]  # fmt: skip
    call, made = ModelCall.objects.get(), AgentCall.objects.get()
    assert call.input_tokens > len(json.dumps(first["input"])) / 4  # both rounds are paid for
    assert (made.by, made.tool, made.outcome) == ("agent for the chat", "club_texts", "read")
    run = hosted.runner(assistant.TOOLS, hosted.Caller(AnonymousUser()))
    for name, arguments in (
        ("teams", "{}"), ("club_texts", "["), ("club_texts", "[1]"), ("club_texts", "{}"),
    ):  # fmt: skip
        assert list(json.loads(run(name, arguments))) == ["error"]
    assert AgentCall.objects.filter(tool="teams").count() == 0


@pytest.mark.django_db(transaction=True)
def test_at_the_door_the_provider_calls_and_where_it_cannot_the_same_turn_goes_on_here(
    at_the_door, client
):
    assert ANSWER in Parent(client).say(QUESTION)
    (body,) = asked(at_the_door)
    (tool,) = body["tools"]
    assert (tool["type"], tool["allowed_tools"]) == ("mcp", assistant.TOOLS)
    assert tool["require_approval"] == "never"
    made = AgentCall.objects.get()
    assert (made.by, made.tool, made.outcome) == ("agent for provider", "club_texts", "read")
    # The key is taken back: the provider is refused, and nobody who asks notices.
    AgentToken.objects.update(revoked_at=clock.now())
    assert ANSWER in Parent(client).say(QUESTION)
    kinds = [body["tools"][0]["type"] for body in asked(at_the_door)[1:]]
    assert kinds == ["mcp", "function", "function"]
    assert AgentCall.objects.first().by == "agent for the chat"
    assert not hosted.in_use()
    assert ServiceCall.objects.filter(service="mcp", code="provider").exists()
    assert not ServiceState.objects.get(pk="openai").failures
    assert hosted.watch() is True and hosted.in_use()


@pytest.mark.django_db(transaction=True)
def test_the_stand_in_asks_for_approval_and_reaches_no_machine_but_by_name(at_the_door):
    (entry,) = hosted.tools(["club_texts", "check_code"])
    question = json.dumps({"question": "boots", "texts": []})
    form = {"type": "json_schema", "name": "texts", "schema": assistant._SCHEMA, "strict": True}

    def ask(**changes):
        given = {"input": question, "text": {"format": form}, "tools": [entry | changes]}
        return post(at_the_door, **given)

    for asks in ("always", {"always": {"tool_names": ["club_texts"]}}):
        told = ask(require_approval=asks).json()
        assert [item["type"] for item in told["output"]] == [
            "mcp_list_tools", "mcp_approval_request",
        ]  # fmt: skip
        assert told["tools"][0]["headers"] is None
    assert [tool["name"] for tool in told["output"][0]["tools"]] == ["check_code", "club_texts"]
    for changes, status in (
        ({"server_url": "http://127.0.0.1:8002/mcp"}, 424),
        ({"headers": {"Authorization": "Bearer wrong"}}, 424),
        ({"require_approval": "sometimes"}, 400),
        ({"allowed": []}, 400),
        ({"allowed_tools": "club_texts"}, 400),
    ):
        answer = ask(**changes)
        assert answer.status_code == status, changes
    assert not AgentCall.objects.exists()
