"""What is late: rung by rung, never while the bank tries, never a child without a person's word."""

from datetime import date, timedelta

import pytest
from django.contrib.auth.models import Permission, User
from django.urls import reverse

from integrations import clock
from payments.actions import arrears, by_hand, collecting, orders
from payments.models import ArrearsCase, Hardship, Mandate, MonthlyCharge, Payment, PaymentOrder
from registrations.models import Email, Registration, Sms
from tests import factories
from tests.payments.test_by_hand import press, signed_in

pytestmark = pytest.mark.django_db
RUNG = ArrearsCase.Rung


@pytest.fixture
def boss(client):
    return signed_in(
        client, "boss", "record_by_hand", "see_hardship", "view_registration",
        "change_registration", "view_arrearscase", "change_arrearscase",
    )  # fmt: skip


def late(retry=False, status="failed", due=date(2026, 9, 1), **given):
    """An active player whose September was not paid."""
    moment = clock.now()
    row = factories.registration(
        submitted_at=moment - timedelta(days=40),
        fee_settled_at=moment,
        fee_settled_by="waived",
        collection_arranged_at=moment,
        collection_arranged_by="mandate",
        status="active",
        **given,
    )
    mandate = Mandate.objects.create(
        gocardless_id=f"MD{row.pk}", guardian=row.guardian, status="active", created_at=moment
    )
    payment = Payment.objects.create(
        registration=row,
        mandate=mandate,
        purpose="monthly",
        gocardless_id=f"PM{row.pk}",
        pence=2750,
        status=status,
        will_retry=retry,
        charge_on=due,
        created_at=moment,
    )
    MonthlyCharge.objects.create(
        registration=row,
        month=due.replace(day=1),
        pence=2750,
        charge_on=due,
        payment=payment,
        status=status,
    )
    return row


def days_go_by(move_clock, days, of=1):
    """So many days, looked at every day at noon; how many texts went out on each."""
    sent = []
    for _ in range(days):
        before = Sms.objects.count()
        arrears.chase()
        sent.append(Sms.objects.count() - before)
        move_clock(timedelta(days=1))
    return sent


def case(row):
    return ArrearsCase.objects.get(registration=row)


def fresh(row):
    return Registration.objects.get(pk=row.pk)


def test_the_ladder_is_climbed_rung_by_rung_and_ends_with_a_proposal(move_clock):
    row = late()
    sent = days_go_by(move_clock, 30)
    assert sum(sent) == 2
    assert sent.index(1) == 0  # it is a week late already
    assert sent[1:].index(1) + 1 == 7  # seven days from the first reminder to the second
    assert case(row).rung == RUNG.SUSPENSION_PROPOSED
    assert fresh(row).status == "active"  # nobody is suspended by a machine
    assert any("ring the parent" in flag for flag in fresh(row).flags)
    first, second = Sms.objects.order_by("pk")
    assert "£27.50" in first.body and f"/reg_setup/{row.token}/status" in first.body
    assert "money is tight" in second.body


def test_while_the_bank_tries_nobody_is_asked(move_clock):
    row = late(retry=True)
    assert sum(days_go_by(move_clock, 30)) == 0
    assert case(row).rung == RUNG.NOTICED
    Payment.objects.update(will_retry=False)
    assert days_go_by(move_clock, 1) == [1]


def test_at_night_no_reminder_goes_out(set_clock):
    late()
    set_clock(2026, 9, 8, 19, 30)  # half past eight in London
    assert arrears.chase() == 0
    set_clock(2026, 9, 9, 7, 59)
    assert arrears.chase() == 0
    set_clock(2026, 9, 9, 8, 1)
    assert arrears.chase() == 1
    assert Sms.objects.count() == 1


def test_run_again_and_again_it_says_a_thing_once():
    late()
    assert [arrears.chase() for _ in range(3)] == [1, 0, 0]
    assert Sms.objects.count() == 1


