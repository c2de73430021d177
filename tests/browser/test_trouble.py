"""Reload, back, two tabs, cut connections, hostile names: nothing lost, doubled or run."""

from datetime import timedelta

import pytest
from playwright.sync_api import expect

from integrations import clock
from registrations.models import ChatMessage, Draft, Photo
from tests.browser.conftest import working
from tests.browser.family import PATIENCE

pytestmark = pytest.mark.browser
HOSTILE = "<img src=x onerror=window.hit=1> [a](javascript:window.hit=1) **b**"


def test_after_a_reload_the_conversation_goes_on(new_family):
    family = new_family()
    family.until("gender")
    before = family.page.locator("#log .line").all_inner_texts()
    family.page.reload()
    # The greeting came before there was a session to remember it.
    expect(family.page.locator("#log .line")).to_have_text(before[1:], use_inner_text=True)
    assert family.question == "gender"
    family.until("medical")
    assert Draft.objects.get().answers["gender"]["value"] == "Male"


def test_back_and_forward_lose_nothing(new_family, site):
    family = new_family()
    family.until("gender")
    page = family.page
    page.goto(f"{site}/privacy")
    page.go_back()
    expect(page.locator("#log")).to_contain_text("Sam Ashworth", timeout=PATIENCE)
    assert family.question == "gender"
    family.until("medical")
    assert ChatMessage.objects.filter(text="Boy").count() == 1


def test_a_worker_that_starts_again_finds_the_photo_that_came_meanwhile(new_family, site, picture):
    family = new_family()
    with working():
        family.until("photo")
    family.send_photo(picture)
    expect(family.page.locator("#notice")).to_contain_text("looking at it", timeout=PATIENCE)
    assert family.question == "photo"
    with working():
        family.moved_on("photo")
    assert family.question == "done"
    assert [photo.state for photo in Photo.objects.all()] == [Photo.State.ACCEPTED]


def test_a_new_tab_of_the_same_device_goes_on_too(new_family, site):
    family = new_family()
    family.until("child_dob")
    other = family.page.context.new_page()
    other.goto(site)
    expect(other.locator("[name=day]")).to_be_visible()
    assert "Sam Ashworth" in other.inner_text("#log")


def test_of_two_tabs_the_slower_one_changes_nothing(new_family, site):
    family = new_family()
    family.until("child_name")
    other = family.page.context.new_page()
    other.goto(site)
    expect(other.locator("#log .line")).to_have_count(4)
    family.answer("child_name")
    other.fill("#words", "Someone Else")
    other.click("#ask .words .send")
    expect(other.locator("[name=day]")).to_be_visible(timeout=PATIENCE)
    assert "answered already" in other.inner_text("#notice")
    assert Draft.objects.get().answers["child_name"] == ["Sam", "Ashworth"]
    assert "child_dob" not in Draft.objects.get().answers


def test_a_message_waits_for_the_connection_and_goes_once(new_family):
    family = new_family()
    family.until("child_name")
    page = family.page
    page.context.set_offline(True)
    family.give("child_name")
    expect(page.locator("#notice")).to_contain_text("waits here")
    expect(page.locator(".line.waiting")).to_have_text("You:Sam Ashworth")
    page.context.set_offline(False)
    family.moved_on("child_name")
    expect(page.locator(".line.waiting")).to_have_count(0)
    assert ChatMessage.objects.filter(text="Sam Ashworth").count() == 1


def test_a_message_whose_answer_was_lost_is_taken_once(new_family):
    family = new_family()
    family.until("parent_name")
    page, calls = family.page, []

    def lose_the_first(route) -> None:
        calls.append(route.fetch())
        route.abort() if len(calls) == 1 else route.fulfill(response=calls[-1])

    page.route("**/chat", lose_the_first)
    family.answer("parent_name")
    assert family.question == "child_name"
    assert len(calls) == 2
    assert Draft.objects.get().answers == {"parent_name": ["Anna", "Ashworth"]}
    assert ChatMessage.objects.filter(text="Anna Ashworth").count() == 1


def test_a_waiting_message_survives_a_reload(new_family):
    family = new_family()
    family.until("child_name")
    page = family.page
    page.route("**/chat", lambda route: route.abort())
    family.give("child_name")
    expect(page.locator("#notice")).to_contain_text("waits here")
    page.unroute("**/chat")
    page.reload()
    expect(page.locator("[name=day]")).to_be_visible(timeout=PATIENCE)
    assert ChatMessage.objects.filter(text="Sam Ashworth").count() == 1


def test_a_photo_waits_for_the_connection(new_family, worker, picture):
    family = new_family()
    family.until("photo")
    page = family.page
    page.context.set_offline(True)
    family.send_photo(picture)
    expect(page.locator("#notice")).to_contain_text("photo waits here")
    page.context.set_offline(False)
    family.moved_on("photo")
    assert family.question == "done"
    assert Photo.objects.get().state == Photo.State.ACCEPTED


def test_a_file_that_is_no_photo_is_refused_with_its_reason(new_family, worker, tmp_path):
    family = new_family()
    family.until("photo")
    fake = tmp_path / "<b>child.jpg"
    fake.write_bytes(b"MZ" + b"\0" * 500)
    family.send_photo(fake)
    expect(family.page.locator("#log")).to_contain_text("JPEG, PNG, WebP or HEIC. Please choose")
    assert family.question == "photo"


def test_a_key_gone_quiet_shows_nothing_and_starts_again_with_the_code(new_family, site):
    family = new_family()
    family.until("gender")
    clock.set_offset(clock.offset() + timedelta(hours=25))
    family.page.reload()
    expect(family.page.locator("#words")).to_be_visible()
    assert "Ashworth" not in family.said()
    assert family.question == "code"


def test_after_sending_in_the_page_shows_no_contacts_any_more(new_family, worker):
    family = new_family()
    family.until("sms_received")
    family.write("my number is 07700 900855")
    answer = family.page.locator("#log .line.club").last
    expect(answer).to_contain_text("855", timeout=PATIENCE)
    family.page.reload()
    expect(family.page.locator("#log")).to_contain_text("safe with the club")
    said = family.said()
    for private in ("07700", "900855", "anna@example.org", "Sandpiper", "1984", "inhaler", "2017"):
        assert private not in said


@pytest.mark.parametrize("scripted", [True, False])
def test_what_a_parent_types_is_never_run(new_family, scripted):
    family = new_family(java_script_enabled=scripted)
    family.until("previous_team")
    family.write(f"Yes, {HOSTILE}")
    family.moved_on("previous_team")
    family.until("confirmed")
    family.page.reload()
    page = family.page
    expect(page.locator("#log")).to_contain_text("javascript:window.hit=1")
    assert page.locator("#log img, #log script, #log a[href^=javascript]").count() == 0
    if scripted:
        assert page.evaluate("window.hit") is None


def test_forgetting_the_chat_leaves_nothing_on_the_device(new_family):
    family = new_family()
    family.until("child_name")
    family.page.on("dialog", lambda dialog: dialog.accept())
    family.page.click("#forget")
    expect(family.page.locator("#log")).not_to_contain_text("Anna")
    assert family.page.evaluate("localStorage.length") == 0


def test_a_phone_can_install_the_page(new_family, site):
    page = new_family().page
    address = page.locator("link[rel=manifest]").get_attribute("href")
    manifest = page.request.get(f"{site}{address}")
    assert manifest.headers["content-type"] == "application/manifest+json"
    for icon in manifest.json()["icons"]:
        assert page.request.get(f"{site}{icon['src']}").headers["content-type"] == "image/png"
