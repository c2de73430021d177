"""A family comes back in a real browser, on a phone: one child by its code, three by the link."""

import re
from datetime import date, timedelta

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from integrations import clock
from registrations.actions import inviting, offering, proving_back, rollover_commit, rollover_plan
from registrations.models import Consent, Guardian, Invitation, Photo, Registration, Season
from tests import factories
from tests.browser.family import PATIENCE
from tests.browser.test_journey import RULES

pytestmark = pytest.mark.browser
TEAMS = {"Sam": ("u10", "Lions", 2017), "Ben": ("u11", "Owls", 2016), "Ann": ("u12", "Bears", 2015)}


@pytest.fixture
def digits(monkeypatch) -> list[str]:
    """The six digits of every text that went out."""
    sent: list[str] = []
    send = "registrations.actions.proving_back.sms.send"
    monkeypatch.setattr(send, lambda phone, body: sent.append(re.search(r"\d{6}", body)[0]))
    return sent


@pytest.fixture
def parent(site, move_clock) -> Guardian:
    """It is June 2027; the parent of one to three children of last season."""
    move_clock(timedelta(days=(date(2027, 6, 20) - clock.today()).days))
    return factories.guardian(phone="+447700900123")


def last_season(parent: Guardian, *names: str) -> int:
    """Children with kit, consents and a photo, and the season rolled over; the rollover's id."""
    at = clock.now() - timedelta(days=300)
    for name in names:
        age, team, born = TEAMS[name]
        child = factories.player(
            family=parent.family, first_name=name, dob=date(born, 3, 5), last_name="Okafor"
        )
        row = factories.active_registration(
            team=factories.team(age_group=age, name=team),
            guardian=parent,
            player=child,
            shirt_number=7,
            kit_size="9/10",
        )
        for kind in ("club_messages", "photo_squad"):
            Consent.objects.create(
                registration=row, kind=kind, wording="2026-06", given=True, decided_at=at
            )
        Photo.objects.create(
            registration=row, state="accepted", uploaded_at=at, accepted_at=at, storage_key="a.jpg"
        )
    season = Season.objects.get(code="2627")
    plan = rollover_plan.plan(season, rollover_plan.Wishes(), at=clock.now(), by="reg")
    return rollover_commit.commit(plan.pk, at=clock.now(), by="reg").pk


def turn(page: Page, text: str) -> str:
    """One answer, by its button where there is one; what the club says to it."""
    before = page.locator("#log > *").count()
    button = page.locator("#ask button[name=choice]", has_text=re.compile(f"^{text}$"))
    if button.count():
        button.first.click()
    elif page.locator("#ask [name=day]").count():
        for part, value in zip(("day", "month", "year"), text.split(), strict=True):
            page.fill(f"#ask [name={part}]", value)
        page.click("#ask .words .send")
    else:
        page.fill("#words", text)
        page.click("#ask .words .send")
    expect(page.locator("#log > *")).not_to_have_count(before, timeout=PATIENCE)
    page.wait_for_function("n => document.querySelectorAll('#log > *').length >= n + 2", arg=before)
    return page.locator("#log > *").last.inner_text()


def test_one_child_comes_back_by_its_code(new_family, parent, digits):
    last_season(parent, "Sam")
    page = new_family().page
    turn(page, "100-lions-u11-2728-sam-okafor")
    turn(page, "5 3 2017")
    proving_back.send_due()
    turn(page, digits[0])
    for _ in range(3):
        assert "Station" not in page.inner_text("#log")  # what is on file is shown masked
        said = turn(page, "Yes")
    assert "All done, Priya!" in said
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    new = Registration.objects.get(season__code="2728")
    assert (new.kind, new.shirt_number, new.new_kit_required) == ("100", 7, False)


def test_three_children_come_back_in_one_sitting_by_the_invitations_link(new_family, site, parent):
    inviting.invite(last_season(parent, *TEAMS), a_minute=60, at=clock.now())
    page = new_family().page
    page.goto(f"{site}/return/{Invitation.objects.get().token}")
    found = Axe().run(page, options=RULES)
    assert found.violations_count == 0, found.generate_report()
    page.click("text=Let us start")
    said = page.inner_text("#log")
    assert "Ann, Ben and Sam" in said
    for _ in range(6):
        said = turn(page, "Yes")
        if "are registered" in said:
            break
    assert "Ann, Ben and Sam are registered" in said
    assert Registration.objects.filter(season__code="2728", kind="100").count() == 3
    page.goto(f"{site}/return/{Invitation.objects.get().token}")
    expect(page.locator("main")).to_contain_text("Thank you, you have answered")


def test_an_offered_place_is_taken_on_a_phone(new_family, site):
    row = factories.registration(status="waiting", waiting_since=clock.now())
    made = offering.offer(row.pk, at=clock.now(), by="boss")
    page = new_family().page
    page.goto(f"{site}/place/{made.token}")
    found = Axe().run(page, options=RULES)
    assert found.violations_count == 0, found.generate_report()
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    page.click("text=Yes, we take the place")
    expect(page.locator("main")).to_contain_text("Pay now")
    row.refresh_from_db()
    assert row.status == "pending_payment"
