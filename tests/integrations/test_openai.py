"""OpenAI's client over a socket: the outcomes, the time it takes, and where the message stands."""

import threading
import time

import pytest

from integrations import guard, health, openai, openai_answers, transport
from integrations.errors import Blocked, OutsideError, Rejected, Unavailable
from integrations.models import ServiceCall
from integrations.sandbox import faults

pytestmark = pytest.mark.django_db
SCHEMA = {
    "type": "object",
    "properties": {"x": {"type": "string"}},
    "required": ["x"],
    "additionalProperties": False,
}


@pytest.fixture
def key(settings) -> str:
    """A key that is set, and no second try."""
    settings.OPENAI_API_KEY = "sk-tests-only-0123456789abcdef"
    settings.OPENAI_RETRIES = 0
    return settings.OPENAI_API_KEY


def ask(seconds: float = 5.0) -> openai.Answer:
    """Any question."""
    return openai.ask(
        "read", instructions="Read.", content="{}", name="reading", schema=SCHEMA, seconds=seconds
    )


def response(*output: dict, **changes: object) -> dict:
    """A response of the API around some output items."""
    return {
        "status": "completed",
        "model": "gpt-4.1-2025-04-14",
        "output": list(output),
        "usage": {"input_tokens": 400, "output_tokens": 50},
    } | changes


def message(text: str) -> dict:
    """An assistant's message."""
    return {"type": "message", "content": [{"type": "output_text", "text": text}]}


def test_a_question_is_put_as_the_house_wants_it(vendor, key):
    vendor.will(200, response({"type": "reasoning"}, message("hi"), {"type": "reasoning"}))
    answer = ask()
    (request,) = vendor.requests
    assert request.path == "/responses"
    assert request.headers["Authorization"] == f"Bearer {key}"
    body = request.json
    assert (body["store"], body["temperature"], body["model"]) == (False, 0.1, "gpt-4.1")
    assert body["text"]["format"]["strict"] is True
    assert (answer.text, answer.complete, answer.refused) == ("hi", True, False)
    # $2 and $8 for a million tokens.
    assert answer.microdollars == 400 * 2 + 50 * 8


def test_what_is_waited_for_ends_in_time_and_the_failure_of_the_talk_is_the_callers():
    never = threading.Event()
    with pytest.raises(TimeoutError):
        transport.within(0.01, never.wait)
    assert transport.within(60, lambda: "said") == "said"
    with pytest.raises(ZeroDivisionError):
        transport.within(60, lambda: 1 / 0)
    never.set()


def test_a_model_that_reasons_is_sent_no_temperature(vendor, key, settings):
    settings.OPENAI_TEMPERATURE = None
    vendor.will(200, response(message("hi")))
    ask()
    assert "temperature" not in vendor.requests[0].json


@pytest.mark.parametrize(
    ("status", "error", "outcome", "code"),
    [
        (401, {"code": "invalid_api_key"}, Blocked, "invalid_api_key"),
        (403, {}, Blocked, "403"),
        (404, {"code": "model_not_found"}, Blocked, "model_not_found"),
        (400, {"code": "invalid_value"}, Rejected, "invalid_value"),
        (429, {"code": "rate_limit_exceeded"}, Unavailable, "rate_limit_exceeded"),
        (429, {"code": "insufficient_quota"}, Blocked, "insufficient_quota"),
        (424, {"code": "http_error"}, Rejected, "no_door"),
        (401, {"type": "external_connector_error"}, Rejected, "no_door"),
        (500, {}, Unavailable, "500"),
        (503, {}, Unavailable, "503"),
    ],
)
def test_every_error_has_its_outcome_and_repeats_no_words(
    vendor, key, status, error, outcome, code
):
    vendor.will(status, {"error": {"message": "about Sam Ashworth", "type": "x"} | error})
    with pytest.raises(outcome) as met:
        ask()
    assert met.value.code == code
    assert "Sam" not in f"{met.value!r}{met.value.__cause__!r}"
    assert ServiceCall.objects.get().code == code
    assert len(vendor.requests) == 1


@pytest.mark.parametrize("body", ["<html>", "[]", '{"output": 7}', '{"output": [{"type":'])
def test_what_is_no_answer_is_unavailable(vendor, key, body):
    vendor.will(200, body)
    with pytest.raises(Unavailable):
        ask()


def test_a_late_answer_and_a_trickle_are_given_up_in_time(sandbox, key, settings):
    settings.OPENAI_TIMEOUT = 0.4
    for mode in ("slow", "slow_before"):
        faults.set_mode(sandbox.store, "openai", mode, seconds=1.5, count=1)
        with pytest.raises(Unavailable):  # what comes then is an answer like any other
            ask()

    def trickle():
        while True:
            time.sleep(0.02)
            yield b" "

    with pytest.raises(Unavailable, match="slowly"):
        openai._whole(trickle(), time.monotonic() + 0.1)


def test_one_retry_is_made_where_it_helps_and_none_where_it_does_not(
    vendor, key, settings, monkeypatch
):
    settings.OPENAI_RETRIES = 1
    vendor.will_drop().will(200, response(message("hi")))
    assert ask().text == "hi"
    assert len(vendor.requests) == 2

    vendor.answers[:] = []
    vendor.will(500, {"error": {}})
    monkeypatch.setattr(openai, "FIRST_PAUSE", 60.0)
    with pytest.raises(Unavailable):
        ask()  # no time is left for a second try
    assert len(vendor.requests) == 3


def test_too_many_requests_keep_everybody_away_for_a_while(vendor, key, settings):
    settings.OPENAI_RETRIES = 1
    vendor.will(429, {"error": {"code": "rate_limit_exceeded"}})
    for _ in range(3):
        with pytest.raises(Unavailable):
            ask()
    assert len(vendor.requests) == 1


def test_an_open_breaker_is_not_waited_for(vendor, key):
    vendor.will(500, {"error": {}})
    for _ in range(guard.FAILURES + 3):
        with pytest.raises(OutsideError):
            ask()
    assert len(vendor.requests) == guard.FAILURES


def test_without_a_key_nothing_is_asked(vendor, settings):
    settings.OPENAI_API_KEY = ""
    with pytest.raises(Blocked, match="OPENAI_API_KEY"):
        ask()
    assert vendor.requests == []


def test_staff_see_its_health_with_the_key_masked_and_may_test_it(sandbox, key):
    report = health.report()["services"]["openai"]
    assert report["credentials"] == {"OPENAI_API_KEY": "sk-t…cdef"}
    assert health.test_now("openai") == "the model gpt-4.1 is there"


def test_no_key_is_no_trouble(settings):
    settings.OPENAI_API_KEY = ""
    report = health.report()["services"]["openai"]
    assert (report["level"], report["status"]) == (
        "healthy",
        "not configured: answers are read by rule",
    )


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ('{"a": 1}', {"a": 1}),
        ('```json\n{"a": 1}\n```', {"a": 1}),
        ('Sure!\n{"a": 1}\nBye', {"a": 1}),
        ("Plain words, nicely put.", "Plain words, nicely put."),
        ('{"a": 1', None),
        ('[{"a": 1}]', {"a": 1}),
        ("Error: the service failed", None),
        ("<html>no</html>", None),
        ("[1, 2]", None),
        ("", None),
        ("{" * 10_000, None),
    ],
)
def test_the_parse_ladder(text, found):
    assert openai_answers.parsed(text) == found
