"""What a family may ask for: everything in a file, and to be forgotten."""

import io
import json
import zipfile
from datetime import date, timedelta

import pytest
from django.contrib.auth.models import Group, User
from django.urls import reverse

from integrations import clock, storage
from integrations.models import AirtableRow, AuditEntry
from payments.models import HandPayment, Hardship
from registrations import jobs
from registrations.actions import sync
from registrations.models import (
    ChatMessage,
    ChatSession,
    Draft,
    Email,
    Photo,
    Registration,
    RetentionItem,
    Sms,
    TimelineEntry,
    note,
)
from tests import factories
from utjfc import roles

pytestmark = pytest.mark.django_db
PICTURE = b"\xff\xd8a picture"


@pytest.fixture
def boss(client):
    user = User.objects.create_superuser("boss", password="x")
    client.force_login(user)
    return user


@pytest.fixture
def row(boss):
    """One child with all that is kept of a child."""
    now = clock.now()
    row = factories.registration(
        has_medical_issues=True,
        medical_notes="asthma, blue inhaler",
        not_to_collect="Uncle Bob",
        emergency_name="Nan Okafor",
        staff_notes="asked for a hearing loop",
        guardian=factories.guardian(first_name="Adaeze"),
    )
    session = ChatSession.objects.create(key="k", started_at=now, last_seen_at=now)
    draft = Draft.objects.create(
        session=session,
        team=row.team,
        kind="200",
        code=row.code,
        answers={"parent_name": "Adaeze Okafor"},
        registration=row,
        started_at=now,
        last_answer_at=now,
    )
    ChatMessage.objects.create(
        session=session, draft=draft, role="parent", text="she is called Zaza", at=now
    )
    told = {"registration": row, "kind": "confirmation", "created_at": now}
    Sms.objects.create(to=row.guardian.phone, body="Hello Adaeze", due_at=now, **told)
    Email.objects.create(to=row.guardian.email, subject="S", body="Dear Adaeze", **told)
    photo = Photo.objects.create(registration=row, uploaded_at=now, state="accepted", stored_at=now)
    Photo.objects.filter(pk=photo.pk).update(storage_key=photo.key)
    storage.put(photo.key, PICTURE)
    note(row, "staff", "Texts now go to Adaeze", at=now)
    HandPayment.objects.create(
        registration=row,
        purpose="fee",
        month=clock.today().replace(day=1),
        pence=4500,
        method="cash",
        received_on=clock.today(),
        recorded_by=boss,
        recorded_at=now,
    )
    Hardship.objects.create(registration=row, words="lost her job", noted_by=boss, since=now)
    sync.touch(row)
    return row


def page(name, row):
    return reverse(f"admin:registrations_{name}_change", args=[row.pk])


def press(client, row, button, **given):
    do = reverse("admin:registrations_family_do", args=[row.player.family_id, button])
    return client.post(do, {"confirmed": "1"} | given, follow=button == "erase")


def whole_database():
    """Every value in every table that is about the family, as text."""
    models = [Registration, Sms, Email, Draft, ChatMessage, TimelineEntry, Hardship, AuditEntry]
    rows = [list(model.objects.values()) for model in models]
    people = [list(factories.Guardian.objects.values()), list(factories.Player.objects.values())]
    return str(rows + people)


def test_one_button_makes_everything_readable_and_as_json_with_the_photos(client, row):
    answer = press(client, row, "take_out")
    assert answer["Content-Type"] == "application/zip" and "no-store" in answer["Cache-Control"]
    packed = zipfile.ZipFile(io.BytesIO(b"".join(answer)))
    photo = Photo.objects.get()
    names = {"everything.html", "everything.json", f"photos/{photo.uuid}.jpg"}
    assert set(packed.namelist()) == names
    assert packed.read(f"photos/{photo.uuid}.jpg") == PICTURE
    read = packed.read("everything.html").decode()
    told = json.loads(packed.read("everything.json"))
    assert told["kind"] == "Family"
    for text in (
        "Adaeze",
        row.player.first_name,
        "asthma, blue inhaler",
        "Uncle Bob",
        "she is called Zaza",
        "Hello Adaeze",
        "Dear Adaeze",
        "lost her job",
        "4500",
        "hearing loop",
    ):
        assert text in read and text in json.dumps(told), text
    assert row.token not in read and photo.key not in read
    entry = AuditEntry.objects.get(verb="exported")
    assert (entry.by, entry.kind) == ("boss", "registrations.family")
    # The same from the parent's and the child's page.
    for name, person in (("guardian", row.guardian), ("player", row.player)):
        do = reverse(f"admin:registrations_{name}_do", args=[person.pk, "take_out"])
        assert client.post(do, {"confirmed": "1"})["Content-Type"] == "application/zip"


