"""The HTTP side of the GoCardless stand-in: checks every request, then one function per route."""

import uuid
from collections.abc import Callable
from functools import partial
from typing import Any

from flask import Blueprint, Response, jsonify, request
from werkzeug.exceptions import HTTPException

from integrations.sandbox import failing, trouble
from integrations.sandbox.config import SandboxConfig
from integrations.sandbox.counts import count
from integrations.sandbox.gocardless import (
    billing_requests,
    customers,
    flows,
    fulfilment,
    limits,
    mandates,
    pausing,
    payments,
    payouts,
    records,
    refunds,
    retries,
    revival,
    simulators,
    subscriptions,
    webhooks,
)
from integrations.sandbox.gocardless.errors import (
    ApiError,
    idempotency_conflict,
    not_found,
    usage,
)
from integrations.sandbox.store import Store

VERSION = "2015-07-06"
_OTHERS = ("/airtable", "/twilio", "/places", "/_sandbox", "/openai")
Filters = dict[str, records.Lookup]
Change = Callable[[Store, str, Any], dict]


def blueprint(store: Store, config: SandboxConfig) -> Blueprint:
    """GoCardless at the root of the server, as its library needs."""
    api = Api(store, config)
    return api.blueprint


class Api:
    """Adds one route after another to a blueprint, each behind the same checks."""

    def __init__(self, store: Store, config: SandboxConfig) -> None:
        """Build every route."""
        self.store = store
        self.config = config
        self.blueprint = Blueprint("gocardless", __name__)
        forms = trouble.gocardless(store)
        failing.install(self.blueprint, store, "gocardless", _operations, forms)
        self.blueprint.app_errorhandler(HTTPException)(_unknown_route)
        self._billing()
        self._people()
        self._money()

    def _billing(self) -> None:
        self._create("billing_requests", billing_requests.create)
        self._read("billing_requests", lambda store: billing_requests.FILTERS)
        for name in (
            "collect_customer_details",
            "collect_bank_account",
            "confirm_payer_details",
            "cancel",
            "notify",
            "fallback",
        ):
            self._action("billing_requests", name, getattr(billing_requests, name))
        self._action("billing_requests", "fulfil", self._fulfil)
        self._create("billing_request_flows", self._create_flow)
        self._action("billing_request_flows", "initialise", flows.initialise)

    def _fulfil(self, store: Store, id: str, params: Any) -> dict:
        return fulfilment.fulfil(store, self.config, id, params)

    def _create_flow(self, store: Store, params: Any) -> dict:
        return flows.create(store, self.config, params)

    def _people(self) -> None:
        self._create("customers", customers.create)
        self._read("customers", lambda store: customers.CUSTOMER_FILTERS)
        self._update("customers", customers.update)
        self._create("customer_bank_accounts", customers.create_bank_account)
        self._read("customer_bank_accounts", lambda store: customers.ACCOUNT_FILTERS)
        self._update("customer_bank_accounts", customers.update_bank_account)
        self._action("customer_bank_accounts", "disable", customers.disable_bank_account)
        self._read("creditors", lambda store: records.by_field("created_at"))
        self._read("events", lambda store: _EVENT_FILTERS)

    def _money(self) -> None:
        self._create("mandates", mandates.create)
        self._read("mandates", lambda store: mandates.FILTERS, mandates.shown)
        self._update("mandates", mandates.update)
        self._action("mandates", "cancel", mandates.cancel)
        for plural, module in (("payments", payments), ("subscriptions", subscriptions)):
            self._create(plural, module.create)
            self._read(plural, partial(_with_customer, module.FILTERS))
            self._update(plural, module.update)
            self._action(plural, "cancel", module.cancel)
        self._action("mandates", "reinstate", revival.reinstate)
        self._action("subscriptions", "pause", pausing.pause)
        self._action("subscriptions", "resume", pausing.resume)
        self._action("payments", "retry", retries.retry)
        self._create("refunds", refunds.create)
        self._read("refunds", lambda store: refunds.FILTERS)
        self._update("refunds", refunds.update)
        self._read("payouts", lambda store: payouts.FILTERS)
        self._update("payouts", payouts.update)
        self._list("payout_items", _item_filters, payouts.shown_item)
        self._read("webhooks", lambda store: webhooks.FILTERS)
        self._action("webhooks", "retry", webhooks.retry)
        self._action("scenario_simulators", "run", simulators.run)

    def _create(self, plural: str, make: Callable[[Store, Any], dict]) -> None:
        def view() -> Response:
            key = request.headers.get("Idempotency-Key")
            known = self.store.get("gocardless.idempotency", f"{plural}:{key}") if key else None
            if known:
                raise idempotency_conflict(known["resource_id"])
            made = make(self.store, _params(plural))
            if key:
                entry = {"resource_id": made["id"]}
                self.store.put("gocardless.idempotency", f"{plural}:{key}", entry)
            answer = jsonify({plural: _public(made)})
            answer.status_code = 201
            answer.headers["Location"] = f"{self.config.public_url}/{plural}/{made['id']}"
            return answer

        self._route(f"/{plural}", "POST", f"create_{plural}", view)

    def _read(
        self,
        plural: str,
        filters: Callable[[Store], Filters],
        shown: Callable[[dict], dict] = lambda resource: resource,
    ) -> None:
        def one(id: str) -> Response:
            return jsonify({plural: _public(shown(self._fetch(plural, id)))})

        self._route(f"/{plural}/<id>", "GET", f"get_{plural}", one)
        self._list(plural, filters, shown)

    def _list(
        self,
        plural: str,
        filters: Callable[[Store], Filters],
        shown: Callable[[dict], dict],
    ) -> None:
        def many() -> Response:
            if plural == "creditors":
                records.creditor(self.store)
            query = request.args.to_dict()
            found = records.filtered(records.every(self.store, plural), query, filters(self.store))
            listed = records.page(plural, found, query)
            listed[plural] = [_public(shown(one)) for one in listed[plural]]
            return jsonify(listed)

        self._route(f"/{plural}", "GET", f"list_{plural}", many)

    def _fetch(self, plural: str, id: str) -> dict:
        return records.fetch(self.store, plural, id)

    def _update(self, plural: str, change: Change) -> None:
        def view(id: str) -> Response:
            return jsonify({plural: _public(change(self.store, id, _params(plural)))})

        self._route(f"/{plural}/<id>", "PUT", f"update_{plural}", view)

    def _action(self, plural: str, name: str, act: Change) -> None:
        def view(id: str) -> Response:
            return jsonify({plural: _public(act(self.store, id, _action_params()))})

        self._route(f"/{plural}/<id>/actions/{name}", "POST", f"{name}_{plural}", view)

    def _route(self, rule: str, method: str, name: str, view: Callable[..., Response]) -> None:
        def guarded(**path: str) -> Response:
            count(self.store, "gocardless", name)
            try:
                self._check_request()
                # One request at a time: what a view reads is still so when it writes.
                with self.store.lock:
                    answer = view(**path)
            except ApiError as error:
                answer = error.response()
            answer.headers["X-Request-Id"] = str(uuid.uuid4())
            answer.headers.update(limits.headers(self.store))
            return answer

        self.blueprint.add_url_rule(rule, name, guarded, methods=[method])

    def _check_request(self) -> None:
        within_limit = limits.take(self.store)
        if request.headers.get("Authorization") != f"Bearer {self.config.gocardless_token}":
            raise usage(401, "unauthorized", "Unauthorized")
        version = request.headers.get("GoCardless-Version")
        if version is None:
            raise usage(400, "missing_version_header", "No version header was provided")
        if version != VERSION:
            raise usage(400, "version_not_found", "Version not found")
        if not within_limit:
            raise usage(429, "rate_limit_exceeded", "Rate limit exceeded")


