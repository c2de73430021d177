"""Our books against GoCardless's: what was missed is taken in, what differs is named."""

from datetime import date, timedelta
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from integrations import clock, gocardless
from integrations.gocardless_books import Line, Payout, Refund
from integrations.sandbox.gocardless import ageing
from payments.actions import books, collecting, following
from payments.jobs import reconcile
from payments.models import (
    MonthlyCharge,
    Payment,
    PayoutItem,
    Reconciliation,
    ReconciliationDifference,
    Subscription,
)
from payments.models import Payout as KeptPayout
from payments.models import Refund as KeptRefund
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


def open_differences():
    rows = ReconciliationDifference.objects.filter(gone_at=None)
    return list(rows.values_list("resource", "what", "ours", "theirs", "pence"))


def test_books_that_agree_show_no_difference(bank, member):
    out = StringIO()
    call_command("reconcile_payments", stdout=out)
    assert out.getvalue().endswith("Nothing differs.\n")
    assert not ReconciliationDifference.objects.exists()


def test_missed_webhooks_are_found_by_asking_once(bank, member, set_clock):
    set_clock(2026, 10, 1, 12)
    ageing.tick(bank.sandbox.store)
    assert not Payment.objects.filter(purpose="monthly").exists()
    reconcile()
    [paid] = Payment.objects.filter(purpose="monthly")
    assert (paid.status, paid.pence, paid.charge_on) == ("paid_out", 2750, date(2026, 9, 15))
    assert MonthlyCharge.objects.get(month=date(2026, 9, 1)).status == "paid_out"
    first = Reconciliation.objects.get()
    assert first.events > 0
    assert (first.open, first.not_asked) == (0, "")
    payouts = KeptPayout.objects.order_by("pence").values_list("pence", "fees_pence", "status")
    assert list(payouts) == [(2702, 48, "paid"), (4435, 65, "paid")]
    lines = PayoutItem.objects.filter(payment=paid).order_by("pence")
    assert list(lines.values_list("kind", "pence")) == [
        ("gocardless_fee", -48),
        ("payment_paid_out", 2750),
    ]
    reconcile()
    again = Reconciliation.objects.first()
    assert (again.events, again.mended, again.open) == (0, 0, 0)
    assert Payment.objects.count() == 2


def test_a_status_without_any_event_is_mended_and_told(bank, member, move_clock):
    fee = Payment.objects.get()
    theirs = bank.made("payments")[0] | {"status": "charged_back"}
    bank.sandbox.store.put("gocardless.payments", fee.gocardless_id, theirs)
    move_clock(timedelta(days=2))
    reconcile()
    fee.refresh_from_db()
    member.refresh_from_db()
    assert fee.status == "charged_back"
    assert member.fee_settled_at is None
    # The sandbox's bank may have moved the mandate on by itself in these two days.
    [row] = ReconciliationDifference.objects.filter(gocardless_id=fee.gocardless_id)
    assert (row.what, row.ours, row.theirs) == ("status", "confirmed", "charged_back")
    assert row.pence == -4500  # the club has as much less than it thought
    assert row.gone_at is not None
    assert row.registration == member


def test_every_penny_that_differs_is_named_and_gone_when_it_agrees(bank, member):
    fee, plan = Payment.objects.get(), Subscription.objects.get()
    Payment.objects.update(pence=4400)
    stranger = bank.made("payments")[0] | {
        "id": "PMSTRANGE",
        "amount": 1234,
        "links": {"mandate": plan.mandate.gocardless_id},
    }
    bank.sandbox.store.put("gocardless.payments", "PMSTRANGE", stranger)
    Payment.objects.create(
        registration=member,
        purpose="monthly",
        gocardless_id="PMGONE",
        pence=2750,
        status="confirmed",
        created_at=clock.now(),
    )
    for _ in range(2):
        reconcile()
        assert sorted(open_differences()) == [
            ("payments", "amount", "£44.00", "£45.00", 100),
            ("payments", "not there", "confirmed", "", -2750),
            ("payments", "unknown to us", "", stranger["status"], 1234),
        ]
    Payment.objects.filter(pk=fee.pk).update(pence=4500)
    Payment.objects.filter(gocardless_id="PMGONE").delete()
    bank.sandbox.store.delete("gocardless.payments", "PMSTRANGE")
    reconcile()
    assert open_differences() == []
    assert ReconciliationDifference.objects.count() == 3


def test_what_still_collects_although_we_ended_it_is_named(bank, member):
    Subscription.objects.update(status="cancelled")
    with pytest.raises(CommandError, match="1 differences are left"):
        call_command("reconcile_payments", stdout=StringIO())
    assert open_differences() == [("subscriptions", "status", "cancelled", "active", 0)]


def test_an_outage_changes_nothing_and_is_told(bank, member, sandbox):
    sandbox.down("gocardless")
    with pytest.raises(CommandError, match="could not be asked"):
        call_command("reconcile_payments", stdout=StringIO())
    reconcile()
    assert not Reconciliation.objects.exists()


def test_a_refund_is_kept_once_and_follows_its_newest_word(bank, member):
    fee, at = Payment.objects.get(), clock.now()
    seen = Refund("RF1", "submitted", 1000, fee.gocardless_id)
    assert books.keep_refund(seen, at=at)
    assert not books.keep_refund(seen, at=at)
    paid = Refund("RF1", "paid", 1000, fee.gocardless_id)
    assert books.keep_refund(paid, at=at + timedelta(days=1))
    assert not books.keep_refund(seen, at=at)
    assert not books.keep_refund(Refund("RF2", "paid", 5, "PMOTHER"), at=at)
    assert list(KeptRefund.objects.values_list("gocardless_id", "status", "pence")) == [
        ("RF1", "paid", 1000)
    ]


def test_a_payout_is_kept_with_its_fees_and_lines_however_often_it_is_told(bank, member):
    fee = Payment.objects.get()
    lines = (
        Line("payment_paid_out", fee.pence * 1, fee.gocardless_id),
        Line("gocardless_fee", -50, fee.gocardless_id),
        Line("payment_paid_out", 700, "PMELSE"),
    )
    seen = Payout("PO1", "paid", 5150, 50, date(2026, 9, 12), "CLUB-1", lines)
    books.keep_payout(seen)
    books.keep_payout(seen)
    kept = KeptPayout.objects.get()
    assert (kept.pence, kept.fees_pence, kept.arrives_on) == (5150, 50, date(2026, 9, 12))
    assert list(PayoutItem.objects.values_list("kind", "pence", "payment")) == [
        ("payment_paid_out", 4500, fee.pk),
        ("gocardless_fee", -50, fee.pk),
        ("payment_paid_out", 700, None),
    ]
    # What was not known yet is found when it is.
    plan = Subscription.objects.get()
    late = gocardless.Payment("PMELSE", "paid_out", 700, None, "", plan.gocardless_id, None)
    following.learn_payment(late, at=clock.now())
    assert PayoutItem.objects.get(position=2).payment.gocardless_id == "PMELSE"
