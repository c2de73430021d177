"""Money without GoCardless: recorded once, undone and not deleted, the same facts as any other."""

from datetime import date, timedelta

import pytest
from django.contrib.auth.models import Permission, User
from django.urls import reverse

from integrations import clock, gocardless, guard
from integrations.sandbox.gocardless import records, refunds
from payments import ledger
from payments.actions import by_hand, collecting, orders
from payments.models import (
    HandPayment,
    MonthlyCharge,
    OpeningBalance,
    Payment,
    PaymentOrder,
    Refund,
    Subscription,
)
from registrations.models import Registration
from tests import factories

pytestmark = pytest.mark.django_db
NO_REFUNDS = {"can_create_refunds": False}
MONEY = ["record_by_hand", "view_registration", "view_payment", "change_payment"]


@pytest.fixture
def treasurer(client):
    """Somebody who may record money but not give any back."""
    return signed_in(client, "treasurer", *MONEY, "view_handpayment")


def signed_in(client, name, *codenames):
    user = User.objects.create_user(name, password="x", is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename__in=["see_all_teams", *codenames]))
    client.force_login(user)
    return user


def press(client, row, name, **form):
    label = row._meta.label_lower.replace(".", "_")
    url = f"{reverse(f'admin:{label}_change', args=[row.pk])}do/{name}/".replace("change/do", "do")
    return client.post(url, {"confirmed": "1", **form}, follow=True)


def record(client, row, amount, **form):
    given = {"purpose": "signing_on_fee", "method": "cash", "received_on": "2026-09-08"}
    return press(client, row, "record_money", amount=amount, **given | form)


def books(row):
    lines = ledger.entries(row.season, today=clock.today(), registration=row.pk)
    return {line.what: line for line in lines}


def fresh(row):
    return Registration.objects.get(pk=row.pk)


def test_a_fee_in_two_parts_is_settled_by_the_second(client, treasurer):
    row = factories.registration()
    assert "Recorded" in record(client, row, "20").content.decode()
    assert fresh(row).fee_settled_at is None
    assert books(row)["Signing-on fee"].open == 2500
    record(client, row, "25.00", method="card_reader", reference="0042")
    now = fresh(row)
    assert (now.fee_settled_by, now.status) == ("by_hand", "incomplete")
    line = books(row)["Signing-on fee"]
    assert (line.expected, line.collected, line.open) == (4500, 4500, 0)
    assert {h.recorded_by for h in HandPayment.objects.all()} == {treasurer}


def test_a_fee_by_hand_without_a_direct_debit_waits_for_a_person_after_a_week(
    admin_client, client, treasurer, move_clock
):
    row = factories.registration()
    record(client, row, "45")
    waiting = "Fee settled, months not arranged"
    place = reverse("admin:needs_a_person")
    assert waiting not in admin_client.get(place).content.decode()
    move_clock(timedelta(days=8))
    assert waiting in admin_client.get(place).content.decode()
    by_hand.arrange(row.pk, exempt=True, reason="a coach's child", by=treasurer)
    assert waiting not in admin_client.get(place).content.decode()


def test_pressed_twice_it_is_recorded_once(client, treasurer):
    row = factories.registration()
    record(client, row, "20")
    page = record(client, row, "20").content.decode()
    assert "recorded already" in page
    assert HandPayment.objects.count() == 1


