"""OpenAI: one question to the Responses API, answered within a time that a person waits for.

Nothing is kept there (`store=False`). The SDK's own retries are off: they live here, so that they
do not multiply, and a question has no side effect that a second try could repeat: tools are called
between questions, and only such as read. Whoever asks has a way of its own to go on, so every
failure is one of the four outcomes of integrations.errors.
What an answer holds is somebody else's words: `integrations.openai_answers` reads them.
"""

import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import lru_cache
from importlib import import_module
from typing import TYPE_CHECKING, Any

import httpx2
from django.conf import settings

from integrations import guard, openai_answers
from integrations.errors import Blocked, OutsideError, Rejected, Unavailable
from integrations.transport import SHORTEST, within

if TYPE_CHECKING:
    import openai

SERVICE = "openai"
PENALTY = 10.0  # seconds without calls after "too many requests"
FIRST_PAUSE = 0.25  # seconds before the first retry; each later one waits twice as long
LONGEST_ANSWER = 256 * 1024  # bytes
MOST_ROUNDS = 3  # times that a model may call our tools before it answers; five in domain 9.3
NO_DOOR = "no_door"  # the code of a refusal because the provider cannot use the agents' door
_QUOTA = {"insufficient_quota", "billing_hard_limit_reached", "account_deactivated"}
# The configuration is wrong, so that every further question would be refused too.
_MISCONFIGURED = {"model_not_found", "invalid_api_key", "unsupported_parameter"}


@dataclass(frozen=True)
class Answer:
    """What came back: the message's text ("" where there is none) and what it cost in tokens."""

    text: str
    refused: bool
    complete: bool
    model: str
    input_tokens: int
    output_tokens: int
    milliseconds: int
    calls: tuple[openai_answers.Call, ...] = ()

    @property
    def microdollars(self) -> int:
        """What it cost, in millionths of a US dollar: prices are in dollars a million tokens."""
        paid_in = self.input_tokens * settings.OPENAI_INPUT_PRICE
        return round(paid_in + self.output_tokens * settings.OPENAI_OUTPUT_PRICE)


def configured() -> bool:
    """Whether there is a key to ask with."""
    return bool(settings.OPENAI_API_KEY)


def ask(
    operation: str,
    *,
    instructions: str,
    content: str | list[dict[str, Any]],
    name: str,
    schema: dict[str, Any],
    seconds: float,
    tools: list[dict[str, Any]] | None = None,
    run: Callable[[str, str], str] | None = None,
) -> Answer:
    """Ask once, and again where that helps, within `seconds`; `schema` is a strict JSON schema.

    `tools` are handed to the model; `run` takes the name and the JSON arguments of one that it
    calls here and gives its answer as text. Raises the outcomes of integrations.errors; an answer
    that is no use is still an Answer.
    """
    until = time.monotonic() + seconds
    request = _request(instructions, content, name, schema)
    if tools:
        request["tools"] = tools
    answer = _tried(operation, request, until)
    for _ in range(MOST_ROUNDS):
        if run is None or not answer.calls:
            break
        request["input"] += [item for call in answer.calls for item in _carried_out(call, run)]
        answer = _added(answer, _tried(operation, request, until))
    return answer


def _carried_out(call: openai_answers.Call, run: Callable[[str, str], str]) -> list[dict[str, Any]]:
    """A call of the model and what came of it, as it is told (wire/others 2)."""
    output = run(call.name, call.arguments)
    return [call.item, {"type": "function_call_output", "call_id": call.id, "output": output}]


def _added(before: Answer, last: Answer) -> Answer:
    """The last answer with what all of them cost."""
    return replace(
        last,
        input_tokens=before.input_tokens + last.input_tokens,
        output_tokens=before.output_tokens + last.output_tokens,
        milliseconds=before.milliseconds + last.milliseconds,
    )


def _tried(operation: str, request: dict[str, Any], until: float) -> Answer:
    pause = FIRST_PAUSE
    for retries_left in range(settings.OPENAI_RETRIES, -1, -1):
        try:
            return _once(operation, request, until)
        except Unavailable as error:
            last_try = not retries_left or error.code in ("held", "rate_limit_exceeded", "late")
            if last_try or until - time.monotonic() < pause + SHORTEST:
                raise
        time.sleep(pause)
        pause *= 2
    raise AssertionError("the last try returns or raises")


def check() -> str:
    """Whether the key opens the model that is set, by reading what there is to say of it."""
    with _calling("check", test=True):
        found = _client(settings.OPENAI_API_KEY, settings.OPENAI_URL).models.retrieve(
            settings.OPENAI_MODEL, timeout=settings.OPENAI_TIMEOUT
        )
        return f"the model {found.id} is there"


