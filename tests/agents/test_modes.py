"""The existing frontend (domain 3) meets the same contract whoever reads: rules, a model, one that
fails, one whose tools are called at the agents' door."""

import random
from types import SimpleNamespace

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from integrations.models import AgentCall, ServiceState
from registrations.actions import photos
from registrations.models import ModelCall, Registration
from tests.journeys.first_light import picture
from tests.journeys.frontend import Frontend
from tests.registrations.parent import ANSWERS
from tests.registrations.test_twins import FAULTS, set_trouble

QUESTION = "will some volunteer reply"
CHATTY = {
    1: "hiya it's Anna Ashworth here, we would like to sign somebody up please",
    3: "well he came along on the 14th of May 2017 at teatime",
    7: "I'm the mum, who else would I be",
    11: "I was born on the 1st of February 1985, since you ask",
}
NEW = {"response": str, "last_agent": str, "routine_number": int}
QUICK = [mode for mode in FAULTS if not mode.startswith("slow")]


class Inside:
    """The frontend's fetch, answered in this process; photos are seen to before each poll."""

    def __init__(self, before):
        self.client, self.before, self.shapes = Client(enforce_csrf_checks=True), before, []

    def post(self, url, json=None, files=None, data=None, timeout=0):
        self.before()
        if json is not None:
            answer = self.client.post(url, json, content_type="application/json")
        else:
            form = {name: SimpleUploadedFile(*file) for name, file in files.items()}
            answer = self.client.post(url, {**data, **form})
        self.shapes.append({name: type(value) for name, value in answer.json().items()})
        return answer

    def get(self, url, timeout=0):
        photos.process_due()
        return self.client.get(url)


@pytest.fixture(params=["rules", "model", "failing", "hosted"])
def mode(request, sandbox, lions, settings):
    """What reads in this test, and what happens before each message."""
    found = SimpleNamespace(name=request.param, before=lambda: None)
    if found.name == "hosted":
        request.getfixturevalue("at_the_door")
    elif found.name != "rules":
        request.getfixturevalue("provider")
        chance = random.Random(9)  # noqa: S311  a stage, no secret
        if found.name == "failing":
            settings.OPENAI_TIMEOUT = 1.0

            def trouble():
                ServiceState.objects.filter(pk="openai").delete()
                set_trouble(sandbox, chance.choice(QUICK))

            found.before = trouble
    return found


@pytest.mark.django_db(transaction=True)
def test_the_frontends_contract_holds_whoever_reads(mode, settings):
    settings.GOOGLE_PLACES_URL = "http://127.0.0.1:9"
    browser, said = Frontend(""), set()
    browser.http = inside = Inside(mode.before)
    browser.say(QUESTION)
    browser.say("200-lions-u10-2627")
    left = {step: [text] if isinstance(text, str) else list(text) for step, text in ANSWERS.items()}
    while browser.routine_number != 34:
        step = browser.routine_number
        chatty = step in CHATTY and step not in said
        said.add(step)
        browser.say(CHATTY[step] if chatty else left[step].pop(0))
    browser.upload("sam.jpg", picture("JPEG"), "image/jpeg")
    assert browser.routine_number == 35
    first, *rest, uploaded = inside.shapes
    assert first == {"response": str}
    assert all(shape == NEW for shape in rest)
    assert uploaded == NEW | {"processing": bool, "session_id": str}
    assert not [reply for reply in browser.replies if "{" in reply or '":' in reply]
    assert Registration.objects.get().player.full_name == "Sam Ashworth"
    calls = set(ModelCall.objects.values_list("purpose", flat=True))
    if mode.name != "failing":
        assert calls == (set() if mode.name == "rules" else {"texts", "reading"})
    if mode.name == "hosted":
        assert AgentCall.objects.get().by == "agent for provider"
