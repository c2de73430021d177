"""Every page of the admin opens, for every model, and nothing is changed by looking."""

import re
from datetime import date, timedelta

import pytest
from django.contrib import admin
from django.contrib.auth.models import User
from django.urls import reverse

from integrations import clock
from integrations.airtable.state import (
    AirtableBase,
    AirtableConflict,
    AirtableRun,
    AirtableTable,
)
from integrations.models import (
    AgentCall,
    AgentToken,
    AirtableRow,
    AuditEntry,
    PasswordReset,
    ServiceCall,
    ServiceState,
    StaffMail,
    WebhookEvent,
)
from payments.models import (
    ArrearsCase,
    ArrearsPlan,
    BillingRequest,
    Ending,
    HandPayment,
    Hardship,
    LinkOpening,
    Mandate,
    MonthlyCharge,
    MonthlyPrice,
    OpeningBalance,
    Payment,
    PaymentOrder,
    Payout,
    PayoutItem,
    PriceReason,
    Reconciliation,
    ReconciliationDifference,
    Refund,
    Subscription,
)
from registrations.models import (
    ChatMessage,
    ChatSession,
    Circular,
    ClubText,
    Consent,
    ContactCode,
    Draft,
    Email,
    Import,
    Invitation,
    ModelCall,
    OptOut,
    Photo,
    PhotoAdvice,
    PhotoBytes,
    PlaceOffer,
    Proposal,
    Registration,
    ResumeLink,
    RetentionItem,
    RetentionRun,
    ReturningPlace,
    ReturningVisit,
    Rollover,
    Sms,
    Suspension,
    TeamStaff,
    note,
)
from tests import factories

MODELS = sorted(model._meta.label for model in admin.site._registry)
DELETED = {"registrations.TeamStaff", "registrations.ClubText"}
KEPT = [label for label in MODELS if not label.startswith("auth.") and label not in DELETED]


@pytest.fixture
def boss(client, django_user_model):
    """A superuser, signed in."""
    user = django_user_model.objects.create_superuser("boss", password="boss")
    client.force_login(user)
    return user


@pytest.fixture
def club(boss):
    """One row of every model, each with something wrong with it."""
    now = clock.now()
    row = factories.registration(
        has_medical_issues=True, medical_notes="asthma", flags=["look"], flagged_at=now
    )
    wrong = {"needs_person_at": now, "last_error": "gocardless: refused", "last_error_at": now}
    session = ChatSession.objects.create(
        key="k", started_at=now, last_seen_at=now, wants_person_at=now
    )
    draft = Draft.objects.create(
        session=session,
        team=row.team,
        kind="200",
        code=row.code,
        answers={"parent_name": "Priya Okafor"},
        sensitive="{}",
        registration=row,
        started_at=now,
        last_answer_at=now,
    )
    ChatMessage.objects.create(
        session=session, draft=draft, role="parent", text="<b>hi</b>", at=now
    )
    message = {"registration": row, "kind": "payment_link", "body": "Pay", "created_at": now}
    Sms.objects.create(to=row.guardian.phone, **message, **wrong)
    Email.objects.create(to="a@example.org", subject="Pay", **message, **wrong)
    ResumeLink.objects.create(
        draft=draft, to="a@example.org", created_at=now, expires_at=now, **wrong
    )
    ContactCode.objects.create(
        registration=row, field="email", value="b@example.org", created_at=now, **wrong
    )
    OptOut.objects.create(phone=factories.phone(), since=now, source="twilio")
    photo = Photo.objects.create(registration=row, uploaded_at=now, state="accepted", **wrong)
    PhotoBytes.objects.create(photo=photo, jpeg=b"\xff\xd8jpeg")
    Consent.objects.create(
        registration=row, kind="medical", wording="1", given=True, decided_at=now
    )
    Suspension.objects.create(registration=row, reason="kit not returned", suspended_at=now)
    note(row, "staff", "A note", at=now)
    staff = User.objects.get(username="boss")
    TeamStaff.objects.create(user=staff, team=row.team)
    PasswordReset.objects.create(user=staff, asked_at=now, **wrong)
    token = AgentToken.objects.create(
        user=staff, name="assistant", digest="d", hint="club_aaaa", created_at=now, expires_at=now
    )
    AgentCall.objects.create(token=token, by="agent for boss", tool="teams", outcome="read", at=now)
    proposed = {"kind": "suspension", "registration": row, "team": row.team, "proposed_at": now}
    Proposal.objects.create(**proposed, reason="no kit", proposed_by="agent for boss")
    AuditEntry.objects.create(at=now, verb="did", by="boss", words="made a club")
    _paid(row, now, wrong)
    WebhookEvent.objects.create(
        source="gocardless", event_id="EV1", body={"id": "EV1"}, received_at=now, **wrong
    )
    there = AirtableRow.objects.create(
        kind="registration",
        object_id=row.pk,
        sync_id=row.sync_id,
        table="t",
        pushed_at=now,
        **wrong,
    )
    _in_airtable(there, now)
    _coming_back(row, session, now, wrong)
    _from_the_office(row, now, wrong)
    _read_by_a_model(draft, photo, now, wrong)
    _kept_for_a_while(row, now, wrong)
    ServiceState.objects.create(service="airtable", failures=2)
    ServiceCall.objects.create(service="airtable", operation="upsert", started_at=now, outcome="ok")
    return row