def _item_filters(store: Store) -> Filters:
    """The items of one payout; the list of all of them does not exist."""
    if "payout" not in request.args:
        raise usage(400, "invalid_filters", "payout is required")
    return payouts.ITEM_FILTERS


def _operations() -> tuple[str, ...]:
    """The request by its name for the switches, such as `payments.create`, `mandates.cancel`."""
    parts = request.path.strip("/").split("/")
    if len(parts) == 4:
        return (f"{parts[0]}.{parts[3]}",)
    names = {"POST": "create", "PUT": "update", "DELETE": "remove"}
    read = "get" if len(parts) == 2 else "list"
    return (f"{parts[0]}.{names.get(request.method, read)}",)


def _public(resource: dict) -> dict:
    """The resource without the fields that are only the sandbox's own."""
    return {name: value for name, value in resource.items() if not name.startswith("_")}


def _with_customer(own: Filters, store: Store) -> Filters:
    """A filter through the mandate, since payments and subscriptions link no customer."""
    owners = {
        mandate["id"]: mandate["links"].get("customer")
        for mandate in records.every(store, "mandates")
    }
    return own | {"customer": lambda item: owners.get(item["links"].get("mandate"))}


def _document() -> Any:
    body = request.get_data()
    if not body:
        return None
    document = request.get_json(force=True, silent=True)
    if document is None and body.strip() != b"null":
        raise usage(400, "invalid_document_structure", "The body is not valid JSON")
    return document


def _params(plural: str) -> Any:
    document = _document()
    if not isinstance(document, dict) or list(document) != [plural]:
        raise usage(400, "invalid_document_structure", f"The body must have one key, {plural}")
    return document[plural]


def _action_params() -> Any:
    """The parameters of an action: `null`, nothing, `{}` and `{"data": {}}` are all the same."""
    document = _document() or {}
    if not isinstance(document, dict) or not set(document) <= {"data"}:
        raise usage(400, "invalid_document_structure", "The body may only have the key data")
    return document.get("data") or {}


def _unknown_route(error: HTTPException) -> Response | HTTPException:
    if error.code not in (404, 405) or request.path.startswith(_OTHERS):
        return error
    return not_found().response()


_EVENT_FILTERS = records.by_field("created_at", "resource_type", "action") | records.by_link(
    "mandate", "payment", "subscription", "billing_request", "refund", "payout", "parent_event"
)
