"""Squads, waiting lists and trials: who is next, what is offered, and how families answer."""

import re
from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse

from integrations import clock
from registrations.actions import offering, squads
from registrations.models import PlaceOffer, Registration, Season, Team
from tests import factories
from tests.registrations.parent import Parent

pytestmark = pytest.mark.django_db


@pytest.fixture
def squad(lions) -> Team:
    """U10 Lions with a limit of two, two players, and places that offer themselves."""
    Season.objects.update(automatic_offers=True)
    lions.squad_limit = 2
    lions.save()
    for _ in range(2):
        factories.active_registration(team=lions)
    return Team.objects.get(pk=lions.pk)


@pytest.fixture
def office(client, django_user_model):
    client.force_login(django_user_model.objects.create_superuser("boss"))
    return client


def waiting(team: Team, minutes: int = 0, **given) -> Registration:
    """A child who has waited for so many minutes."""
    since = clock.now() - timedelta(minutes=minutes)
    return factories.registration(team=team, status="waiting", waiting_since=since, **given)


def leave(team: Team) -> None:
    """One of the squad is cancelled, by its button."""
    row = team.registrations.filter(status="active").first()
    row.cancelled_at, row.status = clock.now(), "cancelled"
    row.save()


def link(row: Registration) -> str:
    """The path in the newest offer that was texted."""
    body = row.sms.filter(kind="place_offer").order_by("-resend").first().body
    return re.search(r"(/place/[\w-]+)", body)[1]


def press(client: Client, row: Registration, name: str, **given) -> str:
    address = reverse("admin:registrations_registration_do", args=[row.pk, name])
    return client.post(address, {"confirmed": "1", **given}, follow=True).content.decode()


def test_a_place_that_falls_free_is_offered_taken_and_paid_for(squad):
    first, second = waiting(squad, 20), waiting(squad, 10)
    assert offering.offer_free_places() == 0
    leave(squad)
    assert offering.offer_free_places() == 1
    assert offering.offer_free_places() == 0  # the place is kept while the family thinks
    assert squads.squad(squad).free == 0
    assert "there is a place for" in first.sms.get().body
    assert not second.sms.exists()

    parent = Client()
    page = parent.get(link(first)).content.decode()
    assert "Yes, we take the place" in page
    assert first.player.full_name not in page
    first.refresh_from_db()
    assert first.waiting_since  # looking at the link, as scanners do, answers nothing
    page = parent.post(link(first), {"answer": "yes"}).content.decode()
    assert f"/reg_setup/{first.token}" in page
    first.refresh_from_db()
    assert (first.status, first.billing_requests.count()) == ("pending_payment", 1)
    assert [sms.kind for sms in first.sms.order_by("pk")] == ["place_offer", "payment_link"]
    assert parent.post(link(first), {"answer": "no"}).status_code == 200  # too late to say no
    first.refresh_from_db()
    assert first.status == "pending_payment"


def test_who_says_no_is_off_the_list_and_the_next_is_asked(squad):
    first, second = waiting(squad, 20), waiting(squad, 10)
    leave(squad)
    offering.offer_free_places()
    page = Client().post(link(first), {"answer": "no"}).content.decode()
    assert "Thank you for telling us" in page
    first.refresh_from_db()
    assert (first.status, first.cancelled_reason) == ("cancelled", offering.DECLINED)
    assert offering.offer_free_places() == 1
    assert second.offers.open().exists()


def test_an_offer_lapses_and_the_child_is_passed_over_but_keeps_its_turn(squad, move_clock):
    first, second = waiting(squad, 20), waiting(squad, 10)
    leave(squad)
    offering.offer_free_places()
    move_clock(timedelta(hours=48))
    assert Client().post(link(first), {"answer": "yes"}).status_code == 410
    assert (offering.lapse_due(), offering.lapse_due()) == (1, 0)
    assert "is over" in first.sms.order_by("-resend").first().body
    assert offering.offer_free_places() == 1
    assert second.offers.open().exists()
    first.refresh_from_db()
    assert (first.status, squads.turn_of(first)) == ("waiting", 1)
    # By hand the family may be asked again, above the limit too.
    offering.offer(first.pk, at=clock.now(), by="boss")
    assert first.offers.count() == 2


