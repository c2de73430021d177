"""Tables from elsewhere: looked at line by line, then imported whole or not at all.

SOAK=1 takes 5,000 lines.
"""

import io
import os
import zipfile
from datetime import date
from pathlib import Path

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import CommandError, call_command
from django.urls import reverse
from openpyxl import Workbook

from integrations import tables
from integrations.models import AirtableRow
from registrations.models import Consent, Family, Import, Player, Registration, Team
from tests import factories

pytestmark = pytest.mark.django_db
LINES = 5000 if os.environ.get("SOAK") else 60
HEADINGS = (
    "Player Name,D.O.B.,Sex,Age Group,Team name,Parent/Guardian,Mobile No,Email address,"
    "Post Code,Medical conditions,Shirt No,FAN number,Comms consent,Colour"
)
GOOD = "Zoë O’Neil,14/05/2017,F,U10s,lions,Anna O’Neil,07700 900500,Anna@Example.org,m41 9sb"


@pytest.fixture(autouse=True)
def boss(client, django_user_model):
    """A superuser, signed in, and U10 Lions."""
    user = django_user_model.objects.create_superuser("boss", password="boss")
    client.force_login(user)
    factories.team()
    return user


def hand_in(client, body, kind="players", name="list.csv"):
    raw = body if isinstance(body, bytes) else body.encode()
    given = {"kind": kind, "season": factories.season().pk}
    file = SimpleUploadedFile(name, raw)
    return client.post(reverse("admin:import_table"), given | {"file": file}, follow=True)


def looked(client, body, **given):
    page = hand_in(client, body, **given)
    assert page.redirect_chain, page.context["form"].errors
    return page.context["looked"]


def wrong(client, *lines):
    return {row.line: row.problems for row in looked(client, "\n".join([HEADINGS, *lines])).wrong}


def carry_out(client):
    address = reverse("admin:import", args=[Import.objects.latest("pk").pk])
    return client.post(address, {"what": "carry_out"}, follow=True)


def counts():
    models = Registration, Player, Family, Team, Consent, AirtableRow
    return [model.objects.count() for model in models]


def test_a_list_is_read_shown_and_imported_once_however_often_it_comes(client):
    body = (
        f"{HEADINGS}\n{GOOD},Asthma,7,FAN123,yes,red\n"
        "Ben O’Neil,2016-01-02,boy,,U10 Lions,Anna O’Neil,7700900500,,,,,,,\n"
    )
    before = counts()
    found = looked(client, body)
    assert (len(found.new), found.wrong, counts()) == (2, [], before)
    assert "2 rows made; 0 were here already" in carry_out(client).content.decode()

    zoe, ben = Registration.objects.order_by("player__dob").reverse()
    child, parent = zoe.player, zoe.guardian
    assert (child.full_name, child.dob, child.gender) == (
        "Zoë O'Neil", date(2017, 5, 14), "Female",
    )  # fmt: skip
    assert (child.fan, child.postcode, parent.email) == ("FAN123", "M41 9SB", "anna@example.org")
    assert (str(parent.phone), zoe.shirt_number) == ("+447700900500", 7)
    assert (zoe.has_medical_issues, zoe.medical_notes) == (True, "Asthma")
    assert (zoe.status, ben.guardian_id) == ("pending_payment", parent.pk)
    assert zoe.consents.get().given is True
    assert not ben.consents.exists()
    assert zoe.timeline.get().text == "Imported from list.csv, line 2"
    assert AirtableRow.objects.filter(kind="registration").count() == 2
    assert Import.objects.get().content == ""

    after = counts()
    carry_out(client)  # pressed again
    found = looked(client, body)  # and handed in again
    assert (len(found.new), len(found.here)) == (0, 2)
    carry_out(client)
    assert counts() == after


