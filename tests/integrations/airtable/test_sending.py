"""What changes here arrives in Airtable: deletions, moved schemas, and a share of the requests."""

from datetime import timedelta

import pytest
from django.db import transaction
from django.urls import reverse

from integrations import clock, jobs
from integrations.airtable import base, client, pull, push
from integrations.models import AirtableBase, AirtableConflict, AirtableRow, AirtableTable
from integrations.sandbox import faults
from integrations.sandbox.airtable import field_edits, tables
from registrations.actions import erasing, retention, sync
from registrations.actions.states import suspend
from registrations.models import Guardian, Registration, Team
from tests import factories

pytestmark = pytest.mark.django_db
MEDICAL = "description_of_player_medical_issues"


def row(registration) -> AirtableRow:
    """The registration's row."""
    return AirtableRow.objects.get(kind="registration", object_id=registration.pk)


def synced(club, number: int) -> list[Registration]:
    """Registrations that both sides hold."""
    made = [factories.registration() for _ in range(number)]
    club.fill()
    club.pull(full=True)
    return made


def delete(*registrations) -> None:
    """As an erasure does it."""
    ids = [one.pk for one in registrations]
    with transaction.atomic():
        sync.forget(ids)
        Registration.objects.filter(pk__in=ids).delete()


def test_twelve_deletions_take_two_requests_and_leave_nothing(club):
    made = synced(club, 13)
    delete(*made[:12])
    before = club.requests().get("write", 0)
    assert club.push() == 12
    assert club.requests()["write"] - before == 2
    assert [r["fields"]["sync_id"] for r in club.records()] == [str(made[12].sync_id)]
    assert list(AirtableRow.objects.filter(kind="registration")) == [row(made[12])]
    assert club.pull(full=True).quiet


@pytest.mark.parametrize("writing", ["upsert", "delete"])
def test_a_long_push_looks_again_and_only_at_what_is_still_to_come(club, monkeypatch, writing):
    other, *made = synced(club, 31)
    club.move_clock(timedelta(hours=1))
    club.edit(other, parent_town="Sale")
    club.pull()
    if writing == "delete":
        delete(*made)
    else:
        for one in made:
            Guardian.objects.filter(pk=one.guardian_id).update(town="Stretford")
            sync.touch(one)
    behind = AirtableRow.objects.exclude(due_at=None).order_by("due_at", "pk").last()
    last, listed = club.sandbox.store.get(club.table.records, behind.record_id), []
    page, write = client.page, getattr(client, writing)

    def counted(*args, **options):
        records, offset = page(*args, **options)
        listed.append([record["id"] for record in records])
        return records, offset

    def slow(*args, **options):
        if len(listed) == 1:  # while the first ten are written, a volunteer edits the last
            club.type(last, parent_town="Sale")
        club.move_clock(timedelta(seconds=11))
        return write(*args, **options)

    monkeypatch.setattr(client, "page", counted)
    monkeypatch.setattr(client, writing, slow)
    club.push()
    # A look for each ten, at this pace, and nothing that was written is read again.
    assert listed == [[], [last["id"]], [last["id"]]]
    if writing == "delete":
        assert [record["fields"]["parent_town"] for record in club.records()] == ["Sale"] * 2
        assert "edited in Airtable since" in AirtableRow.objects.get(pk=behind.pk).last_error
    else:
        conflict = AirtableConflict.objects.get()
        assert (conflict.field, conflict.theirs) == ("parent_town", '"Sale"')
        assert {r["fields"]["parent_town"] for r in club.records()} == {"Stretford", "Sale"}


@pytest.mark.parametrize("mode", ["drop_after", "error_500", "truncated", "rate_limited"])
def test_a_deletion_whose_answer_was_lost_is_repeated_in_peace(club, mode):
    made = synced(club, 3)
    delete(*made[:2])
    faults.set_mode(club.sandbox.store, "airtable", mode, count=1, operation="records.delete")
    club.push()
    club.calm()
    club.push()
    assert [r["id"] for r in club.records()] == [row(made[2]).record_id]
    assert AirtableRow.objects.filter(kind="registration").count() == 1


def test_a_row_that_was_edited_after_its_deletion_here_stays_until_somebody_looks(
    club, admin_client
):
    (made,) = synced(club, 1)
    kept = row(made)
    club.edit(made, parent_town="Sale")
    delete(made)
    assert club.push() == 0
    kept.refresh_from_db()
    assert "edited in Airtable since" in kept.last_error
    assert (kept.needs_person_at is not None, len(club.records())) == (True, 1)
    assert club.pull(full=True).created == 0
    url = reverse("admin:integrations_airtablerow_do", args=[kept.pk, "delete_there"])
    admin_client.post(url, {"confirmed": "1"})
    assert club.push() == 1
    assert club.records() == []


