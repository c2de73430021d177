"""The audit trail: who did what, when, from where, which fields; no value; never taken back."""

import pytest
from django.contrib.auth.models import Group, User
from django.db import DatabaseError, connection, transaction
from django.urls import reverse

from integrations import audit, clock
from integrations.models import AuditEntry
from registrations.actions import edits, messages
from registrations.models import Photo, PhotoBytes
from tests import factories
from utjfc import roles

pytestmark = pytest.mark.django_db
SECRET = "an inhaler for asthma"
FROM = {"REMOTE_ADDR": "192.0.2.7"}


@pytest.fixture
def registrar(client):
    user = User.objects.create_superuser("rita", password="x")
    client.force_login(user)
    return user


def told(**wanted):
    return [
        (row.by, row.verb, row.words, row.fields) for row in AuditEntry.objects.filter(**wanted)
    ]


def change(name, row):
    return reverse(f"admin:registrations_{name}_change", args=[row.pk])


def test_looks_changes_exports_and_messages_are_told_with_who_and_from_where(client, registrar):
    row = factories.registration(has_medical_issues=True, medical_notes=SECRET)
    photo = Photo.objects.create(registration=row, uploaded_at=clock.now(), state="accepted")
    PhotoBytes.objects.create(photo=photo, jpeg=b"\xff\xd8jpeg")
    base = "admin:registrations_registration"
    client.post(reverse(f"{base}_do", args=[row.pk, "show_medical"]), **FROM)
    client.get(reverse("admin:registration_photo", args=[photo.uuid]), **FROM)
    given = {
        "emergency_name": "Nan Okafor",
        "emergency_phone": "",
        "kit_size": "M",
        "staff_notes": "",
    }
    client.post(change("registration", row), given | {"new_kit_required": "unknown"}, **FROM)
    reason = {"confirmed": "1", "reason": "a secret reason"}
    client.post(reverse(f"{base}_do", args=[row.pk, "suspend"]), reason, **FROM)
    chosen = {"action": "export_csv", "_selected_action": [row.pk]}
    client.post(reverse(f"{base}_changelist"), chosen, **FROM)
    messages.owe_email(row, "confirmation", 0, at=clock.now(), text="Hello")

    story = AuditEntry.objects.about(row).order_by("pk")
    assert [(one.by, one.address, one.verb, one.sentence) for one in story] == [
        ("rita", "192.0.2.7", "viewed", "Viewed: medical notes and who may not collect"),
        ("rita", "192.0.2.7", "did", "Did: Show medical and collection notes"),
        ("rita", "192.0.2.7", "viewed", "Viewed: the photo"),
        ("rita", "192.0.2.7", "changed", "Changed: Second emergency contact, Kit size"),
        ("rita", "192.0.2.7", "did", "Did: Suspend"),
        ("", "", "sent", "Sent: e-mail, confirmation"),
    ]
    assert told(verb="exported") == [("rita", "exported", "1 rows as csv", [])]
    whole = str(list(AuditEntry.objects.values()))
    for value in (SECRET, "Nan", "secret reason", row.player.first_name, str(row.guardian.phone)):
        assert value not in whole
    page = client.get(reverse(f"{base}_history", args=[row.pk])).content.decode()
    for text in ("Viewed: the photo", "from 192.0.2.7", "rita", "the platform"):
        assert text in page


def test_whatever_staff_send_in_leaves_an_entry_and_what_is_refused_leaves_none(client, registrar):
    client.post("/admin/password_change/", {"old_password": "no"})
    assert not AuditEntry.objects.exists()  # nothing was changed
    new = {"new_password1": "a-long-new-word", "new_password2": "a-long-new-word"}
    client.post("/admin/password_change/", {"old_password": "x"} | new)
    assert told() == [("rita", "did", "sent in admin:password_change", [])]


def test_what_volunteers_change_in_airtable_is_told_by_field():
    row = factories.registration()
    values = {"parent_first_name": "Zelda", "player_dob": "next week"}
    edits.change(row.pk, values, at=clock.now())
    assert told() == [("Airtable", "changed", "in Airtable", ["parent_first_name"])]


def test_many_at_once_are_one_entry_and_a_deletion_names_the_row(client, registrar):
    group = Group.objects.create(name="helpers")
    chosen = {"action": "delete_selected", "_selected_action": [group.pk], "post": "yes"}
    client.post("/admin/auth/group/", chosen)
    entries = AuditEntry.objects.filter(kind="auth.group")
    assert {(one.verb, one.object_id) for one in entries} == {
        ("did", ""),
        ("deleted", str(group.pk)),
    }


def test_nobody_changes_or_takes_away_an_entry(client, registrar):
    entry = audit.record(AuditEntry.Verb.DID, None, "once")
    for wrong in (
        entry.delete,
        entry.save,
        AuditEntry.objects.all().delete,
        lambda: AuditEntry.objects.update(words="never"),
    ):
        with pytest.raises(audit.AppendOnly):
            wrong()
    statements = ["UPDATE integrations_auditentry SET words = ''"]
    if connection.vendor == "postgresql":
        statements.append("DELETE FROM integrations_auditentry")
    for statement in statements:
        with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(statement)
    page = f"/admin/integrations/auditentry/{entry.pk}"
    assert client.post(f"{page}/delete/").status_code == 403
    assert client.post(f"{page}/change/", {"words": "never"}).status_code == 403
    assert client.get("/admin/integrations/auditentry/add/").status_code == 403
    assert AuditEntry.objects.get().words == "once"


def test_administrators_search_the_trail_and_nobody_else_opens_it(client, registrar):
    row = factories.registration()
    audit.record(AuditEntry.Verb.DID, row, "Suspend", by="walter")
    audit.record(AuditEntry.Verb.DID, row.player, "something else", by="rita")
    page = client.get("/admin/integrations/auditentry/", {"q": "walter"}).content.decode()
    assert "Suspend" in page and "something else" not in page
    clerk = User.objects.create_user("clerk", is_staff=True)
    clerk.groups.add(Group.objects.get(name=roles.REGISTRAR))
    client.force_login(clerk)
    assert client.get("/admin/integrations/auditentry/").status_code == 403
