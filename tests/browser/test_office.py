"""Staff in a real browser, at a desk and on a phone: each role's own afternoon, and axe on each."""

import io
import os
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.contrib.auth.models import Group, User
from django.test import Client
from PIL import Image
from playwright.sync_api import expect

from integrations import clock
from registrations.models import Photo, PhotoBytes, Registration, TeamStaff
from tests import factories

pytestmark = pytest.mark.browser
WCAG = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]}
DESK, PHONE = {"width": 1280, "height": 900}, {"width": 360, "height": 740}
PATIENCE = 60_000  # ms: a deadline, not a wait


def shoot(page, name: str) -> None:
    """A screenshot for docs/screens, where SCREENS names a folder."""
    if "SCREENS" in os.environ:
        file = Path(os.environ["SCREENS"]) / f"office-{name}.png"
        page.screenshot(path=file)
        Image.open(file).convert("P", palette=Image.Palette.ADAPTIVE, colors=64).save(
            file, optimize=True
        )


@pytest.fixture
def desk(browser, site):
    """A page for a role at a width: signed in; what the browser complains of fails the test."""
    opened = []

    def open_page(role: str, size: dict, team=None):
        user, _ = User.objects.get_or_create(
            username=role, defaults={"is_staff": True, "is_superuser": role == "Administrator"}
        )
        user.groups.add(Group.objects.get(name=role))
        if team:
            TeamStaff.objects.get_or_create(user=user, team=team)
        client = Client()
        client.force_login(user)
        context = browser.new_context(viewport=size, reduced_motion="reduce")
        cookie = {"name": "sessionid", "value": client.cookies["sessionid"].value, "url": site}
        context.add_cookies([cookie])
        page, said = context.new_page(), []
        page.on("pageerror", lambda error: said.append(str(error)))
        opened.append((context, said))
        page.goto(f"{site}/admin/")
        return page

    yield open_page
    for context, said in opened:
        context.close()
        assert said == []


@pytest.fixture
def child(site) -> Registration:
    """A child with a photo that nobody has looked at."""
    player = factories.player(first_name="Amara", last_name="Okafor")
    row = factories.registration(player=player, flags=["look"], flagged_at=clock.now())
    now, face = clock.now(), io.BytesIO()
    photo = Photo.objects.create(
        registration=row, uploaded_at=now, accepted_at=now, state="accepted"
    )
    Image.radial_gradient("L").resize((360, 460)).convert("RGB").save(face, "JPEG")
    PhotoBytes.objects.create(photo=photo, jpeg=face.getvalue())
    return row


def sound(page, words: str, *, part: str = ".office") -> None:
    """The page says `words`, is no wider than its window, and axe finds nothing in our part."""
    expect(page.locator("#main, main, body").first).to_contain_text(words, timeout=PATIENCE)
    wide = page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
    assert wide <= 0, f"{page.url} is {wide} px too wide"
    found = Axe().run(page, context={"include": [[part]]}, options=WCAG)
    assert found.violations_count == 0, found.generate_report()


@pytest.mark.parametrize("size", [DESK, PHONE], ids=["desk", "phone"])
def test_a_registrar_looks_at_photos_writes_imports_and_chooses_their_mail(desk, child, site, size):
    page = desk("Registrar", size)
    at = "desk" if size is DESK else "phone"
    sound(page, "Photos to look at")
    page.locator(".office-tiles a", has_text="Photos to look at").click()
    sound(page, "Amara Okafor")
    shoot(page, f"photos-{at}")
    page.locator(".office-photos select").focus()
    page.keyboard.press("a")
    page.get_by_role("button", name="Do what is chosen").click()
    sound(page, "No photo waits")
    for path, words, name in (
        ("circulars/write/?from=training_off", "What it is", "write"),
        ("import/", "Look at it", "import"),
        ("my-mail/", "Send me", "mail"),
        ("service-health/", "Twilio", "health"),
        ("new-season/", "Make the plan", "season"),
    ):
        page.goto(f"{site}/admin/{path}")
        sound(page, words)
        shoot(page, f"{name}-{at}")
    page.goto(f"{site}/admin/circulars/write/?from=training_off")
    page.locator("#id_purpose").select_option("notice")
    page.get_by_role("button", name="Look at it").click()
    sound(page, "Training of U10 Lions is off")
    page.goto(f"{site}/admin/registrations/registration/{child.pk}/change/")
    page.locator("summary", has_text="Messages").click()
    expect(page.get_by_role("button", name="E-mail the payment link")).to_be_visible()
    sound(page, "Amara Okafor", part=".office-buttons")
    shoot(page, f"child-{at}")
    page.keyboard.press("Escape")
    expect(page.get_by_role("button", name="E-mail the payment link")).to_be_hidden()


@pytest.mark.parametrize("size", [DESK, PHONE], ids=["desk", "phone"])
def test_a_manager_on_a_wet_pitch_and_a_committee_member_see_their_own(desk, child, site, size):
    page = desk("Team manager", size, team=child.team)
    sound(page, "Registered")
    page.goto(f"{site}/admin/registrations/team/{child.team_id}/change/")
    page.locator("summary", has_text="Papers").click()
    page.get_by_role("button", name="Emergency sheet").click()
    sound(page, "It opens for you only")
    shoot(page, f"emergency-{'desk' if size is DESK else 'phone'}")
    with page.expect_download(timeout=PATIENCE) as paper:
        page.get_by_role("link", name="Open the sheet").click()
    assert paper.value.suggested_filename == "emergency-u10-lions-2627.pdf"
    page = desk("Committee", size)
    sound(page, "Registered")
    assert page.locator(".office-tiles a").count() == 1  # the work queue; numbers lead nowhere


def test_five_tasks_take_at_most_three_clicks_from_home(desk, child, site):
    page = desk("Administrator", DESK)
    home, row = f"{site}/admin/", f"/registrations/registration/{child.pk}/change/"

    def at_home():
        page.goto(home)
        return page

    at_home().get_by_role("link", name="Find a child").click()  # 1
    page.get_by_role("link", name="Amara Okafor").first.click()  # 2
    expect(page).to_have_url(home.rstrip("/") + row)
    for menu, button in (("Messages", "Resend the payment SMS"), ("Place", "Suspend")):
        # The child is on home's own list of what waits: 1, its menu: 2, the button: 3.
        at_home().get_by_role("link", name="Amara Okafor").first.click()
        page.locator("summary", has_text=menu).click()
        page.get_by_role("button", name=button, exact=True).click()
        expect(page.locator(".office-confirm")).to_be_visible()
    at_home().get_by_role("link", name="Amara Okafor").first.click()  # why this fee: 1
    expect(page.locator("#content-main, #main").first).to_contain_text("£27.50")
    at_home().locator(".office-tiles a", has_text="Photos to look at").click()  # 1
    page.get_by_role("button", name="All of this page will do").click()  # 2
    expect(page.locator("#main, body").first).to_contain_text("1 will do")
