"""What GoCardless tells us: believed only when signed, applied once, in any order."""

from datetime import date, timedelta

import pytest

from integrations import clock, inbox
from integrations.models import WebhookEvent
from payments.actions import collecting
from payments.models import BillingRequest, Mandate, MonthlyCharge, Payment, Subscription
from tests import factories

pytestmark = pytest.mark.django_db


@pytest.fixture
def paid(bank):
    """A registration whose parent has paid; no event was delivered yet."""
    registration = factories.registration()
    bank.ask(registration)
    bank.pay(registration)
    return registration


def status(registration):
    registration.refresh_from_db()
    return registration.status


def test_fulfilment_makes_the_player_active_and_plans_one_subscription(bank, paid):
    bank.deliver()
    assert status(paid) == "active"
    assert (paid.fee_settled_by, paid.collection_arranged_by) == ("paid", "mandate")
    request, mandate = BillingRequest.objects.get(), Mandate.objects.get()
    fee, subscription = Payment.objects.get(), Subscription.objects.get()
    assert (request.status, request.closed_at) == ("fulfilled", None)
    assert mandate.gocardless_id == bank.made("mandates")[0]["id"]
    assert mandate.next_possible_charge_date == date(2026, 9, 14)
    assert mandate.guardian == paid.guardian
    assert (fee.purpose, fee.pence, fee.status) == ("signing_on_fee", 4500, "confirmed")
    assert fee.gocardless_id == bank.made("payments")[0]["id"]
    assert (subscription.status, subscription.pence, subscription.day_of_month) == (
        "planned",
        2750,
        15,
    )
    assert subscription.joined_on == date(2026, 9, 8)
    assert subscription in Subscription.objects.due()


@pytest.mark.parametrize("run", range(4))
def test_shuffled_and_doubled_events_come_to_the_same(bank, paid, run):
    bank.deliver(shuffled=True)
    bank.deliver(shuffled=True)
    assert status(paid) == "active"
    assert Payment.objects.get().status == "confirmed"
    assert Mandate.objects.count() == Subscription.objects.count() == 1
    assert WebhookEvent.objects.count() == len(bank.events())
    assert not WebhookEvent.objects.needs_person().exists()
    assert not WebhookEvent.objects.waiting().exists()


def test_any_event_of_the_payment_is_enough(bank, paid):
    bank.deliver([event for event in bank.events() if event["action"] == "confirmed"])
    assert status(paid) == "active"
    assert Payment.objects.get().status == "confirmed"


def test_the_mandates_event_alone_is_enough(bank, paid):
    bank.deliver([event for event in bank.events() if event["resource_type"] == "mandates"])
    assert status(paid) == "active"


def test_a_fulfilled_event_that_is_not_true_changes_nothing(bank):
    registration = factories.registration()
    row = bank.ask(registration)
    bank.tell("billing_requests", "fulfilled", links={"billing_request": row.gocardless_id})
    assert status(registration) == "pending_payment"
    assert not Payment.objects.exists()
    assert WebhookEvent.objects.get().due_at > clock.now()


def test_it_waits_while_gocardless_cannot_be_asked(bank, paid, sandbox, move_clock):
    sandbox.down("gocardless")
    bank.deliver([event for event in bank.events() if event["action"] == "fulfilled"])
    assert status(paid) == "pending_payment"
    sandbox.up("gocardless")
    move_clock(timedelta(minutes=2))
    inbox.process_due()
    assert status(paid) == "active"


def test_a_forged_event_is_refused_and_not_kept(bank, paid):
    response = bank.post({"events": bank.events()}, secret="another secret")
    assert response.status_code == 498
    assert not WebhookEvent.objects.exists()
    assert status(paid) == "pending_payment"


def test_a_fee_that_fails_is_not_settled_and_the_link_asks_again(bank):
    registration = factories.registration()
    bank.ask(registration)
    bank.pay(registration, "fail")
    bank.deliver()
    assert status(registration) == "pending_payment"
    assert registration.fee_settled_at is None
    assert registration.flagged_at is not None
    assert Payment.objects.get().status == "failed"
    assert not Subscription.objects.exclude(status="cancelled").exists()
    bank.pay(registration)
    bank.deliver()
    assert status(registration) == "active"
    assert len(bank.made("billing_requests")) == 2


