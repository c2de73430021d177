"""Service health, as staff and their scripts see it."""

from datetime import timedelta

import pytest
from django.contrib.auth.models import Permission, User
from django.urls import reverse

from integrations import clock, health
from integrations.models import AirtableRow, ServiceCall, ServiceState
from integrations.office import put_aside

pytestmark = pytest.mark.django_db


@pytest.fixture
def boss(client, django_user_model):
    """A superuser, signed in."""
    user = django_user_model.objects.create_superuser("boss", password="boss")
    client.force_login(user)
    return user


@pytest.fixture
def beating():
    """A worker that was heard of just now."""
    ServiceState.objects.create(service="worker", last_success_at=clock.now())


@pytest.mark.parametrize("address", ["/service-health", "/api/service-health"])
def test_health_is_for_staff_only_and_refused_as_json(client, address):
    response = client.get(address)
    assert (response.status_code, response["Content-Type"]) == (401, "application/json")
    # A login that is no longer staff's is nobody's.
    client.force_login(User.objects.create_user("parent", password="x"))
    response = client.get(address)
    assert (response.status_code, response["Content-Type"]) == (401, "application/json")

    staff = User.objects.create_user("staff", password="x", is_staff=True)
    staff.user_permissions.add(Permission.objects.get(codename="view_servicestate"))
    client.force_login(staff)
    body = client.get(address).json()
    assert set(body) == {"overall_status", "services", "last_updated"}
    assert list(body["services"]) == [
        "airtable",
        "gocardless",
        "twilio",
        "s3",
        "places",
        "openai",
        "mail",
        "mcp",
        "database",
        "broker",
        "clock",
        "worker",
    ]


def test_a_quiet_club_is_healthy(client, boss, beating):
    body = client.get("/service-health").json()
    assert body["overall_status"] == "healthy"
    assert body["services"]["airtable"]["status"] == "configured, not used yet"
    assert body["services"]["worker"]["status"] == "working"


def test_a_worker_that_is_not_heard_of_is_told(client, boss, move_clock):
    ServiceState.objects.create(service="worker", last_success_at=clock.now())
    move_clock(timedelta(minutes=2))
    body = client.get("/service-health").json()
    assert body["overall_status"] == "down"
    assert body["services"]["worker"]["status"].startswith("last seen at ")


def test_calls_failures_and_what_waits_are_counted(client, boss, beating):
    now = clock.now()
    for outcome, age in (("ok", 1), ("unavailable", 2), ("held", 2), ("ok", 30)):
        ServiceCall.objects.create(
            service="airtable",
            operation="upsert",
            outcome=outcome,
            started_at=now - timedelta(hours=age),
        )
    for number, row in enumerate(
        (
            {"due_at": now - timedelta(minutes=1)},
            {"due_at": now + timedelta(minutes=1), "last_error": "airtable: away"},
            {"due_at": now + timedelta(minutes=1)},
            {"needs_person_at": now},
            {},
        )
    ):
        AirtableRow.objects.create(
            kind="registration", object_id=number, sync_id=f"{number:032x}", table="t", **row
        )
    airtable = client.get("/service-health").json()["services"]["airtable"]
    assert (airtable["calls_24h"], airtable["failures_24h"]) == (2, 1)
    assert (airtable["waiting"], airtable["needs_person"]) == (2, 1)
    assert airtable["waits"] == {"airtable rows": 2}


def test_credentials_are_masked_everywhere(client, boss, beating, settings):
    settings.AIRTABLE_PAT = "patABCDEFGHIJKLMN.0123456789"
    settings.GOCARDLESS_WEBHOOK_SECRET = "short"
    page = client.get(reverse("admin:service_health")).content.decode()
    report = client.get("/service-health").content.decode()
    for text in (page, report):
        assert "patABCDEFGHIJKLMN" not in text
        assert "short" not in text
        assert settings.TWILIO_AUTH_TOKEN not in text
    assert "patA…6789" in page
    assert health.masked("0123456789ab") == "0123…89ab"
    assert health.masked("secret") == "…"
    assert health.masked("") == ""


