"""One Direct Debit for a family: offered to the phone on file, told to the payer, taken back."""

from datetime import timedelta

import pytest
from django.urls import reverse

from integrations import clock
from integrations.sandbox.gocardless import records
from payments.actions import collecting, ending, proving, repricing
from payments.models import BillingRequest, Mandate, Subscription
from registrations.actions import states
from registrations.models import Registration, Sms
from tests import factories

pytestmark = pytest.mark.django_db
PHONE = "+447700900741"
JOBS = (collecting.collect_due, repricing.price_due, ending.end_due)


def work():
    for _ in range(3):
        for job in JOBS:
            job()


@pytest.fixture
def first(bank):
    """A child whose parent paid through the text to that phone."""
    parent = factories.guardian(phone=PHONE, phone_proven_at=clock.now())
    child = factories.player(family=parent.family, first_name="Sam")
    row = factories.registration(guardian=parent, player=child)
    bank.ask(row)
    bank.pay(row)
    bank.deliver()
    work()
    return row


@pytest.fixture
def second(first):
    """Another child, registered in the chat by somebody who typed the same number."""
    parent = factories.guardian(phone=PHONE, email="another@example.org")
    child = factories.player(family=parent.family, first_name="Mia")
    return factories.registration(guardian=parent, player=child)


def url(row, page="", to=PHONE):
    return f"/reg_setup/{row.token}{page}?s={proving.mark(row.token, to)}"


def fresh(row):
    return Registration.objects.get(pk=row.pk)


def shared(client, bank, second):
    """The second child on the family's mandate, its fee paid."""
    assert client.post(url(second, "/family")).status_code == 302
    bank.ask(second)
    bank.pay(second)
    bank.deliver()
    work()
    return fresh(second)


def test_the_holder_of_the_phone_is_offered_it_with_every_child_as_an_item(client, second):
    page = client.get(url(second))
    assert page.status_code == 200
    words = page.content.decode()
    assert "Sam: £27.50 a month" in words
    assert "Yes, use the same Direct Debit" in words
    assert client.get(url(second) + "&own=1").status_code == 302  # and may have another


def test_a_brother_registered_in_the_same_conversation_is_offered_it_too(client, first):
    child = factories.player(family=first.player.family, first_name="Leo")
    brother = factories.registration(guardian=first.guardian, player=child)
    assert "Sam: £27.50 a month" in client.get(url(brother)).content.decode()


@pytest.mark.parametrize("mark", ["", "?s=", "?s=000000000000", "?s=%00", "?s=" + "a" * 500])
def test_who_only_typed_the_number_gets_no_offer_no_mandate_and_no_hint(client, bank, second, mark):
    bank.ask(second)
    page = client.get(f"/reg_setup/{second.token}{mark}")
    assert page.status_code == 302  # the payment page, as for everybody
    client.post(f"/reg_setup/{second.token}/family{mark}")
    now = fresh(second)
    assert now.collection_arranged_at is None
    assert now.guardian.phone_proven_at is None
    assert not Sms.objects.filter(kind="family_mandate").exists()


def test_another_registrations_mark_opens_nothing(client, first, second):
    stolen = proving.mark(first.token, PHONE)
    client.post(f"/reg_setup/{second.token}/family?s={stolen}")
    assert fresh(second).collection_arranged_at is None


def test_it_is_used_the_fee_alone_is_paid_and_the_payer_is_told_once(client, bank, first, second):
    row = shared(client, bank, second)
    assert row.status == "active"
    assert BillingRequest.objects.get(registration=row).purpose == "fee_only"
    [mandate] = Mandate.objects.all()
    assert len(bank.made("mandates")) == 1
    assert {each.mandate for each in Subscription.objects.all()} == {mandate}
    assert sorted(each["amount"] for each in bank.made("subscriptions")) == [2475, 2750]
    client.post(url(second, "/family"))
    [text] = Sms.objects.filter(kind="family_mandate")
    assert str(text.to) == PHONE
    assert "Mia" in text.body and f"/reg_setup/{row.token}/status" in text.body


def test_the_payer_objects_before_the_first_charge_and_the_other_child_stays(
    client, bank, first, second
):
    row = shared(client, bank, second)
    assert "Take Mia off my Direct Debit" in client.get(url(row, "/status")).content.decode()
    page = client.post(f"/reg_setup/{row.token}/object").content.decode()
    assert "nothing is taken" in page
    work()
    standing = {each["amount"]: each["status"] for each in bank.made("subscriptions")}
    assert standing[2750] == "active"
    assert "cancelled" in standing.values()
    assert fresh(row).status == "incomplete"
    assert any("objects" in flag for flag in fresh(row).flags)
    assert fresh(first).status == "active"
    bank.tell(  # the bank's later word about the mandate puts nobody back on it
        "mandates",
        "active",
        links={"mandate": Mandate.objects.get().gocardless_id},
        created_at=(clock.now() + timedelta(seconds=1)).isoformat(),
    )
    assert Mandate.objects.get().status == "active"
    assert fresh(row).collection_arranged_at is None
    assert (
        "can no longer be changed" in client.post(f"/reg_setup/{row.token}/object").content.decode()
    )


