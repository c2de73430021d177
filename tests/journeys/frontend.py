"""A parent's devices: the existing frontend's HTTP contract (domain 3), and a browser that pays."""

import re
import time
from dataclasses import dataclass, field
from html.parser import HTMLParser
from urllib.parse import urljoin
from uuid import uuid4

import requests

PATIENCE = 240.0  # a deadline, not a wait


def eventually(look, what: str, seconds: float = PATIENCE, every: float = 0.1):
    """What `look` returns once it is truthy; AssertionError after `seconds` of real time."""
    deadline = time.monotonic() + seconds
    while True:
        seen = look()
        if seen:
            return seen
        if time.monotonic() > deadline:
            raise AssertionError(f"waited {seconds:.0f} s for {what}; last seen: {seen!r}")
        time.sleep(every)


@dataclass
class Frontend:
    """Talks to the platform as the club's existing frontend does, and knows nothing else."""

    base: str
    session_id: str = field(default_factory=lambda: f"session-{uuid4().hex[:20]}")
    last_agent: str | None = None
    routine_number: int | None = None
    replies: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.http = requests.Session()

    def say(self, text: str) -> str:
        """Send one message and keep the step that the reply names."""
        body = {"user_message": text, "session_id": self.session_id} | self._hints()
        answer = self.http.post(f"{self.base}/chat", json=body, timeout=90)
        assert answer.status_code == 200, (answer.status_code, answer.text[:300])
        assert not answer.cookies
        return self._keep(answer.json())

    def upload(self, name: str, content: bytes, mime: str) -> str:
        """Upload a photo and poll until the platform says how it ended."""
        answer = self.http.post(
            f"{self.base}/upload-async",
            files={"file": (name, content, mime)},
            data={"session_id": self.session_id} | {k: str(v) for k, v in self._hints().items()},
            timeout=90,
        )
        assert answer.status_code == 200, (answer.status_code, answer.text[:300])
        first = answer.json()
        if first.get("processing") is not True:
            return self._keep(first)
        assert "Processing" in first["response"]
        return self._keep(eventually(lambda: self._ended(first["session_id"]), "the photo"))

    def _ended(self, session_id: str) -> dict | None:
        answer = self.http.get(f"{self.base}/upload-status/{session_id}", timeout=90)
        assert answer.status_code == 200, (answer.status_code, answer.text[:300])
        body = answer.json()
        return body if body["complete"] is True else None

    def _hints(self) -> dict:
        hints = {"last_agent": self.last_agent, "routine_number": self.routine_number}
        return {name: value for name, value in hints.items() if value}

    def _keep(self, body: dict) -> str:
        assert isinstance(body["response"], str)
        assert body["response"].strip()
        self.last_agent = body.get("last_agent") or self.last_agent
        self.routine_number = body.get("routine_number") or self.routine_number
        self.replies.append(body["response"])
        return body["response"]


class _Form(HTMLParser):
    """The first form of a page: where it goes, what it holds, its first button."""

    def __init__(self) -> None:
        super().__init__()
        self.action: str | None = None
        self.fields: dict[str, str] = {}
        self.buttons: list[tuple[str, str]] = []

    def handle_starttag(self, tag, attrs):
        given = dict(attrs)
        if tag == "form" and self.action is None:
            self.action = given.get("action") or ""
        if tag == "input" and given.get("name"):
            self.fields[given["name"]] = given.get("value") or ""
        if tag == "button":
            self.buttons.append((given.get("name") or "", given.get("value") or ""))


def pay(link: str, button: int = 0) -> requests.Response:
    """Open a payment link on the phone, press a button of the hosted page (0 pays)."""
    browser = requests.Session()
    page = browser.get(link, timeout=90)
    assert page.status_code == 200, (page.status_code, page.text[:300])
    form = _Form()
    form.feed(page.text)
    assert form.action is not None, page.text[:500]
    name, value = form.buttons[button]
    body = form.fields | ({name: value} if name else {})
    return browser.post(urljoin(page.url, form.action), data=body, timeout=90)


def link_in(text: str) -> str:
    """The first address in a text message."""
    found = re.search(r"https?://\S+", text)
    assert found, text
    return found.group(0)