def test_every_kind_of_mistake_is_told_in_plain_words_and_nothing_is_written(client):
    taken = factories.registration(shirt_number=9)
    before = counts()
    name, rest = GOOD.split(",", 1)
    bad = {
        "Zoë,14/05/2017,F,U10,Lions,Anna O,07700900501": "Child's full name “Zoë” must be",
        GOOD.replace("14/05/2017", "31/02/2017"): "Child's date of birth “31/02/2017” must be",
        GOOD.replace("14/05/2017", "14/05/1990"): "Child's date of birth is too early",
        GOOD.replace("14/05/2017", ""): "Child's date of birth is missing",
        GOOD.replace(",F,", ",purple,"): "Gender “purple” must be",
        GOOD.replace("lions", "Yetis"): "There is no team U10 Yetis in the season 2026-27",
        GOOD.replace("U10s", "U99"): "Age group “U99” must be U6 to U18",
        GOOD.replace("07700 900500", "0161 496 0000"): "Parent's mobile “0161 496 0000” must be",
        GOOD.replace("07700 900500", ""): "Parent's mobile is missing",
        GOOD.replace("Anna@Example.org", "nonsense"): "Parent's e-mail “nonsense” must be",
        GOOD.replace("m41 9sb", "QQ"): "Postcode “QQ” must be",
        f"{GOOD},,40": "Shirt number “40” must be 1 to 25",
        f"{GOOD},,9": "Shirt number 9 is taken already",
        f"{GOOD},,,,perhaps": "Agreed to club messages “perhaps” must be yes or no",
        f"{'Z' * 60} Long,{rest}": "is longer than 50 characters",
        f"Kim Twice,{rest}": "",
        f"kim  TWICE,{rest}": "The same child is in line 17 too",
        f"Ola Shirt,{rest},,4": "",
        f"Pia Shirt,{rest},,4": "Shirt number 4 is taken by line 19",
    }
    fine = [f"Kid{''.join(chr(97 + int(d)) for d in str(n))} Fine,{rest}" for n in range(LINES)]
    found = wrong(client, *bad, *fine)
    for line, (row, words) in enumerate(bad.items(), start=2):
        said = "; ".join(found.get(line, []))
        assert (words in said) if words else not said, (row, said)
    assert len(found) == len([words for words in bad.values() if words])
    page = carry_out(client)
    assert f"Nothing was imported: {len(found)} rows have something wrong" in page.content.decode()
    assert counts() == before
    address = reverse("admin:import", args=[Import.objects.latest("pk").pk])
    report = client.get(address, {"format": "csv"}).content.decode("utf-8-sig")
    told = [line.split(",")[0] for line in report.splitlines() if "cannot be taken" in line]
    assert {int(number) for number in told} == set(found)
    assert {line.split(",")[0] for line in report.splitlines()[1:]} == {
        str(number) for number in range(2, 2 + len(bad) + LINES)
    }
    assert taken.player.full_name not in report


def test_columns_that_were_not_guessed_are_chosen_by_hand(client):
    found = looked(client, "A,B,C\nU11,Bears,16\n", kind="teams")
    assert found.problems == [
        "No column of the file is “Age group”.",
        "No column of the file is “Team”.",
    ]
    address = reverse("admin:import", args=[Import.objects.get().pk])
    keys = ["own.age_group", "own.name", "own.squad_limit"]
    client.post(address, {"what": "columns", "column": [keys[0], keys[1], keys[1]]})
    assert client.get(address).context["looked"].problems == ["Two columns are both “Team”."]
    client.post(address, {"what": "columns", "column": keys})
    assert client.get(address).context["looked"].sound
    carry_out(client)
    team = Team.objects.get(name="Bears")
    assert (team.age_group, team.squad_limit, team.season) == ("u11", 16, factories.season())
    assert AirtableRow.objects.get(kind="team").object_id == team.pk
    found = looked(
        client, "Age group,Team\nU12,C-3\nU12,Cubs\nu12s,CUBS\nU10,LIONS\n", kind="teams"
    )
    assert [row.line for row in found.wrong] == [2, 4]
    assert [row.line for row in found.here] == [5]


def test_a_past_season_is_history_that_asks_nobody_for_money(client):
    old = factories.season(code="2425")
    factories.team(season=old)
    current = looked(client, f"{HEADINGS}\n{GOOD}\n", kind="past")
    assert current.problems == ["The season 2026-27 is not over: import its players as players."]
    given = {"kind": "past", "season": old.pk}
    file = SimpleUploadedFile(
        "old.csv", b"Child,Born,Team,Parent\nZed Old,1-2-2015,U10 Lions,P Old\n"
    )
    client.post(reverse("admin:import_table"), given | {"file": file})
    carry_out(client)
    row = Registration.objects.get(season=old)
    assert (row.status, row.signing_on_fee_pence, row.monthly_fee_pence) == ("active", 0, 0)
    assert (row.guardian.full_name, row.player.gender) == ("P Old", "Not Disclosed")
    assert not AirtableRow.objects.exists()
    assert not row.sms.exists()


def xlsx(*lines):
    book, saved = Workbook(), io.BytesIO()
    for line in lines:
        book.active.append(line)
    book.save(saved)
    return saved.getvalue()


