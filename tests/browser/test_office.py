"""Staff in a real browser, at a desk and on a phone: each role's own afternoon, and axe on each.

A page is loaded once and looked at in both widths; what is pressed is pressed in both.
"""

import io
import os
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest
from allauth.mfa.totp.internal.auth import (
    format_hotp_value,
    hotp_value,
    yield_hotp_counters_from_time,
)
from axe_playwright_python.sync_playwright import Axe
from django.contrib.auth.models import Group, User
from django.test import Client
from PIL import Image
from playwright.sync_api import Page, expect

from integrations import clock
from payments.models import HandPayment, OpeningBalance
from registrations.models import Photo, PhotoBytes, Registration, TeamStaff
from tests import factories
from tests.browser.family import PATIENCE, listen

# One worker has them all: they share its browser and its server.
pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("office in a browser")]
WCAG = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]}
WIDTHS = {"desk": {"width": 1280, "height": 900}, "phone": {"width": 360, "height": 740}}
PASSWORD = "a-long-pass-word"


@pytest.fixture
def desk(browser, site):
    """A page for a role, signed in; what the browser complains of fails the test."""
    opened = []

    def open_page(role: str, team=None) -> Page:
        user = staff(role)
        if team:
            TeamStaff.objects.get_or_create(user=user, team=team)
        client = Client()
        client.force_login(user)
        context = browser.new_context(viewport=WIDTHS["desk"], reduced_motion="reduce")
        cookie = {"name": "sessionid", "value": client.cookies["sessionid"].value, "url": site}
        context.add_cookies([cookie])
        page, complaints = context.new_page(), []
        listen(page, complaints)
        opened.append((context, complaints))
        page.goto(f"{site}/admin/")
        return page

    yield open_page
    for context, complaints in opened:
        context.close()
        assert complaints == []


def staff(role: str) -> User:
    """The login of a role."""
    given = {"is_staff": True, "is_superuser": role == "Administrator"}
    user, _ = User.objects.get_or_create(username=role, defaults=given)
    user.groups.add(Group.objects.get(name=role))
    return user


@pytest.fixture
def child(site) -> Registration:
    """A child with medical notes, of whom something must be looked at."""
    player = factories.player(first_name="Amara", last_name="Okafor")
    notes = {"has_medical_issues": True, "medical_notes": "Asthma: a blue inhaler in her bag."}
    return factories.registration(player=player, flags=["look"], flagged_at=clock.now(), **notes)


def photo(row: Registration) -> None:
    """A photo that nobody has looked at."""
    now, face = clock.now(), io.BytesIO()
    made = Photo.objects.create(
        registration=row, uploaded_at=now, accepted_at=now, state="accepted"
    )
    Image.radial_gradient("L").resize((360, 460)).convert("RGB").save(face, "JPEG")
    PhotoBytes.objects.create(photo=made, jpeg=face.getvalue())


def wide(page: Page) -> Iterator[str]:
    """Each width in turn, set; the page is at a desk again afterwards."""
    for at, size in WIDTHS.items():
        page.set_viewport_size(size)
        yield at
    page.set_viewport_size(WIDTHS["desk"])


def sound(page: Page, words: str, *, part: str = "body", shot: str = "") -> None:
    """The page says `words`; in both widths it is no wider than its window, and axe is silent
    about it, or about a `part`.

    `shot` names its screenshots for docs/screens, where SCREENS names a folder.
    """
    expect(page.locator("body")).to_contain_text(words)
    for at in wide(page):
        over = page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
        assert over <= 0, f"{page.url} is {over} px too wide"
        found = Axe().run(page, context={"include": [[part]]}, options=WCAG)
        assert found.violations_count == 0, f"{page.url} {at}: {found.generate_report()}"
        if shot and "SCREENS" in os.environ:
            shoot(page, Path(os.environ["SCREENS"]) / f"office-{shot}-{at}.png")


def shoot(page: Page, file: Path) -> None:
    """A screenshot in few colours."""
    page.screenshot(path=file)
    few = Image.open(file).convert("P", palette=Image.Palette.ADAPTIVE, colors=64)
    few.save(file, optimize=True)


