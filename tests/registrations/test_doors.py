"""The HTTP contract of the existing frontend (domain 3)."""

import json

import pytest
from django.test import Client

from integrations import clock
from registrations import limits
from registrations.jobs import release_expired
from registrations.models import ChatSession, VisitCount
from tests.registrations.parent import Parent

CODE = "200-lions-u10-2627"


def post(body: object, **extra) -> object:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    return Client(enforce_csrf_checks=True).post(
        "/chat", raw, content_type="application/json", **extra
    )


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"", 400),
        (b"not json", 400),
        (b"[1]", 400),
        (b"[" * 100_000, 400),
        (b"\xff\xfe", 400),
        ({"user_message": "hi"}, 400),
        ({"user_message": "hi", "session_id": ""}, 400),
        ({"user_message": "hi", "session_id": "a b"}, 400),
        ({"user_message": "hi", "session_id": "x" * 101}, 400),
        ({"user_message": "hi", "session_id": 7}, 400),
        ({"user_message": 7, "session_id": "abc"}, 400),
        ({"user_message": "  ", "session_id": "abc"}, 400),
        ({"session_id": "abc"}, 400),
        ({"user_message": "x" * 4001, "session_id": "abc"}, 413),
        (b'{"user_message": "' + b"x" * 4_000_000 + b'", "session_id": "abc"}', 413),
    ],
)
def test_a_bad_message_gets_short_plain_text(lions, body, status):
    answer = post(body)
    assert answer.status_code == status
    assert answer.headers["Content-Type"].startswith("text/plain")
    assert 0 < len(answer.content) < 200
    assert ChatSession.objects.count() == 0


def test_both_layouts_answer_without_redirect_or_cookie(lions):
    for path in ("/chat", "/api/chat"):
        answer = Client(enforce_csrf_checks=True).post(
            path,
            {"user_message": "hi", "session_id": "abc"},
            content_type="application/json",
        )
        assert answer.status_code == 200
        assert not answer.cookies
    assert Client().get("/health").json()["status"] == "healthy"
    assert Client().get("/api/health").json()["status"] == "healthy"


def test_another_method_is_refused_in_plain_text(lions):
    answer = Client().get("/chat")
    assert answer.status_code == 405
    assert answer.headers["Content-Type"].startswith("text/plain")


def test_only_listed_origins_may_read_the_answers(lions, settings):
    settings.CORS_ALLOWED_ORIGINS = ["https://club.example"]
    asked = {"Access-Control-Request-Method": "POST"}
    ours = Client().options("/chat", headers={"Origin": "https://club.example", **asked})
    other = Client().options("/chat", headers={"Origin": "https://other.example", **asked})
    assert ours.headers["Access-Control-Allow-Origin"] == "https://club.example"
    assert "Access-Control-Allow-Origin" not in other.headers


def test_sixty_messages_a_minute_pass_and_no_more(parent, monkeypatch):
    monkeypatch.setattr(clock, "pace", lambda: 1_000_000_020.0)
    parent.say(CODE)
    for _ in range(60):
        parent.say("x")
    refused = parent.post("x")
    assert refused.status_code == 429
    assert int(refused.headers["Retry-After"]) > 0
    assert Parent(Client()).post("hi").status_code == 200
    assert parent.client.get(f"/upload-status/{parent.session_id}").status_code == 200
    monkeypatch.setattr(clock, "pace", lambda: 1_000_000_080.0)
    assert parent.post("x").status_code == 200


def test_sixty_polls_a_minute_pass_and_no_more(parent, monkeypatch):
    monkeypatch.setattr(clock, "pace", lambda: 1_000_000_020.0)
    parent.say(CODE)
    url = f"/upload-status/{parent.session_id}"
    assert {parent.client.get(url).status_code for _ in range(60)} == {200}
    assert parent.client.get(url).status_code == 429


def test_an_address_may_ask_ten_times_as_often(lions, monkeypatch):
    assert limits.AN_ADDRESS == 10 * limits.A_MINUTE == 600
    monkeypatch.setattr(limits, "AN_ADDRESS", 9)
    monkeypatch.setattr(clock, "pace", lambda: 1_000_000_020.0)
    seen = [Client().get(f"/upload-status/nobody-{n}").status_code for n in range(11)]
    assert seen == [200] * 9 + [429] * 2
    assert Client(REMOTE_ADDR="127.0.0.2").get("/upload-status/nobody").status_code == 200
    monkeypatch.setattr(clock, "pace", lambda: 1_000_000_080.0)
    assert Client().get("/upload-status/nobody").status_code == 200
    monkeypatch.setattr(clock, "pace", lambda: 1_000_000_240.0)
    assert VisitCount.objects.count() == 2
    release_expired()
    assert VisitCount.objects.count() == 0


def test_an_unknown_upload_ends_in_error_so_that_nobody_polls_for_ever(lions):
    body = Client().get("/upload-status/session-1-abc").json()
    assert (body["complete"], body["error"], body["routine_number"]) == (True, True, 34)
    assert "upload it again" in body["response"]
    assert Client().get("/upload-status/a.b").status_code == 400


def test_clear_forgets_the_session_and_only_that(parent):
    parent.walk(5)
    other = Parent(Client())
    other.walk(3)
    answer = parent.client.post(
        "/clear", {"session_id": parent.session_id}, content_type="application/json"
    )
    assert "message" in answer.json()
    assert "code" in parent.say("hello")
    other.say("14/05/2017")
    assert other.step == 4


def test_people_see_what_this_is(lions):
    assert b"code" in Client().get("/").content
    assert Client().get("/", headers={"Accept": "application/json"}).json()["message"]
    assert Client().get("/privacy").status_code == 200
