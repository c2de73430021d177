"""A team's papers: who may make them, what they say, and that no name breaks them."""

import csv
import io
import zipfile
from datetime import date, timedelta

import pytest
from django.contrib.auth.models import Group, User
from django.urls import reverse
from PIL import Image

from integrations import clock, papers
from registrations.models import Consent, Photo, PhotoBytes, TeamStaff
from tests import factories

pytestmark = pytest.mark.django_db
NAMES = ["Zoë O'Neil", "Анна Żółć", "王 小明", "रवि कुमार", "محمد علي", "שלום כהן", "<b>&x 😀"]


@pytest.fixture
def said(monkeypatch):
    """Every text that was put on paper."""
    found, plain = [], papers.text

    def text(words, **style):
        found.append(words)
        return plain(words, **style)

    monkeypatch.setattr(papers, "text", text)
    return found


@pytest.fixture
def child():
    """A child with everything that a sheet shows."""
    player = factories.player(
        first_name="Zoë", fan="FAN1", identity_seen_by="T Clerk", identity_seen_on=date(2026, 7, 1)
    )
    row = factories.active_registration(
        player=player,
        guardian=factories.guardian(family=player.family),
        has_medical_issues=True,
        medical_notes="Asthma: blue inhaler",
        not_to_collect="Uncle Jim",
        emergency_name="Nan",
        emergency_phone="+447700900777",
        shirt_number=7,
    )
    now, face = clock.now(), io.BytesIO()
    photo = Photo.objects.create(
        registration=row, uploaded_at=now, accepted_at=now, state="accepted"
    )
    Image.new("RGB", (900, 1200), "navy").save(face, "JPEG")
    PhotoBytes.objects.create(photo=photo, jpeg=face.getvalue())
    Consent.objects.create(
        registration=row, kind="photo_squad", wording="1", given=True, decided_at=now
    )
    return row


def staff(client, role, team=None, place="manager"):
    user = User.objects.create_user(f"{role} {place} {team}", is_staff=True)
    user.groups.add(Group.objects.get(name=role))
    if team:
        TeamStaff.objects.create(user=user, team=team, role=place)
    client.force_login(user)
    return user


def press(client, team, name):
    return client.post(reverse("admin:registrations_team_do", args=[team.pk, name]))


def sheet(client, team):
    page = press(client, team, "emergency_sheet")
    return client.get(page.context["url"]), page.context["url"]


def test_the_emergency_sheet_opens_for_its_maker_only_while_its_link_lasts(
    client, child, said, move_clock
):
    team = child.team
    manager = staff(client, "Team manager", team)
    paper, url = sheet(client, team)
    assert paper.content.startswith(b"%PDF")
    assert "no-store" in paper["Cache-Control"]
    text = "\n".join(said)
    for words in ("Asthma: blue inhaler", "Uncle Jim", "Nan (second contact): 07700 900777"):
        assert words in text
    assert f"Made for {manager.username} on" in text
    assert f"(mother): 0{str(child.guardian.phone)[3:7]}" in text
    noted = child.timeline.get(text__startswith="Emergency sheet")
    assert noted.by == manager.username

    staff(client, "Welfare officer")
    assert client.get(url).status_code == 403  # another's link
    assert sheet(client, team)[0].status_code == 200
    client.force_login(manager)
    assert client.get(url[:-3] + "xx/").status_code == 403
    move_clock(timedelta(hours=7))
    assert client.get(url).status_code == 410
    assert "has expired" in client.get(url).content.decode()
    move_clock(timedelta(hours=-7))
    TeamStaff.objects.filter(user=manager).delete()
    assert client.get(url).status_code in (403, 404)


def test_nobody_else_gets_the_emergency_sheet(client, child):
    other = factories.team(name="Tigers")
    for role, team, place in (
        ("Registrar", None, "x"),
        ("Treasurer", None, "x"),
        ("Committee", None, "x"),
        ("Team manager", child.team, "coach"),
        ("Team manager", other, "manager"),
    ):
        staff(client, role, team, place)
        answer = press(client, child.team, "emergency_sheet")
        assert answer.status_code in (403, 404), role
    assert not child.timeline.filter(text__startswith="Emergency").exists()


def test_the_league_pack_says_who_is_ready_and_what_lacks(client, child, said):
    bare = factories.registration(team=child.team)
    factories.registration(team=child.team, waiting_since=clock.now(), status="waiting")
    staff(client, "Registrar")
    answer = press(client, child.team, "league_pack")
    files = zipfile.ZipFile(io.BytesIO(answer.content))
    assert [name.partition("/")[2] for name in files.namelist()] == [
        "checklist.pdf", "checklist.csv", "team-sheet.pdf", "id-cards.pdf",
    ]  # fmt: skip
    table = files.read("u10-lions-2627/checklist.csv").decode("utf-8-sig")
    lines = {line["Player"]: line for line in csv.DictReader(io.StringIO(table))}
    assert len(lines) == 2
    full = lines[child.player.full_name]
    assert (full["FAN"], full["Birthday proved"], full["Lacking"]) == (
        "FAN1", "T Clerk 01-07-2026", "",
    )  # fmt: skip
    lacking = "FAN, Birthday proved, Photo, Photo consent, Fee and months"
    assert lines[bare.player.full_name]["Lacking"] == lacking
    assert "1 of 2 players are ready." in said
    assert "NO: pending payment" in said
    assert "Asthma" not in "\n".join(said)
    assert child.timeline.filter(text="Photo shown in the league pack").count() == 1

    staff(client, "Team manager", child.team)
    answer = press(client, child.team, "league_pack")
    names = zipfile.ZipFile(io.BytesIO(answer.content)).namelist()
    assert not any("cards" in name for name in names)
    assert press(client, child.team, "id_cards").status_code == 403
    assert press(client, child.team, "team_sheet").content.startswith(b"%PDF")


def test_names_in_any_script_and_broken_photos_break_no_paper(client, child):
    for name in NAMES:
        first, _, last = name.partition(" ")
        child.player.first_name, child.player.last_name = first, last
        child.player.save()
        PhotoBytes.objects.update(jpeg=b"\xff\xd8 cut")
        staff(client, "Administrator", child.team, name)
        for paper in ("team_sheet", "id_cards"):
            assert press(client, child.team, paper).content.startswith(b"%PDF"), name
        assert sheet(client, child.team)[0].content.startswith(b"%PDF")
    assert papers._markup("रवि") == "ravai"
    assert papers._markup("王 & 김") == '<font name="STSong-Light">王</font> &amp; gim'
    assert papers._markup("שלום") == "םולש"
    assert papers._markup("a\x07\nb") == "a<br/>b"
