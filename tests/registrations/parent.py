"""A parent in front of the existing frontend, spoken to through the public doors."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from registrations.models import ChatSession, Draft, Registration
from tests import factories

# By step; what is typed where nothing else is said.
ANSWERS: dict[int, Iterable[str] | str] = {
    1: "Anna Ashworth",
    2: "Sam Ashworth",
    3: "14/05/2017",
    4: "boy",
    5: "no",
    6: ["no", "no"],
    7: "mum",
    8: "07700 900123",
    9: "Anna.Ashworth@example.org",
    10: "yes",
    11: "01/02/1985",
    12: "M41 0ZZ",
    13: "12",
    14: "12 Example Road, Urmston, Manchester, M41 0ZZ",
    15: "yes",
    16: "yes",
    23: "07700 900124",
    24: "sam@example.org",
    25: "yes",
    26: "skip",
    28: "yes",
    29: "15",
    30: "yes",
    32: "9/10",
    33: "7",
}


@dataclass
class Parent:
    """One browser tab; keeps what the client keeps."""

    client: Client
    session_id: str = field(default_factory=lambda: f"session-{factories.unique()}-abc")
    step: int | None = None
    agent: str | None = None
    replies: list[str] = field(default_factory=list)

    def post(self, text: str, **extra: Any) -> Any:
        """One raw message."""
        body = {"user_message": text, "session_id": self.session_id} | extra
        return self.client.post("/chat", json.dumps(body), content_type="application/json")

    def say(self, text: str) -> str:
        """One message; the reply's text."""
        answer = self.post(text)
        assert answer.status_code == 200, (answer.status_code, answer.content[:300])
        body = answer.json()
        self.step = body.get("routine_number") or self.step
        self.agent = body.get("last_agent") or self.agent
        self.replies.append(body["response"])
        return body["response"]

    def walk(self, until: int, code: str = "200-lions-u10-2627", **answers: Any) -> str:
        """From the code to the question `until`; `answers` such as s5=["yes", "asthma"]."""
        if self.step is None:
            self.say(code)
        given = {**ANSWERS, **{int(name[1:]): value for name, value in answers.items()}}
        left = {n: [v] if isinstance(v, str) else list(v) for n, v in given.items()}
        for _ in range(60):
            if self.step == until:
                return self.replies[-1]
            assert left.get(self.step), f"stuck at {self.step}: {self.replies[-1]}"
            self.say(left[self.step].pop(0))
        raise AssertionError(f"no end: {self.replies[-1]}")

    def upload(self, content: bytes, name: str = "photo.jpg", mime: str = "image/jpeg") -> dict:
        """Upload a photo; the answer's JSON."""
        file = SimpleUploadedFile(name, content, mime)
        form = {"file": file, "session_id": self.session_id}
        answer = self.client.post("/upload-async", form)
        assert answer.status_code == 200, (answer.status_code, answer.content[:300])
        return answer.json()

    def poll(self) -> dict:
        """The upload's state as JSON."""
        return self.client.get(f"/upload-status/{self.session_id}").json()

    @property
    def session(self) -> ChatSession:
        """The session's row."""
        return ChatSession.objects.get(key=self.session_id)

    @property
    def draft(self) -> Draft:
        """The draft under way."""
        return Draft.objects.get(pk=self.session.draft_id)

    @property
    def registration(self) -> Registration:
        """What was sent in."""
        return Registration.objects.get(draft=self.session.draft_id)
