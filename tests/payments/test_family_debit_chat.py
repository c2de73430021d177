"""The family's Direct Debit for another child, asked in the chat: digits first, no hints."""

import re

import pytest

from integrations import clock
from payments.actions import collecting, repricing
from payments.models import Mandate, Subscription
from registrations.actions import changing
from registrations.models import ContactCode, Registration, Sms
from tests import factories
from tests.registrations.parent import Parent

pytestmark = pytest.mark.django_db
PHONE = "+447700900741"
WANTED = "I pay for another child already, use the same Direct Debit"


@pytest.fixture
def paid(bank):
    """Sam, whose parent proved the phone and pays by Direct Debit."""
    parent = factories.guardian(phone=PHONE, phone_proven_at=clock.now())
    row = factories.registration(
        guardian=parent, player=factories.player(family=parent.family, first_name="Sam")
    )
    bank.ask(row)
    bank.pay(row)
    bank.deliver()
    collecting.collect_due()
    return row


@pytest.fixture
def asked(client):
    """Somebody who registers Mia in the chat, and typed that number."""
    factories.team()
    parent = Parent(client)
    parent.walk(30, s2="Mia Ashworth", s8="07700 900741")
    return parent


def digits(sandbox, to=PHONE):
    """What the newest text to that phone says."""
    changing.send_due()
    texts = [m for m in sandbox.store.all("twilio.messages") if m["to"] == to]
    return re.search(r"\b\d{6}\b", texts[-1]["body"])[0]


def mia():
    return Registration.objects.get(player__first_name="Mia")


def test_with_the_digits_each_child_is_an_item_and_yes_puts_the_second_on_it(
    paid, asked, bank, sandbox
):
    assert "six digits" in asked.say(WANTED)
    offer = asked.say(f"it is {digits(sandbox)}")
    assert "Sam: £27.50 a month" in offer and "Mia can be paid the same way" in offer
    assert "Mia is on your Direct Debit" in asked.say("yes")
    [mandate] = Mandate.objects.all()
    assert mia().collection_arranged_by == "mandate"
    [text] = Sms.objects.filter(kind="family_mandate")
    assert str(text.to) == PHONE and "Mia" in text.body
    bank.ask(mia())
    bank.pay(mia())
    bank.deliver()
    for _ in range(2):
        collecting.collect_due()
        repricing.price_due()
    assert {each.mandate for each in Subscription.objects.all()} == {mandate}
    assert sorted(each["amount"] for each in bank.made("subscriptions")) == [2475, 2750]


def test_no_means_no_and_anything_else_means_the_question(paid, asked, sandbox):
    asked.say(WANTED)
    asked.say(digits(sandbox))
    assert "another one" in asked.say("no")
    assert "Shall we" in asked.say("the same direct debit please")  # proved already
    asked.say("send again")
    assert asked.say("yes") and mia().collection_arranged_at is None


def test_whoever_only_typed_the_number_is_told_the_same_as_everybody(paid, asked, client, sandbox):
    stranger, nobody = asked, Parent(client)
    nobody.walk(30, s2="Zoe Ashworth", s8="07700 900742")
    said = [each.say(WANTED).replace("742", "741") for each in (stranger, nobody)]
    assert said[0] == said[1]
    for guess in ("123456", "000000", "111111", "222222"):
        wrong = [each.say(guess) for each in (stranger, nobody)]
        assert wrong[0] == wrong[1]
        assert "Sam" not in wrong[0]
    over = [each.say("333333") for each in (stranger, nobody)]
    assert over[0] == over[1] and "does not work any more" in over[0]
    stranger.say("yes")
    assert mia().collection_arranged_at is None
    assert mia().guardian.phone_proven_at is None
    assert not Sms.objects.filter(kind="family_mandate").exists()


def test_a_proved_phone_with_no_direct_debit_is_told_so(asked, sandbox):
    asked.say(WANTED)
    assert "no Direct Debit that Mia could join" in asked.say(digits(sandbox))
    assert mia().guardian.phone_proven_at is not None


def test_a_number_that_is_changed_afterwards_is_not_proved(paid, client, sandbox):
    factories.team()
    thief = Parent(client)
    thief.walk(30, s2="Mia Ashworth", s8="07700 900743")
    thief.say(WANTED)
    thief.say(digits(sandbox, "+447700900743"))
    thief.say("07700 900741")
    assert mia().guardian.phone == PHONE
    assert "six digits" in thief.say(WANTED)
    thief.say("yes")
    assert mia().collection_arranged_at is None


def test_a_phone_is_texted_so_often_and_no_more_and_a_code_grows_old(
    paid, asked, move_clock, sandbox
):
    for _ in range(3):
        assert "six digits" in asked.say(WANTED)
    assert "No code can be sent" in asked.say(WANTED)
    code = digits(sandbox)
    move_clock(changing.LASTS)
    assert "does not work any more" in asked.say(code)
    assert ContactCode.objects.filter(field="debit").count() == 3
