"""Creating what collects each month: planned whole, created once, compared with the plan."""

import threading
from datetime import date, timedelta

import pytest
from django.db import connection

from integrations import clock
from integrations.errors import Uncertain
from integrations.sandbox.gocardless import ageing
from payments.actions import collecting
from payments.jobs import collect
from payments.models import Mandate, MonthlyCharge, Payment, Subscription
from registrations.models import Email, Sms
from tests import factories

pytestmark = pytest.mark.django_db


def member(bank, **given):
    """A registration that has paid, with its subscription planned and due."""
    registration = factories.registration(**given)
    bank.ask(registration)
    bank.pay(registration)
    bank.deliver()
    return registration


def confirmations():
    return list(Sms.objects.filter(kind="confirmation").values_list("body", flat=True))


def test_a_subscription_is_created_on_the_chosen_day(bank):
    registration = member(bank, payment_day=15)
    collect()
    [made] = bank.made("subscriptions")
    row = Subscription.objects.get()
    assert (made["amount"], made["day_of_month"], made["count"]) == (2750, 15, 9)
    assert (made["start_date"], made["upcoming_payments"][0]["charge_date"]) == (
        "2026-09-15",
        "2026-09-15",
    )
    assert made["metadata"] == {"registration": str(registration.sync_id)}
    assert made["name"] == "Monthly subscription 2026-27"
    assert (row.status, row.gocardless_id) == ("active", made["id"])
    assert (row.due_at, row.needs_person_at) == (None, None)
    assert (row.start_on, row.count, row.first_charge_on) == (
        date(2026, 9, 15),
        9,
        date(2026, 9, 15),
    )
    months = list(MonthlyCharge.objects.values_list("month", "charge_on", "pence"))
    assert len(months) == 9
    assert months[0] == (date(2026, 9, 1), date(2026, 9, 15), 2750)
    assert months[-1] == (date(2027, 5, 1), date(2027, 5, 17), 2750)
    [text] = confirmations()
    assert "Direct Debit of" in text


def test_a_first_month_that_comes_too_soon_is_one_single_payment(bank):
    member(bank, payment_day=10)
    collect()
    single = Payment.objects.get(purpose="first_month")
    [sent] = [one for one in bank.made("payments") if one["amount"] == 2750]
    assert (sent["id"], sent["charge_date"]) == (single.gocardless_id, "2026-09-14")
    [made] = bank.made("subscriptions")
    assert (made["start_date"], made["count"]) == ("2026-10-10", 8)
    first = MonthlyCharge.objects.get(month=date(2026, 9, 1))
    assert (first.payment_id, first.charge_on) == (single.pk, date(2026, 9, 14))
    assert MonthlyCharge.objects.count() == 9
    assert Subscription.objects.get().needs_person_at is None
    bank.deliver()
    assert Payment.objects.filter(purpose="monthly").count() == 0


def test_collecting_again_changes_nothing(bank):
    member(bank)
    for _ in range(3):
        collect()
        Subscription.objects.update(due_at=clock.now())
    bank.deliver()
    collect()
    assert len(bank.made("subscriptions")) == 1
    assert len(confirmations()) == 1


def test_no_month_left_needs_no_subscription_and_says_so(bank, set_clock):
    set_clock(2027, 5, 20, 11)
    registration = member(bank, payment_day=1)
    collect()
    assert bank.made("subscriptions") == []
    assert Subscription.objects.get().status == "not_needed"
    assert registration.timeline.filter(text__contains="no month is left").exists()
    [text] = confirmations()
    assert "No monthly payment has been set up" in text
    registration.refresh_from_db()
    assert registration.status == "active"


def test_a_refusal_is_told_truthfully_and_waits_for_a_person(bank):
    registration = member(bank, payment_day=15)
    Subscription.objects.update(
        planned_at=clock.now(), start_on=date(2026, 9, 15), count=9, pence=0
    )
    collect()
    row = Subscription.objects.get()
    assert row.status == "failed"
    assert row.needs_person_at is not None
    assert row.last_error.startswith("GoCardless refused: ")
    assert bank.made("subscriptions") == []
    registration.refresh_from_db()
    assert registration.flagged_at is not None
    [text] = confirmations()
    assert "No monthly payment has been set up" in text
    Subscription.objects.update(pence=2750, needs_person_at=None, due_at=clock.now())
    collect()
    row.refresh_from_db()
    assert row.status == "active"
    assert len(confirmations()) == 1


def test_a_mandate_that_died_meanwhile_collects_nothing(bank):
    member(bank)
    mandate = Mandate.objects.get()
    bank.tell("mandates", "cancelled", links={"mandate": mandate.gocardless_id})
    collect()
    assert bank.made("subscriptions") == []
    assert confirmations() == []
    assert Subscription.objects.get().status == "cancelled"


