"""A running site, a day in July, U10 Lions with room, and a parent with a real browser."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from threading import Event, Thread

import pytest
from django.db import connections
from PIL import Image
from playwright.sync_api import Browser, BrowserContext, expect

from integrations import clock
from registrations.actions import photos, sending
from tests import factories
from tests.browser.family import PATIENCE, Family, listen


@pytest.fixture(scope="session", autouse=True)
def _calm() -> None:
    """Playwright's own event loop makes Django believe that it is called from async code; what a
    page must come to show has as long on a busy machine as it needs."""
    expect.set_options(timeout=PATIENCE)
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"


@pytest.fixture
def site(transactional_db, outside, sandbox, live_server, settings) -> str:
    """The site's address; the clock stands on 8 July 2026."""
    clock.set_offset(datetime(2026, 7, 8, 10, tzinfo=UTC) - (clock.now() - clock.offset()))
    settings.PUBLIC_URL = live_server.url
    factories.team()
    return live_server.url


@contextmanager
def working() -> Iterator[None]:
    """The worker's part: photos are looked at, texts are sent."""
    stop = Event()

    def work() -> None:
        while not stop.wait(0.05):
            photos.process_due()
            sending.send_due()
        connections.close_all()

    thread = Thread(target=work, daemon=True)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join(10)


@pytest.fixture
def worker(site: str) -> Iterator[None]:
    """A worker beside the site for the whole test."""
    with working():
        yield


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    """A photo of twelve megapixels, as phones take them."""
    file = tmp_path / "child.jpg"
    Image.radial_gradient("L").resize((4000, 3000)).convert("RGB").save(file)
    return file


@pytest.fixture
def new_family(browser: Browser, site: str) -> Iterator:
    """Opens the page as another device does; what the browser complains of fails the test."""
    opened: list[tuple[BrowserContext, list[str]]] = []

    def open_page(**options: object) -> Family:
        context = browser.new_context(**{"viewport": {"width": 360, "height": 740}} | options)
        page, complaints = context.new_page(), []
        listen(page, complaints)
        opened.append((context, complaints))
        page.goto(site)
        return Family(page)

    yield open_page
    for context, complaints in opened:
        context.close()
        assert complaints == []