def _from_the_office(row, now, wrong):
    mail = {"kind": "digest", "subject": "s", "body": "b", "created_at": now}
    StaffMail.objects.create(user=User.objects.get(username="boss"), key="k", **mail, **wrong)
    Circular.objects.create(subject="s", text="t", starts_at=now, made_at=now)
    Import.objects.create(kind="teams", season=row.season, file_name="a.csv", handed_in_at=now)


def _read_by_a_model(draft, photo, now, wrong):
    ClubText.objects.create(title="Fees", words="{fee}")
    tokens = {"input_tokens": 400, "output_tokens": 50, "microdollars": 1200, "milliseconds": 700}
    ModelCall.objects.create(
        draft=draft, purpose="reading", outcome="read", model="gpt-4.1", at=now, **tokens
    )
    PhotoAdvice.objects.create(photo=photo, verdict="unsure", **wrong)


def _kept_for_a_while(row, now, wrong):
    PlaceOffer.objects.create(
        registration=row, team=row.team, offered_at=now, expires_at=now, ended_at=now
    )
    run = RetentionRun.objects.create(dry_run=False, started_at=now)
    RetentionItem.objects.create(
        run=run, kind="photo", about="a photo", kept_until=now.date(), **wrong
    )


def _in_airtable(there, now):
    AirtableBase.objects.create(base_id="appTests000000001", first_used_at=now)
    AirtableTable.objects.create(kind="registration", name="t", table_id="tbl1")
    AirtableConflict.objects.create(
        row=there, field="team", why="both", winner="theirs", noted_at=now
    )
    AirtableRun.objects.create(table="t", what="pull", started_at=now, finished_at=now)


def _coming_back(row, session, now, wrong):
    rollover = Rollover.objects.create(
        from_season=row.season, to_code="2728", planned_at=now, values={}, **wrong
    )
    family = row.guardian.family
    ReturningPlace.objects.create(
        rollover=rollover, before=row, player=row.player, family=family, reason="U18s end here"
    )
    Invitation.objects.create(
        rollover=rollover, family=family, guardian=row.guardian, registration=row
    )
    ReturningVisit.objects.create(
        session=session, team=row.team, code="100", asked_for="sam", started_at=now, **wrong
    )


def _paid(row, now, wrong):
    MonthlyPrice.objects.create(registration=row, list_pence=2750, **wrong)
    PriceReason.objects.create(
        registration=row, pence=2475, list_pence=2750, percent=10, words="child 2", at=now
    )
    LinkOpening.objects.create(registration=row, sent_to=str(row.guardian.phone), first_at=now)
    asked = BillingRequest.objects.create(
        registration=row, pence=4500, gocardless_id="BRQ123", created_at=now, **wrong
    )
    mandate = Mandate.objects.create(
        gocardless_id="MD1", guardian=row.guardian, billing_request=asked, created_at=now
    )
    plan = Subscription.objects.create(
        registration=row,
        mandate=mandate,
        pence=2750,
        joined_on=date(2026, 9, 1),
        day_of_month=15,
        created_at=now,
        **wrong,
    )
    paid = Payment.objects.create(
        registration=row,
        mandate=mandate,
        subscription=plan,
        purpose="monthly",
        gocardless_id="PM1",
        pence=2750,
        created_at=now,
        **wrong,
    )
    MonthlyCharge.objects.create(registration=row, month=date(2026, 9, 1), pence=2750, payment=paid)
    _in_their_books(row, plan, paid, now, wrong)