def test_a_registration_that_turns_out_to_be_a_double_leaves_the_base_and_can_return(club):
    original, double = synced(club, 2)
    double.duplicate_of = original
    double.save()
    sync.touch(double)
    club.push()
    assert len(club.records()) == 1
    double.duplicate_of = None
    double.save()
    sync.touch(double)
    club.push()
    assert club.cells(double)["sync_id"] == str(double.sync_id)


def test_a_field_deleted_a_moment_ago_parks_its_column_and_no_row(club):
    (made,) = synced(club, 1)
    field_edits.delete(club.sandbox.store, club.named(club.table.name), "kit_size")
    Registration.objects.filter(pk=made.pk).update(kit_size="S", payment_day=20)
    sync.touch(made)
    club.push()
    club.push()
    assert club.cells(made)["preferred_payment_day"] == 20
    assert row(made).due_at is None
    table = AirtableTable.objects.get(name=club.table.name)
    assert table.problems == ["kit_size: there is no such field any more"]


def test_a_choice_that_is_gone_is_named_and_its_row_waits_for_it(club):
    made, other = synced(club, 2)
    doc = club.named(club.table.name).doc
    field = next(one for one in doc["fields"] if one["name"] == "kit_size")
    field["options"]["choices"] = [c for c in field["options"]["choices"] if c["name"] != "S"]
    club.sandbox.store.put("airtable.tables", doc["id"], doc)
    Registration.objects.filter(pk=made.pk).update(kit_size="S")
    Registration.objects.filter(pk=other.pk).update(payment_day=20)
    sync.touch_all([made, other])
    club.push()
    club.push()
    assert row(made).last_error == "choice: the field kit_size has no choice “S”"
    assert club.cells(other)["preferred_payment_day"] == 20
    table = club.named(club.table.name)
    field_edits.add_choice(club.sandbox.store, table, "kit_size", "S")
    club.pull(full=True)
    club.push()
    assert club.cells(made)["kit_size"] == "S"


def test_what_waits_here_gets_its_share_of_a_long_pass(club, monkeypatch):
    (made,) = synced(club, 1)
    monkeypatch.setattr(pull.client, "PAGE", 1)
    for number in range(9):
        club.enter(parent_town=f"Town {number}")
    Registration.objects.filter(pk=made.pk).update(payment_day=20)
    sync.touch(made)
    club.move_clock(timedelta(seconds=3))
    pages = []
    real = pull.client.page

    def page(*given, **named):
        pages.append(club.cells(made)["preferred_payment_day"])
        return real(*given, **named)

    monkeypatch.setattr(pull.client, "page", page)
    AirtableTable.objects.update(swept_at=None)
    pull.pull_due(between=lambda: push.push_due(batches=1))
    assert pages[1:6] == [15, 15, 15, 15, 20]


def test_of_two_rows_with_one_sync_id_the_older_is_the_original(club):
    (made,) = synced(club, 1)
    record = club.record(made)
    copy = {**record, "id": "rec00000000000000", "createdTime": "2027-09-09T09:00:00.000Z"}
    club.sandbox.store.put(club.table.records, copy["id"], copy)
    AirtableRow.objects.filter(kind="registration").update(record_id="")
    club.pull(full=True)
    assert row(made).record_id == record["id"]
    copies = [r["fields"].get("sync_error", "") for r in club.records()]
    assert sorted(bool(words) for words in copies) == [False, True]


def test_a_team_changed_in_the_admin_changes_in_team_info(club, admin_client):
    synced(club, 1)
    team = Team.objects.get()
    url = reverse("admin:registrations_team_change", args=[team.pk])
    form = {"state": team.state, "squad_limit": team.squad_limit or "", "kit_due": "on"}
    assert admin_client.post(url, form).status_code == 302
    club.push()
    (record,) = club.records("team_info")
    assert record["fields"]["need_new_kit_current_season"] == "Y"


def test_another_base_that_holds_our_rows_is_linked_and_its_edits_are_not_overwritten(club):
    made, other = synced(club, 2)
    club.edit(made, parent_town="Sale")
    base.change()
    club.push()
    assert row(made).record_id and row(other).record_id
    assert len(club.records()) == 2
    assert club.cells(made)["parent_town"] == "Sale"
    assert Registration.objects.get(pk=made.pk).guardian.town == "Sale"
    assert AirtableConflict.objects.get().field == "parent_town"


