"""What volunteers do in Airtable arrives here (wire/airtable 3.2, design.md 5)."""

import json
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from integrations import clock
from integrations.errors import OutsideError
from integrations.models import AirtableConflict, AirtableRow, AirtableTable
from registrations.actions import sync
from registrations.airtable_tables import RegistrationTable, TeamTable
from registrations.models import Guardian, Registration, Team
from tests import factories

pytestmark = pytest.mark.django_db


def row(registration) -> AirtableRow:
    """The registration's row."""
    return AirtableRow.objects.get(kind="registration", object_id=registration.pk)


def test_the_second_pass_finds_nothing_and_costs_one_request(club):
    made = [factories.registration() for _ in range(3)]
    club.fill()
    first = club.pull(full=True)
    assert (first.unchanged, first.updated, first.errors) == (3, 0, 0)
    before = club.requests()
    with CaptureQueriesContext(
        connection,
    ) as caught:
        again = club.pull()
    assert again.quiet
    assert club.requests()["list"] - before["list"] == 1
    assert {k: v for k, v in club.requests().items() if k != "list"} == {
        k: v for k, v in before.items() if k != "list"
    }
    written = [q["sql"] for q in caught if "airtablerow" in q["sql"] and "UPDATE" in q["sql"]]
    assert written == []
    assert club.push() == 0
    assert row(made[0]).due_at is None


def test_an_edited_name_arrives_and_is_not_echoed(club):
    made = factories.registration()
    club.fill()
    club.pull(full=True)
    club.edit(made, player_last_name="O'Brien", parent_town="Sale")
    counts = club.pull()
    assert (counts.updated, counts.conflicts, counts.errors) == (1, 0, 0)
    made = Registration.objects.get(pk=made.pk)
    assert (made.player.last_name, made.guardian.town) == ("O'Brien", "Sale")
    assert "o'brien" in made.child_key
    writes = club.requests().get("write", 0)
    assert club.push() == 0
    assert club.requests().get("write", 0) == writes
    assert club.pull().quiet


def test_a_cleared_cell_clears_and_a_cell_that_may_not_be_empty_is_put_back(club):
    made = factories.registration(previous_team="Rovers FC")
    club.fill()
    club.pull(full=True)
    club.edit(made, previous_team_name=None, player_first_name=None)
    counts = club.pull()
    assert counts.errors == 1
    name = made.player.first_name
    made.refresh_from_db()
    assert made.previous_team == ""
    club.push()
    cells = club.cells(made)
    assert cells["player_first_name"] == name
    assert cells["sync_error"] == "player_first_name may not be empty"
    refused = AirtableConflict.objects.get()
    assert (refused.why, refused.winner, json.loads(refused.theirs)) == ("refused", "ours", None)
    assert json.loads(refused.base) == json.loads(refused.ours) == name
    club.edit(made, player_first_name="Samira")
    club.pull()
    club.push()
    assert "sync_error" not in club.cells(made)


def test_both_sides_changed_one_field_airtable_wins_and_both_values_are_kept(club):
    made = factories.registration()
    club.fill()
    club.pull(full=True)
    club.edit(made, parent_email="there@example.org")
    made.guardian.email = "here@example.org"
    made.guardian.save()
    row_ = row(made)
    AirtableRow.objects.filter(pk=row_.pk).update(due_at=clock.now())
    club.push()  # looks first, because the field is the volunteers'
    made = Registration.objects.get(pk=made.pk)
    assert made.guardian.email == "there@example.org"
    assert club.cells(made)["parent_email"] == "there@example.org"
    kept = AirtableConflict.objects.get()
    assert (kept.field, kept.why, kept.winner) == ("parent_email", "both", "theirs")
    assert json.loads(kept.ours) == "here@example.org"
    assert json.loads(kept.theirs) == "there@example.org"
    assert kept.who == "volunteer@club.example"
    assert kept.settled_at is None


def test_an_edit_of_a_machine_fact_is_put_back_and_kept_to_be_seen(club):
    made = factories.registration()
    club.fill()
    club.pull(full=True)
    club.edit(made, signing_on_fee_paid="Y")
    club.pull()
    made.refresh_from_db()
    assert made.fee_settled_at is None
    club.push()
    assert club.cells(made)["signing_on_fee_paid"] == "N"
    assert AirtableConflict.objects.get().why == "ours"


def test_a_volunteer_suspends_reinstates_and_cancels(club):
    made = factories.active_registration()
    club.fill()
    club.pull(full=True)
    for typed in ("suspended", "active", "cancelled"):
        club.edit(made, registration_status=typed)
        assert club.pull().errors == 0
        made.refresh_from_db()
        assert made.status == typed
    assert made.suspensions.get().lifted_at is not None


