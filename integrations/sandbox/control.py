"""The control routes under `/_sandbox/`: reset, seed, switches, clock, counts, documents."""

from collections.abc import Callable
from datetime import timedelta
from functools import partial
from typing import Any

from flask import Blueprint, Response, jsonify, request

from integrations import clock
from integrations.sandbox import faults
from integrations.sandbox.config import SandboxConfig
from integrations.sandbox.counts import counted, recent
from integrations.sandbox.gocardless import ageing
from integrations.sandbox.store import Store

_LONGEST_STEP = timedelta(days=400)


def blueprint(store: Store, config: SandboxConfig) -> Blueprint:
    """JSON in, JSON out; a wrong body is a 400 with a sentence."""
    control = Blueprint("control", __name__, url_prefix="/_sandbox")
    routes: tuple[tuple[str, str, Callable[..., Response]], ...] = (
        ("POST", "/reset", _reset),
        ("POST", "/seed", _seed),
        ("GET", "/switches", _read_switches),
        ("POST", "/switches", _switch),
        ("GET", "/faults", _read_faults),
        ("GET", "/clock", _read_clock),
        ("POST", "/clock", _move_clock),
        ("GET", "/requests", _read_requests),
        ("GET", "/requests/log", _read_log),
        ("GET", "/documents/<kind>", _read_documents),
    )
    for method, rule, view in routes:
        name = view.__name__.strip("_")
        control.add_url_rule(rule, name, partial(view, store), methods=[method])
    control.register_error_handler(ValueError, _refuse)
    return control


def _reset(store: Store) -> Response:
    store.clear()
    return jsonify({"documents": 0})


def _seed(store: Store) -> Response:
    documents = _documents()
    store.put_many(documents)
    return jsonify({"documents": len(documents)})


def _read_switches(store: Store) -> Response:
    return jsonify(faults.switches(store))


def _switch(store: Store) -> Response:
    body = json_body()
    limits = {name: body[name] for name in ("count", "operation", "seconds") if name in body}
    faults.set_mode(store, str(body.get("service")), str(body.get("mode")), **limits)
    return jsonify(faults.switches(store))


def _read_faults(store: Store) -> Response:
    return jsonify(faults.details(store))


def _read_clock(store: Store) -> Response:
    return jsonify(_clock())


def _move_clock(store: Store) -> Response:
    body = json_body()
    if body.get("reset") is True:
        clock.set_offset(timedelta())
    else:
        advance(store, timedelta(seconds=_seconds(body.get("advance_seconds"))))
    return jsonify(_clock())


def _read_requests(store: Store) -> Response:
    return jsonify(counted(store, faults.SERVICES))


def _read_log(store: Store) -> Response:
    return jsonify({"requests": recent(store, request.args.get("service", ""))})


def _read_documents(store: Store, kind: str) -> Response:
    return jsonify({"documents": store.all(kind)})


def _refuse(error: Exception) -> tuple[Response, int]:
    return jsonify({"error": str(error)}), 400


def advance(store: Store, step: timedelta) -> None:
    """Move the clock forward and let everything that became due happen; ValueError if too far."""
    if not timedelta() <= step <= _LONGEST_STEP:
        raise ValueError("The clock moves forward only, at most 400 days at a time.")
    clock.set_offset(clock.offset() + step)
    ageing.tick(store)


def _clock() -> dict[str, Any]:
    return {
        "now": clock.now().isoformat(),
        "today": clock.today().isoformat(),
        "offset_seconds": clock.offset().total_seconds(),
    }


def json_body() -> dict[str, Any]:
    """The request's JSON object; ValueError for anything else."""
    body = request.get_json(force=True, silent=True)
    if not isinstance(body, dict):
        raise ValueError("The body must be a JSON object.")
    return body


def _seconds(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ValueError("advance_seconds must be a number.")
    return float(value)


def _documents() -> list[tuple[str, str, dict]]:
    rows = json_body().get("documents")
    if not isinstance(rows, list) or not all(map(_is_document, rows)):
        raise ValueError("documents must be a list of [kind, id, document].")
    return [(kind, id, doc) for kind, id, doc in rows]


def _is_document(row: Any) -> bool:
    if not isinstance(row, list) or len(row) != 3:
        return False
    kind, id, doc = row
    return isinstance(kind, str) and isinstance(id, str) and isinstance(doc, dict)
