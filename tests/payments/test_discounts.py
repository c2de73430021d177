"""Sibling discounts from the payment to GoCardless, and who decides what is not certain."""

from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.urls import reverse

from integrations import clock, gocardless
from integrations.models import AirtableRow
from payments.actions import collecting, discounts, proving, repricing
from payments.models import MonthlyPrice, PriceReason, SiblingCase, Subscription
from registrations.actions import messages, states
from registrations.airtable import registration_row
from registrations.models import Sms
from tests import factories

pytestmark = pytest.mark.django_db
Standing = SiblingCase.Standing


@pytest.fixture(autouse=True)
def site(settings):
    settings.PUBLIC_URL = "http://127.0.0.1:9"


def child(parent=None, **given):
    """One more child; of this parent's own family unless the parent is another row."""
    parent = parent or factories.guardian()
    return factories.registration(guardian=parent, **given)


def twin(parent):
    """The same parent again, from another conversation: another family, the same contacts."""
    return factories.guardian(phone=parent.phone, email=parent.email, last_name="Vale")


def pay_by_hand(registration, days_ago=0):
    states.settle_fee(
        registration.pk, at=clock.now() - timedelta(days=days_ago), source="by_hand", by="staff"
    )
    repricing.price_due()


def fee(registration):
    registration.refresh_from_db()
    return registration.monthly_fee_pence


def prove(*registrations):
    for each in registrations:
        messages.queue_payment_link(each, at=clock.now())
        mark = proving.mark(each.token, str(each.guardian.phone))
        proving.note_opening(each, mark, at=clock.now())
        proving.note_payment(each, at=clock.now())


def test_the_second_child_of_a_family_pays_a_tenth_less_and_the_first_does_not():
    parent = factories.guardian()
    first, second, third = child(parent), child(parent), child(parent)
    for each in (first, second, third):
        pay_by_hand(each)
    assert [fee(each) for each in (first, second, third)] == [2750, 2475, 2475]
    assert MonthlyPrice.objects.waiting().count() == 0
    reason = PriceReason.objects.get(registration=second)
    assert (reason.pence, reason.list_pence, reason.percent) == (2475, 2750, 10)
    assert reason.sibling == first
    assert "10 % off £27.50" in reason.words


def test_a_discount_that_grows_with_the_children_is_the_seasons():
    factories.season(sibling_percents=[10, 20])
    parent = factories.guardian()
    children = [child(parent) for _ in range(3)]
    for each in children:
        pay_by_hand(each)
    assert [fee(each) for each in children] == [2750, 2475, 2200]


def test_whoever_paid_first_pays_in_full_whichever_is_told_first():
    parent = factories.guardian()
    late, early = child(parent), child(parent)
    pay_by_hand(late)
    pay_by_hand(early, days_ago=30)
    assert [fee(early), fee(late)] == [2750, 2475]


def test_looking_again_compounds_nothing():
    parent = factories.guardian()
    children = [child(parent), child(parent)]
    for each in children:
        pay_by_hand(each)
    for _ in range(5):
        for each in children:
            discounts.look_again(each.pk, at=clock.now())
            repricing.price_due()
    assert [fee(each) for each in children] == [2750, 2475]
    assert PriceReason.objects.count() == 1


def test_an_unpaid_sibling_gives_nothing_and_the_signing_on_fee_is_never_less():
    parent = factories.guardian()
    child(parent)
    paid = child(parent)
    pay_by_hand(paid)
    assert fee(paid) == 2750
    assert {each.signing_on_fee_pence for each in parent.registrations.all()} == {4500}


def test_another_season_is_another_family():
    parent = factories.guardian()
    before = child(parent, team=factories.team(season=factories.season(code="2526")))
    now = child(parent)
    pay_by_hand(before)
    pay_by_hand(now)
    assert [fee(before), fee(now)] == [2750, 2750]


