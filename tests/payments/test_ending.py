"""Ending a monthly collection: a leaver's, or one that goes on on another day."""

from datetime import date, timedelta

import pytest

from integrations import clock
from integrations.sandbox.gocardless import ageing
from payments.actions import collecting, ending
from payments.models import Ending, MonthlyCharge, Subscription
from registrations.actions import states
from tests import factories

pytestmark = pytest.mark.django_db


@pytest.fixture
def member(bank):
    """A paid registration whose subscription runs from 15 September on."""
    registration = factories.registration(payment_day=15, shirt_number=7)
    bank.ask(registration)
    bank.pay(registration)
    bank.deliver()
    collecting.collect_due()
    return registration


def live(bank, plural):
    return [each for each in bank.made(plural) if each["status"] not in ("cancelled", "finished")]


def to(day, bank, set_clock):
    """Let the bank's calendar run up to a day, and hear of it."""
    set_clock(day.year, day.month, day.day, 12)
    ageing.tick(bank.sandbox.store)
    bank.deliver()


def months():
    rows = MonthlyCharge.objects.exclude(payment=None)
    return list(rows.exclude(status__in=("cancelled", "")).values_list("month", flat=True))


def test_a_leaver_is_collected_from_no_more(bank, member, set_clock):
    to(date(2026, 9, 10), bank, set_clock)
    assert MonthlyCharge.objects.get(month=date(2026, 9, 1)).status == "pending_submission"
    states.cancel(member.pk, reason="moved away", at=clock.now(), by="registrar")
    ending.end_due()
    assert Subscription.objects.get().status == "cancelled"
    assert live(bank, "subscriptions") == []
    assert [each["status"] for each in bank.made("payments")] == ["confirmed", "cancelled"] or [
        each["status"] for each in bank.made("payments")
    ] == ["paid_out", "cancelled"]
    assert MonthlyCharge.objects.get(month=date(2026, 9, 1)).status == "cancelled"
    assert Ending.objects.get().done_at is not None
    before = len(bank.events())
    states.cancel(member.pk, reason="again", at=clock.now())
    ending.end_due()
    assert len(bank.events()) == before
    assert Ending.objects.count() == 1


def test_a_payment_that_a_finished_collection_left_is_stopped_as_well(bank, member, set_clock):
    to(date(2027, 5, 13), bank, set_clock)
    may = MonthlyCharge.objects.get(month=date(2027, 5, 1))
    assert (Subscription.objects.get().status, may.status) == ("finished", "pending_submission")
    states.cancel(member.pk, reason="moved away", at=clock.now())
    ending.end_due()
    may.refresh_from_db()
    assert may.status == "cancelled"


def test_what_the_bank_has_already_is_told_to_staff(bank, member, set_clock):
    to(date(2026, 9, 14), bank, set_clock)
    states.cancel(member.pk, reason="moved away", at=clock.now())
    ending.end_due()
    member.refresh_from_db()
    assert MonthlyCharge.objects.get(month=date(2026, 9, 1)).status == "submitted"
    assert any("still on its way" in words for words in member.flags)


def test_staff_read_what_leaving_ends_before_they_press(bank, member, client, django_user_model):
    client.force_login(django_user_model.objects.create_superuser("boss", password="boss"))
    page = client.post(f"/admin/registrations/registration/{member.pk}/do/cancel/")
    text = page.content.decode()
    assert "£27.50 a month ends; £247.50 will not be collected" in text
    assert "£45.00" in text
    assert live(bank, "subscriptions")
    member.refresh_from_db()
    assert member.cancelled_at is None


def test_it_waits_while_gocardless_is_away_and_is_done_once(bank, member, sandbox, move_clock):
    states.cancel(member.pk, reason="moved away", at=clock.now())
    sandbox.down("gocardless")
    ending.end_due()
    row = Ending.objects.get()
    assert row.done_at is None
    assert row.due_at > clock.now()
    assert live(bank, "subscriptions")
    sandbox.up("gocardless")
    move_clock(timedelta(minutes=5))
    ending.end_due()
    assert live(bank, "subscriptions") == []


