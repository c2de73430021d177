"""The review of siblings in the office: evidence, the fee before and after, a decision."""

import pytest
from django.contrib.auth.models import Permission, User
from django.urls import reverse

from integrations import clock
from payments.actions import repricing
from payments.models import SiblingCase
from registrations.actions import states
from tests import factories

pytestmark = pytest.mark.django_db
LIST = reverse("admin:payments_siblingcase_changelist")


def paid(**given):
    registration = factories.registration(**given)
    states.settle_fee(registration.pk, at=clock.now(), source="by_hand")
    repricing.price_due()
    return registration


@pytest.fixture
def pair():
    parent = factories.guardian()
    again = factories.guardian(phone=parent.phone, email=parent.email)
    return paid(guardian=parent), paid(guardian=again)


@pytest.fixture
def case(pair):
    return SiblingCase.objects.get()


@pytest.fixture
def treasurer(client):
    user = User.objects.create_user("treasurer", password="x", is_staff=True)
    for codename in ("view_siblingcase", "change_siblingcase", "see_all_teams"):
        user.user_permissions.add(Permission.objects.get(codename=codename))
    client.force_login(user)
    return user


def press(client, case, name, **given):
    return client.post(f"{LIST}{case.pk}/do/{name}/", given, follow=True).content.decode()


def fees(pair):
    for each in pair:
        each.refresh_from_db()
    return [each.monthly_fee_pence for each in pair]


def test_a_case_waits_for_a_person_with_its_evidence(client, treasurer, case, pair):
    waiting = client.get(reverse("admin:needs_a_person")).content.decode()
    assert "Brothers and sisters? (1)" in waiting
    page = client.get(f"{LIST}{case.pk}/change/").content.decode()
    assert "the same mobile number, not proved for both" in page
    for each in pair:
        assert each.player.full_name in page
    assert "£27.50 becomes £24.75 (if they are siblings)" in page


def test_approving_asks_for_a_reason_shows_the_fees_and_gives_the_discount(
    client, treasurer, case, pair
):
    asked = press(client, case, "approve")
    assert "£27.50 becomes £24.75" in asked
    assert fees(pair) == [2750, 2750]
    press(client, case, "approve", confirmed="1", reason="")
    assert fees(pair) == [2750, 2750]
    said = press(client, case, "approve", confirmed="1", reason="I know them")
    assert "They count as siblings" in said
    assert fees(pair) == [2750, 2475]
    case.refresh_from_db()
    assert (case.standing, case.reason, case.decided_by) == ("approved", "I know them", treasurer)
    assert "not possible any more" in press(client, case, "approve", confirmed="1", reason="x")
    assert "£24.75 becomes £27.50" in press(client, case, "remove")
    press(client, case, "remove", confirmed="1", reason="cousins")
    assert fees(pair) == [2750, 2750]


def test_rejecting_changes_no_fee_and_is_not_asked_again(client, treasurer, case, pair):
    press(client, case, "reject", confirmed="1", reason="neighbours")
    assert fees(pair) == [2750, 2750]
    assert SiblingCase.objects.to_decide().count() == 0


def test_two_children_are_added_by_hand_in_either_order(client, treasurer):
    first, second = paid(), paid(guardian=factories.guardian(last_name="Vale", postcode="M33 1AA"))
    SiblingCase.objects.all().delete()
    given = {"one": second.pk, "other": first.pk}
    address = reverse("admin:payments_siblingcase_add")
    assert "This field is required" in client.post(address, given).content.decode()
    assert SiblingCase.objects.count() == 0
    answer = client.post(address, given | {"reason": "half-sisters"})
    assert answer.status_code == 302
    made = SiblingCase.objects.get()
    assert (made.one, made.other, made.standing) == (first, second, "approved")
    assert fees((first, second)) == [2750, 2475]
    again = client.post(address, given | {"reason": "half-sisters"})
    assert "There is a case of these two already" in again.content.decode()


@pytest.mark.parametrize("other", ["self", "season", "nobody"])
def test_what_cannot_be_siblings_is_refused(client, treasurer, other):
    one = paid()
    season = factories.season(code="2526")
    others = {
        "self": one.pk,
        "season": factories.registration(team=factories.team(season=season)).pk,
        "nobody": 99999,
    }
    given = {"one": one.pk, "other": others[other], "reason": "x"}
    answer = client.post(reverse("admin:payments_siblingcase_add"), given)
    assert answer.status_code == 200
    assert SiblingCase.objects.filter(standing="approved").count() == 0


def test_whoever_may_only_look_decides_nothing(client, case):
    user = User.objects.create_user("registrar", password="x", is_staff=True)
    for codename in ("view_siblingcase", "see_all_teams"):
        user.user_permissions.add(Permission.objects.get(codename=codename))
    client.force_login(user)
    assert client.get(f"{LIST}{case.pk}/change/").status_code == 200
    answer = client.post(f"{LIST}{case.pk}/do/approve/", {"confirmed": "1", "reason": "x"})
    assert answer.status_code == 403
    case.refresh_from_db()
    assert case.standing == "doubtful"
