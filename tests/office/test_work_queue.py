"""The home page's numbers, and the work queue: age, owner, put off, done."""

from datetime import timedelta

import pytest
from django.contrib.auth.models import Group, Permission, User
from django.urls import reverse

from integrations import clock
from integrations.models import Task
from registrations.models import Sms
from tests import factories
from tests.benchmarks import office

pytestmark = pytest.mark.django_db
KIND = "registrations.registration/flagged_at"


@pytest.fixture(autouse=True)
def boss(client, django_user_model):
    """A superuser, signed in."""
    user = django_user_model.objects.create_superuser("boss", password="boss")
    client.force_login(user)
    return user


@pytest.fixture
def flagged():
    """A registration that has needed a person for three days."""
    return factories.registration(
        flags=["age does not fit"], flagged_at=clock.now() - timedelta(days=3, hours=1)
    )


def decide(client, row, deed, **given):
    values = {"kind": KIND, "pk": row.pk, "deed": deed} | given
    return client.post(reverse("admin:needs_a_person_decide"), values, follow=True)


def queue(client, whose=""):
    return client.get(reverse("admin:needs_a_person"), {"whose": whose}).content.decode()


def waiting(client):
    return client.get(reverse("admin:index")).context["waiting_for_person"]


def test_a_row_is_taken_handed_over_and_given_back(client, boss, flagged):
    other = User.objects.create_user("registrar", password="x", is_staff=True)
    assert "<strong>3 days</strong>" in queue(client)
    assert flagged.player.full_name in queue(client, "nobody")
    assert flagged.player.full_name not in queue(client, "mine")

    decide(client, flagged, "take")
    assert Task.objects.get().owner == boss
    assert flagged.player.full_name in queue(client, "mine")
    assert flagged.player.full_name not in queue(client, "nobody")

    decide(client, flagged, "hand", to=other.pk)
    assert Task.objects.get().owner == other
    assert flagged.player.full_name not in queue(client, "mine")
    decide(client, flagged, "leave")
    assert Task.objects.get().owner is None
    assert waiting(client) == 1


def test_a_row_that_is_put_off_comes_back_by_itself(client, flagged, move_clock):
    decide(client, flagged, "later", days="7")
    assert waiting(client) == 0
    assert flagged.player.full_name not in queue(client)
    assert flagged.player.full_name in queue(client, "later")
    move_clock(timedelta(days=6, hours=23))
    assert waiting(client) == 0
    move_clock(timedelta(hours=2))
    assert waiting(client) == 1


def test_done_ends_what_waited_and_a_new_reason_brings_it_back(client, flagged, move_clock):
    page = decide(client, flagged, "done").content.decode()
    assert "done." in page
    flagged.refresh_from_db()
    assert (flagged.flagged_at, flagged.flags, waiting(client)) == (None, [], 0)
    assert ("Looked at: age does not fit", "boss") in flagged.timeline.values_list("text", "by")

    move_clock(timedelta(minutes=1))
    flagged.flags, flagged.flagged_at = ["again"], clock.now()
    flagged.save()
    assert waiting(client) == 1
    assert (
        "somebody was quicker" in decide(client, factories.registration(), "done").content.decode()
    )


def test_a_get_a_stranger_and_a_row_of_another_list_change_nothing(client, flagged):
    client.get(reverse("admin:needs_a_person_decide"), {"kind": KIND, "pk": flagged.pk})
    assert decide(client, flagged, "sell").status_code == 200
    for pk in ("x", "999999", "1 or 1=1"):
        assert client.post(
            reverse("admin:needs_a_person_decide"), {"kind": KIND, "pk": pk, "deed": "take"}
        ).status_code in (302, 404)
    gone = {"kind": "auth.user/last_login", "pk": flagged.pk, "deed": "done"}
    assert client.post(reverse("admin:needs_a_person_decide"), gone).status_code == 404

    reader = User.objects.create_user("reader", password="x", is_staff=True)
    client.force_login(reader)
    assert decide(client, flagged, "take").status_code == 404
    for codename in ("view_registration", "see_all_teams"):
        reader.user_permissions.add(Permission.objects.get(codename=codename))
    # Why it waits is not theirs to read, so it waits not for them.
    assert decide(client, flagged, "take").status_code == 404
    assert "age does not fit" not in queue(client)
    waits = factories.registration(status="waiting", waiting_since=clock.now())
    place = {"kind": "registrations.registration/waiting_since"}
    assert waits.player.full_name in queue(client)
    assert decide(client, waits, "done", **place).status_code == 403
    assert decide(client, waits, "take", **place).status_code == 200
    flagged.refresh_from_db()
    assert flagged.flagged_at is not None
    assert list(Task.objects.values_list("owner__username", "done_at")) == [("reader", None)]


