"""The admin site itself: its policy, its search, and that nobody finds what they may not see."""

import pytest
from django.contrib.auth.models import Permission, User
from django.urls import reverse

from tests import factories

pytestmark = pytest.mark.django_db


@pytest.fixture
def boss(client, django_user_model):
    """A superuser, signed in."""
    user = django_user_model.objects.create_superuser("boss", password="boss")
    client.force_login(user)
    return user


def _script_policy(response):
    parts = response["Content-Security-Policy"].split("; ")
    return next(part for part in parts if part.startswith("script-src"))


def test_scripts_are_compiled_in_the_office_only_and_never_inline(client, boss):
    for address in (reverse("admin:index"), "/admin/login/"):
        assert _script_policy(client.get(address)) == "script-src 'self' 'unsafe-eval'"
    assert _script_policy(client.get("/privacy")) == "script-src 'self'"
    pages = [reverse("admin:index"), reverse("admin:registrations_registration_changelist")]
    for page in pages:
        text = client.get(page).content.decode()
        assert "<style" not in text
        assert "onclick=" not in text


def test_search_finds_children_parents_teams_and_pages_and_reads_no_notes(client, boss):
    row = factories.registration(has_medical_issues=True, medical_notes="asthma")
    found = client.get(reverse("admin:search"), {"s": row.player.last_name}).content.decode()
    assert f"{row.player.full_name}, {row.team}" in found
    assert reverse("admin:registrations_registration_change", args=[row.pk]) in found
    assert "asthma" not in found
    by_phone = client.get(reverse("admin:search"), {"s": str(row.guardian.phone)})
    assert row.player.full_name in by_phone.content.decode()
    pages = client.get(reverse("admin:search"), {"s": "service"}).content.decode()
    assert reverse("admin:service_health") in pages
    assert (
        "Nothing was found" in client.get(reverse("admin:search"), {"s": "zzzz"}).content.decode()
    )


def test_search_shows_nobody_what_their_lists_would_not(client):
    row = factories.registration()
    user = User.objects.create_user("coach", password="x", is_staff=True)
    user.user_permissions.add(Permission.objects.get(codename="see_all_teams"))
    client.force_login(user)
    ask = reverse("admin:search"), {"s": row.player.last_name}
    assert row.player.full_name not in client.get(*ask).content.decode()
    # Given and taken away again: nothing is remembered.
    view = Permission.objects.get(codename="view_registration")
    user.user_permissions.add(view)
    assert row.player.full_name in client.get(*ask).content.decode()
    user.user_permissions.remove(view)
    assert row.player.full_name not in client.get(*ask).content.decode()
    client.logout()
    assert client.get(*ask).status_code == 302


def test_what_a_registration_can_be_done_to_is_in_menus_that_work_without_scripts(client, boss):
    row = factories.registration()
    page = client.get(reverse("admin:registrations_registration_change", args=[row.pk]))
    menus = {menu: [mark.name for mark in marks] for menu, marks in page.context["menus"]}
    assert menus["Messages"] == [
        "resend_payment_sms", "correct_phone", "email_payment_link", "retry_failed", "add_note",
    ]  # fmt: skip
    assert menus["Place"] == [
        "merge_into", "move_team", "start_trial", "change_shirt", "suspend", "cancel",
    ]  # fmt: skip
    assert "record_money" in menus["Money"]
    assert menus.get("", []) == []
    assert "<summary>Money</summary>" in page.content.decode()
    do = "admin:registrations_registration_do"
    client.post(reverse(do, args=[row.pk, "add_note"]), {"confirmed": "1", "words": "rings late"})
    assert row.timeline.get(by="boss").text == "Note: rings late"
    asked = client.post(reverse(do, args=[row.pk, "suspend"])).content.decode()
    assert "nothing is collected here: suspending changes no payment" in asked
    client.post(reverse(do, args=[row.pk, "suspend"]), {"confirmed": "1", "reason": "no photo"})
    asked = client.post(reverse(do, args=[row.pk, "reinstate"])).content.decode()
    assert "is “pending payment” again" in asked


def test_a_link_that_did_not_arrive_goes_to_the_right_number_or_by_email(client, boss):
    row = factories.registration()
    do = "admin:registrations_registration_do"
    given = {"confirmed": "1", "phone": "07700 900123", "resend": "on"}
    client.post(reverse(do, args=[row.pk, "correct_phone"]), given)
    text = row.sms.get()
    assert (str(text.to), text.kind) == ("+447700900123", "payment_link")
    asked = client.post(reverse(do, args=[row.pk, "email_payment_link"]))
    assert row.guardian.email in asked.content.decode()
    assert not row.emails.exists()
    client.post(reverse(do, args=[row.pk, "email_payment_link"]), {"confirmed": "1"})
    assert row.token in row.emails.get(kind="payment_link").body


def test_filters_are_saved_by_name_for_whoever_saved_them_and_forgotten(client, boss):
    listed = reverse("admin:registrations_registration_changelist")
    save = reverse("admin:saved_filter")
    given = {"list": "registrations.registration", "query": "status__exact=active&p=2&q=U10"}
    assert "Save filters" not in client.get(listed).content.decode()
    assert client.get(save).status_code == 302
    for _ in range(2):
        answer = client.post(save, given | {"name": "Active U10"})
        assert answer["Location"] == f"{listed}?status__exact=active&q=U10"
    page = client.get(listed).content.decode()
    assert page.count("Active U10</a>") == 1
    assert '<a href="?status__exact=active&amp;q=U10">Active U10</a>' in page
    for wrong in ({"name": ""}, {"name": "x" * 61}, {"name": "Empty", "query": "p=2"}):
        client.post(save, given | wrong)
    assert boss.saved_filters.count() == 1
    for label, status in (("no.such", 404), ("x", 404)):
        assert client.post(save, given | {"list": label}).status_code == status

    other = User.objects.create_user("coach", password="x", is_staff=True)
    client.force_login(other)
    assert client.post(save, given | {"name": "Mine"}).status_code == 403
    other.user_permissions.add(Permission.objects.get(codename="view_registration"))
    kept = boss.saved_filters.get()
    client.post(save, given | {"forget": kept.pk})
    assert (
        boss.saved_filters.get() == kept and "Active U10" not in client.get(listed).content.decode()
    )
    client.force_login(boss)
    client.post(save, given | {"forget": kept.pk})
    assert not boss.saved_filters.exists()
