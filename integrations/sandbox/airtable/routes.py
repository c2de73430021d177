"""The routes under /v0: each reads its request, makes one call and answers in JSON."""

import json
from typing import Any

from flask import Blueprint, Response, request

from integrations.sandbox import failing, trouble
from integrations.sandbox.airtable import (
    bodies,
    computed,
    errors,
    field_edits,
    hook_routes,
    limits,
    listing,
    records,
    schema,
    scopes,
    tables,
)
from integrations.sandbox.config import SandboxConfig
from integrations.sandbox.counts import count
from integrations.sandbox.store import Store

_USER = "usrSandboxClub001"
_METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE"]


def blueprint(store: Store, config: SandboxConfig) -> Blueprint:
    """Airtable's Web API; mount it under `/airtable`."""
    bp = Blueprint("airtable", __name__)
    failing.install(bp, store, "airtable", _operations, trouble.airtable(store, config))
    _before_all(bp, store, config)
    _meta_routes(bp, store, config)
    _record_routes(bp, store, config)
    _write_routes(bp, store, config)
    hook_routes.add(bp, store, _body)

    @bp.route("/", defaults={"rest": ""}, methods=_METHODS)
    @bp.route("/<path:rest>", methods=_METHODS)
    def unknown(rest: str) -> Response:
        raise errors.not_found()

    return bp


def _before_all(bp: Blueprint, store: Store, config: SandboxConfig) -> None:
    @bp.before_request
    def check() -> None:
        count(store, "airtable", _kind())
        if request.headers.get("Authorization") != f"Bearer {config.airtable_pat}":
            raise errors.unauthenticated()
        base_id = (request.view_args or {}).get("base_id")
        if base_id is not None:
            _check_base(base_id, config)
            scopes.admit(store, _kind(), reading=request.method == "GET")
            limits.admit(store, base_id, config.airtable_penalty_seconds)

    @bp.errorhandler(errors.Refusal)
    def refused(refusal: errors.Refusal) -> Response:
        return _answer(refusal.body, refusal.status)


def _kind() -> str:
    """The class that a request is counted in: meta, webhook, get, list or write."""
    if request.path.startswith("/airtable/v0/meta"):
        return "meta"
    if request.path.startswith("/airtable/v0/bases"):
        return "webhook"
    if request.method == "GET":
        return "get" if "record_id" in (request.view_args or {}) else "list"
    return "list" if request.path.rstrip("/").endswith("/listRecords") else "write"


def _operations() -> tuple[str, ...]:
    """The request by its names for the switches; a write of records has two."""
    kind, view = _kind(), (request.endpoint or "").rpartition(".")[2]
    if kind == "meta":
        return ("meta.read" if request.method == "GET" else "meta.write",)
    if kind == "webhook":
        return (f"webhooks.{view.removesuffix('_webhook').removesuffix('_webhooks')}",)
    if kind == "write":
        names = {"POST": "create", "DELETE": "delete"}
        return "records.write", f"records.{names.get(request.method, 'update')}"
    if kind == "get":
        return ("records.get",)
    body = request.get_json(silent=True) if request.method == "POST" else None
    offset = body.get("offset") if isinstance(body, dict) else request.args.get("offset")
    return ("records.list", "records.next_page") if offset else ("records.list",)


def _check_base(base_id: str, config: SandboxConfig) -> None:
    if not tables.is_id(base_id, "app"):
        raise errors.not_found()
    if base_id != config.airtable_base_id:
        raise errors.no_such_model()


def _answer(body: dict[str, Any], status: int = 200) -> Response:
    text = json.dumps(body, separators=(",", ":"))
    return Response(text, status, content_type="application/json; charset=utf-8")