def test_only_whoever_may_takes_out_or_erases(client, row):
    clerk = User.objects.create_user("clerk", is_staff=True)
    clerk.groups.add(Group.objects.get(name=roles.REGISTRAR))
    client.force_login(clerk)
    for button in ("take_out", "erase"):
        assert press(client, row, button, depth="contact", reason="x").status_code == 403
    assert "Adaeze" in whole_database()


def test_contact_goes_first_then_health_and_photos_then_all_but_money(client, row, settings):
    AirtableRow.objects.update(due_at=None)
    preview = client.post(
        reverse("admin:registrations_family_do", args=[row.player.family_id, "erase"])
    ).content.decode()
    assert "1 texts" in preview and "1 photos" in preview and "cannot be taken back" in preview
    assert "Adaeze" in whole_database()  # a preview changes nothing

    phone, email = str(row.guardian.phone), row.guardian.email
    said = press(client, row, "erase", depth="contact", reason="asked by letter")
    assert "Erased here" in said.content.decode()
    text = whole_database()
    for gone in (phone, email, "Station Road", "Nan Okafor", "Zaza", "Hello Adaeze", "Dear Adaeze"):
        assert gone not in text, gone
    row.refresh_from_db()
    assert row.medical_notes and AirtableRow.objects.get().due_at is not None
    assert not Sms.objects.exclude(due_at=None).exists()  # nothing goes out any more

    key = Photo.objects.get().storage_key
    press(client, row, "erase", depth="medical", reason="asked by letter")
    row.refresh_from_db()
    assert (row.medical_notes, row.not_to_collect, row.has_medical_issues) == ("", "", None)
    assert not Photo.objects.exists() and Hardship.objects.get().words == ""
    jobs.remove_pictures()
    with pytest.raises(Exception, match="no such photo"):
        storage.open(key)

    refused = press(client, row, "erase", depth="all", reason="asked by letter")
    assert "still runs" in refused.content.decode()
    Registration.objects.update(cancelled_at=clock.now(), status="cancelled")
    press(client, row, "erase", depth="all", reason="asked by letter")
    text = whole_database()
    row.refresh_from_db()
    for gone in ("Adaeze", row.player_id and "Okafor", "hearing loop", "Uncle Bob"):
        assert gone not in text, gone
    assert row.player.dob == date(2017, 1, 1)
    assert HandPayment.objects.get().pence == 4500  # as the law wants
    assert AirtableRow.objects.get().gone_at is not None
    assert AuditEntry.objects.filter(verb="erased", kind="registrations.family").count() == 3
    # Once more does no harm, and finds nothing.
    press(client, row, "erase", depth="all", reason="asked by letter")
    again = client.post(
        reverse("admin:registrations_family_do", args=[row.player.family_id, "erase"])
    ).content.decode()
    assert again.count("nothing is left") == 2 and whole_database().count("asked by letter") == 1


def test_storage_that_is_away_loses_no_erasure_and_a_shared_picture_stays(
    client, row, settings, monkeypatch, move_clock
):
    shared = Photo.objects.get().storage_key
    other = factories.registration()
    theirs = Photo.objects.create(
        registration=other, uploaded_at=clock.now(), state="accepted", storage_key=shared
    )
    arriving = Photo.objects.create(registration=row, uploaded_at=clock.now(), state="accepted")
    key = arriving.key
    press(client, row, "erase", depth="medical", reason="asked")
    storage.put(key, PICTURE)  # it was on its way, and arrives now
    jobs.remove_pictures()
    assert storage.stored(key) and storage.stored(shared)
    move_clock(timedelta(minutes=6))
    jobs.remove_pictures()
    assert storage.stored(theirs.storage_key)
    with pytest.raises(Exception, match="no such photo"):
        storage.open(key)
    assert not RetentionItem.objects.exclude(due_at=None).exists()
