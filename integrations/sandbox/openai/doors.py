"""An MCP server, called as the provider calls it: from its own network, by streamable HTTP."""

from itertools import count
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

import requests

from integrations.sandbox.openai.errors import Refusal
from integrations.sandbox.store import Store

# Where a public name leads in a test: {"name": "https://…", "leads_to": "http://…"}.
SETTING = "mcp"
TIMEOUT = 5  # seconds
_HERE = ("localhost", "127.", "0.0.0.0", "::1", "10.", "192.168.")  # noqa: S104  refused
_ACCEPT = {"Accept": "application/json, text/event-stream"}


class Visit:
    """One request's visit to the server of a `type: mcp` tool; Refusal where nobody lets us in."""

    def __init__(self, tool: dict[str, Any], store: Store) -> None:
        self._label, self._tool = tool["server_label"], tool
        setting = store.get("sandbox.settings", SETTING) or {"name": "", "leads_to": ""}
        url = tool["server_url"]
        if (urlsplit(url).hostname or "").startswith(_HERE):
            raise self._away("424 (Failed Dependency)")
        self._url = url.replace(setting["name"], setting["leads_to"]) if setting["name"] else url
        self._http = requests.Session()
        self._http.headers.update(_ACCEPT | (tool.get("headers") or {}))
        self._ids = count()  # the first one is 0, as the provider's is

    def tools(self) -> dict[str, Any]:
        """The `mcp_list_tools` item: what there is, as far as the request allows it."""
        hello = {"protocolVersion": "2025-06-18", "capabilities": {}}
        self._ask("initialize", hello | {"clientInfo": {"name": "stand-in", "version": "1"}})
        self._post({"jsonrpc": "2.0", "method": "notifications/initialized"})
        listed = self._ask("tools/list", {})["result"]["tools"]
        allowed = self._tool.get("allowed_tools")
        tools = [
            {"name": each["name"], "description": each["description"], "annotations": None,
             "input_schema": each["inputSchema"]}
            for each in listed if allowed is None or each["name"] in allowed
        ]  # fmt: skip
        return self._item("mcp_list_tools", "mcpl", tools=tools)

    def use(self, name: str, arguments: str, given: dict[str, Any]) -> dict[str, Any]:
        """The `mcp_call` item, or the request for an approval where the tool needs one."""
        if self._needs_approval(name):
            return self._item("mcp_approval_request", "mcpr", name=name, arguments=arguments)
        answer = self._ask("tools/call", {"name": name, "arguments": given}).get("result") or {}
        text = "".join(part.get("text", "") for part in answer.get("content") or [])
        good = bool(answer) and not answer.get("isError")
        error = None if good else {"type": "tool_execution_error", "content": text}
        return self._item(
            "mcp_call",
            "mcp",
            name=name,
            arguments=arguments,
            approval_request_id=None,
            output=text if good else None,
            error=error,
            status="completed" if good else "failed",
        )

    def leave(self) -> None:
        """End the session."""
        self._http.delete(self._url, timeout=TIMEOUT)

    def _needs_approval(self, name: str) -> bool:
        asks = self._tool.get("require_approval", "always")
        if isinstance(asks, str):
            return asks != "never"
        return name not in (asks.get("never") or {}).get("tool_names", [])

    def _item(self, kind: str, prefix: str, **rest: Any) -> dict[str, Any]:
        found = {"id": f"{prefix}_{uuid4().hex}", "type": kind, "server_label": self._label}
        return found | rest

    def _ask(self, method: str, params: dict[str, Any]) -> dict[str, Any]:
        said = {"jsonrpc": "2.0", "id": next(self._ids), "method": method, "params": params}
        return self._post(said).json()

    def _post(self, said: dict[str, Any]) -> requests.Response:
        try:
            answer = self._http.post(self._url, json=said, timeout=TIMEOUT)
        except requests.RequestException as error:
            raise self._away("424 (Failed Dependency)") from error
        if not answer.ok:
            raise self._away(f"{answer.status_code} ({answer.reason})")
        session = answer.headers.get("Mcp-Session-Id")
        self._http.headers.update({"Mcp-Session-Id": session} if session else {})
        return answer

    def _away(self, why: str) -> Refusal:
        said = f"Error retrieving tool list from MCP server: '{self._label}'. Http status code: "
        refusal = Refusal(424, f"{said}{why}", code="http_error", param="tools")
        refusal.body["error"]["type"] = "external_connector_error"
        return refusal
