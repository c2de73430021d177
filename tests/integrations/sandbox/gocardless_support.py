"""What the tests of GoCardless's stand-in share: a payer, a site, and waiting with a deadline."""

import json
import re
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from html import unescape

import gocardless_pro
import requests
from werkzeug.serving import make_server
from werkzeug.wrappers import Request, Response

PATIENCE = 10
METADATA = {"registration": "17"}


def until(condition: Callable[[], object]) -> object:
    """The condition's value as soon as it is true; fails after a deadline."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        value = condition()
        if value:
            return value
        threading.Event().wait(0.05)
    raise AssertionError("it did not happen in time")


@dataclass
class Site:
    """A site that receives webhooks; its answers can be set."""

    url: str = ""
    statuses: list[int] = field(default_factory=list)
    deliveries: list[Request] = field(default_factory=list)

    def __call__(self, environ, start_response):
        """Keep the delivery and answer 204, or the next status that was set."""
        request = Request(environ)
        request.get_data()
        self.deliveries.append(request)
        status = self.statuses.pop(0) if self.statuses else 204
        return Response(status=status)(environ, start_response)

    def events(self) -> list[dict]:
        """Every event so far."""
        return [event for one in self.deliveries for event in json.loads(one.data)["events"]]

    def named(self, plural: str, action: str) -> list[dict]:
        """The events of one resource and action."""
        return [
            event
            for event in self.events()
            if (event["resource_type"], event["action"]) == (plural, action)
        ]


def running_site():
    """A site on a free port, as a generator for a fixture."""
    site = Site()
    server = make_server("127.0.0.1", 0, site, threaded=True)
    site.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield site
    server.shutdown()
    thread.join()
    server.server_close()


class Payer:
    """Asks for payments with the official client and finishes them on the hosted page."""

    def __init__(self, sandbox) -> None:
        self.url = sandbox.url
        self.client = gocardless_pro.Client(
            access_token=sandbox.config.gocardless_token, base_url=sandbox.url, timeout=10
        )

    def request(self, **changes) -> gocardless_pro.resources.BillingRequest:
        """A billing request for the fee and a mandate."""
        params = {
            "payment_request": {"amount": 4500, "currency": "GBP", "metadata": METADATA},
            "mandate_request": {"currency": "GBP", "scheme": "bacs", "metadata": METADATA},
            "metadata": METADATA,
        }
        params = {name: value for name, value in (params | changes).items() if value is not None}
        return self.client.billing_requests.create(params=params)

    def flow(self, request_id: str, **prefilled: str):
        """The hosted page of a request."""
        params = {
            "redirect_uri": "http://club.example/return",
            "exit_uri": "http://club.example/exit",
            "links": {"billing_request": request_id},
        }
        if prefilled:
            params["prefilled_customer"] = prefilled
        return self.client.billing_request_flows.create(params=params)

    def finish(self, page: str, choice: str, **changes: str) -> requests.Response:
        """Press a button of the page, with the details that it shows."""
        html = requests.get(page, timeout=10).text
        shown = dict(re.findall(r'<input id="\w+" name="(\w+)" value="([^"]*)"', html))
        data = {name: unescape(value) for name, value in shown.items()} | changes
        return requests.post(
            page, data=data | {"choice": choice}, allow_redirects=False, timeout=10
        )

    def fulfilled(self, choice: str = "pay", given_name: str = "Ann") -> dict:
        """A request taken to its end; returns it as the API shows it."""
        id = self.request().id
        self.finish(self.flow(id, given_name=given_name).authorisation_url, choice)
        return until(lambda: self._settled(id))

    def _settled(self, id: str) -> dict | None:
        request = self.client.billing_requests.get(id).attributes
        if request["status"] != "fulfilled":
            return None
        payment = self.client.payments.get(request["links"]["payment_request_payment"])
        return request if payment.status != "pending_submission" else None

    def subscribe(self, mandate_id: str, **changes):
        """A monthly subscription of 27.50."""
        params = {
            "amount": 2750,
            "currency": "GBP",
            "interval_unit": "monthly",
            "links": {"mandate": mandate_id},
        }
        return self.client.subscriptions.create(params=params | changes)