def test_home_counts_players_teams_and_texts_and_links_each_to_its_list(client, move_clock):
    team = factories.team(squad_limit=1)
    factories.active_registration(team=team, submitted_at=clock.now() - timedelta(days=10))
    late = factories.registration(team=team, submitted_at=clock.now() - timedelta(days=8))
    factories.registration(team=team, status="cancelled", cancelled_at=clock.now())
    for number, status in enumerate(("delivered", "failed")):
        Sms.objects.create(
            registration=late,
            kind="payment_link",
            resend=number,
            to=late.guardian.phone,
            body="Pay",
            status=status,
            created_at=clock.now(),
        )
    context = client.get(reverse("admin:index")).context
    figures = {figure.label: figure for figure in context["figures"]}
    assert figures["Registered"].value == "2"
    assert figures["Registered"].trend == "0 in 7 days, 2 in the 7 before"
    assert figures["Pending payment"].trend == "1 for more than a week"
    assert figures["Texts delivered"].value == "50 %"
    for figure in context["figures"]:
        assert client.get(figure.url).status_code == 200

    charts = {chart.heading: chart for chart in context["charts"]}
    bar = charts["Team"].bars[0]
    assert (bar.label, bar.text, bar.over) == ("U10 Lions", "2 of 1", True)
    assert sum(bar.value for bar in charts["Week from"].bars) == 3
    *_, before, week = charts["Sent in the week from"].bars
    assert (before.text, week.text, week.limit) == ("0", "1 of 2", 2)
    for chart in context["charts"]:
        for bar in chart.bars:
            assert client.get(bar.url).status_code == 200


def test_home_shows_each_role_its_own_numbers_only(client):
    factories.active_registration()
    clerk = User.objects.create_user("treasurer", password="x", is_staff=True)
    clerk.user_permissions.add(Permission.objects.get(codename="see_books"))
    client.force_login(clerk)
    labels = [figure.label for figure in client.get(reverse("admin:index")).context["figures"]]
    assert labels == ["In arrears"]
    User.objects.create_user("nobody", password="x", is_staff=True)
    client.force_login(User.objects.get(username="nobody"))
    context = client.get(reverse("admin:index")).context
    assert (context["figures"], context["charts"], context["lines"]) == ([], [], [])


def test_the_committee_reads_numbers_that_lead_nowhere(client):
    team = factories.team(squad_limit=1)
    row = factories.active_registration(team=team)
    given = {"kind": "payment_link", "to": row.guardian.phone, "body": "Pay", "status": "delivered"}
    for days in (1, 40):
        at = clock.now() - timedelta(days=days)
        Sms.objects.create(registration=row, resend=days, created_at=at, **given)
    member = User.objects.create_user("member", password="x", is_staff=True)
    member.groups.add(Group.objects.get(name="Committee"))
    client.force_login(member)
    page = client.get(reverse("admin:index"))
    figures = {figure.label: figure for figure in page.context["figures"]}
    assert list(figures) == [
        "Registered", "Pending payment", "Suspended", "Texts delivered", "In arrears",
    ]  # fmt: skip
    assert figures["Texts delivered"].trend == "1 of 1 in 30 days, 0 lost; 100 % in the 30 before"
    assert {figure.url for figure in figures.values()} == {""}
    charts = page.context["charts"]
    weekly = ["Week from", "Sent in the week from"]
    assert [chart.heading for chart in charts] == ["Team", *weekly, "Month"]
    assert charts[0].bars[0].text == "1 of 1"
    assert row.player.full_name not in page.content.decode()


def test_home_lists_and_search_cost_as_many_queries_for_many_rows_as_for_few(client):
    """The counts of the benchmark's B5, with a club of two sizes that `make test` can afford."""
    office.fill(60)
    few = {page.name: office.queries(page, client) for page in office.pages()}
    office.add(range(60, 180))
    many = {page.name: office.queries(page, client) for page in office.pages()}
    assert many == few
    assert max(many.values()) <= office.MOST_QUERIES
