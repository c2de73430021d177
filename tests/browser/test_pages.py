"""Every page beside the chat: axe, in light and in dark, on a phone; resuming and the status."""

from datetime import date, timedelta

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.core import mail
from playwright.sync_api import expect

from integrations import clock
from integrations.audit import AuditEntry
from payments.models import MonthlyCharge
from registrations.actions import changing, resuming
from registrations.models import Draft
from tests import factories
from tests.browser.family import PATIENCE
from tests.browser.test_journey import RULES

pytestmark = pytest.mark.browser
CONTRAST = {"runOnly": {"type": "rule", "values": ["color-contrast"]}}
HOSTILE = "<img src=x onerror=window.hit=1>"


def _sound(page, words: str, *, dark: bool = False) -> None:
    """The page says `words`, fits a phone, and axe finds nothing; nor in dark, where asked."""
    expect(page.locator("main")).to_contain_text(words)
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    found = Axe().run(page, options=RULES)
    assert found.violations_count == 0, found.generate_report()
    if not dark:
        return
    page.emulate_media(color_scheme="dark")
    found = Axe().run(page, options=CONTRAST)
    assert found.violations_count == 0, found.generate_report()
    page.emulate_media(color_scheme="light")


@pytest.fixture
def active(site):
    """A registration with everything in place, and a month on the books."""
    player = factories.player(first_name=HOSTILE)
    made = factories.active_registration(player=player, kit_size="9/10", shirt_number=7)
    MonthlyCharge.objects.create(
        registration=made, month=date(2026, 9, 1), pence=2750, charge_on=date(2026, 9, 15)
    )
    return made


def test_axe_finds_nothing_on_any_payment_page(new_family, site, active, sandbox, monkeypatch):
    page = new_family().page
    moment = clock.now()
    cancelled = factories.registration(cancelled_at=moment, status="cancelled")
    waiting = factories.registration(waiting_since=moment, status="waiting")
    owing, double = factories.registration(), factories.registration(duplicate_of=active)
    sandbox.down("gocardless")
    monkeypatch.setattr("payments.actions.links.PATIENCE_SECONDS", 0.2)
    for path, words in {
        "nobody": "We do not know this link",
        active.token: "All done, thank you",
        cancelled.token: "This registration was cancelled",
        waiting.token: "Nothing to pay yet",
        double.token: "Please use the link in our text",
        owing.token: "The payment page cannot be reached",
        f"{owing.token}/return": "waiting for your bank",
        f"{owing.token}/exit": "No payment was made",
        f"{owing.token}/status": "please pay it through your link",
        f"{active.token}/status": "Everything is in place",
        f"{cancelled.token}/status": "was cancelled",
    }.items():
        page.goto(f"{site}/reg_setup/{path}")
        _sound(page, words, dark=path == owing.token or path.endswith("status"))
    assert page.evaluate("window.hit") is None
    monkeypatch.setattr("payments.pages.VISITS_A_MINUTE", 0)
    page.goto(f"{site}/reg_setup/nobody")
    _sound(page, "Just a moment")


def test_axe_finds_nothing_where_something_goes_wrong(new_family, site, monkeypatch):
    page = new_family().page
    for path, words in {
        "/nothing-lives-here": "There is nothing here",
        "/privacy": "How we look after what you tell us",
        "/resume/nobody": "We do not know this link",
    }.items():
        page.goto(f"{site}{path}")
        _sound(page, words)
    monkeypatch.setattr("registrations.limits.AN_ADDRESS", 0)
    page.goto(f"{site}/resume/nobody")
    _sound(page, "Just a moment")
    monkeypatch.setattr("registrations.chat.screen.transcript", lambda *_: 1 / 0)
    page.goto(site)
    _sound(page, "Something went wrong on our side", dark=True)


def test_the_conversation_goes_on_on_another_device(new_family, site):
    phone = new_family()
    phone.until("child_dob")
    phone.page.get_by_text("Carry on later or on another device").click()
    phone.page.get_by_role("button", name="Show me the link").click()
    _sound(phone.page, "Your link", dark=True)
    link = phone.page.inner_text("code.link")
    laptop = new_family(viewport={"width": 1280, "height": 800})
    laptop.page.set_viewport_size({"width": 360, "height": 740})
    laptop.until("parent_name")
    laptop.page.goto(link)
    _sound(laptop.page, "Carry on with your registration", dark=True)
    laptop.page.get_by_role("button", name="Carry on here").click()
    expect(laptop.page.locator("[name=day]")).to_be_visible()
    assert "Sam Ashworth" in laptop.said()
    laptop.until("medical")
    laptop.page.reload()
    expect(laptop.page.locator("#log")).to_contain_text("medical", timeout=PATIENCE)
    assert laptop.question == "medical"
    draft = Draft.objects.exclude(answers={}).get()
    assert draft.answers["child_dob"] == "2017-05-14"
    laptop.page.goto(link)
    _sound(laptop.page, "This link has been used")
    phone.page.get_by_role("button", name="Back to the chat").click()
    expect(phone.page.locator("#words")).to_be_visible()
    assert "Sam" not in phone.said()
    assert phone.question == "code"


def test_the_link_comes_by_email_and_runs_out(new_family, site, settings):
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
    family = new_family(java_script_enabled=False)
    family.until("comms_consent")
    family.page.get_by_text("Carry on later or on another device").click()
    family.page.get_by_role("button", name="Send the link to my e-mail address").click()
    expect(family.page.locator("main")).to_contain_text("Look in your e-mail")
    family.page.get_by_role("button", name="Back to the chat").click()
    assert family.question == "comms_consent"
    resuming.send_due()
    [message] = mail.outbox
    link = next(word for word in message.body.split() if word.startswith("http"))
    clock.set_offset(clock.offset() + timedelta(days=7))
    page = new_family().page
    page.goto(link)
    _sound(page, "This link has run out")


def test_a_parent_changes_the_number_after_a_code(new_family, site, active, sandbox):
    page = new_family().page
    page.goto(f"{site}/reg_setup/{active.token}/status")
    page.fill("#value", "12")
    page.get_by_role("button", name="Send me a code").click()
    _sound(page, "UK mobile")
    page.fill("#value", "07700 900355")
    page.get_by_role("button", name="Send me a code").click()
    changing.send_due()
    _sound(page, "Type the code", dark=True)
    [text] = sandbox.store.all("twilio.messages")
    digits = next(word.strip(".") for word in text["body"].split() if word.strip(".").isdigit())
    page.fill("#code", digits)
    page.get_by_role("button", name="Change it").click()
    _sound(page, "That is changed")
    active.guardian.refresh_from_db()
    assert str(active.guardian.phone) == "+447700900355"
    [entry] = AuditEntry.objects.filter(verb="changed")
    assert (entry.by, entry.fields) == ("the parent", ["mobile number"])


def test_an_answer_sent_again_by_a_reload_is_said_to_be_answered(new_family):
    family = new_family(java_script_enabled=False)
    family.until("child_name")
    family.page.reload()
    assert family.question == "child_name"
    expect(family.page.locator("#notice")).to_contain_text("answered already")
    assert Draft.objects.get().answers == {"parent_name": ["Anna", "Ashworth"]}
