"""Brothers and sisters whose payments arrive at the same moment: one discount, the right one."""

import pytest
from django.test import Client

from integrations import clock, inbox
from payments.actions import collecting, discounts, repricing
from payments.models import MonthlyPrice, PriceReason, SiblingCase, Subscription
from registrations.actions import states
from tests import factories
from tests.races.together import together

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("site"),
]
JOBS = (inbox.process_due, collecting.collect_due, repricing.price_due)


def drain():
    for _ in range(6):
        for job in JOBS:
            job()
    assert not MonthlyPrice.objects.needs_person().exists()
    assert not MonthlyPrice.objects.waiting().exists()


def amounts(bank):
    return sorted(each["amount"] for each in bank.made("subscriptions"))


def fees(children):
    for each in children:
        each.refresh_from_db()
    return [each.monthly_fee_pence for each in children]


@pytest.mark.parametrize("turned", [False, True], ids=["in order", "the other way round"])
def test_two_children_paid_at_once_get_one_discount_and_replays_change_nothing(bank, turned):
    parent = factories.guardian()
    children = [factories.registration(guardian=parent) for _ in range(2)]
    for each in children:
        bank.ask(each)
        bank.pay(each)
    events = bank.events()
    if turned:
        events = events[::-1]
    doors = [lambda e=event: bank.post({"events": [e]}, client=Client()) for event in events]
    together(*doors, *JOBS, *JOBS, *JOBS)
    drain()
    assert amounts(bank) == [2475, 2750]
    assert sorted(fees(children)) == [2475, 2750]
    planned = {each.registration_id: each.pence for each in Subscription.objects.all()}
    assert planned == {each.pk: each.monthly_fee_pence for each in children}
    assert SiblingCase.objects.get().standing == "certain"
    kept = fees(children), PriceReason.objects.count()
    replay = [lambda e=event: bank.post({"events": [e]}, client=Client()) for event in events]
    together(*replay, *JOBS, *JOBS)
    for each in children:
        discounts.look_again(each.pk, at=clock.now())
    drain()
    assert (fees(children), PriceReason.objects.count()) == kept
    assert amounts(bank) == [2475, 2750]
    amended = [each for each in bank.events() if each["action"] == "amended"]
    assert len(amended) <= 2


def test_children_who_come_and_leave_at_once_are_priced_by_what_is_true_at_the_end(bank):
    parent = factories.guardian()
    children = [factories.registration(guardian=parent) for _ in range(4)]
    for each in children[:2]:
        states.settle_fee(each.pk, at=clock.now(), source="by_hand")
    drain()
    together(
        lambda: states.cancel(children[0].pk, reason="moved", at=clock.now()),
        lambda: states.settle_fee(children[2].pk, at=clock.now(), source="by_hand"),
        repricing.price_due,
        lambda: states.settle_fee(children[3].pk, at=clock.now(), source="by_hand"),
        repricing.price_due,
        repricing.price_due,
    )
    drain()
    assert fees(children)[1:] == [2750, 2475, 2475]