def _in_their_books(row, plan, paid, now, wrong):
    Ending.objects.create(subscription=plan, reason="moved away", created_at=now, **wrong)
    Refund.objects.create(gocardless_id="RF1", payment=paid, pence=500, created_at=now)
    order = {"payment": paid, "kind": "refund", "pence": 500, "created_at": now}
    PaymentOrder.objects.create(**order, **wrong)
    case = {"since": now.date(), "pence": 500, "rung_at": now, "opened_at": now}
    ArrearsCase.objects.create(registration=row, **case)
    ArrearsPlan.objects.create(registration=row, agreed_on=now.date(), until=now.date(), words="x")
    Hardship.objects.create(registration=row, since=now, words="why")
    recorded = {"registration": row, "pence": 2000, "recorded_at": now}
    OpeningBalance.objects.create(as_of=now.date(), **recorded)
    HandPayment.objects.create(
        purpose="month", month=now.date(), method="cash", received_on=now.date(), **recorded
    )
    payout = Payout.objects.create(gocardless_id="PO1", pence=2700, fees_pence=50, created_at=now)
    PayoutItem.objects.create(payout=payout, position=0, kind="payment_paid_out", pence=2750)
    Reconciliation.objects.create(started_at=now, finished_at=now, open=1)
    ReconciliationDifference.objects.create(
        resource="payments",
        gocardless_id="PM9",
        what="not there",
        registration=row,
        pence=-2750,
        found_at=now,
        seen_at=now,
    )


def _model(label):
    return next(model for model in admin.site._registry if model._meta.label == label)


def _by_key(row):
    return row.pk


def _rows(label, boss):
    model = _model(label)
    if label == "auth.Group":
        model.objects.create(name="Welfare")
    if label == "payments.SiblingCase":
        one, other = sorted((Registration.objects.get(), factories.registration()), key=_by_key)
        model.objects.create(one=one, other=other, evidence=["alike"], opened_at=clock.now())
    return model._default_manager.all()


def _name(label, page):
    return f"admin:{label.lower().replace('.', '_')}_{page}"


@pytest.mark.django_db
@pytest.mark.parametrize("label", MODELS)
def test_every_list_opens_searched_and_filtered(label, boss, club, client):
    rows = _rows(label, boss)
    assert rows.count() >= 1
    address = reverse(_name(label, "changelist"))
    assert client.get(address).status_code == 200
    for text in ("Okafor", "07700 900123", "+44 7700 900123", "m41 9sb", "BRQ123", "O'Brien"):
        assert client.get(address, {"q": text}).status_code == 200
    for value in ("person", "waiting", "done"):
        assert client.get(address, {"queue": value}).status_code in (200, 302)


@pytest.mark.django_db
@pytest.mark.parametrize("label", MODELS)
def test_every_detail_page_opens(label, boss, club, client):
    row = _rows(label, boss).first()
    response = client.get(reverse(_name(label, "change"), args=[row.pk]))
    assert response.status_code == 200
    assert "asthma" not in response.content.decode()


@pytest.mark.django_db
@pytest.mark.parametrize("label", MODELS)
def test_an_add_page_opens_where_staff_make_such_rows_and_nowhere_else(label, boss, club, client):
    response = client.get(reverse(_name(label, "add")))
    made_by_hand = label in {
        "registrations.Season",
        "registrations.Team",
        "registrations.TeamStaff",
        "registrations.ClubText",
        "payments.SiblingCase",
        "auth.User",
        "auth.Group",
        "integrations.AgentToken",
    }
    assert response.status_code == (200 if made_by_hand else 403)


@pytest.mark.django_db
@pytest.mark.parametrize("label", KEPT)
def test_nothing_of_ours_is_deleted_in_the_admin(label, boss, club, client):
    row = _rows(label, boss).first()
    response = client.post(reverse(_name(label, "delete"), args=[row.pk]), {"post": "yes"})
    assert response.status_code == 403
    assert type(row)._default_manager.filter(pk=row.pk).exists()


@pytest.mark.django_db
@pytest.mark.parametrize("label", MODELS)
def test_whoever_is_not_signed_in_is_sent_to_the_login(label, client):
    for page in ("changelist", "add"):
        response = client.get(reverse(_name(label, page)))
        assert response.status_code == 302
        assert response["Location"].startswith("/admin/login/")


