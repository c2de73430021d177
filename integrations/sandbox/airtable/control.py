"""Control routes under `/_sandbox/airtable`: what a volunteer does in Airtable's own pages.

Every edit has the source `client` in the webhooks; a wrong order is a 400 with a sentence.
"""

from collections.abc import Callable
from functools import partial
from typing import Any

from flask import Blueprint, Response, jsonify

from integrations.sandbox.airtable import (
    bodies,
    changes,
    errors,
    field_edits,
    hooks,
    listing,
    records,
    scopes,
    tables,
)
from integrations.sandbox.control import json_body
from integrations.sandbox.store import Store

Body = dict[str, Any]


def blueprint(store: Store) -> Blueprint:
    """Edits of records and fields, iterators that expire, webhooks that break."""
    control = Blueprint("airtable_control", __name__, url_prefix="/_sandbox/airtable")
    routes: dict[str, Callable[[Store, Body], Body]] = {
        "records": edit_records,
        "fields/rename": _rename,
        "fields/delete": _delete,
        "fields/retype": _retype,
        "fields/choice": _choice,
        "iterators/expire": _expire,
        "webhooks/invalidate": _invalidate,
        "token": _token,
    }
    for path, view in routes.items():
        name = path.replace("/", "_")
        control.add_url_rule(f"/{path}", name, partial(_run, store, view), methods=["POST"])
    control.register_error_handler(ValueError, _refuse)
    control.register_error_handler(errors.Refusal, _refuse)
    return control


def _run(store: Store, view: Callable[[Store, Body], Body]) -> Response:
    return jsonify(view(store, json_body()))


def _refuse(error: Exception) -> tuple[Response, int]:
    return jsonify({"error": str(error)}), 400


def edit_records(store: Store, body: Body) -> Body:
    """`{"table", "create": [cells], "update": [{"id", "fields"}], "delete": [id]}`, one action.

    Answers `{"created": [id]}`; raises Refusal for what Airtable would not take, all or nothing
    per part.
    """
    table = tables.find(store, str(body.get("table")))
    new: list[tuple[str | None, Body]] = [(None, fields) for fields in _list(body, "create")]
    old = [(row.get("id"), row.get("fields")) for row in _list(body, "update")]
    gone = body.get("delete", [])
    if not isinstance(gone, list) or any(not isinstance(fields, dict) for _, fields in new + old):
        raise ValueError("create, update and delete must be lists.")
    created: list[str] = []
    with changes.transaction(store, "client"):
        if old:
            records.write(store, table, bodies.Write(old, typecast=False, by_id=False))
        if new:
            wanted = bodies.Write(new, typecast=False, by_id=False)
            created = records.write(store, table, wanted).created
        if gone:
            records.delete(store, table, [str(one) for one in gone], batch=True)
    return {"created": created}


def _list(body: Body, name: str) -> list[Any]:
    rows = body.get(name, [])
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise ValueError(f"{name} must be a list of objects.")
    return rows


def _table(store: Store, body: Body) -> tables.Table:
    return tables.find(store, str(body.get("table")))


def _field(body: Body) -> str:
    return str(body.get("field"))


def _rename(store: Store, body: Body) -> Body:
    return field_edits.rename(store, _table(store, body), _field(body), str(body.get("name", "")))


def _delete(store: Store, body: Body) -> Body:
    field_edits.delete(store, _table(store, body), _field(body))
    return {"deleted": True}


def _retype(store: Store, body: Body) -> Body:
    kind, options = str(body.get("type")), body.get("options")
    return field_edits.retype(store, _table(store, body), _field(body), kind, options)


def _choice(store: Store, body: Body) -> Body:
    name = str(body.get("name", ""))
    return field_edits.add_choice(store, _table(store, body), _field(body), name)


def _expire(store: Store, body: Body) -> Body:
    listing.expire_iterators(store)
    return {"expired": True}


def _token(store: Store, body: Body) -> Body:
    scopes.keep(store, body.get("scopes"))
    return {"scopes": scopes.held(store)}


def _invalidate(store: Store, body: Body) -> Body:
    hooks.invalidate(store, str(body.get("webhook")))
    return {"invalid": True}
