"""A summer's day in the season of 2026-27, U10 Lions with room, and a parent."""

from datetime import UTC, datetime

import pytest
from django.test import Client

from integrations import clock
from tests import factories
from tests.registrations.parent import Parent


@pytest.fixture
def lions(db, outside):
    """U10 Lions, open; the clock stands on 8 July 2026, when registration is open."""
    clock.set_offset(datetime(2026, 7, 8, 10, tzinfo=UTC) - (clock.now() - clock.offset()))
    return factories.team()


@pytest.fixture
def parent(lions) -> Parent:
    """A parent who has not typed anything yet."""
    return Parent(Client())
