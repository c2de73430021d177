"""/agent/status and /agent/mode, for staff (domain 3): where a model's tools run."""

from __future__ import annotations

import json
from typing import Any

from django.conf import settings
from django.http import HttpRequest, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from integrations.agents import hosted
from integrations.agents.tools import all_tools

NAME = "UTJFC Registration Assistant"
LOCAL = {"name": "Local", "description": "Tools run in this program"}
THERE = {"name": "MCP server", "description": "The model's provider calls the agents' door"}
LARGEST = 1000  # bytes of a choice


@never_cache
@require_GET
def status(request: HttpRequest) -> JsonResponse:
    """How it stands, in the form of domain 3; `why_not_mcp` says what hinders the other mode."""
    refused = _refused(request, "integrations.view_servicestate")
    if refused:
        return refused
    address = settings.MCP_SERVER_URL or None
    agent = {
        "name": NAME,
        "model": getattr(settings, "OPENAI_MODEL", ""),
        "use_mcp": hosted.in_use(),
        "mcp_server_url": address,
        "tools": list(all_tools()),
    }
    chosen = hosted.mode()
    why = hosted.hindrance() or ("" if hosted.well() else "the door has not answered lately")
    modes = {"local": LOCAL, "mcp": THERE | {"server_url": address}}
    answer = {"current_agent": agent, "available_modes": modes, "chosen_mode": chosen}
    return JsonResponse(answer | {"why_not_mcp": why})


@never_cache
@require_POST
def mode(request: HttpRequest) -> JsonResponse:
    """Choose local or mcp for every process; another word is answered with `error` (domain 3)."""
    refused = _refused(request, "integrations.change_agentmode")
    if refused:
        return refused
    wanted = _wanted(request)
    if wanted not in (hosted.Mode.LOCAL, hosted.Mode.MCP):
        return JsonResponse({"error": 'Say {"mode": "local"} or {"mode": "mcp"}.'})
    if wanted == hosted.Mode.MCP and (why := hosted.hindrance()):
        return JsonResponse({"error": f"That is not possible: {why}."})
    hosted.choose(str(wanted), by=request.user.get_username())
    agent: dict[str, Any] = {"name": NAME, "use_mcp": wanted == hosted.Mode.MCP}
    if agent["use_mcp"]:
        agent["mcp_server_url"] = settings.MCP_SERVER_URL
    return JsonResponse({"message": f"Mode: {wanted}", "agent": agent})


def _wanted(request: HttpRequest) -> object:
    if len(request.body) > LARGEST:
        return None
    try:
        given = json.loads(request.body)
    except (ValueError, RecursionError):
        return None
    return given.get("mode") if isinstance(given, dict) else None


def _refused(request: HttpRequest, permission: str) -> JsonResponse | None:
    user = request.user
    if not user.is_authenticated:
        return JsonResponse({"error": "Please sign in to the admin first."}, status=401)
    if not (user.is_active and user.is_staff and user.has_perm(permission)):
        return JsonResponse({"error": "This is for staff who may."}, status=403)
    return None