def test_a_collection_that_was_not_created_yet_never_is(bank):
    registration = factories.registration()
    bank.ask(registration)
    bank.pay(registration)
    bank.deliver()
    states.cancel(registration.pk, reason="changed their mind", at=clock.now())
    ending.end_due()
    collecting.collect_due()
    assert Subscription.objects.get().status == "cancelled"
    assert bank.made("subscriptions") == []


def change_day(registration, day):
    ending.collect_anew(registration.pk, day=day, reason="payday moved", by="treasurer")
    ending.end_due()
    collecting.collect_due()


@pytest.mark.parametrize(
    ("on", "day", "single", "start"),
    [
        # September is not made yet: it is collected on the new day.
        (date(2026, 9, 8), 25, None, date(2026, 9, 25)),
        # September's payment exists but is stopped: collected on the new day instead.
        (date(2026, 9, 10), 25, None, date(2026, 9, 25)),
        # The new day of September is past: September once, as soon as the bank allows.
        (date(2026, 9, 9), 1, date(2026, 9, 14), date(2026, 10, 1)),
        # The bank has September already: the new day begins in October.
        (date(2026, 9, 14), 25, None, date(2026, 10, 25)),
        (date(2026, 10, 2), -1, None, date(2026, 10, 31)),
    ],
)
def test_a_changed_day_collects_no_month_twice_and_misses_none(
    bank, member, set_clock, on, day, single, start
):
    to(on, bank, set_clock)
    change_day(member, day)
    new = Subscription.objects.first()
    assert (new.status, new.start_on, new.day_of_month) == ("active", start, day)
    found = new.payments.filter(purpose="first_month").first()
    assert (found.charge_on if found else None) == single
    assert len(live(bank, "subscriptions")) == 1
    to(date(2027, 6, 10), bank, set_clock)
    season = [date(2026 + (n > 12), (n - 1) % 12 + 1, 1) for n in range(9, 18)]
    assert months() == season
    paid = [each for each in live(bank, "payments") if each["amount"] == 2750]
    assert len(paid) == 9
    member.refresh_from_db()
    assert member.payment_day == day


def test_two_changes_at_once_make_one_collection(bank, member):
    for day in (20, 25):
        ending.collect_anew(member.pk, day=day, reason="payday", by="treasurer")
    for _ in range(2):
        ending.end_due()
        collecting.collect_due()
    [made] = live(bank, "subscriptions")
    assert made["day_of_month"] == 25


def test_who_leaves_while_the_day_is_changed_gets_no_other_collection(bank, member):
    ending.collect_anew(member.pk, day=20, reason="payday", by="treasurer")
    states.cancel(member.pk, reason="moved away", at=clock.now())
    ending.end_due()
    collecting.collect_due()
    assert live(bank, "subscriptions") == []


def test_a_new_mandate_after_a_dead_one_goes_on_where_the_old_one_ended(bank, member, set_clock):
    to(date(2026, 9, 22), bank, set_clock)
    assert months() == [date(2026, 9, 1)]
    mandate = Subscription.objects.get().mandate.gocardless_id
    bank.tell("mandates", "cancelled", links={"mandate": mandate})
    for each in bank.made("subscriptions"):  # GoCardless ends it along with its mandate
        bank.sandbox.store.put(
            "gocardless.subscriptions", each["id"], each | {"status": "cancelled"}
        )
    bank.pay(member)
    bank.deliver()
    collecting.collect_due()
    new = Subscription.objects.first()
    assert (new.status, new.start_on, new.count) == ("active", date(2026, 10, 15), 8)


def test_the_treasurer_changes_the_day_by_a_button(bank, member, client, django_user_model):
    client.force_login(django_user_model.objects.create_superuser("boss", password="boss"))
    old = Subscription.objects.get()
    address = f"/admin/payments/subscription/{old.pk}/do/collect_anew/"
    bad = client.post(address, {"confirmed": "1", "day": "31", "reason": "payday"})
    assert bad.status_code == 200
    assert not Ending.objects.exists()
    done = client.post(address, {"confirmed": "1", "day": "-1", "reason": "payday"})
    assert done.status_code == 302
    ending.end_due()
    collecting.collect_due()
    assert Subscription.objects.first().day_of_month == -1
