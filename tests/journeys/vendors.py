"""What the vendors' own APIs say, asked with their own clients."""

import gocardless_pro
import pyairtable
from pyairtable.formulas import match
from twilio.http.http_client import TwilioHttpClient
from twilio.rest import Client


class _Redirected(TwilioHttpClient):
    """Twilio's client with its fixed host replaced."""

    def __init__(self, base: str) -> None:
        super().__init__(timeout=20)
        self.base = base.rstrip("/")

    def request(self, method, url, *args, **kwargs):
        return super().request(
            method, url.replace("https://api.twilio.com", self.base), *args, **kwargs
        )


class Vendors:
    """The three services that hold what a registration leaves behind."""

    def __init__(self, sandbox: dict) -> None:
        airtable, twilio, gocardless = (
            sandbox["airtable"],
            sandbox["twilio"],
            sandbox["gocardless"],
        )
        self.base_id = airtable["base_id"]
        self.airtable = pyairtable.Api(
            airtable["pat"],
            endpoint_url=airtable["endpoint_url"],
            retry_strategy=None,
            timeout=(5, 20),
        )
        self.twilio = Client(
            twilio["account_sid"],
            twilio["auth_token"],
            http_client=_Redirected(twilio["base_url"]),
        )
        self.gocardless = gocardless_pro.Client(
            access_token=gocardless["token"], base_url=gocardless["base_url"], timeout=20
        )

    def texts(self, phone: str) -> list[str]:
        """What was texted to `phone` (E.164), oldest first."""
        return [message.body for message in self.twilio.messages.list(to=phone)][::-1]

    def rows(self, table: str, **fields: str) -> list[dict]:
        """Airtable rows of a table whose fields equal these, as {"id", "fields"}."""
        return self.airtable.table(self.base_id, table).all(formula=match(fields))

    def of_registration(self, sync_id: str) -> dict[str, list[dict]]:
        """GoCardless's objects that carry our registration id in their metadata."""
        requests = self._all(self.gocardless.billing_requests, "registration", sync_id)
        mandates = {r["links"].get("mandate_request_mandate") for r in requests} - {None}
        subscriptions = [
            s.attributes
            for mandate in mandates
            for s in self.gocardless.subscriptions.list({"mandate": mandate}).records
        ]
        return {
            "billing_requests": requests,
            "mandates": [self.gocardless.mandates.get(m).attributes for m in mandates],
            "subscriptions": subscriptions,
        }

    @staticmethod
    def _all(service, key: str, value: str) -> list[dict]:
        rows = [row.attributes for row in service.all()]
        return [row for row in rows if (row.get("metadata") or {}).get(key) == value]