def test_a_registrar_looks_at_photos_writes_imports_and_chooses_their_mail(desk, child, site):
    photo(child)
    page = desk("Registrar")
    sound(page, "Photos to look at")
    page.locator(".office-tiles a", has_text="Photos to look at").click()
    sound(page, "Amara Okafor", shot="photos")
    for at in wide(page):
        page.locator(".office-photos select").focus()
        page.keyboard.press("a")
        page.get_by_role("button", name="Do what is chosen").click()
        expect(page.locator("body")).to_contain_text("No photo waits")
        if at == "desk":
            photo(child)
            page.reload()
    for path, words, shot in (
        ("circulars/write/?from=training_off", "What it is", "write"),
        ("import/", "Look at it", "import"),
        ("my-mail/", "Send me", ""),
        ("service-health/", "Twilio", "health"),
        ("new-season/", "Make the plan", ""),
        ("needs-a-person/", "Amara Okafor", ""),
        ("registrations/registration/", "Amara Okafor", "list"),
    ):
        page.goto(f"{site}/admin/{path}")
        sound(page, words, shot=shot)
    page.goto(f"{site}/admin/circulars/write/?from=training_off")
    page.locator("#id_purpose").select_option("notice")
    page.get_by_role("button", name="Look at it").click()
    sound(page, "Training of U10 Lions is off")
    page.goto(f"{site}/admin/registrations/registration/{child.pk}/change/")
    email = page.get_by_role("button", name="E-mail the payment link")
    for _ in wide(page):
        page.locator("summary", has_text="Messages").click()
        expect(email).to_be_visible()
        page.keyboard.press("Escape")
        expect(email).to_be_hidden()
    sound(page, "Amara Okafor")
    page.locator("summary", has_text="Messages").click()
    sound(page, "Amara Okafor", part=".office-buttons", shot="child")


def test_a_treasurer_records_cash_of_whoever_is_in_arrears(desk, child, site):
    OpeningBalance.objects.create(
        registration=child, pence=5500, as_of=date(2026, 6, 1), recorded_at=clock.now()
    )
    page = desk("Treasurer")
    sound(page, "In arrears", shot="treasurer")
    page.get_by_role("link", name="Books", exact=True).last.click()
    sound(page, "Outstanding")
    for path, words in (("books/rows/", "together"), ("payments/siblingcase/", "Sibling")):
        page.goto(f"{site}/admin/{path}")
        sound(page, words)
    for at in wide(page):
        page.goto(f"{site}/admin/books/arrears/")
        page.get_by_role("link", name="Okafor, Amara").first.click()
        page.locator("summary", has_text="Money").click()
        page.get_by_role("button", name="Record money", exact=True).click()
        page.locator("[name=purpose]").select_option("brought_forward")
        page.locator("[name=amount]").fill("10")
        page.locator("[name=reference]").fill(at)
        page.get_by_role("button", name="Record money").click()
        expect(page.locator("body")).to_contain_text("Recorded.")
    assert list(HandPayment.objects.values_list("pence", "reference").order_by("pk")) == [
        (1000, "desk"),
        (1000, "phone"),
    ]


def test_a_welfare_officer_reads_notes_in_an_emergency_and_it_is_told(desk, child, site):
    page = desk("Welfare officer")
    sound(page, "Registered", shot="welfare")
    for _ in wide(page):
        page.goto(f"{site}/admin/")
        page.get_by_role("link", name="Find a child").click()  # 1
        page.get_by_role("link", name="Amara Okafor").first.click()  # 2
        page.get_by_role("button", name="Show medical and collection notes").click()  # 3
        expect(page.locator(".office-sms").first).to_contain_text("blue inhaler")
    sound(page, "May not collect", shot="notes")
    page.get_by_role("link", name="Back to the registration").click()
    sound(page, "Medical notes and who may not collect were viewed")
    page.goto(f"{site}/admin/registrations/registration/{child.pk}/history/")
    sound(page, "Viewed: medical notes and who may not collect", shot="history")
    assert page.get_by_text("Viewed: medical notes").count() == 2


def test_a_manager_on_a_wet_pitch_and_a_committee_member_see_their_own(desk, child, site):
    page = desk("Team manager", team=child.team)
    sound(page, "Registered", shot="manager")
    for _ in wide(page):
        page.goto(f"{site}/admin/registrations/team/{child.team_id}/change/")
        page.locator("summary", has_text="Papers").click()
        page.get_by_role("button", name="Emergency sheet").click()
        expect(page.locator("body")).to_contain_text("It opens for you only")
        with page.expect_download(timeout=PATIENCE) as paper:
            page.get_by_role("link", name="Open the sheet").click()
        assert paper.value.suggested_filename == "emergency-u10-lions-2627.pdf"
    sound(page, "It opens for you only", shot="emergency")
    page = desk("Committee")
    sound(page, "Registered", shot="committee")
    assert page.locator(".office-tiles a").count() == 1  # the work queue; numbers lead nowhere