def test_the_jobs_bring_both_sides_together_by_themselves(club, settings):
    settings.PUBLIC_URL = "https://club.example"
    (made,) = synced(club, 1)
    jobs.pull_airtable()
    assert AirtableBase.objects.get().webhook_id
    before = club.requests()
    club.move_clock(timedelta(seconds=30))
    jobs.pull_airtable()
    after = club.requests()
    assert sum(after.values()) - sum(before.values()) == 1  # the payloads; no table is read
    club.edit(made, parent_town="Sale")  # without a payload, as if it had been lost
    club.move_clock(timedelta(minutes=6))
    jobs.pull_airtable()
    assert Registration.objects.get(pk=made.pk).guardian.town == "Sale"


def test_a_spent_quota_stops_everything_but_the_staff_see_it_coming(club, settings, admin_client):
    (made,) = synced(club, 1)
    settings.AIRTABLE_MONTHLY_REQUESTS = 20
    AirtableBase.objects.update(requests=19)
    page = admin_client.get(reverse("admin:needs_a_person")).content.decode()
    assert "requests of this month" in page
    jobs.pull_airtable()
    before = club.requests()
    sync.touch(made)
    assert club.push() == 0
    assert club.requests() == before
    club.move_clock(timedelta(days=32))
    assert AirtableBase.objects.get().month != f"{clock.now():%Y-%m}"
    Registration.objects.filter(pk=made.pk).update(payment_day=20)
    assert club.push() == 1
    assert tables.find(club.sandbox.store, club.table.name)


def erase(registration, depth: str) -> None:
    """As staff do it for a family that asks."""
    family = registration.player.family_id
    erasing.erase(family, depth=depth, reason="asked", at=clock.now(), by="boss")


def test_who_is_erased_leaves_the_base_as_deep_as_was_asked(club):
    (made,) = synced(club, 1)
    Registration.objects.update(medical_notes="asthma", has_medical_issues=True)
    Guardian.objects.update(town="Sale", email="her@example.org")
    suspend(made.pk, reason="Unpaid", at=clock.now(), by="boss")
    club.push()
    child, phone = made.player.first_name, club.cells(made)["parent_telephone"]
    erase(made, "contact")
    club.push()
    told, kept = str(club.cells(made)), str(row(made).base)
    assert child in told and "asthma" in told
    for gone in (phone, "her@example.org", "Sale"):
        assert gone not in told + kept, gone
    erase(made, "medical")
    club.push()
    cells = club.cells(made)
    for gone in ("player_has_any_medical_issues", MEDICAL, "id_image_link"):
        assert gone not in cells
    assert club.pull(full=True).updated == 0  # and nothing comes back
    record, suspension = club.record(made), "suspended_registrations"
    assert len(club.records(suspension)) == 1
    Registration.objects.update(cancelled_at=clock.now(), status="cancelled")
    erase(made, "all")
    # What is still said of the money, by GoCardless or by staff, brings no row back.
    sync.touch(Registration.objects.get())
    club.push()
    assert (club.records(), club.records(suspension)) == ([], [])
    assert not AirtableRow.objects.exclude(kind="team").exists()
    erase(made, "contact")
    club.push()
    assert club.records() == []
    # Nor does somebody who takes it out of the bin there.
    club.sandbox.store.put(club.table.records, record["id"], record)
    assert club.pull(full=True).errors == 1
    assert "erased on request" in club.records()[0]["fields"]["sync_error"]
    assert Registration.objects.get().player.first_name == erasing.GONE


def test_an_erasure_while_airtable_is_away_follows_when_it_is_back(club):
    made, deleted = synced(club, 2)
    AirtableRow.objects.filter(object_id=deleted.pk).update(tombstone_at=clock.now())
    Registration.objects.update(cancelled_at=clock.now(), status="cancelled")
    club.sandbox.down("airtable")
    erase(deleted, "contact")
    erase(made, "all")
    sync.touch(Registration.objects.get(pk=made.pk))
    club.push()
    assert row(deleted).base == {}  # nothing is left to be sent there
    club.calm()
    club.push()
    assert [r["id"] for r in club.records()] == [row(deleted).record_id]


def test_what_was_kept_long_enough_leaves_the_base_and_its_conflicts(club):
    (made,) = synced(club, 1)
    Registration.objects.update(medical_notes="asthma", has_medical_issues=True)
    sync.touch(made)
    club.push()
    club.edit(made, **{MEDICAL: "asthma, and nuts"})
    Registration.objects.update(medical_notes="asthma, mild")
    club.pull()
    assert AirtableConflict.objects.get().secret
    club.move_clock(timedelta(days=700))
    retention.run(dry_run=False)
    club.push()
    assert MEDICAL not in club.cells(made) and "id_image_link" not in club.cells(made)
    assert AirtableConflict.objects.count() == 0
    assert club.pull(full=True).updated == 0
