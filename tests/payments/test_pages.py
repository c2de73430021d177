"""The parent's link."""

import threading

import pytest
from django.db import connection

from payments.models import BillingRequest
from tests import factories

pytestmark = pytest.mark.django_db


def test_the_link_leads_to_a_prefilled_page(bank, client, settings):
    settings.PUBLIC_URL = "https://club.example"
    registration = factories.registration()
    bank.ask(registration)
    response = client.get(f"/reg_setup/{registration.token}")
    [flow] = bank.made("billing_request_flows")
    assert response.status_code == 302
    assert response["Location"] == flow["authorisation_url"]
    assert response["Referrer-Policy"] == "no-referrer"
    assert response["Cache-Control"] == "no-store"
    assert "noindex" in response["X-Robots-Tag"]
    assert flow["redirect_uri"] == f"https://club.example/reg_setup/{registration.token}/return"
    assert flow["exit_uri"] == f"https://club.example/reg_setup/{registration.token}/exit"
    given = {name: value for name, value in flow["prefilled_customer"].items() if value}
    assert given == {
        "given_name": "Priya",
        "family_name": "Okafor",
        "email": registration.guardian.email,
        "address_line1": "12 Station Road",
        "city": "Manchester",
        "postal_code": "M41 9SB",
        "country_code": "GB",
    }


def test_previews_and_visits_within_ten_minutes_share_one_page(bank, client, set_clock):
    registration = factories.registration()
    bank.ask(registration)
    first = client.head(f"/reg_setup/{registration.token}")["Location"]
    assert bank.open(registration) == first
    set_clock(2026, 9, 8, 11, 9)
    assert client.get(f"/api/reg_setup/{registration.token}")["Location"] == first
    set_clock(2026, 9, 8, 11, 11)
    assert bank.open(registration) != first
    assert len(bank.made("billing_request_flows")) == 2


def test_a_link_with_the_billing_request_id_still_works(bank, client):
    registration = factories.registration()
    row = bank.ask(registration)
    assert client.get(f"/reg_setup/{row.gocardless_id}").status_code == 302


def test_a_link_followed_at_once_asks_right_then(bank):
    registration = factories.registration()
    bank.open(registration)
    row = registration.billing_requests.get()
    assert row.gocardless_id == bank.made("billing_requests")[0]["id"]
    assert row.due_at is not None


@pytest.mark.parametrize("token", ["nobody", "BRQ0000", "%00", "x" * 400, "'; drop"])
def test_an_unknown_link_is_a_404_page(client, token):
    response = client.get(f"/reg_setup/{token}")
    assert response.status_code == 404
    assert "We do not know this link" in response.content.decode()


def test_a_paid_registration_says_so_without_a_childs_name(client):
    registration = factories.active_registration()
    response = client.get(f"/reg_setup/{registration.token}")
    assert response.status_code == 200
    assert "All done, thank you" in response.content.decode()
    assert registration.player.first_name not in response.content.decode()
    assert not BillingRequest.objects.exists()


def test_a_cancelled_registration_is_gone(client):
    moment = factories.clock.now()
    registration = factories.registration(cancelled_at=moment, status="cancelled")
    response = client.get(f"/reg_setup/{registration.token}")
    assert response.status_code == 410
    assert "admin@urmstontownjfc.example" in response.content.decode()
    assert not BillingRequest.objects.exists()


def test_whoever_waits_for_a_place_pays_nothing(client):
    registration = factories.registration(waiting_since=factories.clock.now(), status="waiting")
    response = client.get(f"/reg_setup/{registration.token}")
    assert response.status_code == 200
    assert "Nothing to pay yet" in response.content.decode()
    assert not BillingRequest.objects.exists()


def test_when_gocardless_is_away_the_parent_may_try_again(bank, client, sandbox):
    registration = factories.registration()
    sandbox.down("gocardless")
    response = client.get(f"/reg_setup/{registration.token}")
    assert response.status_code == 502
    assert response["Retry-After"] == "30"
    assert "Try again" in response.content.decode()
    sandbox.up("gocardless")
    assert client.get(f"/reg_setup/{registration.token}").status_code == 302
    assert len(bank.made("billing_requests")) == 1


