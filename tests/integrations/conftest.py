"""Fixtures of the tests of other people's systems."""

from collections.abc import Iterator

import pytest

from tests.integrations.vendor import Vendor, running


@pytest.fixture
def vendor(settings, outside) -> Iterator[Vendor]:
    """A server that answers with what the test tells it; every service points at it."""
    with running() as server:
        settings.GOCARDLESS_URL = settings.TWILIO_URL = server.url
        settings.AIRTABLE_URL = settings.GOOGLE_PLACES_URL = settings.OPENAI_URL = server.url
        yield server