def test_active_without_a_payment_is_put_back_with_the_reason(club):
    made = factories.registration()
    club.fill()
    club.pull(full=True)
    club.edit(made, registration_status="active")
    assert club.pull().errors == 1
    made.refresh_from_db()
    assert made.status == "pending_payment"
    club.push()
    cells = club.cells(made)
    assert cells["registration_status"] == "pending_payment"
    assert cells["sync_error"] == (
        "Not active: the signing-on fee is not paid and there is no Direct Debit"
    )


ENTERED = {
    "player_first_name": "Amira",
    "player_last_name": "Shah",
    "player_dob": "05-03-2017",
    "player_gender": "Female",
    "age_group": "u10",
    "team": "Lions",
    "parent_first_name": "Nadia",
    "parent_last_name": "Shah",
    "parent_telephone": "07700900155",
    "parent_relationship_to_player": "Mother",
}


def test_a_row_that_a_volunteer_enters_becomes_a_registration(club):
    club.fill()
    record_id = club.enter(**ENTERED)
    assert club.pull(full=True).created == 1
    made = Registration.objects.get()
    assert (made.player.full_name, str(made.guardian.phone)) == ("Amira Shah", "+447700900155")
    assert made.flagged_at is not None
    club.push()
    (record,) = club.records()
    assert record["id"] == record_id
    assert record["fields"]["sync_id"] == str(made.sync_id)
    assert record["fields"]["registration_status"] == "pending_payment"
    assert club.pull(full=True).created == 0


def test_an_unfinished_row_is_told_what_is_missing_until_it_is_there(club):
    club.fill()
    parts = dict(ENTERED)
    parts.pop("team")
    club.enter(**parts)
    assert club.pull(full=True).errors == 1
    assert Registration.objects.count() == 0
    (record,) = club.records()
    assert record["fields"]["sync_error"] == "Still missing: team"
    writes = club.requests()["write"]
    club.pull(full=True)
    assert club.requests()["write"] == writes
    club.type(club.records()[0], team="lions")
    assert club.pull().created == 1
    club.push()
    assert "sync_error" not in club.records()[0]["fields"]
    assert club.records()[0]["fields"]["team"] == "Lions"


def test_a_team_that_is_being_typed_is_told_what_is_missing_until_it_is_there(club):
    club.fill()
    club.enter("team_info", short_team_name="Tigers")
    read = {"full": True, "mapping": TeamTable(), "table": "team_info"}
    assert club.pull(**read).errors == 1
    record = club.records("team_info")[-1]
    assert record["fields"]["sync_error"] == "Still missing: age_group, current_season"
    club.type(record, "team_info", age_group="u10s", current_season="2627")
    assert club.pull(**read).created == 1
    assert Team.objects.filter(name="Tigers", age_group="u10").count() == 1
    club.push()
    assert "sync_error" not in club.records("team_info")[-1]["fields"]


def test_an_edit_that_nobody_thought_of_goes_to_a_person_and_holds_no_other(club, monkeypatch):
    bad, good = factories.registration(), factories.registration()
    club.fill()
    club.pull(full=True)
    real = RegistrationTable.adopt

    def adopt(self, object_id, values):
        if object_id == bad.pk:
            raise LookupError
        return real(self, object_id, values)

    club.edit(bad, parent_town="Sale")
    club.edit(good, parent_town="Sale")
    entered = club.enter(**ENTERED)
    Guardian.objects.filter(pk=bad.guardian_id).update(city="Salford")
    sync.touch(bad)
    with monkeypatch.context() as broken:
        broken.setattr(RegistrationTable, "adopt", adopt)
        broken.setattr(RegistrationTable, "create", lambda *given: {}["nothing"])
        club.push()  # looks first, at that row
        club.pull()
    assert Registration.objects.get(pk=good.pk).guardian.town == "Sale"
    assert row(bad).last_error == "an edit in Airtable could not be taken: LookupError"
    assert row(bad).needs_person_at is not None
    assert club.cells(bad)["parent_town"] == "Sale"
    told = next(one for one in club.records() if one["id"] == entered)
    assert told["fields"]["sync_error"] == "an edit in Airtable could not be taken: KeyError"
    club.pull(full=True)
    club.push()
    assert Registration.objects.get(pk=bad.pk).guardian.town == "Sale"
    assert (row(bad).needs_person_at, row(bad).last_error) == (None, "")
    assert club.cells(bad)["parent_city"] == "Salford"
    assert Registration.objects.count() == 3


def test_a_copied_row_is_told_so_and_makes_nothing(club):
    made = factories.registration()
    club.fill()
    club.enter(**club.cells(made))
    club.pull(full=True)
    assert Registration.objects.count() == 1
    assert "copy" in club.records()[1]["fields"]["sync_error"]
    assert "sync_error" not in club.cells(made)


