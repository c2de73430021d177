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
from integrations.agents import server, tokens
from integrations.agents.tools import Caller
from utjfc import roles

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
