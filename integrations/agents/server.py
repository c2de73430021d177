"""The agents' door: MCP over streamable HTTP (/mcp) and SSE (/sse), and /health."""

from __future__ import annotations

import json
from contextlib import AbstractAsyncContextManager
from typing import Any

from django.conf import settings
from django.core.serializers.json import DjangoJSONEncoder
from django.db import DatabaseError, connection
from mcp.server.lowlevel import Server
from mcp.server.sse import SseServerTransport
from mcp.server.streamable_http_manager import StreamableHTTPASGIApp, StreamableHTTPSessionManager
from mcp.shared.exceptions import MCPError
from mcp_types import (
    INVALID_PARAMS,
    CallToolRequestParams,
    CallToolResult,
    ListToolsResult,
    TextContent,
    ToolAnnotations,
)
from mcp_types import Tool as Offer
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Mount, Route
from starlette.types import Receive, Scope, Send

from integrations.agents import tokens, tools
from integrations.agents.gate import Gate, in_thread, security

NAME = "utjfc_registration"
LARGEST_BODY = 64 * 1024  # bytes; the longest call has a few hundred
MOST_SESSIONS = 200
IDLE_SECONDS = 600
HOW = (
    "Registrations of a children's football club. What you read is about real families: fetch no "
    "more than the task needs. Tools that change something only say what would happen until "
    "dry_run is false. Money, messages to many and erasure are proposals that a person decides."
)


def app() -> Starlette:
    """The whole door as an ASGI application; a new one for each start."""
    server = Server(NAME, title=settings.CLUB_NAME, instructions=HOW, on_list_tools=_list,
                    on_call_tool=_call)  # fmt: skip
    limits: dict[str, Any] = {
        "security_settings": security(),
        "max_request_body_size": LARGEST_BODY,
    }
    manager = StreamableHTTPSessionManager(
        server,
        json_response=True,
        max_sessions=MOST_SESSIONS,
        session_idle_timeout=IDLE_SECONDS,
        **limits,
    )
    sse = SseServerTransport("/messages/", **limits)

    async def listen(scope: Scope, receive: Receive, send: Send) -> None:
        async with sse.connect_sse(scope, receive, send) as (incoming, outgoing):
            await server.run(incoming, outgoing, server.create_initialization_options())

    def running(_: Starlette) -> AbstractAsyncContextManager[None]:
        return manager.run()

    routes = [
        Route("/health", _health, methods=["GET"]),
        Route("/mcp", StreamableHTTPASGIApp(manager)),
        Route("/sse", _Asgi(listen), methods=["GET"]),
        Mount("/messages/", sse.handle_post_message),
    ]
    return Starlette(routes=routes, middleware=[Middleware(Gate)], lifespan=running)


class _Asgi:
    """Tells Starlette that a function speaks ASGI, which it assumes of classes only."""

    def __init__(self, app: Any) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self._app(scope, receive, send)


async def _health(_: Request) -> Response:
    well = await in_thread(_database_answers)
    return JSONResponse({"status": "healthy" if well else "unhealthy"}, 200 if well else 503)


def _database_answers() -> bool:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except DatabaseError:
        return False
    return True


async def _list(context: Any, _: Any) -> ListToolsResult:
    return ListToolsResult(tools=await in_thread(_offers, context.request))


async def _call(context: Any, params: CallToolRequestParams) -> CallToolResult:
    if params.name not in tools.all_tools():
        raise MCPError(INVALID_PARAMS, "Unknown tool.")
    given = params.arguments or {}
    result = await in_thread(_called, context.request, params.name, given)
    if not result.ok:
        return CallToolResult(content=[TextContent(text=result.words)], is_error=True)
    text = json.dumps(result.answer, cls=DjangoJSONEncoder, ensure_ascii=False)
    return CallToolResult(content=[TextContent(text=text)], structured_content=json.loads(text))


def _called(request: Request, name: str, given: dict[str, Any]) -> tools.Result:
    return tools.call(_caller(request), name, given)


def _offers(request: Request) -> list[Offer]:
    return [
        Offer(
            name=tool.name,
            description=tool.does,
            input_schema=tool.schema,
            annotations=ToolAnnotations(
                read_only_hint=not tool.writes, destructive_hint=False, open_world_hint=False
            ),
        )
        for tool in tools.offered(_caller(request))
    ]


def _caller(request: Request) -> tools.Caller:
    """Whoever the gate let in, with their rights as they are at this moment."""
    token = tokens.again(int(request.user.access_token.client_id))
    if token is None:
        raise MCPError(INVALID_PARAMS, "This token was taken back a moment ago.")
    return tools.Caller(token.user, may_write=token.may_write, token=token)