def test_a_plan_holds_the_ladder_and_when_it_is_over_it_goes_on(client, boss, move_clock):
    row = late()
    until = clock.today() + timedelta(days=10)
    page = press(client, row, "agree_on_plan", until=until, words="a fiver a week")
    assert "Kept." in page.content.decode()
    assert sum(days_go_by(move_clock, 10)) == 0
    assert sum(days_go_by(move_clock, 3)) == 1


def test_hardship_stops_the_ladder_and_few_can_see_it(client, boss, move_clock):
    row = late()
    press(client, row, "note_hardship", words="lost the job")
    assert sum(days_go_by(move_clock, 30)) == 0
    assert Hardship.objects.get().words == "lost the job"
    shown = client.get(reverse("admin:payments_hardship_changelist"))
    assert shown.status_code == 200
    signed_in(client, "treasurer", "view_registration", "record_by_hand", "view_hardship")
    assert client.get(reverse("admin:payments_hardship_changelist")).status_code == 403
    detail = client.get(reverse("admin:registrations_registration_change", args=[row.pk]))
    assert "ardship" not in detail.content.decode()
    assert "lost the job" not in detail.content.decode()


def proposed(move_clock):
    row = late()
    days_go_by(move_clock, 30)
    return row


def test_a_person_suspends_and_paying_lifts_it_by_itself(client, boss, move_clock):
    row = proposed(move_clock)
    page = client.get(reverse("admin:needs_a_person")).content.decode()
    assert "Suspensions that are proposed because of arrears (1)" in page
    press(client, case(row), "suspend", reason="no answer")
    assert fresh(row).status == "suspended"
    by_hand.record(
        row.pk,
        purpose="month",
        month=date(2026, 9, 1),
        pence=2750,
        method="cash",
        received_on=clock.today(),
        reference="",
        by=boss,
    )
    arrears.chase()
    assert fresh(row).status == "active"
    assert case(row).closed_because == "nothing is late any more"


def test_a_proposal_is_decided_once(client, boss, move_clock):
    row = proposed(move_clock)
    press(client, case(row), "dismiss", reason="they are on holiday")
    assert (
        "possible any more" in press(client, case(row), "suspend", reason="late").content.decode()
    )
    assert fresh(row).status == "active"


def test_a_suspension_for_another_reason_is_not_lifted_by_paying(client, boss, move_clock):
    row = proposed(move_clock)
    press(client, row, "suspend", reason="a red card")
    Payment.objects.update(status="confirmed")
    arrears.chase()
    assert fresh(row).status == "suspended"


def test_who_has_left_is_not_chased(move_clock):
    row = late()
    Registration.objects.filter(pk=row.pk).update(cancelled_at=clock.now(), status="cancelled")
    assert sum(days_go_by(move_clock, 30)) == 0


@pytest.fixture
def taken_back(bank, move_clock):
    """A player whose first month was charged back, by a mandate that lives."""
    row = factories.registration()
    bank.ask(row)
    bank.pay(row)
    bank.deliver()
    collecting.collect_due()
    move_clock(timedelta(days=14))
    lost = {"mandate": Mandate.objects.get(), "purpose": "monthly", "status": "charged_back"}
    gone = Payment.objects.create(
        registration=row, gocardless_id="PMGONE", pence=2750, created_at=clock.now(), **lost
    )
    month = MonthlyCharge.objects.order_by("month").first()
    MonthlyCharge.objects.filter(pk=month.pk).update(payment=gone, status="charged_back")
    return row


def again(client, row):
    return client.post(f"/reg_setup/{row.token}/again").content.decode()


def collected_late(bank):
    return [
        p["amount"] for p in bank.made("payments") if p["description"] == "A month that is late"
    ]


def by_cash(row, pence, by):
    by_hand.record(
        row.pk,
        purpose="month",
        month=date(2026, 9, 1),
        pence=pence,
        method="cash",
        received_on=clock.today(),
        reference="",
        by=by,
    )


