"""People of every role, each with their agents, and the door itself on a free port."""

import socket
import threading
import time
from collections.abc import Iterator
from datetime import timedelta

import pytest
import uvicorn
from django.contrib.auth.models import Group, User

from integrations import clock
from integrations.agents import hosted, server, tokens
from integrations.agents.tools import Caller
from integrations.sandbox.openai.doors import SETTING
from tests.registrations.conftest import lions
from utjfc import roles
from utjfc.demo import about

__all__ = ["lions"]

ADDRESS = "https://mcp.club.example/mcp"
LETTERS = dict(zip("ARTWMC", roles.NAMES, strict=True))


def person(letter: str, name: str = "") -> User:
    """Somebody of a role; a team manager has no team yet."""
    user = User.objects.create_user(name or LETTERS[letter], is_staff=True)
    user.groups.add(Group.objects.get(name=LETTERS[letter]))
    return user


def key(user: User, *, write: bool = False, days: int = 1) -> str:
    """A token's text."""
    ends = clock.now() + timedelta(days=days)
    return tokens.issue(user, name="test", may_write=write, expires_at=ends, by="boss")[1]


def caller(user: User, *, write: bool = False) -> Caller:
    """An agent of this person, with their rights as they are now."""
    token = tokens.find(key(user, write=write))
    return Caller(User.objects.get(pk=user.pk), may_write=write, token=token)


@pytest.fixture(scope="module")
def door() -> Iterator[str]:
    """The agents' door as its command serves it; its address without a path."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        config = uvicorn.Config(server.app(), log_config=None, timeout_graceful_shutdown=1)
        running = uvicorn.Server(config)
        thread = threading.Thread(target=running.run, args=([listening],), daemon=True)
        thread.start()
        deadline = time.monotonic() + 20
        while not running.started:
            assert thread.is_alive() and time.monotonic() < deadline
            time.sleep(0.01)
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
        running.should_exit = True
        thread.join(20)
        assert not thread.is_alive()


@pytest.fixture
def hosted_mode(outside, settings):
    """The door is where models are sent, at an address that a provider could use."""
    settings.USE_MCP, settings.MCP_SERVER_URL = True, ADDRESS
    settings.MCP_AUTH_TOKEN = "club_test"


@pytest.fixture
def provider(sandbox, settings):
    """A model's provider, and texts about the club that it may read in."""
    settings.OPENAI_API_KEY, settings.OPENAI_RETRIES = sandbox.config.openai_api_key, 0
    about.build()
    return sandbox


@pytest.fixture
def at_the_door(provider, hosted_mode, door, settings, monkeypatch):
    """Where our public address leads to the running door, and its key is a login without rights."""
    leads = {"name": "https://mcp.club.example", "leads_to": door}
    provider.store.put("sandbox.settings", SETTING, leads)
    settings.MCP_AUTH_TOKEN = key(User.objects.create_user("provider", is_staff=True))
    monkeypatch.setattr(hosted, "health_url", lambda: f"{door}/health")
    assert hosted.watch() is True
    return provider