def test_a_request_cancelled_there_is_replaced(bank):
    registration = factories.registration()
    old = bank.ask(registration)
    dead = bank.sandbox.store.get("gocardless.billing_requests", old.gocardless_id)
    bank.sandbox.store.put(
        "gocardless.billing_requests", dead["id"], dead | {"status": "cancelled"}
    )
    bank.open(registration)
    old.refresh_from_db()
    new = registration.billing_requests.get(closed_at=None)
    assert old.status == "cancelled" and old.closed_at
    assert new.key != old.key and new.gocardless_id != old.gocardless_id


def test_a_parent_without_a_mandate_sets_up_only_that(bank):
    moment = factories.clock.now()
    registration = factories.registration(fee_settled_at=moment, fee_settled_by="by_hand")
    bank.open(registration)
    [made] = bank.made("billing_requests")
    assert made["payment_request"] is None


def test_the_return_page_believes_nobody_and_looks_again(bank, client):
    registration = factories.registration()
    bank.ask(registration)
    bank.open(registration)
    response = client.get(f"/reg_setup/{registration.token}/return")
    assert response.status_code == 200
    assert "waiting for your bank" in response.content.decode()
    assert registration.billing_requests.get() in BillingRequest.objects.due()
    registration.refresh_from_db()
    assert registration.status == "pending_payment"


def test_whoever_has_paid_is_not_sent_back_to_the_page_that_is_over(bank, client):
    registration = factories.registration()
    bank.ask(registration)
    bank.pay(registration)
    client.get(f"/reg_setup/{registration.token}/return")
    response = client.get(f"/reg_setup/{registration.token}")
    assert response.status_code == 200
    assert "All done, thank you" in response.content.decode()


def test_the_return_page_says_when_all_is_settled(client):
    registration = factories.active_registration()
    response = client.get(f"/reg_setup/{registration.token}/return")
    assert "All done, thank you" in response.content.decode()


def test_the_exit_page_leads_back(client):
    registration = factories.registration()
    response = client.get(f"/reg_setup/{registration.token}/exit")
    assert response.status_code == 200
    assert f'href="../{registration.token}"' in response.content.decode()
    assert client.get("/reg_setup/nobody/exit").status_code == 404


def test_paying_while_the_event_is_late_is_found_out_by_the_next_visit(bank, client, move_clock):
    registration = factories.registration()
    bank.ask(registration)
    bank.pay(registration)
    BillingRequest.objects.update(flow_url="")
    response = client.get(f"/reg_setup/{registration.token}")
    assert response.status_code == 200
    assert "All done, thank you" in response.content.decode()
    registration.refresh_from_db()
    assert registration.status == "active"


def test_too_many_visits_a_minute_are_asked_to_wait(client, monkeypatch):
    monkeypatch.setattr("payments.pages.VISITS_A_MINUTE", 3)
    monkeypatch.setattr("integrations.clock.pace", lambda: 1_800_000_030.0)
    answers = [client.get("/reg_setup/nobody").status_code for _ in range(4)]
    assert answers == [404, 404, 404, 429]
    assert client.get("/reg_setup/nobody")["Retry-After"] == "30"
    other = client.get("/reg_setup/nobody", REMOTE_ADDR="192.0.2.7")
    assert other.status_code == 404


def test_only_reading_is_allowed(client):
    assert client.post("/reg_setup/nobody").status_code == 405


@pytest.mark.django_db(transaction=True)
def test_visits_at_the_same_moment_share_one_request_and_one_page(bank, client):
    registration = factories.registration()
    places: list[str] = []

    def visit() -> None:
        try:
            places.append(client.get(f"/reg_setup/{registration.token}")["Location"])
        finally:
            connection.close()

    visitors = [threading.Thread(target=visit) for _ in range(5)]
    for visitor in visitors:
        visitor.start()
    for visitor in visitors:
        visitor.join(30)
    assert len(places) == 5
    assert len(set(places)) == 1
    assert len(bank.made("billing_requests")) == 1
    assert len(bank.made("billing_request_flows")) == 1
