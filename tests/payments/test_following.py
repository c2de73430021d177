"""What happens to payments, mandates and subscriptions later on, told by GoCardless's events."""

from datetime import date, timedelta

import pytest

from integrations import clock
from integrations.models import WebhookEvent
from payments.actions import collecting
from payments.models import Mandate, MonthlyCharge, Payment, Subscription
from tests import factories

pytestmark = pytest.mark.django_db


@pytest.fixture
def member(bank):
    """A paid registration whose subscription runs from 15 September on."""
    registration = factories.registration(payment_day=15)
    bank.ask(registration)
    bank.pay(registration)
    bank.deliver()
    collecting.collect_due()
    return registration


@pytest.fixture
def month(bank, member):
    """September's payment, known to us and submitted."""
    subscription = Subscription.objects.get()
    september = bank.made("payments")[0] | {
        "id": "PMSEP",
        "amount": 2750,
        "charge_date": "2026-09-15",
        "status": "submitted",
        "created_at": "2026-09-10T06:00:00.000Z",
        "links": {
            "subscription": subscription.gocardless_id,
            "mandate": subscription.mandate.gocardless_id,
        },
    }
    bank.sandbox.store.put("gocardless.payments", "PMSEP", september)
    links = {"subscription": subscription.gocardless_id, "payment": "PMSEP"}
    bank.tell("subscriptions", "payment_created", links=links)
    return Payment.objects.get(gocardless_id="PMSEP")


def failed(bank, **details):
    details = {"cause": "refer_to_payer", "reason_code": "ARUDD-0"} | details
    bank.tell("payments", "failed", links={"payment": "PMSEP"}, details=details)


def september():
    return MonthlyCharge.objects.get(month=date(2026, 9, 1))


def test_a_failure_that_will_be_retried_says_so_and_keeps_its_month(bank, month, move_clock):
    move_clock(timedelta(days=8))
    failed(bank, will_attempt_retry=True)
    month.refresh_from_db()
    assert (month.status, month.will_retry, month.cause) == ("failed", True, "refer_to_payer")
    again = bank.made("payments")[-1] | {"status": "submitted", "charge_date": "2026-10-05"}
    bank.sandbox.store.put("gocardless.payments", "PMSEP", again)
    move_clock(timedelta(days=8))
    cause = {"cause": "payment_autoretried"}
    bank.tell("payments", "resubmission_requested", links={"payment": "PMSEP"}, details=cause)
    month.refresh_from_db()
    assert (month.status, month.will_retry) == ("submitted", False)
    assert month.charge_on == date(2026, 10, 5)
    assert september().payment_id == month.pk
    assert MonthlyCharge.objects.get(month=date(2026, 10, 1)).payment_id is None


def test_a_payment_first_heard_of_after_its_retry_pays_for_its_own_month(bank, member, move_clock):
    subscription = Subscription.objects.get()
    late = bank.made("payments")[0] | {
        "id": "PMLATE",
        "amount": 2750,
        "charge_date": "2026-10-05",
        "status": "submitted",
        "created_at": "2026-09-10T06:00:00.000Z",
        "links": {
            "subscription": subscription.gocardless_id,
            "mandate": subscription.mandate.gocardless_id,
        },
    }
    bank.sandbox.store.put("gocardless.payments", "PMLATE", late)
    move_clock(timedelta(days=24))
    bank.tell("payments", "submitted", links={"payment": "PMLATE"})
    assert september().payment.gocardless_id == "PMLATE"
    assert MonthlyCharge.objects.get(month=date(2026, 10, 1)).payment_id is None


def test_a_late_failure_takes_a_confirmed_month_back(bank, month, move_clock):
    links = {"payment": "PMSEP"}
    for action in ("confirmed", "paid_out"):
        move_clock(timedelta(days=4))
        bank.tell("payments", action, links=links)
    assert september().status == "paid_out"
    move_clock(timedelta(days=4))
    failed(bank)
    assert september().status == "failed"
    bank.tell("payments", "late_failure_settled", links=links)
    assert september().status == "failed"


def test_a_subscription_is_paused_resumed_and_finished(bank, member, move_clock):
    links = {"subscription": Subscription.objects.get().gocardless_id}
    for action, status in (("paused", "paused"), ("resumed", "active"), ("finished", "finished")):
        move_clock(timedelta(days=1))
        bank.tell("subscriptions", action, links=links)
        assert Subscription.objects.get().status == status
    bank.tell("subscriptions", "amended", links=links)
    assert WebhookEvent.objects.get(action="amended").outcome == "recorded"


