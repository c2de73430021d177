"""GoCardless through its real client, over a socket."""

import hashlib
import hmac
from datetime import date, timedelta

import pytest

from integrations import clock, gocardless
from integrations.errors import Blocked, Rejected, Unavailable, Uncertain
from integrations.models import ServiceCall
from tests.integrations.sandbox.gocardless_support import Payer, until

pytestmark = pytest.mark.django_db
METADATA = {"registration": "0d6a3a52"}


def ask(key: str = "key-1", pence: int = 4500) -> gocardless.BillingRequest:
    """Ask for the fee and the mandate."""
    return gocardless.create_billing_request(
        pence=pence,
        description="Signing-on fee",
        mandate_description="Monthly fee",
        metadata=METADATA,
        key=key,
    )


def flow(request_id: str) -> gocardless.Flow:
    """A hosted page for a request."""
    return gocardless.create_flow(
        request_id,
        redirect_uri="http://club.example/return",
        exit_uri="http://club.example/exit",
        prefilled={"given_name": "Ann", "family_name": "Other", "email": "", "city": "Manchester"},
    )


@pytest.fixture
def paid(sandbox) -> gocardless.BillingRequest:
    """A request that somebody has paid."""
    id = ask().id
    Payer(sandbox).finish(flow(id).url, "pay")

    def fulfilled():
        request = gocardless.get_billing_request(id)
        return request if request.status == "fulfilled" and request.payment_id else None

    return until(fulfilled)


def test_a_request_holds_fee_and_mandate_with_our_id_on_all_three(sandbox):
    made = ask()
    assert (made.status, made.mandate_id, made.payment_id) == ("pending", "", "")
    kept = sandbox.store.get("gocardless.billing_requests", made.id)
    assert kept["payment_request"]["amount"] == 4500
    assert kept["payment_request"]["metadata"] == METADATA
    assert kept["mandate_request"]["scheme"] == "bacs"
    assert kept["mandate_request"]["verify"] == "recommended"
    assert kept["mandate_request"]["metadata"] == METADATA
    assert (kept["metadata"], kept["fallback_enabled"]) == (METADATA, False)


def test_no_pence_asks_for_the_mandate_alone(sandbox):
    kept = sandbox.store.get("gocardless.billing_requests", ask(pence=0).id)
    assert kept["payment_request"] is None
    assert gocardless.get_billing_request(kept["id"]).status == "pending"


def test_the_same_key_gives_the_same_request_and_makes_no_second(sandbox):
    assert ask("key-1").id == ask("key-1").id
    assert ask("key-2").id != ask("key-1").id
    assert sandbox.store.count("gocardless.billing_requests") == 2


def test_a_flow_is_a_page_that_lives_a_week(sandbox):
    id = ask().id
    page = flow(id)
    assert page.url.startswith("http")
    assert timedelta(days=6) < page.expires_at - clock.now() <= timedelta(days=7, minutes=1)
    assert flow(id).url != page.url


def test_a_paid_request_names_mandate_and_payment(paid):
    mandate = gocardless.get_mandate(paid.mandate_id)
    assert mandate.customer_id == paid.customer_id
    assert mandate.next_possible_charge_date > clock.today()
    payment = gocardless.get_payment(paid.payment_id)
    assert (payment.pence, payment.mandate_id != "") == (4500, True)


def test_a_subscription_is_made_once_for_a_key_and_listed(paid):
    mandate = gocardless.get_mandate(paid.mandate_id)
    start = (mandate.next_possible_charge_date + timedelta(days=32)).replace(day=15)

    def subscribe() -> gocardless.Subscription:
        return gocardless.create_subscription(
            mandate_id=mandate.id,
            pence=2750,
            name="Monthly fee",
            day_of_month=15,
            start_on=start,
            count=3,
            metadata=METADATA,
            key="subscription-1",
        )

    made = subscribe()
    assert subscribe().id == made.id
    assert [each.id for each in gocardless.list_subscriptions(mandate.id)] == [made.id]
    assert made.status == "active"
    assert made.start_on >= start
    assert [pence for _, pence in made.upcoming] == [2750] * 3
    assert all(isinstance(day, date) for day, _ in made.upcoming)


def test_a_single_payment_is_made_on_its_day(paid):
    mandate = gocardless.get_mandate(paid.mandate_id)
    made = gocardless.create_payment(
        mandate_id=mandate.id,
        pence=2750,
        charge_on=mandate.next_possible_charge_date,
        description="September",
        metadata=METADATA,
        key="single-1",
    )
    assert made.charge_on == mandate.next_possible_charge_date
    assert gocardless.get_payment(made.id) == made


