"""Before anything is read of a request to the agents' door: where it comes from, whose key it has.

No key, no word: there is no anonymous mode. The key is looked up again for every request, so that
one that was taken back is refused at once, in the middle of a session too.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

import anyio.to_thread
from django.conf import settings
from django.db import close_old_connections, connections
from mcp.server.auth.middleware.bearer_auth import AuthenticatedUser
from mcp.server.auth.provider import AccessToken
from mcp.server.transport_security import TransportSecurityMiddleware, TransportSecuritySettings
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from integrations.agents import tokens
from integrations.agents.models import AgentToken

OPEN = "/health"
THREADS = 8
_threads = anyio.CapacityLimiter(THREADS)
Done = TypeVar("Done")


async def in_thread(work: Callable[..., Done], *args: Any) -> Done:
    """Run what touches the database in a thread of its own, which leaves no connection open."""
    return await anyio.to_thread.run_sync(_with_connections, work, *args, limiter=_threads)


def _with_connections(work: Callable[..., Done], *args: Any) -> Done:
    close_old_connections()
    try:
        return work(*args)
    finally:
        connections.close_all()


@dataclass(frozen=True)
class Admission:
    """A key that is good, and how long its owner must wait for having asked too often."""

    token: AgentToken
    wait: int


def admit(text: str) -> Admission | None:
    """Look at a key; None where it opens nothing."""
    token = tokens.find(text)
    if token is None:
        return None
    return Admission(token, tokens.seconds_to_wait(token, settings.MCP_CALLS_A_MINUTE))


def security() -> TransportSecuritySettings:
    """Which Host and Origin are answered: a page that was rebound to this machine is not."""
    hosts = ["127.0.0.1:*", "localhost:*", "[::1]:*"]
    hosts += [name for each in settings.MCP_ALLOWED_HOSTS for name in (each, f"{each}:*")]
    here = [f"http://{each}" for each in hosts[:3]]
    there = [f"https://{each}" for each in settings.MCP_ALLOWED_HOSTS]
    return TransportSecuritySettings(allowed_hosts=hosts, allowed_origins=here + there)


class Gate:
    """ASGI: lets a request through with its key's owner, or answers it itself."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._security = TransportSecurityMiddleware(security())

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            request = Request(scope)
            refused = await self._security.validate_request(request) or await self._look(request)
            if refused is not None:
                await refused(scope, receive, send)
                return
        await self._app(scope, receive, send)

    async def _look(self, request: Request) -> Response | None:
        if request.url.path == OPEN:
            return None
        admission = await in_thread(admit, _presented(request))
        if admission is None:
            return _refusal()
        if admission.wait:
            words = f"Too many calls in this minute: wait {admission.wait} seconds."
            body = {"error": "rate_limited", "error_description": words}
            return JSONResponse(body, 429, headers={"Retry-After": str(admission.wait)})
        token = admission.token
        # The transports tie a session to this, so that no other key can speak in it.
        known = AccessToken(token="", client_id=str(token.pk), scopes=_scopes(token))
        request.scope["user"] = AuthenticatedUser(known)
        return None


def _scopes(token: AgentToken) -> list[str]:
    return ["read", "write"] if token.may_write else ["read"]


def _presented(request: Request) -> str:
    """The key as Bearer, or in the header that the club's earlier clients send (domain 9)."""
    kind, _, text = request.headers.get("authorization", "").partition(" ")
    if kind.lower() == "bearer":
        return text.strip()
    return request.headers.get("x-mcp-auth-token", "").strip()


def _refusal() -> Response:
    body = {"error": "invalid_token", "error_description": "A living bearer token is required."}
    said = 'Bearer error="invalid_token", error_description="a living token is required"'
    return JSONResponse(body, 401, headers={"WWW-Authenticate": said})