def test_a_replaced_mandate_hands_its_subscription_on(bank, member, move_clock):
    old, plan = Mandate.objects.get(), Subscription.objects.get()
    new = bank.made("mandates")[0] | {"id": "MDNEW", "status": "active"}
    bank.sandbox.store.put("gocardless.mandates", "MDNEW", new)
    theirs = bank.made("subscriptions")[0]
    theirs["links"] = {"mandate": "MDNEW"}
    bank.sandbox.store.put("gocardless.subscriptions", plan.gocardless_id, theirs)
    links = {"mandate": old.gocardless_id, "new_mandate": "MDNEW"}
    bank.tell("mandates", "replaced", links=links)
    plan.refresh_from_db()
    old.refresh_from_db()
    assert (plan.status, plan.mandate.gocardless_id) == ("active", "MDNEW")
    assert old.replaced_by == plan.mandate
    move_clock(timedelta(days=1))
    bank.tell("mandates", "cancelled", links={"mandate": old.gocardless_id})
    member.refresh_from_db()
    assert (member.status, Subscription.objects.get().status) == ("active", "active")


@pytest.mark.parametrize("turned", [False, True])
def test_a_reinstated_mandate_collects_again_but_its_subscription_stays_ended(
    bank, member, move_clock, turned
):
    mandate = Mandate.objects.get()
    links = {"mandate": mandate.gocardless_id}
    moments = [(clock.now() + timedelta(days=days)).isoformat() for days in (1, 2)]
    move_clock(timedelta(days=3))
    said = list(zip(("cancelled", "reinstated"), moments, strict=True))
    for action, moment in reversed(said) if turned else said:
        bank.tell("mandates", action, links=links, created_at=moment)
    member.refresh_from_db()
    mandate.refresh_from_db()
    assert mandate.status not in ("cancelled", "")
    assert (member.status, Subscription.objects.get().status) == ("active", "cancelled")
    assert member.flagged_at is not None


def test_an_old_word_about_a_mandate_that_was_dead_when_we_heard_of_it_is_no_news(bank, member):
    Mandate.objects.update(history=[], status="cancelled", status_at=clock.now())
    mandate = Mandate.objects.get()
    early = (clock.now() - timedelta(days=1)).isoformat()
    links = {"mandate": mandate.gocardless_id}
    bank.tell("mandates", "submitted", links=links, created_at=early)
    told = WebhookEvent.objects.order_by("-pk").first()
    assert told.outcome == "recorded"
    assert Subscription.objects.get().status == "active"


@pytest.mark.parametrize("action", ["failed", "expired", "blocked", "cancelled"])
def test_a_dead_mandate_ends_monthly_collection(bank, member, action):
    details = {"cause": "bank_account_closed", "origin": "bank", "reason_code": "ADDACS-B"}
    links = {"mandate": Mandate.objects.get().gocardless_id}
    bank.tell("mandates", action, links=links, details=details)
    member.refresh_from_db()
    assert (member.status, Subscription.objects.get().status) == ("incomplete", "cancelled")
    assert f"Direct Debit lost: mandate {action}: bank account closed" in member.flags


def test_the_dashboards_test_events_change_nothing_and_ask_nothing(bank, member):
    before = len(bank.sandbox.store.all("sandbox.counts"))
    for plural in ("payments", "mandates", "subscriptions", "refunds", "payouts"):
        links = {plural[:-1]: "index_ID_123"}
        bank.tell(plural, "failed", id=f"EVTEST{plural}", links=links)
        bank.tell(plural, "paid", links=links, details={"cause": "test_failure"})
    tests = WebhookEvent.objects.filter(body__links__icontains="index_ID_123")
    assert set(tests.values_list("outcome", flat=True)) <= {"recorded"}
    assert not WebhookEvent.objects.needs_person().exists()
    assert len(bank.sandbox.store.all("sandbox.counts")) == before


def test_a_poisoned_event_waits_for_a_person_and_holds_nothing_up(bank, month, move_clock):
    move_clock(timedelta(days=8))
    bank.tell("payments", "confirmed", links={"payment": "PM404"})
    bank.tell("payments", "confirmed", links={"payment": "PMSEP"})
    assert WebhookEvent.objects.needs_person().count() == 1
    assert september().status == "confirmed"