def test_an_administrator_ends_somebodys_access_and_reads_the_trail(desk, child, site):
    leavers = [staff("Treasurer"), staff("Committee")]
    page = desk("Administrator")
    sound(page, "Services", shot="home")
    page.goto(f"{site}/admin/auth/user/")
    sound(page, "Treasurer", shot="staff")
    for leaver, at in zip(leavers, wide(page), strict=True):
        page.goto(f"{site}/admin/auth/user/{leaver.pk}/change/")
        page.get_by_role("button", name="End access (somebody leaves)").click()
        expect(page.locator(".office-confirm")).to_contain_text("agents' tokens end now")
        page.get_by_role("button", name="End access (somebody leaves)").click()
        expect(page.locator("body")).to_contain_text("Ended: access")
        leaver.refresh_from_db()
        assert not leaver.is_active, at
    sound(page, "What they may do", shot="login")
    role = Group.objects.get(name="Committee")
    for path, words, shot in (
        (f"auth/group/{role.pk}/change/", "Can view season", "role"),
        ("integrations/auditentry/", "End access", "trail"),
        ("waiting-lists/", "Nobody waits", ""),
    ):
        page.goto(f"{site}/admin/{path}")
        sound(page, words, shot=shot)


def test_five_tasks_take_at_most_three_clicks_from_home(desk, child, site):
    photo(child)
    page = desk("Administrator")
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


@pytest.fixture
def door(browser, site):
    """The sign-in page of an administrator whose device has a lock: it can make passkeys."""
    boss = User.objects.create_superuser("boss", "boss@club.example", PASSWORD)
    context = browser.new_context(viewport=WIDTHS["desk"], reduced_motion="reduce")
    page, complaints = context.new_page(), []
    listen(page, complaints)
    wire = context.new_cdp_session(page)
    wire.send("WebAuthn.enable")
    lock = {"protocol": "ctap2", "transport": "internal", "hasResidentKey": True}
    lock |= {"hasUserVerification": True, "isUserVerified": True}
    wire.send("WebAuthn.addVirtualAuthenticator", {"options": lock})
    page.goto(f"{site}/admin/")
    yield page, boss
    context.close()
    assert complaints == []


def submit(page: Page, **given: str) -> None:
    """Fill in the form that is there, by the names of its fields, and press Enter."""
    for name, value in given.items():
        page.locator(f"[name={name}]").fill(value)
    page.keyboard.press("Enter")


def code_of(secret: str) -> str:
    """What an authenticator app shows now."""
    _, counter, _ = yield_hotp_counters_from_time()
    return format_hotp_value(hotp_value(secret, counter))


def test_whoever_signs_in_sets_up_a_passkey_an_app_and_codes(door, site, settings):
    settings.OFFICE_TWO_FACTOR = True
    page, boss = door
    account = f"{site}/admin/account"
    sound(page, "Sign in with a passkey", shot="sign-in")
    page.get_by_role("link", name="Forgot your password?").click()
    sound(page, "Give the e-mail address")
    submit(page, email="boss@club.example")
    sound(page, "Look into your mailbox")
    page.goto(f"{site}/admin/login/")
    submit(page, login="boss", password="wrong")
    sound(page, "correct")
    submit(page, login="boss", password=PASSWORD)
    sound(page, "Before anything else", shot="account")

    page.get_by_role("link", name="Add a passkey").click()
    sound(page, "Confirm Access")
    submit(page, password=PASSWORD)
    sound(page, "Add a passkey", shot="passkey")
    page.get_by_role("button", name="Add it").click()
    expect(page.locator("body")).to_contain_text("Passkey added")
    page.goto(f"{account}/recovery/")
    sound(page, "Unused codes")
    page.goto(f"{account}/passkeys/")
    sound(page, "Your passkeys")
    for link, words in (("Rename Passkey", "Rename a passkey"), ("Remove Passkey", "nothing here")):
        page.get_by_role("link", name=link).click()
        sound(page, words)
        page.get_by_role("link", name="No, go back").click()

    page.goto(f"{account}/app/")
    secret = page.locator("#authenticator_secret").input_value()
    sound(page, "scan the QR code", shot="app")
    submit(page, code=code_of(secret))
    expect(page.locator("body")).to_contain_text("Recovery")
    for path, words in (
        ("app/off/", "Are you sure"),
        ("recovery/new/", "Are you sure"),
        ("../password_change/", "Old password"),
        ("", "Your last sign-ins"),
    ):
        page.goto(f"{account}/{path}")
        sound(page, words)

    page.context.clear_cookies()
    page.goto(f"{site}/admin/login/")
    submit(page, login="boss", password=PASSWORD)
    sound(page, "Your second factor")
    page.context.clear_cookies()
    page.goto(f"{site}/admin/login/")
    page.get_by_role("button", name="Sign in with a passkey").click()
    expect(page.locator(".office-tiles")).to_be_visible(timeout=PATIENCE)
    assert [one.outcome for one in boss.sign_ins.order_by("pk")] == ["password", "ok", "ok"]