def test_a_fee_that_fails_later_takes_everything_back(bank, paid):
    bank.deliver([event for event in bank.events() if event["action"] == "fulfilled"])
    assert status(paid) == "active"
    fee = Payment.objects.get()
    mandate = Mandate.objects.get()
    bank.tell("payments", "failed", links={"payment": fee.gocardless_id})
    assert status(paid) == "pending_payment"
    assert Subscription.objects.get().status == "cancelled"
    details = {"cause": "initial_one_off_payment_failed"}
    links = {"mandate": mandate.gocardless_id}
    bank.tell("mandates", "cancelled", links=links, details=details)
    assert status(paid) == "pending_payment"
    assert paid.collection_arranged_at is None
    assert len(paid.flags) == 2
    assert not BillingRequest.objects.filter(closed_at=None).exists()


def test_an_older_word_never_undoes_a_newer_one(bank, paid, move_clock):
    bank.deliver()
    fee = Payment.objects.get()
    move_clock(timedelta(days=1))
    links = {"payment": fee.gocardless_id}
    bank.tell("payments", "paid_out", links=links)
    hour_ago = (clock.now() - timedelta(hours=1)).isoformat()
    bank.tell("payments", "failed", links=links, created_at=hour_ago)
    bank.tell("payments", "submitted", links=links)
    fee.refresh_from_db()
    assert fee.status == "paid_out"
    assert status(paid) == "active"


def test_a_charge_back_and_its_end_are_followed(bank, paid, move_clock):
    bank.deliver()
    fee = Payment.objects.get()
    links = {"payment": fee.gocardless_id}
    move_clock(timedelta(days=3))
    bank.tell("payments", "charged_back", links=links)
    assert status(paid) == "pending_payment"
    bank.sandbox.store.put(
        "gocardless.payments",
        fee.gocardless_id,
        bank.made("payments")[0] | {"status": "paid_out"},
    )
    move_clock(timedelta(days=3))
    bank.tell("payments", "chargeback_cancelled", links=links)
    fee.refresh_from_db()
    assert fee.status == "paid_out"
    assert status(paid) == "active"


def test_a_lost_mandate_ends_collection_and_its_link_asks_for_another(bank, paid):
    bank.deliver()
    old = Mandate.objects.get()
    bank.tell("mandates", "cancelled", links={"mandate": old.gocardless_id})
    assert status(paid) == "incomplete"
    assert paid.flagged_at is not None
    assert Subscription.objects.get().status == "cancelled"
    bank.pay(paid)
    bank.deliver()
    assert status(paid) == "active"
    again = Subscription.objects.get(status="planned")
    assert again.mandate.gocardless_id != old.gocardless_id
    assert Payment.objects.count() == 1
    bank.tell("mandates", "expired", links={"mandate": old.gocardless_id})
    assert status(paid) == "active"


def test_a_cancelled_request_makes_room_for_another(bank):
    registration = factories.registration()
    row = bank.ask(registration)
    dead = bank.made("billing_requests")[0] | {"status": "cancelled"}
    bank.sandbox.store.put("gocardless.billing_requests", dead["id"], dead)
    bank.tell("billing_requests", "cancelled", links={"billing_request": row.gocardless_id})
    row.refresh_from_db()
    assert (row.status, row.due_at) == ("cancelled", None)
    assert row.closed_at is not None


@pytest.mark.parametrize(
    ("plural", "action", "links", "outcome"),
    [
        ("payments", "submitted", {"payment": "PM404"}, "waiting"),
        ("billing_requests", "fulfilled", {"billing_request": "BRQ404"}, "recorded"),
        ("mandates", "active", {"mandate": "MD404"}, "recorded"),
        ("subscriptions", "cancelled", {"subscription": "SB404"}, "recorded"),
        ("refunds", "paid", {"refund": "RF404"}, "waiting"),
        ("payouts", "paid", {}, "recorded"),
        ("moon_phases", "full", {}, "unknown"),
    ],
)
def test_what_is_not_ours_is_kept_and_changes_nothing(bank, plural, action, links, outcome):
    bank.tell(plural, action, links=links)
    event = WebhookEvent.objects.get()
    assert event.outcome == outcome
    assert not Payment.objects.exists()
    assert not Mandate.objects.exists()


