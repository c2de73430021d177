"""The whole journey in a real browser, at a phone's width and at a laptop's."""

import os
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe

from registrations.models import Photo, Registration
from tests.browser.family import DATES, PATIENCE

pytestmark = pytest.mark.browser
WIDTHS = {360: 740, 1280: 800}
RULES = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}


def _size(width: int) -> dict:
    return {"viewport": {"width": width, "height": WIDTHS[width]}}


def _accessible(page) -> None:
    found = Axe().run(page, options=RULES)
    assert found.violations_count == 0, found.generate_report()


def _keep(page, name: str, width: int) -> None:
    """A screenshot for docs/screens, where SCREENS names a folder."""
    if "SCREENS" in os.environ:
        page.wait_for_timeout(300)
        page.screenshot(path=Path(os.environ["SCREENS"]) / f"{width}-{name}.png")


@pytest.mark.parametrize("width", WIDTHS)
def test_a_parent_registers_a_child_and_axe_finds_nothing(
    new_family, worker, picture, width, sandbox
):
    family = new_family(**_size(width))
    page, seen = family.page, []

    def look(name: str) -> None:
        seen.append(name)
        # The laptop shows the same words in a wider frame: each fourth page there is enough.
        if width == 360 or len(seen) % 4 == 0 or os.environ.get("SOAK") == "1":
            _accessible(page)
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        _keep(page, f"{len(seen):02d}-{name}", width)

    family.until("photo", each=look)
    page.set_input_files("#file", picture)
    page.wait_for_function("document.getElementById('preview').naturalWidth > 0")
    look("photo-chosen")
    page.click("button[name=upload]")
    family.moved_on("photo")
    family.until("done", each=look)
    assert "What happens next" in page.inner_text("#ask")
    assert len(set(seen)) == len(seen) >= 27

    registration = Registration.objects.get()
    assert (registration.player.full_name, registration.shirt_number) == ("Sam Ashworth", 7)
    assert (registration.kit_size, registration.payment_day) == ("9/10", 15)
    photo = Photo.objects.get()
    assert photo.state == Photo.State.ACCEPTED
    assert max(photo.width, photo.height) == 1600
    link = page.get_by_role("link", name="Pay now").get_attribute("href")
    assert link.endswith(f"/reg_setup/{registration.token}")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_in_light_and_in_dark(new_family, scheme):
    family = new_family(color_scheme=scheme, **_size(360))
    for question in ("code", "child_dob", "gender", "medical", "parent_address_ok", "confirmed"):
        family.until(question)
        _accessible(family.page)
    _keep(family.page, f"confirmed-{scheme}", 360)


def _tab_to(page, control: str) -> None:
    """Press Tab until the control has the focus, as somebody without a mouse does."""
    for _ in range(60):
        if page.evaluate("s => document.activeElement.matches(s)", control):
            return
        page.keyboard.press("Tab")
    raise AssertionError(f"the keyboard never reaches {control}")


def _answer_by_keyboard(family, name: str) -> None:
    page = family.page
    if name in DATES:
        for part, value in zip(("day", "month", "year"), DATES[name], strict=True):
            _tab_to(page, f"[name={part}]")
            page.keyboard.type(value)
    else:
        answer = family.answers[name]
        button = f'#ask button[name=choice][value="{answer}"]'
        pressed = page.locator(button).count()
        _tab_to(page, button if pressed else "#words")
        if not pressed:
            page.keyboard.type(answer)
    page.keyboard.press("Enter")
    family.moved_on(name)
    page.wait_for_function("document.activeElement !== document.body")


def test_the_whole_journey_by_keyboard(new_family, worker, picture):
    family = new_family()
    page, seen = family.page, []
    while family.question != "photo":
        seen.append(family.question)
        _answer_by_keyboard(family, seen[-1])
    assert len(set(seen)) == len(seen) >= 25
    _tab_to(page, "#file")  # the system's own dialogue then chooses the file
    page.set_input_files("#file", picture)
    _tab_to(page, "button[name=upload]")
    page.keyboard.press("Enter")
    family.moved_on("photo")
    assert family.question == "done"
    assert Registration.objects.get().shirt_number == 7


def test_the_page_is_light_and_nothing_jumps(new_family, site):
    family = new_family()
    page = family.page
    weights: list[int] = []
    page.on("response", lambda answer: weights.append(len(answer.body())))
    page.goto(site)
    page.wait_for_load_state("networkidle")
    assert 0 < sum(weights) < 100_000
    moved = """() => new Promise(go => { let sum = 0;
      new PerformanceObserver(list => { for (const e of list.getEntries()) sum += e.value; })
        .observe({ type: "layout-shift", buffered: true });
      setTimeout(() => go(sum), 300); })"""
    assert page.evaluate(moved) < 0.01


def test_at_twice_the_size_nothing_is_cut_off(new_family):
    family = new_family(viewport={"width": 320, "height": 480})
    for question in ("code", "child_dob", "confirmed"):
        family.until(question)
        assert family.page.evaluate("document.documentElement.scrollWidth") <= 320


def test_without_javascript_the_same_journey(new_family, worker, picture):
    family = new_family(java_script_enabled=False)
    family.until("photo")
    family.send_photo(picture)
    look = family.page.get_by_role("button", name="I have sent it: how is it?")
    for _ in range(PATIENCE // 100):
        if not look.count():
            break
        look.click()
    assert family.question == "done"
    assert "Thank you, the photo is in!" in family.said()
    assert Registration.objects.get().player.full_name == "Sam Ashworth"
