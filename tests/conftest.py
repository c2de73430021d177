"""Fixtures that every part of the tests shares."""

import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest
from django.core.cache import cache
from django.db import connection

from integrations import clock, openai
from integrations.sandbox import faults
from integrations.sandbox.app import SandboxServer
from integrations.sandbox.config import SandboxConfig
from integrations.sandbox.store import Store
from tests.settings import TEMPLATE

# What is read, said, drawn and permitted, and one outage or fault at a time: the same on every
# database. `make test` asks that once, on SQLite; `make soak` on both.
ONCE = (
    "test_odd_answers.py",
    "test_twins.py",
    "test_injections.py",
    "test_openapi.py",
    "test_matrix.py",
    "test_demo_club.py",
    "test_every_fault.py",
    "test_outages.py::test_away",
    "test_outages.py::test_gocardless",
    "test_outages.py::test_twilio",
)
# Nothing listens there: webhooks go nowhere until a test names an address.
NOWHERE = "http://127.0.0.1:9"
CHROMIUM = "/usr/bin/chromium"
SANDBOX = SandboxConfig(
    web_url=NOWHERE,
    gocardless_token="sandbox_token_of_the_tests",
    gocardless_webhook_secret="webhook-secret-of-the-tests",
    airtable_pat="patTests000000000.0123456789abcdef",
    airtable_base_id="appTests000000001",
    twilio_account_sid="AC" + "0123456789abcdef" * 2,
    twilio_auth_token="fedcba9876543210" * 2,
    places_api_key="AIzaTests",
    openai_api_key="sk-tests-only-0123456789abcdef",
    fulfil_seconds=0.3,
    confirm_seconds=0.5,
    airtable_penalty_seconds=0.5,
    webhook_gaps=(0.1, 0.1, 0.2, 0.5),
)


@dataclass(frozen=True)
class Sandbox:
    """The running sandbox as a test sees it."""

    url: str
    store: Store
    config: SandboxConfig

    def down(self, service: str) -> None:
        """From now on the service closes every connection."""
        faults.set_mode(self.store, service, "down")

    def up(self, service: str) -> None:
        """The service answers again."""
        faults.set_mode(self.store, service, "up")

    def send_webhooks_to(self, url: str) -> None:
        """Name the site that gets the webhooks in this test."""
        self.store.put("sandbox.settings", "web", {"url": url})


@pytest.fixture(scope="session")
def django_db_keepdb(django_db_keepdb: bool, django_db_modify_db_settings: None) -> bool:
    """Whether Django takes the test database as it finds it: on SQLite, a copy of the template
    where `tests/run` made one (PostgreSQL copies its template by itself)."""
    if connection.vendor != "sqlite" or not TEMPLATE:
        return django_db_keepdb
    shutil.copyfile(TEMPLATE, connection.settings_dict["TEST"]["NAME"])
    return True


@pytest.fixture(scope="session")
def _sandbox_server() -> Iterator[SandboxServer]:
    server = SandboxServer(Store(), SANDBOX).start()
    # This package takes seconds to come in, which no test's time-out is to meet.
    assert openai._client("sk-x", NOWHERE).responses.with_streaming_response
    yield server
    server.stop()


@pytest.fixture
def sandbox(_sandbox_server: SandboxServer) -> Iterator[Sandbox]:
    """The sandbox, empty and with every service up; after the test it sends nothing more."""
    server = _sandbox_server
    server.store.clear()
    yield Sandbox(server.url, server.store, server.config)
    server.store.clear()
    server.worker.finish_round()
    server.store.clear()  # a round that was under way may have added something


@pytest.fixture(autouse=True)
def outside(request: pytest.FixtureRequest, settings, tmp_path: Path) -> None:
    """The services' addresses and keys: the sandbox's where the test uses it, else a closed door.

    Every test has a clock file and an empty cache of its own.
    """
    settings.CLOCK_FILE = str(tmp_path / "clock")
    cache.clear()
    used = request.getfixturevalue("sandbox") if "sandbox" in request.fixturenames else None
    base = used.url if used else NOWHERE
    settings.GOCARDLESS_URL = base
    settings.AIRTABLE_URL = f"{base}/airtable"
    settings.TWILIO_URL = f"{base}/twilio"
    settings.GOOGLE_PLACES_URL = f"{base}/places"
    settings.OPENAI_URL = f"{base}/openai/v1"
    settings.OPENAI_API_KEY = ""  # a test that wants a model says so
    config = used.config if used else SANDBOX
    settings.GOCARDLESS_TOKEN = config.gocardless_token
    settings.GOCARDLESS_WEBHOOK_SECRET = config.gocardless_webhook_secret
    settings.AIRTABLE_PAT = config.airtable_pat
    settings.AIRTABLE_BASE_ID = config.airtable_base_id
    settings.TWILIO_ACCOUNT_SID = config.twilio_account_sid
    settings.TWILIO_AUTH_TOKEN = config.twilio_auth_token
    settings.TWILIO_FROM_NUMBER = "+447700900999"
    settings.GOOGLE_PLACES_API_KEY = config.places_api_key


@pytest.fixture
def move_clock(outside: None) -> Callable[[timedelta], None]:
    """Move the clock of this test on by some time (or back, by a negative one)."""
    return lambda step: clock.set_offset(clock.offset() + step)


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args: dict) -> dict:
    """Debian's Chromium, which may run as root and asks nobody outside for anything."""
    quiet = ["--disable-background-networking", "--disable-component-update", "--disable-sync"]
    flags = ["--no-sandbox", "--no-first-run", "--disable-quic", *quiet]
    return browser_type_launch_args | {"executable_path": CHROMIUM, "args": flags}


@pytest.hookimpl(wrapper=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> Iterator[None]:
    """Mark what touches the database, so that a second run on another one can choose; and begin
    with what takes long, so that no worker is left alone with it at the end."""
    for item in items:
        names = set(getattr(item, "fixturenames", ()))
        if item.get_closest_marker("django_db") or names & {"db", "transactional_db"}:
            item.add_marker("database")
        if os.environ.get("SOAK") != "1" and any(part in item.nodeid for part in ONCE):
            item.add_marker("once")
    yield
    items.sort(key=lambda item: not (item.get_closest_marker("slow") or "browser" in item.keywords))


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Skip what this machine cannot do; on CI, where it must be able to, fail instead."""
    if item.get_closest_marker("postgres") and connection.vendor != "postgresql":
        pytest.skip("runs in the pass on PostgreSQL")
    if item.get_closest_marker("browser") and not Path(CHROMIUM).exists():
        say = pytest.fail if os.environ.get("CI") == "true" else pytest.skip
        say(f"there is no {CHROMIUM}")
