"""Fixtures of the sandbox's own tests."""

from collections.abc import Iterator

import pytest

from tests.integrations.sandbox.gocardless_support import Payer, Site, running_site


@pytest.fixture
def own_clock(settings, tmp_path) -> None:
    """A clock file of this test alone, so that moving it moves nobody else's."""
    settings.CLOCK_FILE = str(tmp_path / "clock")


@pytest.fixture
def site() -> Iterator[Site]:
    """A site that receives webhooks."""
    yield from running_site()


@pytest.fixture
def payer(sandbox) -> Payer:
    """Somebody who pays the club."""
    return Payer(sandbox)
