"""What the conversation asks of the payment desk."""

import pytest

from payments.desk import Desk
from payments.models import BillingRequest
from registrations.ports import Fees, desk
from tests import factories

pytestmark = pytest.mark.django_db


def test_the_settings_name_the_desk():
    assert isinstance(desk(), Desk)


def test_fees_are_the_seasons_in_pence_for_the_months_that_are_left(set_clock):
    season = factories.season()
    assert Desk().fees(season.pk) == Fees(4500, 2750, 9)
    set_clock(2026, 7, 1, 12)
    assert Desk().fees(season.pk).months == 9
    set_clock(2027, 1, 31, 23, 30)
    assert Desk().fees(season.pk).months == 5
    set_clock(2027, 5, 31, 23, 30)  # 1 June in London
    assert Desk().fees(season.pk).months == 0


def test_asking_stores_one_due_request_and_asking_again_keeps_it():
    registration = factories.registration()
    Desk().ask_for_payment(registration.pk)
    first = BillingRequest.objects.get()
    assert (first.pence, first.status, first.purpose) == (4500, "waiting", "fee_and_mandate")
    assert first in BillingRequest.objects.due()
    Desk().ask_for_payment(registration.pk)
    assert BillingRequest.objects.get().key == first.key


def test_nobody_who_waits_for_a_place_is_asked(set_clock):
    registration = factories.registration(waiting_since=factories.clock.now())
    Desk().ask_for_payment(registration.pk)
    assert not BillingRequest.objects.exists()


def test_a_settled_fee_is_never_asked_for_again():
    moment = factories.clock.now()
    registration = factories.registration(fee_settled_at=moment, fee_settled_by="by_hand")
    Desk().ask_for_payment(registration.pk)
    row = BillingRequest.objects.get()
    assert (row.pence, row.purpose) == (0, "mandate_only")


def test_a_fee_settled_by_hand_replaces_the_request_that_would_ask_for_it():
    registration = factories.registration()
    Desk().ask_for_payment(registration.pk)
    registration.fee_settled_at, registration.fee_settled_by = factories.clock.now(), "by_hand"
    registration.save()
    Desk().ask_for_payment(registration.pk)
    assert BillingRequest.objects.get(closed_at=None).pence == 0
    assert BillingRequest.objects.count() == 2


def test_the_link_is_the_parents_own(settings):
    settings.PUBLIC_URL = "https://club.example"
    registration = factories.registration()
    assert Desk().link(registration.pk) == f"https://club.example/reg_setup/{registration.token}"


def test_standing_says_what_is_missing():
    before = Desk().standing(factories.registration().pk)
    assert (before.fee_settled, before.collection_arranged) == (False, False)
    assert before.summary == "The signing-on fee has not been paid yet."
    after = Desk().standing(factories.active_registration().pk)
    assert (after.fee_settled, after.collection_arranged) == (True, True)
