"""Where a model's tools run: in this program, or at our own door, which its provider calls.

The provider calls from its own network: a loopback address is never handed out. The door's health
is looked at all the time, and while it is not well the tools run here.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterable
from contextlib import suppress
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

import requests
from django.conf import settings
from django.core.serializers.json import DjangoJSONEncoder

from integrations import clock, guard
from integrations.agents.models import AgentMode
from integrations.agents.tools import Caller, Tool, all_tools, call
from integrations.errors import Unavailable
from integrations.models import ServiceState
from integrations.transport import per_thread

SERVICE = "mcp"
LABEL = "utjfc_registration"
TIMEOUT = (3, 5)
HEARD_OF = timedelta(seconds=90)  # three looks
LOOPBACK = {"localhost", "127.0.0.1", "::1", "0.0.0.0"}  # noqa: S104  never handed out
Mode = AgentMode.Mode


def mode() -> str:
    """What staff chose, else what USE_MCP says."""
    chosen = AgentMode.objects.filter(pk=1).values_list("mode", flat=True).first()
    return chosen or (Mode.MCP if settings.USE_MCP else Mode.LOCAL)


def choose(wanted: str, *, by: str) -> None:
    """Staff's choice, for every process."""
    given = {"mode": wanted, "changed_at": clock.now(), "changed_by": by}
    AgentMode.objects.update_or_create(pk=1, defaults=given)


def hindrance() -> str:
    """Why no provider could use the door; "" where one could."""
    address = urlsplit(settings.MCP_SERVER_URL)
    if not address.hostname:
        return "MCP_SERVER_URL is not set"
    if address.hostname in LOOPBACK or address.hostname.startswith("127."):
        return "MCP_SERVER_URL names this machine only: a provider cannot reach it"
    if address.scheme != "https":
        return "MCP_SERVER_URL is not an https:// address"
    return "" if settings.MCP_AUTH_TOKEN else "MCP_AUTH_TOKEN is not set"


def in_use() -> bool:
    """Whether models are sent to the door at this moment: chosen, possible, and it is well."""
    return mode() == Mode.MCP and not hindrance() and well()


def well() -> bool:
    """Whether the door answered the last time that somebody looked, a moment ago."""
    state = ServiceState.objects.filter(pk=SERVICE).first()
    if state is None or state.last_success_at is None or state.failures or state.blocked_at:
        return False
    return clock.now() - HEARD_OF < state.last_success_at


def watch() -> bool | None:
    """Look at the door's health; None where no model is to be sent there."""
    if mode() != Mode.MCP or hindrance():
        return None
    try:
        with guard.call(SERVICE, "health", test=True):
            _look()
    except Unavailable:
        return False
    return True


def _look() -> None:
    try:
        answer = _session().get(health_url(), timeout=TIMEOUT, allow_redirects=False)
    except requests.RequestException as error:
        raise Unavailable(SERVICE, "the door does not answer", code=type(error).__name__) from error
    if answer.status_code != 200:
        raise Unavailable(SERVICE, "the door is not well", code=str(answer.status_code))


def lost() -> None:
    """A provider could not use the door: tools run here until it has been looked at and is well."""
    with suppress(Unavailable), guard.call(SERVICE, "use", test=True):
        raise Unavailable(SERVICE, "the model's provider cannot use the door", code="provider")


@per_thread
def _session() -> requests.Session:
    return requests.Session()


def health_url() -> str:
    """/health beside the address that providers get."""
    base = settings.MCP_SERVER_URL.rstrip("/")
    for end in ("/mcp", "/sse"):
        base = base.removesuffix(end)
    return f"{base}/health"


def tools(names: Iterable[str]) -> list[dict[str, Any]]:
    """What goes into a model's `tools`: the door's entry, or each tool as a function run here.

    `names` are the tools that this conversation may use; for somebody who has not proved who they
    are, those of `public()` and no others, since the door acts with its token's rights.
    """
    known = all_tools()
    wanted = [known[name] for name in names]
    if wanted and in_use():
        return [_entry(wanted)]
    return [_function(tool) for tool in wanted]


def runner(names: Collection[str], caller: Caller) -> Callable[[str, str], str]:
    """Runs here what a model calls of these tools, for `caller`; another is as if it were none."""

    def run(name: str, arguments: str) -> str:
        try:
            given = json.loads(arguments or "{}")
        except (ValueError, RecursionError):
            given = None
        if name not in names or not isinstance(given, dict):
            return json.dumps({"error": "There is no such tool, or these are no arguments of it."})
        result = call(caller, name, given)
        answer = result.answer if result.ok else {"error": result.words}
        return json.dumps(answer, cls=DjangoJSONEncoder, ensure_ascii=False)

    return run


def public() -> list[str]:
    """The tools that say nothing about anybody."""
    return [tool.name for tool in all_tools().values() if tool.public]


def _entry(wanted: list[Tool]) -> dict[str, Any]:
    reading = [tool.name for tool in wanted if not tool.writes]
    writing = [tool.name for tool in wanted if tool.writes]
    asks: Any = "never"
    if writing:
        asks = {"always": {"tool_names": writing}}
        if reading:
            asks["never"] = {"tool_names": reading}
    return {
        "type": "mcp",
        "server_label": LABEL,
        "server_url": settings.MCP_SERVER_URL,
        "allowed_tools": [tool.name for tool in wanted],
        "headers": {"Authorization": f"Bearer {settings.MCP_AUTH_TOKEN}"},
        "require_approval": asks,
    }


def _function(tool: Tool) -> dict[str, Any]:
    return {
        "type": "function",
        "name": tool.name,
        "description": tool.does,
        "parameters": tool.schema,
        "strict": False,
    }
