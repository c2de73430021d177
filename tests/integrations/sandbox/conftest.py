"""Fixtures of the sandbox's own tests."""

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from integrations import clock
from tests.integrations.sandbox.gocardless_support import Payer, Site, running_site

TUESDAY = datetime(2026, 9, 8, 10, tzinfo=UTC)


@pytest.fixture
def own_clock(settings, tmp_path) -> None:
    """A clock of this test alone, which begins on a Tuesday morning."""
    settings.CLOCK_FILE = str(tmp_path / "clock")
    clock.set_offset(TUESDAY - clock.now())


@pytest.fixture
def site() -> Iterator[Site]:
    """A site that receives webhooks."""
    yield from running_site()


@pytest.fixture
def payer(sandbox) -> Payer:
    """Somebody who pays the club."""
    return Payer(sandbox)
