"""Backup, wipe, restore: the same club, photos included (issue 8, must show 6)."""

import zipfile
from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command

from integrations import clock, storage
from integrations.models import AuditEntry
from registrations.models import Photo, Registration, Team, TeamStaff
from tests import factories
from utjfc import backups

pytestmark = pytest.mark.django_db
PICTURE = b"\xff\xd8" + bytes(range(256))


@pytest.fixture
def club(db):
    """A child with notes and a photo, and a manager with a role."""
    row = factories.active_registration(medical_notes="asthma", has_medical_issues=True)
    factories.registration(second_guardian=row.guardian, flags=["look", "again"])
    photo = Photo.objects.create(registration=row, uploaded_at=clock.now(), state="accepted")
    Photo.objects.filter(pk=photo.pk).update(storage_key=photo.key, stored_at=clock.now())
    storage.put(photo.key, PICTURE)
    manager = User.objects.create_user("mo", password="a-long-pass-word", is_staff=True)
    TeamStaff.objects.create(user=manager, team=row.team)
    AuditEntry.objects.create(at=clock.now(), verb="did", by="mo", fields=["one", "two"])
    return row


def everything():
    """Every row of every table, as the database keeps it."""
    return {model._meta.label: list(backups._rows(model)) for model in backups._models()}


@pytest.mark.django_db(transaction=True)
def test_backup_wipe_restore_is_the_same_club_photos_included(club, tmp_path, client, capsys):
    before, file = everything(), tmp_path / "club.backup"
    key = Photo.objects.get().storage_key
    call_command("backup", str(file))
    assert "1 photos" in capsys.readouterr().out
    assert file.stat().st_mode & 0o077 == 0
    with zipfile.ZipFile(file) as packed:
        for name in packed.namelist():
            assert b"asthma" not in packed.read(name)  # FIELD_KEYS are kept apart

    call_command("flush", interactive=False, verbosity=0)
    storage.delete(key)
    call_command("restore", str(file), "--check")
    call_command("restore", str(file))
    assert everything() == before
    assert storage.open(key).read() == PICTURE
    assert Registration.objects.get(pk=club.pk).medical_notes == "asthma"
    assert client.login(username="mo", password="a-long-pass-word")
    # Numbers go on where they were.
    assert factories.registration(team=club.team).pk > club.pk
    assert Team.objects.create(season=club.season, age_group="u9", name="New").pk


def test_a_club_is_not_written_over_unasked_nor_a_damaged_file_believed(club, tmp_path):
    file = tmp_path / "club.backup"
    call_command("backup", str(file))
    before = everything()
    with pytest.raises(CommandError, match="there is a club here already"):
        call_command("restore", str(file))
    torn = tmp_path / "torn"
    torn.write_bytes(file.read_bytes()[:-200])
    changed = tmp_path / "changed"
    with zipfile.ZipFile(file) as old, zipfile.ZipFile(changed, "w") as new:
        for name in old.namelist():
            body = old.read(name)
            new.writestr(name, body.replace(b"Lions", b"Tiger") if "Team.j" in name else body)
    for bad, says in ((torn, "no whole backup"), (changed, "not what it was")):
        with pytest.raises(CommandError, match=says):
            call_command("restore", str(bad), "--replace")
    assert everything() == before


def test_another_release_is_refused_and_a_photo_that_cannot_be_read_is_said(
    club, tmp_path, monkeypatch
):
    file = tmp_path / "club.backup"
    storage.delete(Photo.objects.get().storage_key)
    with pytest.raises(CommandError, match="1 photos could not be read"):
        call_command("backup", str(file))
    assert backups.check(file)["missing"] != []
    monkeypatch.setattr(backups, "_migrations", lambda: ["registrations.0001_initial"])
    with pytest.raises(CommandError, match="another release"):
        call_command("restore", str(file), "--replace")


def test_a_backup_in_place_of_a_club_takes_back_what_came_after(club, tmp_path):
    file = tmp_path / "club.backup"
    before = everything()
    call_command("backup", str(file))
    Registration.objects.update(submitted_at=clock.now() + timedelta(days=1))
    factories.registration()
    call_command("restore", str(file), "--replace")
    assert everything() == before