def test_spreadsheets_and_old_encodings_are_read_and_formulas_are_only_text(client):
    found = looked(
        client,
        xlsx(
            ["Player Name", "DOB", "Gender", "Team", "Parent", "Mobile"],
            ["Zoë Ng", date(2017, 5, 14), "F", "U10 Lions", "Ann Ng", 7700900500],
            [None] * 6,
            [
                '=HYPERLINK("http://x","y z")',
                date(2017, 5, 14),
                "F",
                "U10 Lions",
                "A B",
                7700900501,
            ],
        ),
    )
    assert found.problems == []
    rows = found.rows
    assert (rows[0].player["dob"], str(rows[0].parent["phone"])) == (
        date(2017, 5, 14), "+447700900500",
    )  # fmt: skip
    assert rows[1].line == 4
    # Nobody calculated the formula, so its cell is empty: what it would do is never done.
    assert rows[1].problems == ["Child's first name is missing", "Child's last name is missing"]
    body = f"{HEADINGS}\n{GOOD}\n"
    for raw in (
        body.encode("cp1252"),
        body.encode("utf-8-sig"),
        body.encode("utf-16"),
        body.replace(",", ";").encode(),
        body.replace(",", "\t").replace("\n", "\r\n").encode(),
    ):
        assert looked(client, raw).rows[0].player["first_name"] == "Zoë"


def test_what_is_no_table_or_a_trap_is_refused_in_words(client):
    bomb = io.BytesIO()
    with zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as parts:
        parts.writestr("xl/worksheets/sheet1.xml", b" " * (tables.MOST_UNPACKED + 1))
    laughs = io.BytesIO()
    with zipfile.ZipFile(laughs, "w") as parts:
        parts.writestr(
            "[Content_Types].xml", b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "b">]>'
        )
    long = "\n".join(["name,team", *["a,b"] * (tables.MOST_ROWS + 1)])
    for raw, words in {
        b"": "empty",
        b"\n\n": "The file is empty",
        b"name,team\n": "at least one row",
        bytes(range(256)): "neither CSV nor XLSX",
        b"\xd0\xcf\x11\xe0 old": "old format",
        b"PK\x03\x04 cut": "damaged",
        bomb.getvalue(): "unpacks to far more",
        laughs.getvalue(): "unpacks to far more",
        xlsx(["name"], ["a"])[:2000]: "damaged",
        long.encode(): "split the file",
        b"x" * (tables.MOST_BYTES + 1): "larger than 5 MB",
        b'name,team\n"' + b"y" * 140_000 + b'",b\n': "cannot be read",
    }.items():
        page = hand_in(client, raw)
        assert words in str(page.context["form"].errors), (raw[:20], page.context["form"].errors)
    assert not Import.objects.exists()


def test_the_command_shows_first_and_imports_when_told(tmp_path: Path):
    file, said = tmp_path / "list.csv", io.StringIO()
    file.write_text(f"{HEADINGS}\n{GOOD}\n{GOOD.replace('14/05/2017', 'soon')}\n")
    call_command("import_table", "players", "2627", str(file), stdout=said)
    assert "line 3: Child's date of birth “soon” must be a date" in said.getvalue()
    assert "1 new, 0 here already, 1 cannot be taken" in said.getvalue()
    with pytest.raises(CommandError, match="Nothing was imported"):
        call_command("import_table", "players", "2627", str(file), "--yes", stdout=said)
    assert not Registration.objects.exists()
    file.write_text(f"{HEADINGS}\n{GOOD}\n")
    call_command("import_table", "players", "2627", str(file), "--yes", stdout=said)
    assert Registration.objects.count() == 1
    with pytest.raises(CommandError, match="no season 9900"):
        call_command("import_table", "players", "9900", str(file), stdout=said)


def test_as_many_lines_as_a_club_has_are_imported_in_bounded_statements(
    client, django_assert_max_num_queries
):
    rest = GOOD.split(",", 1)[1]
    names = ["".join(chr(97 + int(digit)) for digit in str(number)) for number in range(LINES)]
    body = "\n".join([HEADINGS, *[f"K{name} Fine,{rest}" for name in names]])
    Team.objects.update(squad_limit=LINES - 3)
    found = looked(client, body)
    assert len(found.new) == LINES
    assert [row.warnings for row in found.warned] == [
        [f"U10 Lions is full: with this line it passes its limit of {LINES - 3} by {over}"]
        for over in (1, 2, 3)
    ]
    with django_assert_max_num_queries(60 + LINES // 10):
        page = carry_out(client)
    assert f"{LINES} rows made" in page.content.decode()
    assert Player.objects.count() == LINES
    assert Family.objects.count() == 1