@pytest.mark.parametrize(
    ("form", "words"),
    [
        ({"amount": "45.01"}, "Only £45.00 is open"),
        ({"amount": "-1"}, "greater than or equal"),
        ({"amount": "1e3"}, "Only £45.00 is open"),
        ({"amount": "ten"}, "Enter a number"),
        ({"amount": "0.001"}, "decimal places"),
        ({"received_on": "2026-09-09"}, "still to come"),
        ({"received_on": "2020-01-01"}, "more than a year ago"),
        ({"received_on": "soon"}, "valid date"),
        ({"purpose": "month"}, "name a month"),
        ({"purpose": "month", "month": "2031-01-01"}, "name a month"),
        ({"purpose": "brought_forward"}, "Nothing is expected"),
        ({"purpose": "bribe"}, "valid choice"),
        ({"method": "waived", "amount": "46"}, "Only £45.00 is open"),
    ],
)
def test_what_cannot_be_is_refused_and_nothing_is_kept(client, treasurer, form, words):
    row = factories.registration()
    page = record(client, row, form.pop("amount", "10"), **form).content.decode()
    assert words in page
    assert not HandPayment.objects.exists()
    assert fresh(row).fee_settled_at is None


def test_what_is_undone_counts_no_more_and_stays_to_be_seen(client, treasurer):
    row = factories.registration()
    record(client, row, "45")
    made = HandPayment.objects.get()
    press(client, made, "undo", reason="a wrong child")
    made.refresh_from_db()
    assert (made.undone_by, made.undone_reason) == (treasurer, "a wrong child")
    assert fresh(row).fee_settled_at is None
    assert books(row)["Signing-on fee"].open == 4500
    record(client, row, "45")  # the same again is no double of one that was undone
    assert fresh(row).fee_settled_by == "by_hand"


def test_a_waived_fee_is_expected_no_more(client, treasurer):
    row = factories.registration()
    record(client, row, "45", method="waived")
    assert fresh(row).fee_settled_by == "waived"
    assert books(row)["Signing-on fee"].expected == 0


def test_a_month_by_hand_is_paid_in_the_books_the_base_and_the_parents_page(client, treasurer):
    row = factories.registration()
    by_hand.arrange(row.pk, exempt=False, reason="no bank account", by=treasurer)
    assert fresh(row).collection_arranged_by == "by_hand"
    assert MonthlyCharge.objects.filter(registration=row).count() == 9
    record(client, row, "27.50", purpose="month", month="2026-09-20", method="bank_transfer")
    charge = MonthlyCharge.objects.get(registration=row, month=date(2026, 9, 1))
    assert charge.status == "confirmed"
    assert books(row)["September 2026"].collected == 2750
    page = client.get(f"/reg_setup/{row.token}/status").content.decode()
    assert "September 2026" in page and "paid" in page


def test_exempt_means_no_month_is_expected(treasurer):
    row = factories.registration()
    by_hand.arrange(row.pk, exempt=False, reason="first so", by=treasurer)
    by_hand.arrange(row.pk, exempt=True, reason="then so", by=treasurer)
    assert fresh(row).collection_arranged_by == "exempt"
    assert not MonthlyCharge.objects.filter(registration=row).exists()


def test_exempt_keeps_a_month_for_which_money_came(client, treasurer):
    row = factories.registration()
    by_hand.arrange(row.pk, exempt=False, reason="first so", by=treasurer)
    record(client, row, "27.50", purpose="month", month="2026-09-20")
    by_hand.arrange(row.pk, exempt=True, reason="then so", by=treasurer)
    assert [line for line in books(row).values() if line.is_month] == [books(row)["September 2026"]]
    assert books(row)["September 2026"].collected == 2750


def test_a_running_direct_debit_is_not_replaced_in_silence(client, treasurer, bank):
    row = factories.registration()
    bank.ask(row)
    bank.pay(row)
    bank.deliver()
    page = press(client, row, "arrange_by_hand", how="exempt", reason="asked").content.decode()
    assert "must be ended first" in page
    assert fresh(row).collection_arranged_by == "mandate"


def test_what_was_owed_before_is_a_line_of_its_own(client, treasurer):
    row = factories.registration()
    press(client, row, "opening_balance", amount="55", as_of="2026-08-01", words="last season")
    assert OpeningBalance.objects.get().pence == 5500
    assert books(row)["Brought forward"].outstanding == 5500
    record(client, row, "30", purpose="brought_forward")
    assert books(row)["Brought forward"].outstanding == 2500


