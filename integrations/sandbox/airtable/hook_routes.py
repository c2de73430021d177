"""The webhook routes under /v0/bases."""

import json
from collections.abc import Callable
from typing import Any

from flask import Blueprint, Response, request

from integrations.sandbox.airtable import errors, hooks
from integrations.sandbox.store import Store

_ROOT = "/v0/bases/<base_id>/webhooks"


def add(bp: Blueprint, store: Store, body: Callable[[], dict[str, Any]]) -> None:
    """Add create, list, delete, payloads, refresh and enableNotifications to the API."""

    @bp.post(_ROOT)
    def create_webhook(base_id: str) -> Response:
        return _answer(hooks.create(store, body()))

    @bp.get(_ROOT)
    def list_webhooks(base_id: str) -> Response:
        return _answer({"webhooks": hooks.listed(store)})

    @bp.delete(f"{_ROOT}/<hook_id>")
    def delete_webhook(base_id: str, hook_id: str) -> Response:
        hooks.delete(store, hook_id)
        return Response("", 200)

    @bp.get(f"{_ROOT}/<hook_id>/payloads")
    def payloads_webhook(base_id: str, hook_id: str) -> Response:
        cursor, limit = _number("cursor", 1), _number("limit", hooks.MOST_PAYLOADS)
        return _answer(hooks.page(store, hook_id, cursor, limit))

    @bp.post(f"{_ROOT}/<hook_id>/refresh")
    def refresh_webhook(base_id: str, hook_id: str) -> Response:
        return _answer(hooks.refresh(store, hook_id))

    @bp.post(f"{_ROOT}/<hook_id>/enableNotifications")
    def enable_webhook(base_id: str, hook_id: str) -> Response:
        hooks.enable(store, hook_id, body())
        return Response("", 200)


def _answer(body: dict[str, Any]) -> Response:
    text = json.dumps(body, separators=(",", ":"))
    return Response(text, content_type="application/json; charset=utf-8")


def _number(name: str, usual: int) -> int:
    text = request.args.get(name, str(usual))
    if not (text.isascii() and text.isdigit()) or len(text) > 9 or int(text) < 1:
        raise errors.invalid_request()
    return int(text)