@pytest.mark.parametrize(
    ("season", "team", "hour", "made"),
    [(True, None, 10, 1), (False, None, 10, 0), (False, True, 10, 1), (True, False, 10, 0)]
    + [(True, None, 23, 0)],
)
def test_places_offer_themselves_where_the_season_or_the_team_says_so_by_day(
    squad, move_clock, season, team, hour, made
):
    waiting(squad)
    leave(squad)
    Season.objects.update(automatic_offers=season)
    Team.objects.update(automatic_offers=team)
    move_clock(timedelta(hours=hour - clock.london(clock.now()).hour))
    assert offering.offer_free_places() == made


def test_a_newcomer_does_not_overtake_who_waits_nor_a_kept_offer(squad):
    parent = Parent(Client())
    first = waiting(squad, 20)
    leave(squad)
    assert "full at the moment" in parent.say("200-lions-u10-2627")
    offering.offer_free_places()
    assert squads.is_full(squad)
    Client().post(link(first), {"answer": "no"})
    assert not squads.is_full(squad)


def test_staff_order_the_list_and_offer_by_hand(squad, office):
    one, two, three = (waiting(squad, minutes) for minutes in (30, 20, 10))
    page = reverse("admin:waiting_lists")
    for row, what in [(three, "up"), (three, "up"), (one, "down")]:
        office.post(page, {"registration": row.pk, "what": what})
    names = [row.pk for row in Registration.objects.in_turn()]
    assert names == [three.pk, two.pk, one.pk]
    newest = waiting(squad)  # whoever comes later stands at the end
    assert squads.turn_of(newest) == 4
    office.post(page, {"registration": two.pk, "what": "offer"})
    shown = office.get(page).content.decode()
    assert "may answer until" in shown
    assert two.player.full_name in shown
    status = Client().get(f"/reg_setup/{three.token}/status").content.decode()
    assert "number 1 on the list" in status
    offer = PlaceOffer.objects.get()
    url = reverse("admin:registrations_placeoffer_do", args=[offer.pk, "take_back"])
    office.post(url, {"confirmed": "1"})
    offer.refresh_from_db()
    assert offer.outcome == "withdrawn"
    assert Client().get(f"/place/{offer.token}").status_code == 410


def test_a_trial_is_free_takes_no_place_and_ends_in_joining(squad, office, move_clock):
    row = factories.registration(team=squad)
    day = clock.today() + timedelta(days=14)
    assert "within eight weeks" in press(office, row, "start_trial", last_day="2029-01-01")
    press(office, row, "start_trial", last_day=day.isoformat())
    row.refresh_from_db()
    assert (row.status, row.asks_for_payment) == ("trial", False)
    assert squads.squad(squad).trying == 1
    assert squads.squad(squad).players == 2
    assert "nothing to pay" in row.sms.get().body
    assert "is on trial" in Client().get(f"/reg_setup/{row.token}/status").content.decode()
    assert (
        "Trials that are over" not in office.get(reverse("admin:needs_a_person")).content.decode()
    )
    move_clock(timedelta(days=15))
    assert "Trials that are over" in office.get(reverse("admin:needs_a_person")).content.decode()
    press(office, row, "give_place")
    row.refresh_from_db()
    assert (row.status, row.trial_ends_at, row.billing_requests.count()) == (
        "pending_payment",
        None,
        1,
    )


def test_a_link_that_nobody_sent_tells_nothing(db):
    answer = Client().get("/place/guessed")
    assert answer.status_code == 404
    assert Client().post("/place/guessed", {"answer": "yes"}).status_code == 404