EVERY = {  # wire/gocardless_twilio 4.4
    "billing_requests": "created flow_created flow_visited flow_exited collect_customer_details "
    "collect_bank_account collect_amount choose_currency select_institution "
    "payer_details_confirmed bank_authorisation_visited bank_authorisation_authorised "
    "bank_authorisation_denied bank_authorisation_expired bank_authorisation_failed fulfilled "
    "cancelled failed payer_geo_blocked",
    "mandates": "created customer_approval_granted customer_approval_skipped submitted active "
    "failed cancelled expired reinstated resubmission_requested transferred replaced consumed "
    "blocked",
    "payments": "created customer_approval_granted customer_approval_denied submitted confirmed "
    "paid_out failed charged_back chargeback_cancelled chargeback_settled late_failure_settled "
    "cancelled resubmission_requested surcharge_fee_debited",
    "subscriptions": "created customer_approval_granted customer_approval_denied payment_created "
    "amended paused resumed scheduled_pause scheduled_pause_cancelled scheduled_resume finished "
    "cancelled",
    "refunds": "created paid failed refund_settled funds_returned",
    "payouts": "paid fx_rate_confirmed tax_exchange_rates_confirmed",
}


def test_every_kind_of_event_is_applied_or_kept_as_information(bank, paid, sandbox):
    bank.deliver()
    collecting.collect_due()
    ours = {plural: bank.made(plural)[0]["id"] for plural in EVERY if bank.made(plural)}
    told = 0
    for plural, actions in EVERY.items():
        links = {plural[:-1]: ours[plural]} if plural in ours else {}
        for action in actions.split():
            bank.tell(plural, action, links=links)
            told += 1
    newest = WebhookEvent.objects.order_by("-pk")[:told]
    assert {event.outcome for event in newest} == {"applied", "recorded"}
    assert not WebhookEvent.objects.open().exists()


@pytest.mark.parametrize("links", [{}, {"payment": None}, {"payment": 7}, {"payment": ""}])
def test_odd_links_are_kept_as_information(bank, links):
    for plural in ("payments", "mandates", "subscriptions", "billing_requests"):
        bank.tell(plural, "cancelled", links=links, resource_metadata=[], details="odd")
    assert set(WebhookEvent.objects.values_list("outcome", flat=True)) == {"recorded"}


def test_odd_details_hold_nothing_up(bank, paid):
    bank.deliver()
    links = {"mandate": Mandate.objects.get().gocardless_id}
    bank.tell("mandates", "cancelled", links=links, details="odd")
    assert status(paid) == "incomplete"


def test_a_months_payment_is_learnt_and_finds_its_month(bank, paid, move_clock):
    bank.deliver()
    subscription = Subscription.objects.get()
    Subscription.objects.update(gocardless_id="SB1", status="active")
    MonthlyCharge.objects.create(
        registration=paid, month=date(2026, 11, 1), pence=2750, charge_on=date(2026, 11, 16)
    )
    example = bank.made("payments")[0]
    month = example | {
        "id": "PM77",
        "amount": 2750,
        "charge_date": "2026-11-16",
        "status": "pending_submission",
        "links": {"subscription": "SB1", "mandate": subscription.mandate.gocardless_id},
    }
    bank.sandbox.store.put("gocardless.payments", "PM77", month)
    bank.tell("subscriptions", "payment_created", links={"subscription": "SB1", "payment": "PM77"})
    payment = Payment.objects.get(gocardless_id="PM77")
    assert (payment.purpose, payment.subscription_id) == ("monthly", subscription.pk)
    charge = MonthlyCharge.objects.get()
    assert (charge.payment_id, charge.status) == (payment.pk, "pending_submission")
    move_clock(timedelta(minutes=5))
    bank.tell("payments", "confirmed", links={"payment": "PM77"})
    charge.refresh_from_db()
    assert charge.status == "confirmed"
    assert status(paid) == "active"


def test_a_payment_after_cancelling_is_recorded_and_shown_to_staff(bank, paid):
    paid.cancelled_at, paid.status = clock.now(), "cancelled"
    paid.save()
    bank.deliver()
    assert status(paid) == "cancelled"
    assert paid.fee_settled_at is not None
    assert paid.flagged_at is not None
    assert not Subscription.objects.exists()
