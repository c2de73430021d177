"""The OpenAPI document, and every door of it tried with what it promises and with what it forbids.

SOAK=1 tries many more.
"""

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
import schemathesis
from django.contrib.auth.models import User
from django.core.signals import request_finished, request_started
from django.db import close_old_connections
from django.test import Client
from hypothesis import HealthCheck, Phase, given, seed, settings
from schemathesis import Case, GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from registrations.chat import uploads
from registrations.models import ChatSession, VisitCount
from utjfc.wsgi import application

TRIES = 2_000 if os.environ.get("SOAK") == "1" else 40
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
]
DOORS = {
    "POST /chat",
    "POST /chat/session",
    "POST /clear",
    "GET /health",
    "POST /upload",
    "POST /upload-async",
    "GET /upload-status/{session_id}",
}


@pytest.fixture
def document(db) -> dict:
    """The document as staff get it."""
    staff = Client()
    staff.force_login(User.objects.create_user("secretary", is_staff=True))
    answer = staff.get("/api/schema")
    assert answer.status_code == 200
    return json.loads(answer.content)


@contextmanager
def one_connection() -> Iterator[None]:
    """Let no request end this test's connection to the database, as the test client does."""
    for signal in (request_started, request_finished):
        signal.disconnect(close_old_connections)
    yield
    for signal in (request_started, request_finished):
        signal.connect(close_old_connections)


def test_the_document_is_for_staff(client, db):
    assert client.get("/api/schema").status_code == 403
    client.force_login(User.objects.create_user("parent"))
    assert client.get("/api/schema").status_code == 403


def test_the_document_tells_of_every_door_once(document):
    told = {f"{m.upper()} {path}" for path, doors in document["paths"].items() for m in doors}
    assert told == DOORS


@pytest.mark.parametrize(
    ("door", "mode"),
    [
        pytest.param(door, mode, id=f"{door} {mode.value}")
        for door in sorted(DOORS)
        for mode in GenerationMode
        if door != "GET /health" or mode == GenerationMode.POSITIVE  # it asks for nothing
    ],
)
def test_no_door_answers_what_the_document_does_not_tell(parent, document, monkeypatch, door, mode):
    monkeypatch.setattr(uploads, "PATIENCE", 0)
    parent.walk(28)
    api = schemathesis.openapi.from_dict(document)
    method, path = door.split(" ")
    strategy = api[path][method].as_strategy(generation_mode=mode)
    seen = set()

    @seed(4)
    @settings(
        max_examples=TRIES,
        deadline=None,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(strategy)
    def tried(case: Case) -> None:
        # What is tried goes into a chat that is under way as often as into a new one.
        if isinstance(case.body, dict) and len(seen) % 2:
            case.body["session_id"] = parent.session_id
        VisitCount.objects.all().delete()
        ChatSession.objects.update(messages_in_minute=0, polls_in_minute=0)
        answer = case.call(app=application, base_url="http://testserver")
        case.validate_response(answer, checks=CHECKS)
        seen.add((answer.status_code, len(seen)))

    with one_connection():
        tried()
    assert seen


@pytest.mark.parametrize("key", ["a.b", "a/b", "a%0Ab", "%00", "x" * 101])
def test_a_key_that_is_none_is_refused_in_plain_text(client, db, key):
    answer = client.get(f"/upload-status/{key}")
    assert answer.status_code == 400
    assert answer.headers["Content-Type"].startswith("text/plain")
