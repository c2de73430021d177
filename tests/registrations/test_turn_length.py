"""A turn ends within 25 seconds, whatever the services do: every wait is taken at its longest, and
added up on a clock that moves only where somebody waits."""

import json

import pytest

from integrations import clock, guard, openai, places
from integrations.models import ServiceCall, ServiceState
from registrations.chat import addresses, assistant, model
from registrations.models import ClubText

LONGEST = 25.0  # seconds: the club's CDN gives up at 30
# A birthday that only a model may understand, and two addresses to look for.
EVERYTHING = "my postcode is M41 0AA. her postcode is M41 0AB. his birthday is the day after"


class Slow:
    """Time as the platform sees it; `body` is what comes in the last moment, None for nothing."""

    def __init__(self) -> None:
        self.now, self.body = 1_000_000.0, None

    def monotonic(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += max(seconds, 0)

    def within(self, seconds: float, talk: object) -> bytes:
        """The other side takes all the time that it is given; meanwhile others take the slots."""
        self.now += seconds
        ServiceState.objects.update(next_slot=self.now + guard.LONGEST_PACE - 0.01)
        if self.body is None:
            raise TimeoutError
        self.now -= 0.001
        return self.body


@pytest.fixture
def slow(monkeypatch, settings) -> Slow:
    """Every wait of a turn goes by this clock, and the model has a key."""
    time = Slow()
    for module in (openai, places, guard, model, assistant, addresses):
        monkeypatch.setattr(module, "time", time)
    for module in (openai, places):
        monkeypatch.setattr(module, "within", time.within)
    monkeypatch.setattr(clock, "pace", time.monotonic)
    for service in ("openai", "places"):
        ServiceState.objects.create(service=service, next_slot=time.now + guard.LONGEST_PACE - 0.01)
    settings.OPENAI_RETRIES = 5
    return time


def answered(said: dict) -> bytes:
    """A whole answer of the API, around what a model says."""
    part = {"type": "output_text", "text": json.dumps(said)}
    message = {"type": "message", "content": [part]}
    return json.dumps({"status": "completed", "output": [message]}).encode()


# Nothing comes; what comes late does not fit; a tool is called for ever.
WRONG = answered(
    {
        "commands": [{"kind": "set", "field": "child_dob", "text": "1 May"}],
        "agent_final_response": "",
    }
)
LOOP = {"type": "function_call", "call_id": "c", "name": "club_texts", "arguments": "{}"}
CALLING = json.dumps({"status": "completed", "output": [LOOP]}).encode()


@pytest.mark.parametrize("body", [None, WRONG], ids=["silent", "wrong"])
@pytest.mark.parametrize("api", ["new", "legacy"])
def test_the_longest_turn_of_a_registration_adds_up_to_less(parent, slow, settings, api, body):
    parent.walk(28)
    settings.OPENAI_API_KEY, settings.GOOGLE_PLACES_API = "sk-x", api
    ServiceCall.objects.all().delete()
    slow.body = body
    before = slow.now
    assert parent.say(EVERYTHING)
    assert model.SECONDS - 1 < slow.now - before <= LONGEST
    called = set(ServiceCall.objects.values_list("service", flat=True))
    assert called == {"openai", "places"}
    assert parent.step == 14  # no street was found: please type it


@pytest.mark.parametrize("body", [None, CALLING], ids=["silent", "calling"])
def test_the_longest_answer_without_a_code_adds_up_to_less(parent, slow, settings, body):
    settings.OPENAI_API_KEY = "sk-x"
    ClubText.objects.create(title="Mascot", words="A lion.", keywords="lion")
    slow.body = body
    before = slow.now
    assert "registration code" in parent.say("what is it that they wear there")
    assert assistant.SECONDS - 1 < slow.now - before <= LONGEST
