"""The door over its wires: both transports, good and bad tokens, odd requests."""

import asyncio
import json
import os
from collections.abc import Coroutine
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager

import httpx2
import pytest
from django.contrib.auth.models import User
from hypothesis import HealthCheck, given, seed
from hypothesis import settings as bounded
from hypothesis import strategies as some
from mcp.client.session import ClientSession
from mcp.client.sse import sse_client
from mcp.client.streamable_http import streamable_http_client
from mcp.shared.exceptions import MCPError

from integrations import clock
from integrations.agents import tokens
from integrations.agents.tools import all_tools
from integrations.models import AgentCall, AgentToken
from registrations.models import TimelineEntry
from tests import factories
from tests.agents.conftest import key, person
from tests.races.together import together

pytestmark = pytest.mark.django_db(transaction=True)
TRIES = 1000 if os.environ.get("SOAK") == "1" else 40
HELLO = {
    "jsonrpc": "2.0",
    "id": 0,
    "method": "initialize",
    "params": {
        "protocolVersion": "2025-03-26",
        "capabilities": {},
        "clientInfo": {"name": "test", "version": "1"},
    },
}
JSON = {"accept": "application/json, text/event-stream", "content-type": "application/json"}


def _alone(talk: Coroutine):
    """Run it in a thread of its own: a browser's tests leave an event loop in this one."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(asyncio.run, talk).result(60)


@asynccontextmanager
async def over_http(door, token):
    headers = {"Authorization": f"Bearer {token}"}
    async with (
        httpx2.AsyncClient(headers=headers, timeout=20) as client,
        streamable_http_client(f"{door}/mcp", http_client=client) as (read, write),
        ClientSession(read, write) as session,
    ):
        await session.initialize()
        yield session


@asynccontextmanager
async def over_sse(door, token):
    headers = {"Authorization": f"Bearer {token}"}
    async with (
        sse_client(f"{door}/sse", headers=headers) as (read, write),
        ClientSession(read, write) as session,
    ):
        await session.initialize()
        yield session


def arguments(row):
    """Good arguments for every tool."""
    one, team = {"registration_id": row.pk}, {"team_id": row.team_id}
    why = {"reason": "as agreed"}
    return {
        "find_registrations": {"text": row.player.first_name},
        "registration_status": one,
        "teams": {},
        "team_list": team,
        "service_health": {},
        "what_waits": {},
        "airtable_database_operation": {"season": "2627", "query": "how many players are there?"},
        "arrears": {},
        "address_lookup": {"postcode": "M41 9SB", "house_number": "12"},
        "check_code": {"code": row.code},
        "club_texts": {"words": "how much is it"},
        "shirt_availability": team,
        "kit_due": team,
        "resend_payment_sms": one,
        "add_note": one | {"text": "rang, no answer"},
        "correct_contact": one | {"email": "right@example.org"},
        "propose_suspension": one | why,
        "propose_refund": one | why | {"pence": 100},
        "propose_erasure": one | why | {"depth": "contact"},
        "propose_payment_links": team | why,
    }


@pytest.mark.parametrize("transport", [over_http, over_sse])
def test_the_official_client_lists_and_calls_every_tool(door, transport):
    boss = User.objects.create_superuser("boss")
    calls, token = arguments(factories.registration()), key(boss, write=True)
    before = TimelineEntry.objects.count()

    async def talk():
        async with transport(door, token) as session:
            listed = (await session.list_tools()).tools
            assert [tool.name for tool in listed] == list(all_tools()) == list(calls)
            for tool in listed:
                assert len(tool.description) > 40
                assert tool.annotations.read_only_hint is (
                    "dry_run" not in tool.input_schema["properties"]
                )
            return {name: await session.call_tool(name, given) for name, given in calls.items()}

    answers = _alone(talk())
    assert {name for name, answer in answers.items() if answer.is_error} == set()
    assert answers["airtable_database_operation"].structured_content["data"]["result"] == 1
    assert answers["resend_payment_sms"].structured_content["dry_run"] is True
    assert TimelineEntry.objects.count() == before  # nothing was asked to be done
    assert AgentCall.objects.filter(by="agent for boss").count() == len(calls)
    assert AgentToken.objects.get().last_used_at is not None


@pytest.mark.parametrize("transport", [over_http, over_sse])
def test_a_token_that_may_only_read_is_offered_and_given_no_more(door, transport):
    row = factories.registration()
    calls, token = arguments(row), key(person("R"))

    async def talk():
        async with transport(door, token) as session:
            listed = {tool.name for tool in (await session.list_tools()).tools}
            given = calls["add_note"] | {"dry_run": False}
            refused = await session.call_tool("add_note", given)
            with pytest.raises(MCPError) as unknown:
                await session.call_tool("drop_everything", {})
            return listed, refused, unknown.value.error.code

    listed, refused, code = _alone(talk())
    assert listed == {name for name, tool in all_tools().items() if not tool.writes} - {"arrears"}
    assert refused.is_error and "may only read" in refused.content[0].text
    assert code == -32602
    assert not row.timeline.exists()
    assert AgentCall.objects.get().outcome == AgentCall.Outcome.REFUSED


def _left(user, token):
    User.objects.filter(pk=user.pk).update(is_active=False)


def _no_staff(user, token):
    User.objects.filter(pk=user.pk).update(is_staff=False)


def _revoked(user, token):
    AgentToken.objects.update(revoked_at=token.created_at)


def _expired(user, token):
    AgentToken.objects.update(expires_at=token.created_at)


def test_a_token_that_is_not_good_opens_nothing(door):
    client = httpx2.Client(base_url=door, headers=JSON)
    user = person("A")
    good = key(user)
    bearer = {"Authorization": f"Bearer {good}"}
    for headers in (bearer, {"X-MCP-Auth-Token": good}, {"Authorization": f"bearer  {good}"}):
        assert client.post("/mcp", json=HELLO, headers=headers).status_code == 200
    wrong = [{}, {"Authorization": "Bearer"}, {"Authorization": f"Basic {good}"}]
    wrong += [{"Authorization": f"Bearer {text}"} for text in (good[:-1], good.upper(), "x" * 5000)]
    for headers in wrong:
        _refused(client, headers)
    for spoil in (_left, _no_staff, _revoked, _expired):
        AgentToken.objects.all().delete()
        User.objects.filter(pk=user.pk).update(is_active=True, is_staff=True)
        headers = {"Authorization": f"Bearer {key(user)}"}
        opened = client.post("/mcp", json=HELLO, headers=headers)
        headers["Mcp-Session-Id"] = opened.headers["mcp-session-id"]
        spoil(user, AgentToken.objects.get())
        _refused(client, headers)  # in the middle of a session, too
    assert client.get("/health").json() == {"status": "healthy"}


def _refused(client, headers):
    for method, path in (("POST", "/mcp"), ("GET", "/sse"), ("POST", "/messages/?session_id=0")):
        answer = client.request(method, path, headers=headers, json=HELLO)
        assert answer.status_code == 401
        assert answer.headers["www-authenticate"].startswith("Bearer ")


def test_the_number_nought_is_a_number_and_errors_have_their_codes(door):
    client = httpx2.Client(base_url=door, headers=JSON)
    client.headers["Authorization"] = f"Bearer {key(person('C'))}"
    factories.season()
    hello = client.post("/mcp", json=HELLO)
    assert (hello.json()["id"], hello.json()["result"]["protocolVersion"]) == (0, "2025-03-26")
    client.headers["Mcp-Session-Id"] = hello.headers["mcp-session-id"]
    done = {"jsonrpc": "2.0", "method": "notifications/initialized"}
    assert client.post("/mcp", json=done).status_code == 202

    def ask(method, **params):
        said = {"jsonrpc": "2.0", "id": 0, "method": method, "params": params}
        answer = client.post("/mcp", json=said).json()
        assert answer["id"] == 0
        return answer.get("error", {}).get("code"), answer.get("result")

    assert [tool["name"] for tool in ask("tools/list")[1]["tools"]] == [
        "teams", "what_waits", "address_lookup", "check_code", "club_texts",
        "shirt_availability", "kit_due",
    ]  # fmt: skip
    assert ask("tools/call", name="teams", arguments={})[1]["isError"] is False
    assert ask("tools/call", name="teams", arguments={"season": "x"})[1]["isError"] is True
    assert ask("tools/rename")[0] == -32601
    assert ask("tools/call", name="nothing")[0] == -32602
    assert ask("tools/call", name=5)[0] == -32602
    broken = client.post("/mcp", content=b"{")
    assert (broken.status_code, broken.json()["error"]["code"]) == (400, -32700)
    # Somebody else's token does not speak in this session.
    client.headers["Authorization"] = f"Bearer {key(person('R'))}"
    assert client.post("/mcp", json=done).status_code == 404


def test_strange_hosts_pages_sizes_and_haste_are_refused(door, settings):
    client = httpx2.Client(base_url=door, headers=JSON)
    client.headers["Authorization"] = f"Bearer {key(person('A'))}"
    for path in ("/mcp", "/sse", "/health"):
        assert client.get(path, headers={"Host": "evil.example"}).status_code == 421
        assert client.get(path, headers={"Origin": "https://evil.example"}).status_code == 403
    large = client.post("/mcp", content=b'"' + b"x" * 70_000 + b'"')
    assert large.status_code == 413
    assert client.post("/mcp", json=HELLO, headers={"content-type": "text/plain"}).is_client_error
    settings.MCP_CALLS_A_MINUTE = 1
    # Two of these fall into one minute, whenever it ends.
    answers = [client.post("/mcp", json=HELLO) for _ in range(3)]
    late = [each for each in answers if each.status_code == 429]
    assert late and 0 < int(late[0].headers["Retry-After"]) <= 60
    assert "wait" in late[0].json()["error_description"]


def test_a_keys_pace_is_exact_however_many_ask_at_once(monkeypatch):
    monkeypatch.setattr(clock, "pace", lambda: 6_000_000.0)  # a minute that does not end
    token = tokens.find(key(person("A")))
    waits = together(*[lambda: tokens.seconds_to_wait(token, 5)] * 8)
    assert sorted(waits) == [0, 0, 0, 0, 0, 60, 60, 60]
    monkeypatch.setattr(clock, "pace", lambda: 6_000_060.0)
    assert tokens.seconds_to_wait(token, 5) == 0
    assert AgentToken.objects.get().last_used_at is not None


def test_nothing_that_is_sent_breaks_the_door(door, settings):
    settings.MCP_CALLS_A_MINUTE = 10_000
    client = httpx2.Client(base_url=door, headers=JSON)
    client.headers["Authorization"] = f"Bearer {key(person('A'), write=True)}"
    client.headers["Mcp-Session-Id"] = client.post("/mcp", json=HELLO).headers["mcp-session-id"]
    client.post("/mcp", json={"jsonrpc": "2.0", "method": "notifications/initialized"})
    names = some.sampled_from([*all_tools(), "tools", ""])
    odd = some.none() | some.integers() | some.text(max_size=8) | some.booleans()
    ids = some.integers() | some.text(max_size=5) | some.none() | some.floats()
    message = some.fixed_dictionaries(
        {
            "jsonrpc": some.sampled_from(["2.0", "1.0", 2]),
            "method": some.sampled_from(["tools/call", "tools/list", "initialize", "x"]),
        },
        optional={
            "id": ids,
            "params": some.fixed_dictionaries(
                {}, optional={"name": names, "arguments": odd | some.dictionaries(names, odd)}
            ),
        },
    )

    @seed(9)
    @bounded(max_examples=TRIES, deadline=None, database=None,
             suppress_health_check=list(HealthCheck))  # fmt: skip
    @given(message | odd)
    def tried(said):
        answer = client.post("/mcp", content=json.dumps(said).encode(errors="replace"))
        assert answer.status_code < 500
        assert "Traceback" not in answer.text

    tried()
    assert client.get("/health").status_code == 200
    assert not AgentCall.objects.filter(outcome=AgentCall.Outcome.FAILED).exists()