def test_the_same_child_from_two_phones_gives_no_discount():
    parent, aunt = factories.guardian(), factories.guardian(last_name="Vale")
    one = child(parent)
    again = factories.registration(
        guardian=aunt,
        player=factories.player(
            first_name=one.player.first_name, last_name=one.player.last_name, dob=one.player.dob
        ),
    )
    SiblingCase.objects.create(
        one=one, other=again, standing=Standing.APPROVED, opened_at=clock.now()
    )
    pay_by_hand(one)
    pay_by_hand(again)
    assert [fee(one), fee(again)] == [2750, 2750]


def test_when_the_first_leaves_the_others_are_looked_at_again():
    parent = factories.guardian()
    first, second, third = [child(parent) for _ in range(3)]
    for each in (first, second, third):
        pay_by_hand(each)
    states.cancel(first.pk, reason="moved away", at=clock.now())
    repricing.price_due()
    assert [fee(second), fee(third)] == [2750, 2475]
    assert PriceReason.objects.filter(registration=second).first().words == "the list price, £27.50"


def test_a_fee_that_bounces_takes_the_discount_of_the_other_back():
    parent = factories.guardian()
    first, second = child(parent), child(parent)
    states.settle_fee(first.pk, at=clock.now() - timedelta(days=1))
    pay_by_hand(second)
    assert fee(second) == 2475
    states.unsettle_fee(first.pk, at=clock.now(), reason="payment failed")
    repricing.price_due()
    assert [fee(first), fee(second)] == [2750, 2750]
    pay_by_hand(first)
    assert [fee(first), fee(second)] == [2475, 2750]


def test_a_phone_that_was_only_typed_is_a_case_for_staff_and_changes_nothing():
    parent = factories.guardian()
    mine, strangers = child(parent), child(twin(parent))
    prove(mine)
    pay_by_hand(mine)
    pay_by_hand(strangers)
    assert [fee(mine), fee(strangers)] == [2750, 2750]
    case = SiblingCase.objects.get()
    assert case.standing == Standing.DOUBTFUL
    assert "the same mobile number, not proved for both" in case.evidence
    assert not Sms.objects.filter(kind="monthly_fee").exists()


def test_a_phone_that_both_payments_proved_makes_it_certain():
    parent = factories.guardian()
    first, second = child(parent), child(twin(parent))
    prove(first, second)
    pay_by_hand(first)
    pay_by_hand(second)
    assert [fee(first), fee(second)] == [2750, 2475]
    assert SiblingCase.objects.get().standing == Standing.CERTAIN


def test_a_link_that_was_opened_elsewhere_too_proves_nothing():
    registration = child()
    proving.note_opening(registration, "", at=clock.now())
    prove(registration)
    registration.guardian.refresh_from_db()
    assert registration.guardian.phone_proven_at is None


def test_staff_approve_remove_and_add_with_a_reason():
    parent = factories.guardian()
    first, second = child(parent), child(twin(parent))
    pay_by_hand(first)
    pay_by_hand(second)
    case = SiblingCase.objects.get()
    assert discounts.foresee(case, linked=True) == [(second, 2750, 2475)]
    given = {"by": "kim", "at": clock.now()}
    discounts.decide(case.pk, Standing.APPROVED, reason="they told me", **given)
    assert [fee(first), fee(second)] == [2750, 2475]
    case.refresh_from_db()
    assert discounts.foresee(case, linked=False) == [(second, 2475, 2750)]
    discounts.decide(case.pk, Standing.REJECTED, reason="cousins", **given)
    assert [fee(first), fee(second)] == [2750, 2750]
    discounts.look_again(second.pk, at=clock.now())
    repricing.price_due()
    assert SiblingCase.objects.get().standing == Standing.REJECTED
    stranger = child(factories.guardian(last_name="Vale", postcode="M33 1AA"))
    pay_by_hand(stranger)
    discounts.add(stranger, first, reason="half-sisters", **given)
    assert [fee(first), fee(stranger)] == [2750, 2475]


# --- at GoCardless


