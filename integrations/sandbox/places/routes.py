"""Both generations of Google Places' text search (wire/others 1)."""

from typing import Any

from flask import Blueprint, Response, jsonify, request

from integrations.sandbox import failing, trouble
from integrations.sandbox.config import SandboxConfig
from integrations.sandbox.counts import count
from integrations.sandbox.places import streets
from integrations.sandbox.places.streets import Place
from integrations.sandbox.store import Store

_METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE"]
_BODY_KEYS = {"textQuery", "regionCode", "languageCode", "pageSize", "maxResultCount"}
_LEGACY_FIELDS = {
    "place_id": lambda place: place.id,
    "formatted_address": lambda place: place.address,
    "types": lambda place: place.types,
    "address_components": lambda place: [
        {"long_name": long, "short_name": short, "types": types}
        for long, short, types in place.components()
    ],
}


class _Refusal(Exception):
    def __init__(self, code: int, status: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.body = {"error": {"code": code, "message": message, "status": status}}


def blueprint(store: Store, config: SandboxConfig) -> Blueprint:
    """The new API and the legacy one; mount it under `/places`."""
    bp = Blueprint("places", __name__)

    failing.install(bp, store, "places", lambda: (f"places.{_kind()}",), trouble.places())

    @bp.before_request
    def check() -> None:
        count(store, "places", _kind())

    @bp.errorhandler(_Refusal)
    def refused(refusal: _Refusal) -> tuple[Response, int]:
        return jsonify(refusal.body), refusal.code

    _new_routes(bp, config)
    _legacy_routes(bp, config)

    @bp.route("/", defaults={"rest": ""}, methods=_METHODS)
    @bp.route("/<path:rest>", methods=_METHODS)
    def unknown(rest: str) -> Response:
        raise _Refusal(404, "NOT_FOUND", "Method not found.")

    return bp


def _kind() -> str:
    return "details" if request.path.endswith("details/json") else "search"


def _new_routes(bp: Blueprint, config: SandboxConfig) -> None:
    @bp.post("/v1/places:searchText")
    def search_text() -> Response:
        _check_key(config)
        fields = _mask()
        query, size = _query(request.get_json(silent=True))
        found = [_masked(place, fields) for place in streets.search(query)[:size]]
        # Nothing found is an empty object, without the key.
        return jsonify({"places": found} if found else {})


def _check_key(config: SandboxConfig) -> None:
    key = request.headers.get("X-Goog-Api-Key") or request.args.get("key")
    if not key:
        message = "Callers without an API key cannot use this method."
        raise _Refusal(403, "PERMISSION_DENIED", message)
    if key != config.places_api_key:
        raise _Refusal(403, "PERMISSION_DENIED", "The API key is not valid for this API.")


def _invalid(message: str) -> _Refusal:
    return _Refusal(400, "INVALID_ARGUMENT", message)


def _mask() -> set[str]:
    mask = request.headers.get("X-Goog-FieldMask") or request.args.get("fields", "")
    paths = {path.strip() for path in mask.split(",") if path.strip()}
    if not paths:
        raise _invalid("FieldMask is a required parameter.")
    if paths & {"*", "places"}:
        return set(_fields(Place(streets.STREETS[0])))
    fields = {path.removeprefix("places.") for path in paths}
    known = set(_fields(Place(streets.STREETS[0])))
    for path in paths:
        if not path.startswith("places.") or path.removeprefix("places.") not in known:
            raise _invalid(f"Error expanding 'fields' parameter. Cannot find field '{path}'.")
    return fields


def _query(body: Any) -> tuple[str, int]:
    if not isinstance(body, dict):
        raise _invalid("The request body is not a JSON object.")
    for name in body:
        if name not in _BODY_KEYS:
            raise _invalid(f'Invalid JSON payload received. Unknown name "{name}".')
    query = body.get("textQuery")
    if not isinstance(query, str) or not query.strip():
        raise _invalid("Empty text_query.")
    size = body.get("pageSize", body.get("maxResultCount", 20))
    if type(size) is not int or not 0 <= size <= 20:
        raise _invalid("page_size must be from 1 to 20.")
    return query, size or 20


def _fields(place: Place) -> dict[str, Any]:
    components = [
        {"longText": long, "shortText": short, "types": types, "languageCode": "en-GB"}
        for long, short, types in place.components()
    ]
    return {
        "name": f"places/{place.id}",
        "id": place.id,
        "types": place.types,
        "formattedAddress": place.address,
        "addressComponents": components,
        "displayName": {"text": place.address.split(",")[0], "languageCode": "en-GB"},
    }


def _masked(place: Place, fields: set[str]) -> dict[str, Any]:
    return {name: value for name, value in _fields(place).items() if name in fields}


def _legacy_routes(bp: Blueprint, config: SandboxConfig) -> None:
    @bp.get("/maps/api/place/textsearch/json")
    def text_search() -> Response:
        refused = _legacy_refusal(config, "query")
        if refused:
            return jsonify({**refused, "html_attributions": [], "results": []})
        names = ("place_id", "formatted_address", "types")
        results = [
            {name: _LEGACY_FIELDS[name](place) for name in names}
            for place in streets.search(request.args["query"])
        ]
        status = "OK" if results else "ZERO_RESULTS"
        return jsonify({"html_attributions": [], "results": results, "status": status})

    @bp.get("/maps/api/place/details/json")
    def details() -> Response:
        place = streets.by_id(request.args.get("place_id", ""))
        fields = [name for name in request.args.get("fields", "").split(",") if name]
        refused = _legacy_refusal(config, "place_id")
        if not refused and set(fields) - set(_LEGACY_FIELDS):
            refused = {"status": "INVALID_REQUEST", "error_message": "Unknown field."}
        if refused or place is None:
            return jsonify({"html_attributions": [], **(refused or {"status": "NOT_FOUND"})})
        result = {name: _LEGACY_FIELDS[name](place) for name in fields or _LEGACY_FIELDS}
        return jsonify({"html_attributions": [], "result": result, "status": "OK"})


def _legacy_refusal(config: SandboxConfig, needed: str) -> dict[str, str] | None:
    """The legacy API answers 200 with a status, even when it refuses."""
    if request.args.get("key") != config.places_api_key:
        message = "The provided API key is invalid."
        return {"status": "REQUEST_DENIED", "error_message": message}
    if not request.args.get(needed, "").strip():
        return {"status": "INVALID_REQUEST", "error_message": f"Missing parameter: {needed}."}
    return None
