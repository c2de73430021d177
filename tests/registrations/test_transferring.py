"""A child moves to another team of the season: shirt, money, lists and Airtable follow."""

import pytest
from django.test import Client
from django.urls import reverse

from integrations import clock
from integrations.models import AirtableRow
from registrations.actions import edits, offering, squads
from registrations.models import PlaceOffer, Season, Team
from tests import factories
from tests.registrations.parent import Parent

pytestmark = pytest.mark.django_db


@pytest.fixture
def bears(lions) -> Team:
    """Another team of the season, with seven taken and a limit of two."""
    team = factories.team(name="Bears", squad_limit=2)
    factories.active_registration(team=team, shirt_number=7)
    return team


@pytest.fixture
def office(client, django_user_model):
    client.force_login(django_user_model.objects.create_superuser("boss"))
    return client


def move(office, row, team, **given):
    address = reverse("admin:registration_move", args=[row.pk])
    return office.post(f"{address}?team={team.pk}", {"reason": "friends", **given}, follow=True)


def test_what_goes_with_a_move_is_shown_first_and_done_once(bears, lions, office):
    row = factories.active_registration(team=lions, shirt_number=9)
    page = office.post(
        reverse("admin:registrations_registration_do", args=[row.pk, "move_team"]), follow=True
    )
    assert "U10 Bears" in page.content.decode()
    address = reverse("admin:registration_move", args=[row.pk])
    shown = office.get(f"{address}?team={bears.pk}").content.decode()
    assert "9 is free there and kept" in shown
    assert "no signing-on fee again" in shown
    assert "1 of 2 players" in shown
    row.refresh_from_db()
    assert row.team == lions

    changes = AirtableRow.objects.filter(kind="registration", object_id=row.pk)
    move(office, row, bears)
    move(office, row, bears)
    row.refresh_from_db()
    assert (row.team, row.shirt_number, row.status) == (bears, 9, "active")
    assert row.billing_requests.count() == 0
    assert changes.get().due_at is not None
    assert row.sms.get().body.count("U10 Bears") == 1
    moved = [line.text for line in row.timeline.all() if line.text.startswith("Moved")]
    assert moved == ["Moved from U10 Lions to U10 Bears: friends"]
    assert row.monthly_price.due_at is not None  # brothers and sisters are looked at again


def test_a_taken_shirt_is_chosen_by_staff_or_asked_of_the_family(bears, lions, office):
    chosen = factories.active_registration(team=lions, shirt_number=7)
    assert "7 is taken in" not in move(office, chosen, bears, shirt="12").content.decode()
    chosen.refresh_from_db()
    assert (chosen.team, chosen.shirt_number) == (bears, 12)

    parent = Parent(Client())
    parent.walk(34)
    row = parent.registration
    assert row.shirt_number == 7
    page = move(office, row, bears, shirt="12").content.decode()
    assert "Select a valid choice" in page  # twelve is taken too
    move(office, row, bears)
    row.refresh_from_db()
    assert (row.team, row.shirt_number, row.new_kit_required) == (bears, None, True)
    assert "another shirt than 7" in row.flags[0]
    text = row.sms.get(kind="team").body
    assert "/resume/" in text
    parent.say("hello")
    assert parent.step == 33  # the conversation asks for a number again, among the new team's
    parent.say("5")
    parent.say("yes")
    row.refresh_from_db()
    assert row.shirt_number == 5


def test_the_list_of_the_team_that_is_left_gets_its_offer(bears, lions, office):
    Season.objects.update(automatic_offers=True)
    Team.objects.filter(pk=lions.pk).update(squad_limit=1)
    row = factories.active_registration(team=lions)
    since = clock.now()
    waits = factories.registration(team=lions, status="waiting", waiting_since=since)
    assert offering.offer_free_places() == 0
    move(office, row, bears)
    assert offering.offer_free_places() == 1
    # Who waits and is moved waits there; what was offered here is taken back.
    move(office, waits, bears)
    waits.refresh_from_db()
    assert (waits.team, waits.status, squads.turn_of(waits)) == (bears, "waiting", 1)
    assert PlaceOffer.objects.get().outcome == "withdrawn"


def test_a_move_made_in_airtable_follows_the_same_rules(bears, lions):
    row = factories.active_registration(team=lions, shirt_number=7)
    assert edits.change(row.pk, {"team": "Bears"}, at=clock.now()) == {}
    row.refresh_from_db()
    assert (row.team, row.shirt_number) == (bears, None)
    assert "U10 Bears" in row.sms.get(kind="team").body
    refused = edits.change(row.pk, {"shirt_number": "7"}, at=clock.now())
    assert "already" in refused["shirt_number"]


@pytest.mark.parametrize("why", ["cancelled", "closed", "elsewhere"])
def test_who_cannot_be_moved_stays(bears, lions, office, why):
    row, target = factories.active_registration(team=lions), bears
    if why == "cancelled":
        row.cancelled_at, row.status = clock.now(), "cancelled"
        row.save()
    elif why == "closed":
        Season.objects.update(closed_at=clock.now())
    else:
        target = factories.team(season=factories.season(code="2728"), name="Owls")
    move(office, row, target)
    row.refresh_from_db()
    assert (row.team, row.sms.count()) == (lions, 0)
