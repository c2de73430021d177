"""The rules and the model are twins: whichever reads, and whichever fails, the same child is
registered; nobody waits, and a plain registration costs next to nothing."""

import random
from datetime import timedelta

import pytest
from django.test import Client

from integrations import clock
from integrations.models import ServiceState
from integrations.sandbox import faults
from registrations.models import ModelCall
from tests.benchmarks.measure import SOAK
from tests.registrations.parent import Parent
from tests.registrations.people_who_chat import Person

PEOPLE = range(160 if SOAK else 4)
# Every way in which the model can be away or wrong.
FAULTS = [
    "down",
    "slow_before",
    "rate_limited",
    "insufficient_quota",
    "bad_key",
    "error_500",
    "error_502",
    "error_503_retry_after",
    "drop_after",
    "truncated",
    "half_json",
    "wrong_body",
    "refusal",
    "cut_short",
    "cut_json",
    "fenced",
    "plain_text",
    "no_words",
    "wrong_schema",
    "wrong_value",
    "tool_loop",
    "extra_items",
    "breaker",
    "up",
]
# These answers are of use all the same.
USEFUL = {"up", "fenced", "extra_items"}


@pytest.fixture
def model(sandbox, settings, lions):
    """A model that answers, with little patience for one that does not."""
    settings.OPENAI_API_KEY = sandbox.config.openai_api_key
    settings.OPENAI_TIMEOUT, settings.OPENAI_RETRIES = 0.75, 0
    settings.GOOGLE_PLACES_URL = "http://127.0.0.1:9"
    return settings


def set_trouble(sandbox, mode: str, seconds: float = 1.0) -> None:
    """From now on the model fails in this way."""
    if mode == "breaker":
        open_until = clock.now() + timedelta(seconds=60)
        ServiceState.objects.create(service="openai", open_until=open_until)
        mode = "up"
    faults.set_mode(sandbox.store, "openai", mode, seconds=seconds)


def registered(number: int, before_each_turn=lambda: None) -> Person:
    """One parent's registration."""
    person = Person(number)
    person.register(before_each_turn)
    return person


@pytest.mark.parametrize("number", PEOPLE)
def test_rules_model_and_failing_model_register_the_same_child(number, model, sandbox):
    model.AI_READING = False
    by_rule = registered(number)
    assert ModelCall.objects.count() == 0

    model.AI_READING = True
    with_model = registered(number)

    chance = random.Random(-number)  # noqa: S311  a stage, no secret

    def trouble() -> None:
        ServiceState.objects.filter(pk="openai").delete()
        set_trouble(sandbox, chance.choice(FAULTS))

    failing = registered(number, trouble)
    assert by_rule.outcome() == with_model.outcome() == failing.outcome()
    # Nothing wrong was kept on the way, to be found in the summary or not.
    assert (by_rule.corrections, with_model.corrections, failing.corrections) == (0, 0, 0)
    # Where the model helps a parent is asked less often, and never more often.
    assert len(with_model.parent.replies) <= len(by_rule.parent.replies)


def test_a_plain_registration_costs_no_call_and_a_chatty_one_little(model):
    parent = Parent(Client())
    parent.walk(until=29)
    assert ModelCall.objects.count() == 0

    chatty = Person(10)
    chatty.register()
    calls = ModelCall.objects.filter(draft=chatty.parent.draft)
    assert 0 < calls.count() <= len(chatty.parent.replies) / 3


def test_every_failure_leaves_the_reply_of_the_rules(model, sandbox):
    """Word for word what is said without a model; nothing of the trouble shows."""
    said = "It's for my son Sam Ashworth, born on the 14th of May 2017, and I am Anna Ashworth"
    model.AI_READING = False
    wanted = Parent(Client())
    wanted.say("200-lions-u10-2627")
    by_rule = wanted.say(said)
    model.AI_READING, model.OPENAI_RETRIES = True, 1
    for mode in [mode for mode in FAULTS if mode not in USEFUL]:
        ServiceState.objects.filter(pk="openai").delete()
        set_trouble(sandbox, mode)
        parent = Parent(Client())
        parent.say("200-lions-u10-2627")
        answer = parent.post(said)
        wanted_body = {
            "response": by_rule,
            "last_agent": "new_registration",
            "routine_number": 1,
        }
        assert (answer.status_code, answer.json()) == (200, wanted_body), mode
        assert not answer.cookies and parent.draft.answers == {}, mode


@pytest.mark.parametrize("mode", ["up", "fenced", "extra_items", "slow"])
def test_an_answer_is_found_wherever_it_stands(mode, model, sandbox):
    model.OPENAI_TIMEOUT = 3
    set_trouble(sandbox, mode, seconds=0.1)
    parent = Parent(Client())
    parent.say("200-lions-u10-2627")
    reply = parent.say("hiya it's Anna Ashworth here, Sam's mum, we want to sign up Sam Ashworth")
    assert parent.draft.answers["parent_name"] == ["Anna", "Ashworth"]
    assert "**Sam Ashworth**" in reply and parent.step == 2
