"""A year of a club on the sandbox's clock: whatever went wrong, our books are the bank's books."""

import os
import random
import time
from datetime import UTC, date, datetime, timedelta

import pytest
from django.db import connection

from integrations import clock, guard
from integrations.models import WebhookEvent
from integrations.sandbox.gocardless import (
    ageing,
    fulfilment,
    limits,
    mandates,
    payments,
    records,
    webhooks,
)
from integrations.sandbox.store import Store
from payments import ledger
from payments.actions import (
    arrears,
    asking,
    collecting,
    ending,
    links,
    orders,
    reconciling,
    repricing,
)
from payments.desk import Desk
from payments.models import (
    ArrearsCase,
    Mandate,
    MonthlyCharge,
    Payment,
    ReconciliationDifference,
    Refund,
    Subscription,
)
from registrations.actions import states
from registrations.models import Registration, Season, Sms
from tests import factories
from utjfc.demo.bank import _payer

SOAK = os.environ.get("SOAK") == "1"
MEMBERS = 1_000 if SOAK else 50
STEP = timedelta(days=2 if SOAK else 7)
FIRST, LAST = datetime(2026, 7, 6, 9, tzinfo=UTC), datetime(2027, 7, 12, 9, tzinfo=UTC)
FAILING, CHARGED_BACK = 0.05, 0.01
DROPPED, DOUBLED = 0.05, 0.10
GOT = ("confirmed", "paid_out")


class Club:
    """Members that join, pay or do not, lose their mandates and leave; all by one set of dice."""

    def __init__(self, bank, store: Store, dice: random.Random) -> None:
        self.bank, self.store, self.dice = bank, store, dice
        self.told = 0
        joining = [FIRST + timedelta(days=dice.randrange(0, 230)) for _ in range(MEMBERS)]
        self.joining = sorted(joining)
        self.rejoining: list[Registration] = []

    def join(self) -> None:
        """Whoever's day has come registers and pays."""
        while self.joining and self.joining[0] <= clock.now():
            self.joining.pop(0)
            day = self.dice.choice([1, 5, 10, 15, 21, 28, -1])
            row = factories.registration(payment_day=day, **self.family())
            Desk().ask_for_payment(row.pk)
            asking.ask_due()
            self.pay(row)

    def family(self) -> dict:
        """Parent and child of a name and a street of their own: no brothers, no doubts."""
        number = factories.unique()
        name = {"last_name": f"Parent{number}"}
        parent = factories.guardian(postcode=f"M{number % 90 + 1} {number % 9}AA", **name)
        return {"guardian": parent, "player": factories.player(family=parent.family, **name)}

    def pay(self, row: Registration) -> None:
        """At the hosted page, and the bank answers."""
        request = row.billing_requests.get(closed_at=None)

        class Story:
            registration = row

        config = self.bank.sandbox.config
        fulfilment.authorise(self.store, config, request.gocardless_id, _payer(Story))
        due = self.store.get(fulfilment.DUE, request.gocardless_id)
        past = (clock.now() - timedelta(seconds=1)).isoformat()
        if due:
            self.store.put(fulfilment.DUE, due["id"], due | {"at": past, "answer_at": past})
        for _ in range(2):
            fulfilment.run_due(self.store)

    def go_wrong(self) -> None:
        """Payments fail or are taken back, mandates are cancelled at the bank, members leave."""
        with self.store.lock:
            for payment in records.every(self.store, "payments"):
                lot = self.dice.random()
                monthly = payment["scheme"] == "bacs"
                if monthly and payment["status"] == "submitted" and lot < FAILING:
                    payments.fail(self.store, payment, clock.now())
                elif monthly and payment["status"] == "paid_out" and lot < CHARGED_BACK / 20:
                    payments.charge_back(self.store, payment, clock.now())
        active = Registration.objects.filter(status="active")
        if self.dice.random() < MEMBERS / 2_000 and active.count() > 5:
            row = self.dice.choice(list(active))
            mandate = Mandate.objects.filter(billing_request__registration=row).first()
            held = records.find(self.store, "mandates", mandate.gocardless_id) if mandate else None
            if held and payments.alive(held):
                mandates.end(
                    self.store, held, "cancelled", cause="mandate_cancelled", at=clock.now()
                )
                self.rejoining.append(row)
        elif self.dice.random() < MEMBERS / 2_000 and active.count() > 5:
            row = self.dice.choice(list(active))
            states.cancel(row.pk, reason="moved away", at=clock.now(), by="registrar")

    def come_back(self) -> None:
        """Who lost the mandate follows the link and gives another."""
        for row in list(self.rejoining):
            row.refresh_from_db()
            if row.status == "incomplete":
                self.rejoining.remove(row)
                if links.open_link(row.token).answer == links.Answer.GO:
                    self.pay(row)

    def deliver(self) -> None:
        """What is new: some of it lost, some twice, in any order."""
        fresh = self.bank.events()[self.told :]
        self.told += len(fresh)
        sent = [event for event in fresh if self.dice.random() > DROPPED]
        sent += [event for event in sent if self.dice.random() < DOUBLED]
        self.dice.shuffle(sent)
        for place in range(0, len(sent), 250):
            assert self.bank.post({"events": sent[place : place + 250]}).status_code == 204

    def work(self) -> None:
        """What worker and beat do."""
        reconciling.inbox.process_due()
        for job in (
            asking.ask_due,
            collecting.collect_due,
            repricing.price_due,
            ending.end_due,
            orders.order_due,
            arrears.chase,
        ):
            job()


