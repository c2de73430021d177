"""`POST /v1/responses` and `GET /v1/models` (wire/others 2)."""

import json
from typing import Any
from uuid import uuid4

from flask import Blueprint, Response, g, jsonify, request

from integrations import clock
from integrations.sandbox import failing, trouble
from integrations.sandbox.config import SandboxConfig
from integrations.sandbox.counts import count
from integrations.sandbox.openai import checks, spoilt, thinking
from integrations.sandbox.openai.errors import Refusal
from integrations.sandbox.store import Store

MODELS = ("gpt-4.1", "gpt-4.1-mini", "gpt-4o", "gpt-4o-mini")
KEPT = "openai.asked"  # the latest questions, for a person or a test to look at
_METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE"]


def blueprint(store: Store, config: SandboxConfig) -> Blueprint:
    """Mount it under `/openai`."""
    bp = Blueprint("openai", __name__)

    failing.install(bp, store, "openai", lambda: (f"{_kind()}.create",), trouble.openai())

    @bp.before_request
    def check() -> None:
        count(store, "openai", _kind())
        if request.headers.get("Authorization") != f"Bearer {config.openai_api_key}":
            raise Refusal(401, "Incorrect API key provided.", code="invalid_api_key")

    @bp.errorhandler(Refusal)
    def refused(refusal: Refusal) -> tuple[Response, int]:
        return jsonify(refusal.body), refusal.status

    _model_routes(bp)
    _response_routes(bp, store)

    @bp.route("/", defaults={"rest": ""}, methods=_METHODS)
    @bp.route("/<path:rest>", methods=_METHODS)
    def unknown(rest: str) -> Response:
        raise Refusal(404, f"Invalid URL ({request.method} /{rest})")

    return bp


def _model_routes(bp: Blueprint) -> None:
    @bp.get("/v1/models")
    def models() -> Response:
        return jsonify({"object": "list", "data": [_model(name) for name in MODELS]})

    @bp.get("/v1/models/<name>")
    def model(name: str) -> Response:
        if name not in MODELS:
            message = f"The model '{name}' does not exist."
            raise Refusal(404, message, code="model_not_found", param="model")
        return jsonify(_model(name))


def _response_routes(bp: Blueprint, store: Store) -> None:
    @bp.post("/v1/responses")
    def responses() -> Response:
        asked = checks.check(request.get_json(silent=True), MODELS)
        _keep(store, asked)
        before, said = thinking.turn(asked, store)
        if said is None:
            return jsonify(_response(asked, before))
        fault = g.get("fault")
        output, extra = spoilt.output(said, fault.mode if fault else "")
        return jsonify(_response(asked, [*before, *output]) | extra)


def _kind() -> str:
    return "models" if "/models" in request.path else "responses"


def _model(name: str) -> dict[str, Any]:
    return {"id": name, "object": "model", "created": 1744316542, "owned_by": "system"}


def _keep(store: Store, asked: dict[str, Any]) -> None:
    with store.lock:
        number = (store.get(KEPT, "count") or {"n": 0})["n"] + 1
        store.put(KEPT, "count", {"n": number})
        store.put(KEPT, f"asked-{number % 500}", {"n": number, "body": asked})


def _response(asked: dict[str, Any], output: list[dict[str, Any]]) -> dict[str, Any]:
    tokens_in = _tokens(asked.get("instructions") or "") + _tokens(json.dumps(asked["input"]))
    tokens_out = _tokens(json.dumps(output))
    return {
        "id": f"resp_{uuid4().hex}",
        "object": "response",
        "created_at": int(clock.now().timestamp()),
        "status": "completed",
        "model": f"{asked['model']}-2025-04-14",
        "output": output,
        "usage": {
            "input_tokens": tokens_in,
            "input_tokens_details": {"cached_tokens": 0},
            "output_tokens": tokens_out,
            "output_tokens_details": {"reasoning_tokens": 0},
            "total_tokens": tokens_in + tokens_out,
        },
        "error": None,
        "incomplete_details": None,
        "instructions": asked.get("instructions"),
        "metadata": asked.get("metadata") or {},
        "parallel_tool_calls": True,
        "store": bool(asked.get("store", True)),
        "temperature": asked.get("temperature", 1.0),
        "tools": [
            tool | ({"headers": None} if "headers" in tool else {})
            for tool in asked.get("tools") or []
        ],
        "tool_choice": asked.get("tool_choice", "auto"),
        "text": asked.get("text") or {"format": {"type": "text"}},
    }


def _tokens(text: str) -> int:
    """About four letters a token."""
    return len(text) // 4 + 1
