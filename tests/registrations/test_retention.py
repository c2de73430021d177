"""What has been kept long enough is listed, then removed: here, in storage and in Airtable."""

import io
from datetime import timedelta

import pytest
from django.core.management import call_command
from django.test import Client
from django.urls import reverse

from integrations import clock, storage
from integrations.audit import AuditEntry
from integrations.errors import Rejected
from integrations.models import AirtableConflict, AirtableRow
from registrations.actions import retention
from registrations.airtable import registration_row
from registrations.models import (
    ChatMessage,
    ChatSession,
    Draft,
    Photo,
    Registration,
    RetentionItem,
    RetentionRun,
)
from tests import factories
from tests.registrations.parent import Parent

pytestmark = pytest.mark.django_db
KEY, JPEG = "2627/a/b.jpg", b"\xff\xd8 a picture"


@pytest.fixture(autouse=True)
def folder(settings, tmp_path):
    """Pictures of this test go into a folder of its own."""
    place = {"location": str(tmp_path / "photos")}
    photos = {"BACKEND": "django.core.files.storage.FileSystemStorage", "OPTIONS": place}
    settings.STORAGES = {**settings.STORAGES, "photos": photos}


def photo(row: Registration, key: str = KEY) -> Photo:
    at = clock.now()
    return Photo.objects.create(
        registration=row, state="accepted", uploaded_at=at, accepted_at=at, storage_key=key
    )


@pytest.fixture
def player(parent) -> Registration:
    """Sent in through the chat in July 2026, with notes and a picture in storage."""
    parent.walk(34, s5=["yes", "asthma", "blue inhaler", "yes"])
    row = parent.registration
    Registration.objects.filter(pk=row.pk).update(medical_notes="asthma", not_to_collect="Uncle")
    storage.put(KEY, JPEG)
    photo(row)
    AirtableRow.objects.update(due_at=None)
    for field in ("description_of_player_medical_issues", "id_image_link", "team"):
        AirtableConflict.objects.create(
            row=AirtableRow.objects.get(kind="registration"),
            field=field,
            theirs='"asthma"',
            noted_at=clock.now(),
        )
    return row


def kept() -> tuple[int, ...]:
    models = Draft, ChatMessage, ChatSession, Photo
    return tuple(model.objects.count() for model in models)


def test_a_dry_run_lists_everything_and_removes_nothing(player, move_clock):
    move_clock(timedelta(days=700))  # registration closed on 31 May 2027
    before, said = kept(), io.StringIO()
    call_command("retention", "--dry-run", stdout=said)
    report = RetentionRun.objects.get()
    assert (report.dry_run, kept()) == (True, before)
    assert report.counts == {"transcript": 1, "photo": 1, "medical": 1}
    assert "would be removed" in said.getvalue()
    for secret in ("Ashworth", "asthma", KEY):
        assert secret not in said.getvalue()
    assert report.items.filter(removed_at=None).count() == 3
    assert storage.stored(KEY)[0] == len(JPEG)


def test_what_is_past_its_time_goes_here_in_storage_and_in_airtable(player, move_clock):
    for days, expected in [
        (300, {}),
        (330, {"transcript": 1}),
        (200, {"photo": 1, "medical": 1}),
        (1, {}),
    ]:
        move_clock(timedelta(days=days))
        assert retention.run(dry_run=False).counts == expected
    assert kept() == (0, 0, 0, 0)
    row = Registration.objects.get(pk=player.pk)
    assert (row.medical_notes, row.not_to_collect, row.status) == ("", "", "pending_payment")
    assert row.has_medical_issues is None
    assert AirtableRow.objects.get(kind="registration").due_at is not None
    fields = registration_row(row.pk).fields
    for name in ("id_image_link", "description_of_player_medical_issues"):
        assert fields[name] == ""
    assert fields["player_has_any_medical_issues"] == ""
    # What a conflict kept of it is gone as well; one about something else stays.
    assert AirtableConflict.objects.get().field == "team"
    assert retention.remove_pictures() == 1
    with pytest.raises(Rejected):
        storage.open(KEY)
    item = RetentionItem.objects.get(kind="photo")
    assert (item.picture, item.storage_key, item.due_at) == ("deleted", "", None)
    said = [line.text for line in row.timeline.filter(text__contains="kept long enough")]
    assert len(said) == 3
    told = AuditEntry.objects.about(row).filter(verb="erased")
    assert sorted(told.values_list("words", flat=True)) == sorted(said)


def test_a_picture_that_a_newer_season_uses_stays_until_the_last_one_is_gone(player, move_clock):
    newer = factories.registration(team=factories.team(season=factories.season(code="2728")))
    photo(newer)
    move_clock(timedelta(days=700))
    retention.run(dry_run=False)
    assert retention.remove_pictures() == 0
    assert RetentionItem.objects.get(kind="photo").picture == retention.STILL_USED
    assert storage.stored(KEY)[0] == len(JPEG)
    assert Photo.objects.get().registration == newer
    move_clock(timedelta(days=365))
    retention.run(dry_run=False)
    assert retention.remove_pictures() == 1
    with pytest.raises(Rejected):
        storage.open(KEY)


def test_a_picture_that_is_carried_on_before_the_job_comes_is_not_deleted(player, move_clock):
    move_clock(timedelta(days=700))
    retention.run(dry_run=False)
    photo(factories.registration(team=factories.team(season=factories.season(code="2829"))))
    assert retention.remove_pictures() == 1
    assert storage.stored(KEY)[0] == len(JPEG)


def test_an_unfinished_draft_goes_ninety_days_after_its_last_answer(parent, move_clock):
    parent.walk(5)
    asked = Client().post(
        "/chat", {"user_message": "hello", "session_id": "s-1"}, content_type="application/json"
    )
    assert asked.status_code == 200
    move_clock(timedelta(days=60))
    later = Parent(Client())
    later.walk(3)
    move_clock(timedelta(days=31))
    found = list(retention._drafts(clock.today()))
    Draft.objects.filter(pk=found[0].pk).update(last_answer_at=clock.now())
    assert retention._remove(RetentionRun(started_at=clock.now()), found[0]) is False
    Draft.objects.filter(pk=found[0].pk).update(last_answer_at=clock.now() - timedelta(days=91))
    assert retention.run(dry_run=False).counts == {"draft": 1}
    assert Draft.objects.get() == later.draft
    assert ChatSession.objects.count() == 1
    assert retention.run(dry_run=False).counts == {}


def test_staff_read_the_reports(player, move_clock, client, django_user_model):
    client.force_login(django_user_model.objects.create_superuser("boss"))
    move_clock(timedelta(days=700))
    report = retention.run(dry_run=False)
    page = client.get(reverse("admin:registrations_retentionrun_change", args=[report.pk]))
    assert "1 medical and collection notes" in page.content.decode()
    items = client.get(
        reverse("admin:registrations_retentionitem_changelist") + f"?run__id__exact={report.pk}"
    )
    assert items.content.decode().count("Photo ") >= 1
    assert KEY not in items.content.decode()