def their_payments(store):
    return {each["id"]: each for each in records.every(store, "payments")}


@pytest.mark.slow
@pytest.mark.skipif(
    connection.vendor == "postgresql" and not SOAK, reason="the same calendar on either database"
)
@pytest.mark.django_db
def test_after_a_year_the_books_agree_to_the_penny(bank, sandbox, set_clock, monkeypatch):
    dice = random.Random(int(os.environ.get("YEAR_SEED", "7")))  # noqa: S311
    # A year passes in seconds, and what arrives is what the club's dice let through.
    monkeypatch.setitem(guard.SPACING, "gocardless", 0)
    monkeypatch.setattr(limits, "LIMIT", 10**6)
    monkeypatch.setattr(webhooks, "send_due", lambda store, config: None)
    factories.season()
    set_clock(2026, 7, 6, 9)
    club = Club(bank, sandbox.store, dice)
    steps, began = 0, time.monotonic()
    while clock.now() < LAST:
        ageing.tick(sandbox.store)
        club.join()
        club.go_wrong()
        club.deliver()
        club.work()
        club.come_back()
        steps += 1
        if steps % 12 == 0:
            reconciling.reconcile()
        clock.set_offset(clock.offset() + STEP)
    assert not club.joining
    ageing.tick(sandbox.store)
    club.deliver()
    for _ in range(2):
        club.work()
        reconciling.reconcile()

    theirs = their_payments(sandbox.store)
    ours = {each.gocardless_id: each for each in Payment.objects.exclude(gocardless_id="")}
    assert ours.keys() == theirs.keys()
    wrong = {
        id: (ours[id].status, each["status"], ours[id].pence, each["amount"])
        for id, each in theirs.items()
        if (ours[id].status, ours[id].pence) != (each["status"], each["amount"])
    }
    assert not wrong
    their_money = sum(each["amount"] for each in theirs.values() if each["status"] in GOT)
    lines = ledger.entries(Season.objects.get(), today=clock.today())
    books = sum(line.collected for line in lines) + sum(r.pence for r in Refund.objects.all())
    assert books == their_money
    assert sum(line.paid_out for line in lines) == sum(
        each["amount"] for each in theirs.values() if each["status"] == "paid_out"
    )
    # Nothing is unexplained, nothing waits, no month was collected twice.
    assert not ReconciliationDifference.objects.filter(gone_at=None).exists()
    assert not WebhookEvent.objects.filter(processed_at=None).exists()
    assert not Subscription.objects.needs_person().exists()
    got = Payment.objects.filter(status__in=GOT, purpose__in=("monthly", "first_month"))
    assert got.filter(months=None).count() == 0
    assert MonthlyCharge.objects.filter(month__gt=date(2027, 5, 1)).count() == 0
    # Nobody was told one thing twice.
    reminders = sum(min(case.rung, 2) for case in ArrearsCase.objects.all())
    assert Sms.objects.filter(kind="arrears").count() == reminders
    for row in Registration.objects.all():
        assert row.sms.filter(kind="confirmation").count() <= 1
    # And it was a year in which things went wrong.
    lost = Payment.objects.exclude(status__in=GOT).values_list("status", flat=True)
    assert {"failed"} <= set(lost)
    if SOAK:
        print(  # noqa: T201  the figures of a soak
            f"{MEMBERS} members, {len(theirs)} payments, {len(bank.events())} events, "
            f"{their_money / 100:.2f} pounds, {len(lost)} lost, {reminders} reminders, "
            f"{time.monotonic() - began:.0f} s"
        )
