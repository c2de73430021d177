"""The airtable_* commands, as an operator runs them."""

import io
from datetime import timedelta

import pytest
from django.core.management import CommandError, call_command
from django.db import transaction

from integrations import clock
from integrations.models import AirtableBase, AirtableRow, AirtableRun
from integrations.sandbox import faults
from integrations.sandbox.airtable import tables
from registrations.actions import sync
from registrations.models import Registration, Team
from tests import factories

pytestmark = pytest.mark.django_db


def run(*words: str) -> tuple[int, str]:
    """Exit code and what was said."""
    said = io.StringIO()
    try:
        call_command(*words, stdout=said)
    except SystemExit as end:
        return int(end.code or 0), said.getvalue()
    except CommandError as error:
        return error.returncode, str(error)
    return 0, said.getvalue()


def test_where_both_sides_agree_a_dry_run_finds_nothing_to_do(club):
    factories.registration(has_medical_issues=True, medical_notes="Asthma")
    club.fill()
    code, said = run("airtable_sync", "--dry-run")
    assert code == 0
    assert "team_info: nothing to do (1 rows agree)" in said
    assert "registrations_2627: nothing to do (1 rows agree)" in said
    assert "Nothing is to be written." in said
    assert AirtableRun.objects.count() == 0


def test_a_sync_says_what_it_did_and_a_refused_edit_is_exit_code_1(club):
    made = factories.registration()
    club.fill()
    assert run("airtable_sync")[0] == 0
    club.edit(made, player_gender="Boy")
    code, said = run("airtable_sync", "--table", "registrations_2627")
    assert code == 1
    assert "registrations_2627: 0 created, 1 updated, 0 unchanged, 0 deleted" in said
    assert "1 errors, 1 requests" in said
    assert "1 rows were behind: 0 created, 1 updated, 0 deleted there, 0 errors" in said
    assert AirtableRun.objects.filter(what="airtable_sync").count() == 4


def test_without_an_answer_the_exit_code_is_2(club):
    club.fill()
    club.sandbox.down("airtable")
    assert run("airtable_pull")[0] == 2


def test_another_base_is_refused_until_it_is_said_aloud(club, settings):
    made = factories.registration()
    club.fill()
    assert run("airtable_pull")[0] == 0
    settings.AIRTABLE_BASE_ID = "appAnother0000001"
    code, said = run("airtable_sync")
    assert code == 2
    assert "appAnother0000001" in said and "--new-base" in said
    assert club.push() == 0
    settings.AIRTABLE_BASE_ID = club.sandbox.config.airtable_base_id
    assert AirtableRow.objects.get(kind="registration", object_id=made.pk).record_id


def test_check_names_what_is_missing_and_makes_it_when_told(club):
    club.fill()
    doc = club.table.doc
    fields = [f for f in doc["fields"] if f["name"] not in ("sync_error", "kit_size")]
    club.sandbox.store.put("airtable.tables", doc["id"], {**doc, "fields": fields})
    code, said = run("airtable_check", "--table", "registrations_2627")
    assert code == 1
    assert "WRONG kit_size: there is no such field" in said
    code, said = run("airtable_check", "--create", "--table", "registrations_2627")
    assert code == 0
    table = tables.find(club.sandbox.store, "registrations_2627")
    assert tables.choices(table.field("kit_size"))[0] == "5/6"
    assert table.field("sync_error")["type"] == "multilineText"


def test_check_makes_a_whole_base(club):
    club.sandbox.store.put("airtable.settings", "limits", {"per_second": 0})
    assert run("airtable_check")[0] == 1
    code, said = run("airtable_check", "--create")
    assert (code, " 0 wrong" in said) == (0, True)


def test_find_matches_exactly_and_takes_no_formula(club):
    made = factories.registration()
    made.player.last_name = "O'Neil"
    made.player.save()
    club.fill()
    record_id = club.record(made)["id"]
    code, said = run("airtable_find", "player_last_name=O'Neil")
    assert (code, record_id in said, "1 found" in said) == (0, True, True)
    assert "0 found" in run("airtable_find", "player_last_name=') OR TRUE() OR ('")[1]


def test_backfill_links_what_is_certain_and_lists_what_is_not(club):
    sure, twice = factories.registration(), factories.registration()
    club.fill()
    AirtableRow.objects.all().delete()
    for record in club.records():
        cells = {n: v for n, v in record["fields"].items() if n != "sync_id"}
        bare = {**record, "fields": cells}
        club.sandbox.store.put(club.table.records, record["id"], bare)
    first = next(
        r for r in club.records() if r["fields"]["player_first_name"] == twice.player.first_name
    )
    club.enter(**first["fields"])
    code, said = run("airtable_backfill", "--table", "registrations_2627")
    assert (code, "1 matched" in said, "1 ambiguous" in said) == (1, True, True)
    assert AirtableRow.objects.count() == 0
    run("airtable_backfill", "--table", "registrations_2627", "--write")
    linked = AirtableRow.objects.get(kind="registration")
    assert linked.object_id == sure.pk
    club.push()
    assert club.cells(sure)["sync_id"] == str(sure.sync_id)
    assert len(club.records()) == 3


def test_a_push_of_one_table_writes_no_other_and_says_what_still_waits(club):
    made = factories.registration()
    club.fill()
    assert run("airtable_sync", "--full")[0] == 0
    with transaction.atomic():
        Registration.objects.filter(pk=made.pk).update(payment_day=20)
        sync.touch(made)
        Team.objects.update(kit_due=True)
        sync.touch_team(made.team)
    club.move_clock(timedelta(seconds=15))
    code, said = run("airtable_push", "--table", "team_info")
    assert (code, "1 rows were behind: 0 created, 1 updated" in said) == (0, True)
    assert club.cells(made)["preferred_payment_day"] == 15
    faults.set_mode(club.sandbox.store, "airtable", "error_500", count=1, operation="records.write")
    code, said = run("airtable_push")
    assert code == 2
    club.calm()
    assert run("airtable_push")[0] == 0
    assert club.cells(made)["preferred_payment_day"] == 20
    assert run("airtable_pull", "--table", "nowhere") == (
        1,
        "There is no table nowhere; known ones: "
        "team_info, registrations_2627, suspended_registrations",
    )


def test_new_base_is_taken_when_it_is_said(club, settings):
    made = factories.registration()
    club.fill()
    AirtableBase.objects.create(pk="appAnother0000001", first_used_at=clock.now())
    assert run("airtable_sync")[0] == 2
    code, said = run("airtable_sync", "--new-base")
    assert (code, "1 updated" in said or "1 unchanged" in said) == (0, True)
    assert AirtableBase.objects.get().pk == settings.AIRTABLE_BASE_ID
    assert len(club.records()) == 1
    assert AirtableRow.objects.get(kind="registration", object_id=made.pk).record_id


def test_check_names_scopes_and_base_and_find_takes_numbers(club):
    factories.registration()
    club.fill()
    scopes = ["data.records:read", "data.records:write", "schema.bases:read"]
    club.sandbox.store.put("airtable.settings", "token", {"scopes": scopes})
    code, said = run("airtable_check", "--table", "team_info")
    assert "no scope webhook:manage: changes are found by polling only" in said
    assert f"base Club ({club.sandbox.config.airtable_base_id}), permission create" in said
    assert code == 0
    assert run("airtable_check", "--create", "--table", "team_info")[0] == 1
    assert "1 found" in run("airtable_find", "signing_on_fee_amount=45")[1]
    assert "0 found" in run("airtable_find", "signing_on_fee_amount=45.5")[1]
    assert run("airtable_find", "signing_on_fee_amount=much")[0] == 1