def _body() -> dict[str, Any]:
    try:
        # Python's reader takes NaN and Infinity, which are not JSON.
        body = json.loads(request.get_data(), parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as e:
        raise errors.unparsable() from e
    if not isinstance(body, dict):
        raise errors.unparsable()
    return body


def _refuse_constant(name: str) -> None:
    raise ValueError(name)


def _record_id(text: str) -> str:
    if not tables.is_id(text, "rec"):
        raise errors.not_found()
    return text


def _meta_routes(bp: Blueprint, store: Store, config: SandboxConfig) -> None:
    @bp.get("/v0/meta/whoami")
    def whoami() -> Response:
        return _answer({"id": _USER, "scopes": scopes.held(store)})

    @bp.get("/v0/meta/bases")
    def bases() -> Response:
        base = {"id": config.airtable_base_id, "name": "Club", "permissionLevel": "create"}
        return _answer({"bases": [base]})

    @bp.get("/v0/meta/bases/<base_id>/tables")
    def show_tables(base_id: str) -> Response:
        visible = "visibleFieldIds" in request.args.getlist("include")
        shown = [table.metadata(visible_fields=visible) for table in tables.every(store)]
        return _answer({"tables": shown})

    @bp.post("/v0/meta/bases/<base_id>/tables")
    def make_table(base_id: str) -> Response:
        return _answer(schema.create_table(store, _body()))

    @bp.post("/v0/meta/bases/<base_id>/tables/<table>/fields")
    def make_field(base_id: str, table: str) -> Response:
        return _answer(schema.create_field(store, tables.find(store, table), _body()))

    @bp.patch("/v0/meta/bases/<base_id>/tables/<table>/fields/<field>")
    def change_field(base_id: str, table: str, field: str) -> Response:
        return _answer(field_edits.patch(store, tables.find(store, table), field, _body()))


def _record_routes(bp: Blueprint, store: Store, config: SandboxConfig) -> None:
    iterators = listing.Iterators(store)

    @bp.get("/v0/<base_id>/<table>", strict_slashes=False)
    def list_records(base_id: str, table: str) -> Response:
        query = listing.from_arguments(request.args)
        return _answer(listing.page(store, tables.find(store, table), query, iterators))

    @bp.post("/v0/<base_id>/<table>/listRecords")
    def list_by_post(base_id: str, table: str) -> Response:
        query = listing.from_body(_body(), request.args)
        return _answer(listing.page(store, tables.find(store, table), query, iterators))

    @bp.get("/v0/<base_id>/<table>/<record_id>")
    def get_record(base_id: str, table: str, record_id: str) -> Response:
        by_id = request.args.get("returnFieldsByFieldId") in ("1", "true")
        found, record = records.get(store, tables.find(store, table), _record_id(record_id))
        return _answer(computed.shown(store, found, record, by_id=by_id))


def _write_routes(bp: Blueprint, store: Store, config: SandboxConfig) -> None:
    @bp.post("/v0/<base_id>/<table>", strict_slashes=False)
    def create(base_id: str, table: str) -> Response:
        wanted, single = bodies.for_create(_body())
        outcome = records.write(store, tables.find(store, table), wanted)
        answer = outcome.answer(store, by_id=wanted.by_id)
        return _answer(answer[0] if single else {"records": answer})

    @bp.route("/v0/<base_id>/<table>", methods=["PATCH", "PUT"], strict_slashes=False)
    def update(base_id: str, table: str) -> Response:
        wanted = bodies.for_update(_body())
        replace = request.method == "PUT"
        outcome = records.write(store, tables.find(store, table), wanted, replace=replace)
        answer: dict[str, Any] = {"records": outcome.answer(store, by_id=wanted.by_id)}
        if wanted.merge_on is not None:
            answer |= {"createdRecords": outcome.created, "updatedRecords": outcome.updated}
        return _answer(answer)

    @bp.route("/v0/<base_id>/<table>/<record_id>", methods=["PATCH", "PUT"])
    def update_one(base_id: str, table: str, record_id: str) -> Response:
        wanted = bodies.for_one_update(_body(), _record_id(record_id))
        found = tables.find(store, table)
        if store.get(found.records, record_id) is None:
            raise errors.record_not_found()
        outcome = records.write(store, found, wanted, replace=request.method == "PUT")
        return _answer(outcome.answer(store, by_id=wanted.by_id)[0])

    @bp.delete("/v0/<base_id>/<table>", strict_slashes=False)
    def delete(base_id: str, table: str) -> Response:
        record_ids = bodies.for_delete(request.args.getlist("records[]"))
        found = tables.find(store, table)
        return _answer({"records": records.delete(store, found, record_ids, batch=True)})

    @bp.delete("/v0/<base_id>/<table>/<record_id>")
    def delete_one(base_id: str, table: str, record_id: str) -> Response:
        found = tables.find(store, table)
        gone = records.delete(store, found, [_record_id(record_id)], batch=False)
        return _answer(gone[0])
