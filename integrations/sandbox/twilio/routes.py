"""Twilio's REST routes for messages, below /2010-04-01."""

from flask import Blueprint, Response, jsonify, request

from integrations.sandbox import failing, trouble
from integrations.sandbox.config import SandboxConfig
from integrations.sandbox.counts import count
from integrations.sandbox.store import Store
from integrations.sandbox.twilio import errors, messages
from integrations.sandbox.twilio.delivery import Delivery

_ROOT = "/2010-04-01/Accounts/<account_sid>"
_METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE"]


def blueprint(store: Store, config: SandboxConfig) -> Blueprint:
    """Messages and the account; mount it under `/twilio`."""
    bp = Blueprint("twilio", __name__)
    delivery = Delivery(store, config)
    delivery.resume()
    failing.install(bp, store, "twilio", _operations, trouble.twilio())
    _before_all(bp, store, config)

    @bp.get(f"{_ROOT}.json")
    def account(account_sid: str) -> Response:
        return jsonify(_account(account_sid))

    @bp.post(f"{_ROOT}/Messages.json")
    def create(account_sid: str) -> tuple[Response, int]:
        message = messages.create(store, account_sid, request.form)
        delivery.add(message["sid"])
        return jsonify(message), 201

    @bp.get(f"{_ROOT}/Messages.json")
    def show_list(account_sid: str) -> Response:
        return jsonify(messages.page(store, account_sid, request.args))

    @bp.get(f"{_ROOT}/Messages/<sid>.json")
    def show(account_sid: str, sid: str) -> Response:
        message = store.get(messages.KIND, sid)
        if message is None:
            raise _not_found()
        return jsonify(message)

    @bp.route("/", defaults={"rest": ""}, methods=_METHODS)
    @bp.route("/<path:rest>", methods=_METHODS)
    def unknown(rest: str) -> Response:
        raise _not_found()

    return bp


def _before_all(bp: Blueprint, store: Store, config: SandboxConfig) -> None:
    @bp.before_request
    def check() -> None:
        count(store, "twilio", _kind())
        given = request.authorization
        account, token = config.twilio_account_sid, config.twilio_auth_token
        if given is None or (given.username, given.password) != (account, token):
            raise errors.unauthenticated()
        if (request.view_args or {}).get("account_sid", account) != account:
            raise _not_found()

    @bp.errorhandler(errors.Refusal)
    def refused(refusal: errors.Refusal) -> tuple[Response, int]:
        return jsonify(refusal.body), refusal.status


def _operations() -> tuple[str, ...]:
    """The request by its name for the switches, such as `messages.create`."""
    if "/Messages" not in request.path:
        return ("account.get",)
    kind = _kind()
    return (f"messages.{'create' if kind == 'write' else kind}",)


def _kind() -> str:
    if request.method == "POST":
        return "write"
    return "get" if "sid" in (request.view_args or {}) else "list"


def _not_found() -> errors.Refusal:
    return errors.not_found(request.path.removeprefix("/twilio"))


def _account(account_sid: str) -> dict[str, object]:
    return {
        "sid": account_sid,
        "owner_account_sid": account_sid,
        "friendly_name": "Club",
        "status": "active",
        "type": "Full",
        "date_created": "Thu, 01 Aug 2024 09:00:00 +0000",
        "date_updated": "Thu, 01 Aug 2024 09:00:00 +0000",
        "subresource_uris": {"messages": f"/2010-04-01/Accounts/{account_sid}/Messages.json"},
        "uri": f"/2010-04-01/Accounts/{account_sid}.json",
    }