@pytest.mark.django_db
def test_staff_without_permissions_see_no_child(client, club):
    client.force_login(User.objects.create_user("new", password="x", is_staff=True))
    photo = Photo.objects.get()
    pages = [
        reverse("admin:registrations_registration_changelist"),
        reverse("admin:registrations_registration_change", args=[club.pk]),
        reverse("admin:registration_photo", args=[photo.uuid]),
        reverse("admin:service_health"),
    ]
    assert [client.get(page).status_code for page in pages] == [403, 403, 403, 403]
    waiting = client.get(reverse("admin:needs_a_person"))
    assert waiting.status_code == 200
    assert "Okafor" not in waiting.content.decode()
    assert client.get(reverse("admin:index")).status_code == 200


@pytest.mark.django_db
def test_everything_that_waits_for_staff_is_on_one_page(client, club):
    waiting = factories.registration(
        status="waiting", waiting_since=clock.now() - timedelta(days=1)
    )
    page = client.get(reverse("admin:needs_a_person")).content.decode()
    for title in (
        "Registrations to look at (1)",
        "Players waiting for a place (1)",
        "Parents who asked for a person (1)",
        "SMS that could not be done (1)",
        "E-mails that could not be done (1)",
        "Photos that could not be done (1)",
        "Webhook events that could not be done (1)",
        "Airtable rows that could not be done (1)",
        "Billing requests that could not be done (1)",
        "Subscriptions that could not be done (1)",
        "Payments that could not be done (1)",
        "Payment orders that could not be done (1)",
        "Endings that could not be done (1)",
        "Rollovers that could not be done (1)",
        "Differences from GoCardless (1)",
    ):
        assert title in page
    assert waiting.player.full_name in page
    assert "gocardless: refused" in page
    index = client.get(reverse("admin:index")).content.decode()
    assert re.search(r"Needs a person: (\d+)", index).group(1) == "25"


@pytest.mark.django_db
@pytest.mark.parametrize(
    "label",
    [
        "registrations.Sms",
        "registrations.Email",
        "registrations.Photo",
        "integrations.WebhookEvent",
        "integrations.AirtableRow",
        "payments.BillingRequest",
        "payments.Subscription",
        "payments.Payment",
        "payments.MonthlyPrice",
    ],
)
def test_a_retry_by_post_makes_the_row_due_and_one_by_get_does_nothing(label, client, club):
    row = _model(label).objects.get()
    address = reverse(_name(label, "do"), args=[row.pk, "try_again"])

    client.get(address)
    row.refresh_from_db()
    assert row.needs_person_at is not None and row.due_at is None

    response = client.post(address, {"from": "needs_a_person"})
    assert response["Location"] == reverse("admin:needs_a_person")
    row.refresh_from_db()
    assert row.needs_person_at is None
    assert row.due_at <= clock.now()
    assert row.attempts == 0


@pytest.mark.django_db
def test_a_row_that_is_being_tried_is_not_taken_from_the_worker(client, club):
    event = WebhookEvent.objects.get()
    WebhookEvent.objects.update(leased_until=clock.now() + timedelta(minutes=1))
    address = reverse("admin:integrations_webhookevent_do", args=[event.pk, "try_again"])
    page = client.post(address, follow=True).content.decode()
    assert "being tried at this moment" in page
    event.refresh_from_db()
    assert event.due_at is None


@pytest.mark.django_db
def test_the_timeline_holds_what_was_said_sent_paid_and_pushed(client, club):
    address = reverse("admin:registrations_registration_change", args=[club.pk])
    page = client.get(address).content.decode()
    timeline = page[page.index('id="timeline"') :]
    for text in ("A note", "&lt;b&gt;hi&lt;/b&gt;", "Payment link to", "BRQ123", "PM1", "in t ("):
        assert text in timeline


@pytest.mark.django_db
def test_a_registration_is_found_by_its_billing_request(client, club):
    other = factories.registration()
    page = client.get(reverse("admin:registrations_registration_changelist"), {"q": "BRQ123"})
    found = page.content.decode()
    assert club.player.full_name in found
    assert other.player.full_name not in found


def test_every_queue_names_the_service_that_it_waits_for(settings):
    queues = {label for label in MODELS if hasattr(_model(label), "needs_person_at")}
    assert queues == set(settings.DUE_SERVICES)