def test_an_outage_only_delays_and_one_is_made(bank, sandbox, move_clock):
    member(bank, payment_day=25)
    sandbox.down("gocardless")
    collect()
    row = Subscription.objects.get()
    assert (row.status, row.needs_person_at) == ("planned", None)
    sandbox.up("gocardless")
    move_clock(timedelta(minutes=31))
    collect()
    assert len(bank.made("subscriptions")) == 1
    assert Subscription.objects.get().status == "active"


def test_an_answer_that_got_lost_makes_no_second_one(bank, monkeypatch, move_clock):
    member(bank, payment_day=10)
    real = collecting.gocardless.create_subscription

    def lose(**asked):
        real(**asked)
        raise Uncertain("gocardless", "the answer was lost")

    monkeypatch.setattr("integrations.gocardless.create_subscription", lose)
    collect()
    assert Subscription.objects.get().uncertain_since is not None
    monkeypatch.setattr("integrations.gocardless.create_subscription", real)
    move_clock(timedelta(minutes=31))
    collect()
    row = Subscription.objects.get()
    assert (row.status, row.uncertain_since, row.needs_person_at) == ("active", None, None)
    assert [one["id"] for one in bank.made("subscriptions")] == [row.gocardless_id]
    assert len([one for one in bank.made("payments") if one["amount"] == 2750]) == 1


def test_a_plan_that_waited_too_long_is_made_anew(bank, set_clock):
    member(bank, payment_day=15)
    Subscription.objects.update(planned_at=clock.now(), start_on=date(2026, 9, 15), count=9)
    set_clock(2026, 9, 14, 11)
    collect()
    row = Subscription.objects.get()
    assert (row.status, row.start_on, row.count) == ("active", date(2026, 10, 15), 8)
    assert Payment.objects.get(purpose="first_month").charge_on == date(2026, 9, 17)


def test_a_first_date_that_differs_from_the_plan_waits_for_a_person(bank, monkeypatch):
    registration = member(bank, payment_day=15)
    monkeypatch.setattr("payments.schedule.charged_on", lambda chosen, day: date(2026, 9, 14))
    collect()
    row = Subscription.objects.get()
    assert row.status == "active"
    assert row.needs_person_at is not None
    assert row.last_error == "GoCardless collects first on 15-09-2026, planned was 14-09-2026"
    registration.refresh_from_db()
    assert registration.flags == [row.last_error]
    assert len(confirmations()) == 1


def test_the_last_day_of_the_month_rolls_back(bank, set_clock):
    set_clock(2026, 10, 5, 11)
    member(bank, payment_day=-1)
    collect()
    row = Subscription.objects.get()
    assert row.start_on == date(2026, 10, 31)  # a Saturday
    assert row.first_charge_on == date(2026, 10, 30)
    assert row.needs_person_at is None


def test_the_year_is_collected_and_every_month_finds_its_payment(bank, set_clock):
    registration = member(bank, payment_day=10)
    collect()
    set_clock(2027, 6, 10, 11)
    ageing.tick(bank.sandbox.store)
    bank.deliver(shuffled=True)
    charges = MonthlyCharge.objects.filter(registration=registration)
    assert [charge.month.month for charge in charges] == [9, 10, 11, 12, 1, 2, 3, 4, 5]
    assert {charge.status for charge in charges} == {"paid_out"}
    assert all(charge.payment_id for charge in charges)
    assert Subscription.objects.get().status == "finished"
    registration.refresh_from_db()
    assert (registration.status, registration.flags) == ("active", [])


def test_a_new_mandate_never_collects_a_month_again(bank):
    registration = member(bank, payment_day=10)
    collect()
    [old] = Mandate.objects.all()
    bank.tell("mandates", "cancelled", links={"mandate": old.gocardless_id})
    bank.pay(registration)
    bank.deliver()
    collect()
    row = Subscription.objects.get(status="active")
    assert (row.start_on, row.count) == (date(2026, 10, 10), 8)
    assert Payment.objects.filter(purpose="first_month").count() == 1
    assert MonthlyCharge.objects.count() == 9


@pytest.mark.django_db(transaction=True)
def test_two_workers_at_once_make_one_subscription(bank):
    member(bank, payment_day=10)

    def work() -> None:
        try:
            collect()
        finally:
            connection.close()

    workers = [threading.Thread(target=work) for _ in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(30)
    assert len(bank.made("subscriptions")) == 1
    assert len([one for one in bank.made("payments") if one["amount"] == 2750]) == 1
    assert len(confirmations()) == 1
    assert not Email.objects.exists()
