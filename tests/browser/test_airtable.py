"""A volunteer's afternoon: edit rows in the base's grid, see them arrive, settle a conflict."""

import os
from datetime import timedelta
from pathlib import Path
from threading import Event, Thread

import pytest
from django.contrib.auth.models import User
from django.db import connections, transaction
from django.test import Client
from PIL import Image
from playwright.sync_api import Page, expect

from integrations import clock, guard
from integrations.airtable import hooks, pull, push
from integrations.models import AirtableConflict, AirtableRow
from registrations.actions import sync
from registrations.airtable_tables import RegistrationTable
from registrations.models import Guardian, Registration
from tests import factories
from tests.integrations.airtable.conftest import TABLE, Club

pytestmark = pytest.mark.browser
PATIENCE = 90_000  # ms: a deadline, not a wait
OF_HER = "tr:has-text('Okafor')"


def shoot(page: Page, name: str) -> None:
    """A screenshot for docs/screens, where SCREENS names a folder."""
    if "SCREENS" in os.environ:
        file = Path(os.environ["SCREENS"]) / f"airtable-{name}.png"
        page.screenshot(path=file)
        Image.open(file).convert("P", palette=Image.Palette.ADAPTIVE, colors=48).save(
            file, optimize=True
        )


@pytest.fixture
def afternoon(site, sandbox, move_clock, monkeypatch, settings) -> Club:
    """A club with five children, in step with its base, and a worker."""
    monkeypatch.setitem(guard.SPACING, "airtable", 0)
    settings.SANDBOX_URL, settings.USE_SANDBOX = sandbox.url, True
    club = Club(sandbox, move_clock)
    for name in ("Amara Okafor", "Tom Hughes", "Zara Begum", "Filip Novak", "Ella Whitfield"):
        first, last = name.split()
        factories.registration(player=factories.player(first_name=first, last_name=last))
    club.fill()
    pull.pull(RegistrationTable(), TABLE, full=True)
    hooks.keep()
    stop = Event()

    def work() -> None:
        while not stop.wait(0.2):
            hooks.drain()
            push.push_due()
        connections.close_all()

    thread = Thread(target=work, daemon=True)
    thread.start()
    yield club
    stop.set()
    thread.join(10)


@pytest.fixture
def office(page: Page, site) -> Page:
    """A member of staff who is signed in."""
    client = Client()
    client.force_login(User.objects.create_superuser("registrar"))
    key = client.cookies["sessionid"].value
    page.context.add_cookies([{"name": "sessionid", "value": key, "url": site}])
    page.set_viewport_size({"width": 1280, "height": 800})
    page.set_default_timeout(PATIENCE)
    return page


def edit(page: Page, sandbox, **cells: str) -> None:
    """What a volunteer does in the grid."""
    page.goto(f"{sandbox.url}/tables/{TABLE}?q=Okafor")
    shoot(page, "1-grid")
    page.locator(f"{OF_HER} a").first.click()
    for name, value in cells.items():
        page.get_by_label(name, exact=True).fill(value)
    shoot(page, "2-row")
    page.get_by_role("button", name="Save").click()
    expect(page.locator("h1")).to_have_text(TABLE, timeout=PATIENCE)


def eventually(page: Page, url: str, words: str) -> None:
    """Look again until the page says so."""
    until = clock.pace() + PATIENCE / 1000
    while True:
        page.goto(url)
        if words in page.content():
            return
        assert clock.pace() < until, f"{url} never said {words}"


def test_a_volunteers_afternoon(afternoon, office, site, sandbox):
    page, her = office, Registration.objects.get(player__last_name="Okafor")
    edit(page, sandbox, parent_town="Davyhulme", previous_team_name="Sale Juniors")
    url = f"{site}/admin/registrations/registration/{her.pk}/change/"
    eventually(page, url, "Edited in Airtable")
    expect(page.locator("body")).to_contain_text("Davyhulme", timeout=PATIENCE)
    page.locator("#timeline").scroll_into_view_if_needed()
    shoot(page, "3-arrived")
    page.get_by_role("link", name="Open the record").click()
    expect(page).to_have_url(
        f"{sandbox.url}/rows/{afternoon.table.id}/{_record(her)}", timeout=PATIENCE
    )
    _both_edit(afternoon, page, sandbox, her)
    eventually(page, f"{site}/admin/needs-a-person/", "Changed here and in Airtable")
    page.goto(f"{site}/admin/integrations/airtableconflict/?state=open")
    expect(page.locator("#result_list")).to_contain_text("volunteer@club.example", timeout=PATIENCE)
    shoot(page, "4-conflicts")
    page.get_by_role("link", name="parent_town").first.click()
    expect(page.get_by_role("button", name="Take ours")).to_be_visible(timeout=PATIENCE)
    shoot(page, "5-conflict")
    page.get_by_role("button", name="Take ours").click()
    expect(page.get_by_text("Both sides will hold what stood here.")).to_be_visible(
        timeout=PATIENCE
    )
    afternoon.move_clock(timedelta(seconds=15))
    eventually(page, f"{sandbox.url}/tables/{TABLE}?q=Okafor", "Flixton")
    assert Registration.objects.get(pk=her.pk).guardian.town == "Flixton"
    assert AirtableConflict.objects.filter(settled_at=None).count() == 0
    page.goto(f"{site}/admin/integrations/airtabletable/")
    shoot(page, "6-tables")


def _record(registration: Registration) -> str:
    return AirtableRow.objects.get(kind="registration", object_id=registration.pk).record_id


def _both_edit(club: Club, page: Page, sandbox, her: Registration) -> None:
    """Staff change the town at the moment at which a volunteer does."""
    club.move_clock(timedelta(seconds=30))
    until = clock.pace() + PATIENCE / 1000
    while AirtableRow.objects.waiting().exists():  # what the first edit brought is done with
        assert clock.pace() < until
        page.wait_for_timeout(50)
    Guardian.objects.filter(pk=her.guardian_id).update(town="Flixton")
    edit(page, sandbox, parent_town="Stretford")
    with transaction.atomic():
        sync.touch(her)