def test_giving_back_needs_a_permission_of_its_own(client, treasurer):
    row = factories.registration()
    record(client, row, "45")
    given = {"purpose": "signing_on_fee", "amount": "45", "method": "cash"}
    given |= {"received_on": "2026-09-08"}
    assert press(client, row, "give_money_back", **given).status_code == 403
    signed_in(client, "boss", *MONEY, "give_back")
    page = press(client, row, "give_money_back", **given | {"amount": "46"}).content.decode()
    assert "Only £45.00 was received by hand" in page
    press(client, row, "give_money_back", **given)
    assert books(row)["Signing-on fee"].collected == 0
    assert fresh(row).fee_settled_at is None


def test_without_the_permission_there_is_no_button_and_no_door(client):
    row = factories.registration()
    signed_in(client, "registrar", "view_registration", "change_registration")
    page = client.get(reverse("admin:registrations_registration_change", args=[row.pk]))
    assert "Record money" not in page.content.decode()
    assert record(client, row, "45").status_code == 403
    assert not HandPayment.objects.exists()


# --- refunds and other tries, through GoCardless
@pytest.fixture
def paid(bank):
    row = factories.registration()
    bank.ask(row)
    bank.pay(row)
    bank.deliver()
    return row


def test_a_refund_in_two_parts_names_the_running_total(client, paid, bank):
    signed_in(client, "boss", *MONEY, "give_back")
    fee = Payment.objects.get()
    press(client, fee, "refund", amount="20", reason="half the season")
    assert "is being done" in press(client, fee, "refund", amount="20", reason="x").content.decode()
    orders.order_due()
    press(client, fee, "refund", amount="25", reason="the rest")
    orders.order_due()
    orders.order_due()
    made = bank.made("refunds")
    assert [each["amount"] for each in made] == [2000, 2500]
    assert sorted(Refund.objects.values_list("pence", flat=True)) == [2000, 2500]
    assert not PaymentOrder.objects.filter(done_at=None).exists()
    bank.deliver()  # GoCardless tells of them as well
    assert Refund.objects.count() == 2
    gone = [line for name, line in books(paid).items() if name.startswith("Refund")]
    assert sum(line.collected for line in gone) <= -2000
    page = press(client, fee, "refund", amount="1", reason="more").content.decode()
    assert "not possible any more" in page


def test_a_refund_that_gocardless_does_not_allow_waits(client, paid, monkeypatch):
    real = records.creditor
    monkeypatch.setattr(records, "creditor", lambda store: real(store) | NO_REFUNDS)
    signed_in(client, "boss", *MONEY, "give_back")
    press(client, Payment.objects.get(), "refund", amount="20", reason="half")
    orders.order_due()
    order = PaymentOrder.objects.get()
    assert order.needs_person_at and "Insufficient permissions" in order.last_error
    assert not Refund.objects.exists()
    assert guard.available("gocardless")  # parents go on paying


def test_money_given_back_at_gocardless_itself_is_seen_before_it_is_given_back_again(
    client, paid, bank, sandbox
):
    signed_in(client, "boss", *MONEY, "give_back", "view_paymentorder", "change_paymentorder")
    fee = Payment.objects.get()
    press(client, fee, "refund", amount="20", reason="half")
    theirs = {"amount": 500, "total_amount_confirmation": 500}
    refunds.create(sandbox.store, theirs | {"links": {"payment": fee.gocardless_id}})
    orders.order_due()
    order = PaymentOrder.objects.get()
    assert order.needs_person_at and "£5.00 of this payment was given back" in order.last_error
    press(client, order, "try_again")
    orders.order_due()
    assert [each["amount"] for each in bank.made("refunds")] == [500, 2000]