def _request(
    instructions: str, content: str | list[dict[str, Any]], name: str, schema: dict[str, Any]
) -> dict[str, Any]:
    form = {"type": "json_schema", "name": name, "schema": schema, "strict": True}
    request: dict[str, Any] = {
        "model": settings.OPENAI_MODEL,
        "instructions": instructions,
        "input": [{"role": "user", "content": content}],
        "text": {"format": form},
        "max_output_tokens": settings.OPENAI_MAX_TOKENS,
        "store": False,
    }
    if settings.OPENAI_TEMPERATURE is not None:  # models that reason refuse it
        request["temperature"] = settings.OPENAI_TEMPERATURE
    return request


def _once(operation: str, request: dict[str, Any], until: float) -> Answer:
    with _calling(operation, until=until):
        started = time.monotonic()
        wait = min(settings.OPENAI_TIMEOUT, until - started)
        if wait < SHORTEST:  # the wait for a slot has taken it
            raise Unavailable(SERVICE, "no time was left to ask", code="late")
        body = json.loads(within(wait, lambda: _sent(request, wait)))
        found = openai_answers.message(body)
        tokens_in, tokens_out = openai_answers.tokens(body)
        return Answer(
            text=found.text,
            refused=found.refused,
            complete=found.complete,
            model=str(body.get("model") or request["model"])[:80],
            input_tokens=tokens_in,
            output_tokens=tokens_out,
            milliseconds=int((time.monotonic() - started) * 1000),
            calls=openai_answers.calls(body),
        )


def _sent(request: dict[str, Any], wait: float) -> bytes:
    until = time.monotonic() + wait
    client = _client(settings.OPENAI_API_KEY, settings.OPENAI_URL)
    with client.responses.with_streaming_response.create(**request, timeout=wait) as response:
        return _whole(response.iter_bytes(), until)


def _whole(pieces: Iterator[bytes], until: float) -> bytes:
    """All of the body; nobody waits any more for what trickles, and it may not go on for ever."""
    body = b""
    for piece in pieces:
        body += piece
        if time.monotonic() > until:
            raise Unavailable(SERVICE, "the answer came too slowly", code="slow")
        if len(body) > LONGEST_ANSWER:
            raise Unavailable(SERVICE, "the answer has no end", code="too_long")
    return body


def _sdk() -> Any:
    """The vendor's package: it takes a second to import, or many, and most processes never ask."""
    return import_module("openai")


@lru_cache(maxsize=2)
def _client(key: str, url: str) -> "openai.OpenAI":
    """One client for all threads, which is what its maker promises; it keeps connections open."""
    return _sdk().OpenAI(api_key=key, base_url=url, max_retries=0)


@contextmanager
def _calling(operation: str, *, test: bool = False, until: float = float("inf")) -> Iterator[None]:
    if not configured():
        raise Blocked(SERVICE, "OPENAI_API_KEY is not set", code="not_configured")
    with guard.call(SERVICE, operation, test=test, patience=until - time.monotonic()):
        try:
            yield
        except TimeoutError:
            raise Unavailable(SERVICE, "no answer in time", code="slow") from None
        except OutsideError:
            raise  # before the package is looked at, which may be on its way in still
        except _sdk().APIStatusError as error:
            raise _outcome(error) from None
        except (_sdk().APIError, httpx2.HTTPError) as error:
            # Only the kind: its text may hold what was asked.
            kind = type(error).__name__
            raise Unavailable(SERVICE, kind, code=kind) from None
        except (KeyError, TypeError, AttributeError, ValueError) as error:
            kind = type(error).__name__
            raise Unavailable(SERVICE, "an answer that cannot be read", code=kind) from None


def _outcome(error: "openai.APIStatusError") -> OutsideError:
    """Our outcome for a refusal; of its words only the code is kept."""
    status, code = error.status_code, str(error.code or error.status_code)
    if status == 424 or error.type == "external_connector_error":
        return Rejected(SERVICE, "it cannot use the agents' door", code=NO_DOOR)
    if status == 429 and code not in _QUOTA:
        guard.penalise(SERVICE, PENALTY)
        return Unavailable(SERVICE, "too many requests", code="rate_limit_exceeded")
    if code in _QUOTA:
        return Blocked(SERVICE, "the account has no money or quota left", code=code)
    if status in (401, 403):
        return Blocked(SERVICE, "the key was refused", code=code)
    if code in _MISCONFIGURED or status == 404:
        return Blocked(SERVICE, "the model or a setting of ours is refused", code=code)
    if 400 <= status < 500 and status not in (408, 409):
        return Rejected(SERVICE, "the question was refused", code=code)
    return Unavailable(SERVICE, f"HTTP {status}", code=code)
