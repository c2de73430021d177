"""Volunteers settle conflicts in the admin."""

import json

import pytest
from django.urls import reverse

from integrations import clock
from integrations.models import AirtableConflict, AirtableRow, AirtableTable
from registrations.actions import sync
from registrations.actions.states import suspend
from registrations.models import Registration
from tests import factories

pytestmark = pytest.mark.django_db


@pytest.fixture
def clash(club):
    """A conflict about an e-mail address: ours and theirs."""
    made = factories.registration()
    club.fill()
    club.pull(full=True)
    club.edit(made, parent_email="there@example.org")
    made.guardian.email = "here@example.org"
    made.guardian.save()
    club.pull()
    return AirtableConflict.objects.get()


def press(admin_client, row, name, **given):
    """Press a button of a row's page."""
    kind = row._meta.model_name
    url = reverse(f"admin:integrations_{kind}_do", args=[row.pk, name])
    return admin_client.post(url, given, follow=True)


def sides(club, clash) -> tuple[str, str]:
    """What both sides hold once it was pushed."""
    club.push()
    made = Registration.objects.get(pk=clash.row.object_id)
    return made.guardian.email, club.cells(made)["parent_email"]


def test_staff_take_ours(club, clash, admin_client):
    assert press(admin_client, clash, "take_ours").status_code == 200
    assert sides(club, clash) == ("here@example.org", "here@example.org")
    clash.refresh_from_db()
    assert (clash.choice, clash.settled_by) == ("ours", "admin")
    assert club.pull().conflicts == 0


def test_staff_take_theirs(club, clash, admin_client):
    press(admin_client, clash, "take_theirs")
    assert sides(club, clash) == ("there@example.org", "there@example.org")


def test_staff_type_a_third_value_and_a_wrong_one_is_refused(club, clash, admin_client):
    page = press(admin_client, clash, "take_third", confirmed="1", value="not an address")
    assert "must be an e-mail address" in page.content.decode()
    clash.refresh_from_db()
    assert clash.settled_at is None
    press(admin_client, clash, "take_third", confirmed="1", value="third@example.org")
    assert sides(club, clash) == ("third@example.org", "third@example.org")


def test_a_row_that_was_made_anew_is_deleted_there_or_not_at_all(club, clash, admin_client):
    AirtableConflict.objects.update(field="", why="deleted")
    said = press(admin_client, clash, "take_theirs").content.decode()
    url = reverse("admin:integrations_airtableconflict_changelist")
    chosen = {"action": "take_theirs_chosen", "_selected_action": [clash.pk]}
    said += admin_client.post(url, chosen, follow=True).content.decode()
    assert "delete it there once more" in said
    assert AirtableConflict.objects.get().settled_at is None
    press(admin_client, clash, "take_ours")
    assert AirtableConflict.objects.get().choice == "ours"


def test_several_are_decided_at_once(club, clash, admin_client):
    url = reverse("admin:integrations_airtableconflict_changelist")
    page = admin_client.get(url).content.decode()
    assert "here@example.org" in page and "there@example.org" in page
    chosen = {"action": "take_ours_chosen", "_selected_action": [clash.pk]}
    admin_client.post(url, chosen)
    assert sides(club, clash) == ("here@example.org", "here@example.org")


def test_several_get_a_third_value_that_is_typed_once(club, clash, admin_client):
    other = factories.registration()
    sync.touch(other)
    club.push()
    club.edit(other, parent_email="there@example.org")
    other.guardian.email = "here@example.org"
    other.guardian.save()
    club.pull()
    both = list(AirtableConflict.objects.values_list("pk", flat=True))
    assert len(both) == 2
    url = reverse("admin:integrations_airtableconflict_changelist")
    chosen = {"action": "take_third_chosen", "_selected_action": both}
    asked = admin_client.post(url, chosen).content.decode()
    assert asked.count('name="_selected_action"') == 2 and 'name="value"' in asked
    assert AirtableConflict.objects.filter(settled_at=None).count() == 2
    typed = chosen | {"confirmed": "1", "value": "third@example.org"}
    said = admin_client.post(url, typed, follow=True).content.decode()
    assert "2 decided." in said
    assert sides(club, clash) == ("third@example.org", "third@example.org")
    assert club.cells(other)["parent_email"] == "third@example.org"


def test_every_record_has_a_link_to_its_row(club, clash, admin_client):
    made = Registration.objects.get(pk=clash.row.object_id)
    suspend(made.pk, reason="Unpaid", at=clock.now(), by="admin")
    club.push()
    pages = {"registration": made.pk, "team": made.team_id, "suspension": made.suspensions.get().pk}
    for kind, pk in pages.items():
        page = admin_client.get(reverse(f"admin:registrations_{kind}_change", args=[pk]))
        row = AirtableRow.objects.filter(kind=kind, object_id=pk).first()
        known = row.record_id if row and row.record_id else ""
        if kind == "team":
            assert ("not there" in page.content.decode()) == (row is None)
        else:
            assert known and f'{known}" rel' in page.content.decode(), kind


def test_a_conflict_waits_for_a_person_and_medical_values_are_not_shown(club, clash, admin_client):
    assert "parent_email" in admin_client.get(reverse("admin:needs_a_person")).content.decode()
    AirtableConflict.objects.update(secret=True, theirs=json.dumps("Asthma"))
    url = reverse("admin:integrations_airtableconflict_change", args=[clash.pk])
    page = admin_client.get(url).content.decode()
    assert "Asthma" not in page and "not shown here" in page


def test_the_pages_of_the_base_open(club, clash, admin_client):
    for name in ("airtabletable", "airtablerun", "airtablebase", "airtablerow"):
        page = admin_client.get(reverse(f"admin:integrations_{name}_changelist"))
        assert page.status_code == 200, name
    table = AirtableTable.objects.get(name="registrations_2627")
    assert (
        admin_client.get(
            reverse("admin:integrations_airtabletable_change", args=[table.pk])
        ).status_code
        == 200
    )


def test_staff_let_held_deletions_go_and_make_a_row_anew(club, clash, admin_client):
    table = AirtableTable.objects.get(name="registrations_2627")
    AirtableTable.objects.filter(pk=table.pk).update(held_at=clock.now(), held_count=9)
    press(admin_client, table, "allow", confirmed="1", sure="on")
    table.refresh_from_db()
    assert table.deletions_allowed
    row = clash.row
    made = Registration.objects.get(pk=row.object_id)
    club.remove(made)
    AirtableRow.objects.filter(pk=row.pk).update(tombstone_at=clock.now())
    press(admin_client, row, "make_anew", confirmed="1", sure="on")
    club.push()
    assert club.cells(made)["sync_id"] == str(made.sync_id)