def subscribed(bank, parent=None, **given):
    """A child that is paid and collected for."""
    registration = child(parent, **given)
    bank.ask(registration)
    bank.pay(registration)
    bank.deliver()
    repricing.price_due()
    collecting.collect_due()
    repricing.price_due()
    return registration


def amounts(bank):
    return [each["amount"] for each in bank.made("subscriptions")]


def test_a_subscription_that_is_still_to_be_made_is_made_at_the_lower_price(bank):
    parent = factories.guardian()
    first, second = subscribed(bank, parent), subscribed(bank, parent)
    assert amounts(bank) == [2750, 2475]
    assert [fee(first), fee(second)] == [2750, 2475]
    assert set(second.monthly_charges.values_list("pence", flat=True)) == {2475}
    assert not Sms.objects.filter(kind="monthly_fee").exists()
    assert "£24.75" in second.sms.get(kind="confirmation").body


def test_a_subscription_that_exists_is_amended_once_and_the_parent_is_told_once(bank):
    parent = factories.guardian()
    first, second = subscribed(bank, parent), subscribed(bank, parent)
    states.cancel(first.pk, reason="moved away", at=clock.now())
    for _ in range(3):
        repricing.price_due()
    assert amounts(bank)[1] == 2750
    told = second.sms.get(kind="monthly_fee")
    assert "£27.50" in told.body
    assert first.player.first_name not in told.body
    row = MonthlyPrice.objects.get(registration=second)
    assert (row.amendments, row.due_at) == (1, None)
    assert set(second.monthly_charges.values_list("pence", flat=True)) == {2750}
    amended = [each for each in bank.events() if each["action"] == "amended"]
    assert len(amended) == 1


def test_nothing_is_lost_while_gocardless_is_away(bank, sandbox, move_clock):
    parent = factories.guardian()
    first, second = subscribed(bank, parent), subscribed(bank, parent)
    sandbox.down("gocardless")
    states.cancel(first.pk, reason="moved away", at=clock.now())
    for _ in range(2):
        repricing.price_due()
    assert fee(second) == 2750
    assert MonthlyPrice.objects.get(registration=second).last_error
    assert not Sms.objects.filter(kind="monthly_fee").exists()
    sandbox.up("gocardless")
    move_clock(timedelta(minutes=2))
    repricing.price_due()
    assert amounts(bank)[1] == 2750
    assert Sms.objects.filter(kind="monthly_fee").count() == 1


def test_a_subscription_that_has_ended_at_gocardless_is_left_alone(bank):
    parent = factories.guardian()
    first, second = subscribed(bank, parent), subscribed(bank, parent)
    ended = Subscription.objects.get(registration=second).gocardless_id
    gocardless.cancel_subscription(ended)
    states.cancel(first.pk, reason="moved away", at=clock.now())
    for _ in range(3):
        repricing.price_due()
    row = MonthlyPrice.objects.get(registration=second)
    assert (row.due_at, row.needs_person_at, row.amendments) == (None, None, 0)
    assert not Sms.objects.filter(kind="monthly_fee").exists()


def test_instead_of_the_eleventh_change_another_subscription_follows(bank):
    parent = factories.guardian()
    _, second = subscribed(bank, parent), subscribed(bank, parent)
    case = SiblingCase.objects.get()
    for number in range(11):
        standing = Standing.APPROVED if number % 2 else Standing.REJECTED
        discounts.decide(case.pk, standing, reason="again", by="kim", at=clock.now())
        repricing.price_due()
    assert fee(second) == 2750
    old, new = Subscription.objects.filter(registration=second).order_by("pk")
    assert (old.status, new.status, new.pence) == ("cancelled", "planned", 2750)
    collecting.collect_due()
    repricing.price_due()
    made = bank.made("subscriptions")
    assert [(each["status"], each["amount"]) for each in made[1:]] == [
        ("cancelled", 2475),
        ("active", 2750),
    ]
    assert made[1]["start_date"] == made[2]["start_date"]
    assert made[2]["count"] == 9
    bank.deliver()
    second.refresh_from_db()
    assert second.flags == []
    assert set(second.monthly_charges.values_list("month", "pence")) == {
        (month, 2750) for month in second.monthly_charges.values_list("month", flat=True)
    }
    assert second.monthly_charges.count() == 9