@pytest.mark.parametrize("at_the_bank", [False, True], ids=["made", "at the bank"])
def test_until_the_bank_has_the_first_payment_the_payer_may_object(
    client, bank, first, second, at_the_bank
):
    Registration.objects.filter(pk=second.pk).update(payment_day=9)
    row = shared(client, bank, second)
    single = row.payments.get(purpose="first_month")
    assert single.status == "pending_submission"
    if at_the_bank:
        row.payments.filter(pk=single.pk).update(status="submitted")
    page = client.post(f"/reg_setup/{row.token}/object").content.decode()
    work()
    now = {each["id"]: each["status"] for each in bank.made("payments")}
    if at_the_bank:
        assert "can no longer be changed" in page
        assert now[single.gocardless_id] == "pending_submission"
        assert fresh(row).status == "active"
    else:
        assert "nothing is taken" in page
        assert now[single.gocardless_id] == "cancelled"
        assert fresh(row).status == "incomplete"
    assert Subscription.objects.get(registration=first).status == "active"


def test_two_guardians_pay_for_different_children(client, bank, first):
    family = first.player.family
    father = factories.guardian(family=family, phone="+447700900742", email="f@example.org")
    child = factories.player(family=family, first_name="Leo")
    row = factories.registration(guardian=father, player=child)
    bank.ask(row)
    assert client.get(url(row, to="+447700900742")).status_code == 302  # nothing to share
    bank.pay(row)
    bank.deliver()
    work()
    payers = {each.registration: each.mandate.guardian for each in Subscription.objects.all()}
    assert payers == {first: first.guardian, row: father}
    assert sorted(each["amount"] for each in bank.made("subscriptions")) == [2475, 2750]
    bank.tell(
        "mandates",
        "cancelled",
        links={"mandate": Mandate.objects.get(guardian=father).gocardless_id},
        created_at=(clock.now() + timedelta(seconds=1)).isoformat(),
    )
    assert (fresh(first).status, fresh(row).status) == ("active", "incomplete")
    assert client.get(f"/reg_setup/{row.token}").status_code == 302  # his own again, not hers
    assert not Sms.objects.filter(kind="family_mandate").exists()


def test_a_child_that_leaves_takes_nothing_of_the_other_along(client, bank, first, second):
    row = shared(client, bank, second)
    states.cancel(row.pk, reason="moved away", at=clock.now(), by="registrar")
    work()
    assert Subscription.objects.get(registration=row).status == "cancelled"
    assert Subscription.objects.get(registration=first).status == "active"
    left = [each for each in bank.made("subscriptions") if each["status"] == "active"]
    assert len(left) == 1


def test_a_mandate_that_is_lost_tells_every_child_that_it_touches(
    admin_client, client, bank, first, second
):
    row = shared(client, bank, second)
    bank.tell(
        "mandates",
        "cancelled",
        links={"mandate": Mandate.objects.get().gocardless_id},
        created_at=(clock.now() + timedelta(seconds=1)).isoformat(),
    )
    for each in (first, row):
        assert fresh(each).status == "incomplete"
        assert any("the family's mandate cancelled" in flag for flag in fresh(each).flags)
    assert not Subscription.objects.exclude(status="cancelled").exists()
    mandate = reverse("admin:payments_mandate_change", args=[Mandate.objects.get().pk])
    page = admin_client.get(mandate).content.decode()
    for each, pays in ((first, "£27.50"), (row, "£24.75")):
        assert f"{each.player.full_name}</a>: {pays} a month, cancelled" in page
    place = reverse("admin:registrations_registration_change", args=[row.pk])
    assert "£24.75: child 2 of the family this season" in admin_client.get(place).content.decode()


def test_a_shared_mandate_that_is_replaced_tells_each_child_whose_collection_stays_behind(
    client, bank, sandbox, first, second
):
    row = shared(client, bank, second)
    old = Mandate.objects.get()
    held = records.find(sandbox.store, "mandates", old.gocardless_id)
    new = records.save(sandbox.store, "mandates", held | {"id": "MDNEW"})
    moved = Subscription.objects.get(registration=first).gocardless_id
    plan = records.find(sandbox.store, "subscriptions", moved)
    records.save(sandbox.store, "subscriptions", plan | {"links": {"mandate": new["id"]}})
    links = {"mandate": old.gocardless_id, "new_mandate": new["id"]}
    bank.tell("mandates", "replaced", links=links)
    assert Subscription.objects.get(registration=first).mandate.gocardless_id == "MDNEW"
    assert not fresh(first).flags
    assert any("stayed behind" in flag for flag in fresh(row).flags)