def test_a_day_too_early_is_rejected_with_the_field_s_name(paid):
    with pytest.raises(Rejected) as caught:
        gocardless.create_payment(
            mandate_id=paid.mandate_id,
            pence=2750,
            charge_on=date(2020, 1, 1),
            description="September",
            metadata=METADATA,
            key="early",
        )
    assert caught.value.code == "validation_failed"
    assert "charge_date" in caught.value.message


def test_what_does_not_exist_is_rejected(sandbox):
    with pytest.raises(Rejected) as caught:
        gocardless.get_billing_request("BRQ000NOBODY")
    assert caught.value.code == "resource_not_found"


def test_a_service_that_is_down_is_uncertain_on_a_create_and_unavailable_on_a_read(sandbox):
    sandbox.down("gocardless")
    with pytest.raises(Uncertain):
        ask()
    with pytest.raises(Unavailable):
        gocardless.get_billing_request("BRQ1")
    assert sandbox.store.count("gocardless.billing_requests") == 0
    # One request each: the repeats are ours, not the client's.
    assert ServiceCall.objects.count() == 2


def test_a_refused_connection_did_not_happen():
    with pytest.raises(Unavailable):
        ask()


def test_a_lost_answer_is_recovered_with_the_same_key(sandbox, vendor, settings):
    vendor.will_drop()
    with pytest.raises(Uncertain):
        ask("key-9")
    assert len(vendor.requests) == 1
    settings.GOCARDLESS_URL = sandbox.url
    first = ask("key-9")
    assert ask("key-9") == first


def refusal(kind: str, status: int, **error) -> dict:
    """An error as GoCardless words it."""
    return {"error": {"message": "No.", "type": kind, "code": status, "errors": []} | error}


@pytest.mark.parametrize(
    ("status", "body", "reading", "creating", "code"),
    [
        (401, refusal("invalid_api_usage", 401), Blocked, Blocked, "invalid_api_usage"),
        (403, refusal("invalid_api_usage", 403), Blocked, Blocked, "invalid_api_usage"),
        (429, refusal("invalid_api_usage", 429), Unavailable, Unavailable, "invalid_api_usage"),
        (500, refusal("gocardless", 500), Unavailable, Uncertain, "gocardless"),
        (502, "<html>bad gateway</html>", Unavailable, Uncertain, "malformed"),
        (503, {"error": "maintenance"}, Unavailable, Uncertain, "503"),
        (400, {"error": "odd"}, Rejected, Rejected, "400"),
        (
            422,
            refusal(
                "invalid_state",
                422,
                errors=[{"reason": "mandate_is_inactive", "message": "dead"}],
            ),
            Rejected,
            Rejected,
            "mandate_is_inactive",
        ),
        (
            422,
            refusal("validation_failed", 422, errors=[{"field": "email", "message": "is bad"}]),
            Rejected,
            Rejected,
            "validation_failed",
        ),
        (200, "", Unavailable, Uncertain, "malformed"),
        (418, refusal("brand_new", 418), Unavailable, Uncertain, "GoCardlessProError"),
    ],
)
def test_every_error_has_its_outcome(vendor, status, body, reading, creating, code):
    vendor.will(status, body)
    with pytest.raises(reading) as caught:
        gocardless.get_mandate("MD1")
    assert caught.value.code == code
    assert ServiceCall.objects.get().code == code
    if status != 429 and reading is not Blocked:
        with pytest.raises(creating):
            ask()
        assert len(vendor.requests) == 2


def test_without_a_token_nothing_is_sent(vendor, settings):
    settings.GOCARDLESS_TOKEN = ""
    with pytest.raises(Blocked, match="GOCARDLESS_TOKEN"):
        ask()
    assert vendor.requests == []


def test_the_token_can_be_checked(sandbox):
    assert gocardless.check() == "1 creditor"


def test_a_signature_counts_for_the_raw_body_and_the_right_secret(settings):
    settings.GOCARDLESS_WEBHOOK_SECRET = "one, two"
    body = b'{"events":[]}'
    for secret, right in ((b"one", True), (b"two", True), (b"three", False)):
        signature = hmac.new(secret, body, hashlib.sha256).hexdigest()
        assert gocardless.verify(body, signature) is right
        assert gocardless.verify(body + b" ", signature) is False
        assert gocardless.verify(body, signature.upper()) is False
    assert gocardless.verify(body, "") is False
    settings.GOCARDLESS_WEBHOOK_SECRET = ""
    assert gocardless.verify(body, hmac.new(b"", body, hashlib.sha256).hexdigest()) is False


def test_more_than_three_keys_of_metadata_are_a_mistake(sandbox):
    with pytest.raises(ValueError, match="three"):
        gocardless.create_billing_request(
            pence=1,
            description="x",
            mandate_description="y",
            metadata=dict.fromkeys("abcd", "1"),
            key="k",
        )