def test_paying_through_the_texted_link_proves_the_phone(bank, client):
    registration = child()
    bank.ask(registration)
    link = messages.queue_payment_link(registration, at=clock.now()).body.split("/reg_setup/")[1]
    path = "/reg_setup/" + link.split()[0]
    assert client.get(path).status_code == 302
    bank.open = lambda _registration: client.get(path)["Location"]
    bank.pay(registration)
    bank.deliver()
    registration.guardian.refresh_from_db()
    assert registration.guardian.phone_proven_at is not None
    assert registration.guardian.email_proven_at is None


def test_paying_through_the_page_proves_no_phone(bank):
    registration = subscribed(bank)
    registration.guardian.refresh_from_db()
    assert registration.guardian.phone_proven_at is None


def test_the_base_follows():
    parent = factories.guardian()
    first, second = child(parent), child(parent)
    pay_by_hand(first)
    pay_by_hand(second)
    row = registration_row(second.pk)
    assert row.fields["monthly_subscription_amount"] == 24.75
    assert AirtableRow.objects.get(object_id=second.pk).due_at is not None


def test_a_fee_that_staff_change_goes_to_gocardless_and_to_the_family_with_its_reason(bank, client):
    row = factories.registration(payment_day=15)
    bank.ask(row)
    bank.pay(row)
    bank.deliver()
    collecting.collect_due()
    client.force_login(User.objects.create_superuser("boss"))
    do = reverse("admin:registrations_registration_do", args=[row.pk, "change_fee"])
    asked = client.post(do).content.decode()
    assert "£27.50 a month: as agreed when the child was registered" in asked
    assert "the Direct Debit of £27.50 is changed from the next payment on" in asked

    press = {"confirmed": "1", "amount": "20", "reason": "half of the season is injured"}
    client.post(do, press)
    said = client.post(do, press, follow=True).content.decode()
    assert "The list price is £20.00 already." in said
    assert fee(row) == 2000
    repricing.price_due()
    repricing.price_due()
    assert [plan["amount"] for plan in bank.made("subscriptions")] == [2000]
    text = row.sms.get(kind="monthly_fee").body
    assert "is £20.00 from the next payment on. Why: half of the season is injured." in text
    newest = PriceReason.objects.filter(registration=row).first()
    assert (newest.pence, newest.list_pence) == (2000, 2000)
    assert newest.words.endswith("£20.00, agreed because: half of the season is injured")
    told = row.timeline.filter(by="boss").values_list("text", flat=True)
    assert "List price £20.00 a month instead of £27.50: half of the season is injured" in told
    assert "sibling" not in text and AirtableRow.objects.get(object_id=row.pk).due_at


def test_another_list_price_is_what_the_sibling_discount_comes_off(move_clock):
    parent = factories.guardian()
    first, second = child(parent), child(parent)
    for each in (first, second):
        pay_by_hand(each)
    given = {"reason": "away until spring", "by": "treasurer"}
    discounts.agree(second.pk, list_pence=2000, **given, at=clock.now())
    assert (fee(first), fee(second)) == (2750, 1800)
    text = second.sms.get(kind="monthly_fee").body  # nobody else would tell: nothing is collected
    assert "£18.00" in text and "Why: away until spring." in text
    move_clock(timedelta(minutes=1))
    states.cancel(first.pk, reason="left", at=clock.now())
    repricing.price_due()
    assert fee(second) == 2000
    assert discounts.why_changed(second.pk) == ""
    for pence in (99, 2000):
        with pytest.raises(ValidationError):
            discounts.agree(second.pk, list_pence=pence, **given, at=clock.now())
    assert fee(second) == 2000