def test_of_two_orders_for_one_payment_one_is_done_at_a_time(client, paid, bank, monkeypatch):
    real = records.creditor
    monkeypatch.setattr(records, "creditor", lambda store: real(store) | NO_REFUNDS)
    signed_in(client, "boss", *MONEY, "give_back", "view_paymentorder", "change_paymentorder")
    fee = Payment.objects.get()
    press(client, fee, "refund", amount="20", reason="half")
    orders.order_due()
    first = PaymentOrder.objects.get()
    monkeypatch.setattr(records, "creditor", real)
    press(client, fee, "refund", amount="25", reason="the rest")
    said = press(client, first, "try_again").content.decode()
    assert "being tried at this moment" in said
    # Put aside, it holds up nothing.
    press(client, first, "looked_at")
    orders.order_due()
    press(client, fee, "refund", amount="1", reason="a little more")
    orders.order_due()
    assert [each["amount"] for each in bank.made("refunds")] == [2500, 100]


def test_a_refund_waits_while_gocardless_is_away(client, paid, sandbox, move_clock):
    signed_in(client, "boss", *MONEY, "give_back")
    sandbox.down("gocardless")
    press(client, Payment.objects.get(), "refund", amount="20", reason="half")
    orders.order_due()
    assert not Refund.objects.exists()
    sandbox.up("gocardless")
    move_clock(timedelta(minutes=5))
    orders.order_due()
    assert Refund.objects.get().pence == 2000


def test_whoever_leaves_is_given_back_what_was_agreed_over_several_payments(client, paid, bank):
    row = paid
    url = {"reason": "moved away", "refund": "50"}
    signed_in(client, "boss", *MONEY, "change_registration", "give_back")
    page = press(client, row, "cancel", **url).content.decode()
    assert "At the most £45.00" in page
    assert fresh(row).cancelled_at is None  # nothing by halves
    press(client, row, "cancel", **url | {"refund": "40"})
    orders.order_due()
    assert fresh(row).status == "cancelled"
    assert [each["amount"] for each in bank.made("refunds")] == [4000]


def test_whoever_may_not_give_back_cancels_without(client, paid):
    signed_in(client, "registrar", "view_registration", "change_registration")
    page = press(client, paid, "cancel", reason="moved", refund="10").content.decode()
    assert "ask the treasurer" in page
    assert fresh(paid).cancelled_at is None
    press(client, paid, "cancel", reason="moved")
    assert fresh(paid).status == "cancelled"
    assert not PaymentOrder.objects.exists()


def failed_month(bank, row):
    """A month whose collection failed for good."""
    collecting.collect_due()
    mandate = Subscription.objects.get().mandate
    made = gocardless.create_payment(
        mandate_id=mandate.gocardless_id,
        pence=2750,
        charge_on=None,
        description="a month",
        metadata={},
        key="a-key-of-the-test",
    )
    held = bank.sandbox.store.get("gocardless.payments", made.id)
    bank.sandbox.store.put("gocardless.payments", made.id, held | {"status": "failed"})
    return Payment.objects.create(
        registration=row,
        mandate=mandate,
        purpose="monthly",
        gocardless_id=made.id,
        pence=2750,
        status="failed",
        created_at=clock.now(),
        status_at=clock.now(),
    )


def test_a_failed_month_is_tried_again_once(client, treasurer, paid, bank, move_clock):
    payment = failed_month(bank, paid)
    move_clock(timedelta(hours=1))
    press(client, payment, "ask_again", reason="the parent asked")
    orders.order_due()
    orders.order_due()
    payment.refresh_from_db()
    assert payment.status == "pending_submission"
    held = bank.sandbox.store.get("gocardless.payments", payment.gocardless_id)
    assert held["status"] == "pending_submission"
    assert PaymentOrder.objects.get().done_at is not None


def test_while_the_bank_tries_by_itself_nobody_else_does(client, treasurer, paid, bank):
    payment = failed_month(bank, paid)
    Payment.objects.filter(pk=payment.pk).update(will_retry=True)
    page = press(client, payment, "ask_again", reason="again").content.decode()
    assert "not possible any more" in page
    assert not PaymentOrder.objects.exists()