def test_the_parent_sees_what_is_open_and_lets_the_bank_be_asked_once(client, bank, taken_back):
    url = f"/reg_setup/{taken_back.token}/status"
    page = client.get(url).content.decode()
    assert "What is open" in page and "Ask my bank again" in page
    again(client, taken_back)
    assert "nothing that your bank can be asked" in again(client, taken_back)
    orders.order_due()
    orders.order_due()
    [order] = PaymentOrder.objects.all()
    assert (order.kind, bool(order.done_at)) == ("collect", True)
    assert collected_late(bank) == [2750]
    month = MonthlyCharge.objects.order_by("month").first()
    assert month.payment == order.payment
    assert "Ask my bank again" not in client.get(url).content.decode()


def test_of_a_month_that_is_paid_in_part_the_rest_is_collected(client, bank, boss, taken_back):
    by_cash(taken_back, 1000, boss)
    again(client, taken_back)
    orders.order_due()
    assert collected_late(bank) == [1750]


def test_what_was_paid_by_hand_meanwhile_is_not_collected(
    client, bank, boss, taken_back, sandbox, move_clock
):
    again(client, taken_back)
    sandbox.down("gocardless")
    orders.order_due()
    by_cash(taken_back, 2750, boss)
    sandbox.up("gocardless")
    PaymentOrder.objects.update(uncertain_since=None)  # the door was shut: nothing went out
    move_clock(timedelta(minutes=5))
    orders.order_due()
    assert PaymentOrder.objects.get().done_at is not None
    assert collected_late(bank) == []


def test_a_fee_that_is_late_charges_no_month_that_is_paid(client, bank, taken_back):
    MonthlyCharge.objects.filter(payment__gocardless_id="PMGONE").update(status="confirmed")
    Payment.objects.filter(gocardless_id="PMGONE").update(status="confirmed")
    Payment.objects.filter(purpose="signing_on_fee").update(status="failed")
    Registration.objects.update(fee_settled_at=None, fee_settled_by="", status="pending_payment")
    page = client.get(f"/reg_setup/{taken_back.token}/status").content.decode()
    assert "Signing-on fee: £45.00" in page and "Ask my bank again" not in page
    assert "nothing that your bank can be asked" in again(client, taken_back)
    orders.order_due()
    assert collected_late(bank) == []


def test_a_stranger_asks_no_bank(client):
    assert client.post("/reg_setup/nobody/again").status_code == 404
    assert client.get("/reg_setup/nobody/again").status_code == 405


def test_a_receipt_lists_what_was_received(client, boss):
    row = factories.registration()
    assert "Nothing has been received" in press(client, row, "mail_receipt").content.decode()
    given = {"purpose": "signing_on_fee", "method": "cash", "received_on": "2026-09-08"}
    press(client, row, "record_money", amount="45", **given)
    for _ in range(2):  # pressed twice, it goes once
        press(client, row, "mail_receipt")
    mail = Email.objects.get(kind="receipt")
    assert "Signing-on fee: £45.00" in mail.body and "Together: £45.00" in mail.body
    Email.objects.update(created_at=clock.now() - timedelta(hours=1))
    press(client, row, "mail_receipt")
    assert Email.objects.filter(kind="receipt").count() == 2


def test_a_ladder_that_does_not_rise_is_refused(client):
    User.objects.create_superuser("root", password="x")
    client.login(username="root", password="x")
    season = factories.season()
    url = reverse("admin:registrations_season_change", args=[season.pk])
    form = client.get(url).context["adminform"].form.initial
    page = client.post(url, {**form, "second_reminder_days": "2", "sibling_percents": "[10]"})
    assert page.status_code == 200
    season.refresh_from_db()
    assert season.second_reminder_days == 10
    assert Permission.objects.filter(codename="see_hardship").exists()