def test_a_deleted_row_is_gone_after_two_full_passes_and_staff_are_told(club):
    made = factories.registration()
    club.fill()
    club.remove(made)
    assert club.pull(full=True).deleted == 0
    assert row(made).tombstone_at is None
    assert club.pull(full=True).deleted == 1
    assert row(made).tombstone_at is not None
    made.refresh_from_db()
    assert made.flags == ["its row was deleted in Airtable"]
    AirtableRow.objects.update(due_at=clock.now())
    assert club.push() == 0
    assert club.records() == []


def test_a_row_that_comes_back_from_the_bin_is_taken_up_again(club):
    made = factories.registration()
    club.fill()
    record = club.record(made)
    club.remove(made)
    club.pull(full=True)
    club.pull(full=True)
    club.sandbox.store.put(club.table.records, record["id"], record)
    club.pull(full=True)
    assert row(made).tombstone_at is None


def test_many_deletions_at_once_are_held_until_staff_say_so(club):
    made = [factories.registration() for _ in range(7)]
    club.fill()
    for one in made:
        club.remove(one)
    assert [club.pull(full=True).deleted for _ in range(3)] == [0, 0, 0]
    table = AirtableTable.objects.get(name="registrations_2627")
    assert (table.held_at is not None, table.held_count) == (True, 7)
    assert AirtableRow.objects.filter(kind="registration", tombstone_at=None).count() == 7
    AirtableTable.objects.update(deletions_allowed=True)
    assert club.pull(full=True).deleted == 7
    table.refresh_from_db()
    assert (table.held_at, table.deletions_allowed) == (None, False)


def test_a_pass_that_breaks_off_deletes_nothing(club, monkeypatch):
    made = factories.registration()
    club.fill()
    club.remove(made)
    club.pull(full=True)
    club.sandbox.down("airtable")
    with pytest.raises(OutsideError):
        club.pull(full=True)
    assert row(made).tombstone_at is None
    assert row(made).absent == 1


def test_a_renamed_field_is_nothing_and_a_deleted_one_parks_its_column_only(club):
    made = factories.registration()
    club.fill()
    club.pull(full=True)
    doc = club.table.doc
    by_name = {one["name"]: one for one in doc["fields"]}
    by_name["parent_town"]["name"] = "Town of the parent"
    fields = [one for one in doc["fields"] if one["name"] != "parent_city"]
    club.sandbox.store.put("airtable.tables", doc["id"], {**doc, "fields": fields})
    record = club.record(made)
    cells = dict(record["fields"])
    cells["Town of the parent"] = "Flixton"
    cells.pop("parent_town"), cells.pop("parent_city")
    at = {"modified": {"Town of the parent": "2027-01-01T00:00:00.000Z"}}
    club.sandbox.store.put(club.table.records, record["id"], {**record, "fields": cells, **at})
    counts = club.pull(full=True)
    assert counts.errors == 0
    made = Registration.objects.get(pk=made.pk)
    assert (made.guardian.town, made.guardian.city) == ("Flixton", "Manchester")
    table = AirtableTable.objects.get(name="registrations_2627")
    assert table.problems == ["parent_city: there is no such field any more"]
    club.edit(made, parent_last_name="Ward")
    club.pull()
    assert Registration.objects.get(pk=made.pk).guardian.last_name == "Ward"
    # Made anew, it is filled again; its empty cells are no edits.
    again = {"id": "fld0000000000NEW1", "name": "parent_city", "type": "singleLineText"}
    doc = club.sandbox.store.get("airtable.tables", doc["id"])
    fields = [*doc["fields"], again]
    club.sandbox.store.put("airtable.tables", doc["id"], {**doc, "fields": fields})
    club.pull(full=True)
    club.push()
    assert Registration.objects.get(pk=made.pk).guardian.city == "Manchester"
    assert club.cells(made)["parent_city"] == "Manchester"


def test_medical_words_are_kept_nowhere_in_the_clear(club):
    made = factories.registration(has_medical_issues=True, medical_notes="Asthma, inhaler in bag")
    club.fill()
    club.pull(full=True)
    assert "Asthma" not in json.dumps(row(made).base)
    club.edit(made, description_of_player_medical_issues="Asthma and a nut allergy")
    club.pull()
    made.refresh_from_db()
    assert made.medical_notes == "Asthma and a nut allergy"
    assert "Asthma" not in json.dumps(row(made).base)


def test_an_idle_table_is_not_written_to_for_days(club, move_clock):
    factories.registration()
    club.fill()
    club.pull(full=True)
    before = club.requests().get("write", 0)
    for _ in range(5):
        move_clock(timedelta(hours=12))
        assert club.pull(full=True).quiet
        assert club.push() == 0
    assert club.requests().get("write", 0) == before