def test_an_open_breaker_is_shown_and_staff_may_close_it(client, boss, beating):
    until = clock.now() + timedelta(minutes=1)
    ServiceState.objects.create(service="gocardless", failures=5, open_until=until)
    body = client.get("/service-health").json()
    assert body["overall_status"] == "degraded"
    assert body["services"]["gocardless"]["breaker"] == "open"
    address = reverse("admin:service_health_do", args=["gocardless", "release"])

    client.get(address)
    assert ServiceState.objects.get(service="gocardless").open_until == until

    client.post(address)
    state = ServiceState.objects.get(service="gocardless")
    assert (state.failures, state.open_until) == (0, None)


@pytest.mark.parametrize("service", ["airtable", "gocardless", "twilio"])
def test_test_now_says_whether_the_service_works(client, boss, beating, sandbox, service):
    address = reverse("admin:service_health_do", args=[service, "test"])
    page = client.post(address, follow=True).content.decode()
    assert " works: " in page
    sandbox.down(service)
    page = client.post(address, follow=True).content.decode()
    assert "does not work" in page
    assert " works: " not in page


def test_test_now_lifts_the_hold_on_a_service_that_works_again(client, boss, beating, sandbox):
    ServiceState.objects.create(
        service="airtable", blocked_at=clock.now(), blocked_reason="airtable: 401"
    )
    assert client.get("/service-health").json()["services"]["airtable"]["breaker"] == "blocked"
    client.post(reverse("admin:service_health_do", args=["airtable", "test"]))
    assert client.get("/service-health").json()["services"]["airtable"]["breaker"] == "closed"


@pytest.mark.parametrize(("service", "deed"), [("moon", "test"), ("airtable", "delete")])
def test_what_is_not_a_service_or_a_deed_is_not_found(client, boss, service, deed):
    address = reverse("admin:service_health_do", args=[service, deed])
    assert client.post(address).status_code == 404


def test_places_has_no_test_for_it_would_cost_money():
    assert "places" not in health.TESTS


def test_a_row_put_aside_is_done_and_keeps_its_error():
    row = AirtableRow.objects.create(
        kind="registration",
        object_id=1,
        sync_id=f"{1:032x}",
        table="t",
        needs_person_at=clock.now(),
        last_error="airtable: refused",
    )
    assert put_aside(row)
    row.refresh_from_db()
    assert (row.needs_person_at, row.due_at, row.last_error) == (None, None, "airtable: refused")
    assert not put_aside(row)


def test_the_monitor_reads_json_and_gauges_with_its_token_and_nobody_is_called(
    client, settings, beating
):
    ServiceState.objects.create(service="twilio", blocked_at=clock.now())
    for address in ("/metrics", "/api/metrics", "/service-health"):
        assert client.get(address).status_code == 401
        assert client.get(address, headers={"Authorization": "Bearer "}).status_code == 401
    settings.METRICS_TOKEN = "monitor-token"
    asked = {"headers": {"Authorization": "Bearer monitor-token"}}
    assert client.get("/metrics", headers={"Authorization": "Bearer other"}).status_code == 401
    text = client.get("/metrics", **asked).content.decode()
    assert 'club_service_level{service="twilio"} 0.0' in text
    assert 'club_service_breaker_closed{service="twilio"} 0.0' in text
    assert 'club_service_level{service="database"} 1.0' in text
    assert client.get("/service-health", **asked).json()["services"]["twilio"]["level"] == "down"
    assert not ServiceCall.objects.exists()


def test_the_page_shows_hours_success_and_past_outages(client, boss, beating):
    now = clock.now()

    def call(minutes, outcome, milliseconds=100):
        ServiceCall.objects.create(
            service="twilio", operation="send", started_at=now - timedelta(minutes=minutes),
            outcome=outcome, milliseconds=milliseconds, code="ConnectError",
        )  # fmt: skip

    for minutes in (3000, 2990, 2975, 2900):  # three close together, one alone
        call(minutes, "unavailable")
    for minutes in (5, 6, 7):
        call(minutes, "ok", 200)
    call(8, "rejected")
    call(9, "unavailable")
    ServiceState.objects.create(service="twilio", last_error_at=now, last_error="away")
    page = client.get(reverse("admin:service_health"))
    twilio = next(one for one in page.context["services"] if one["key"] == "twilio")
    assert twilio["rate"] == 80.0
    (outage,) = twilio["outages"]
    assert (outage.minutes, outage.failures, outage.code) == (25, 3, "ConnectError")
    assert sum(hour.calls for hour, _, _ in twilio["hours"]) == 5
    assert "80.0 % worked" in page.content.decode()
