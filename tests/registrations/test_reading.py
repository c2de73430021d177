"""What is read with a model, what never leaves, and what staff see of it."""

import pytest
from django.test import Client
from django.urls import reverse

from integrations.sandbox import faults
from registrations.actions import reading
from registrations.chat import privacy
from registrations.models import ModelCall
from tests.registrations.parent import Parent

CHATTY = "hiya it's Anna Ashworth here, Sam's mum, we want to sign up Sam Ashworth"


@pytest.fixture
def model(sandbox, settings, lions):
    """A model that answers."""
    settings.OPENAI_API_KEY = sandbox.config.openai_api_key
    return settings


@pytest.fixture
def parent(model) -> Parent:
    """A parent at the first question."""
    parent = Parent(Client())
    parent.say("200-lions-u10-2627")
    return parent


def asked(sandbox) -> list[dict]:
    """Every request that the model had."""
    rows = sandbox.store.all("openai.asked")
    return [row["body"] for row in rows if "body" in row]


def test_what_was_told_already_is_offered_and_not_asked_again(parent, model, sandbox):
    reply = parent.say(CHATTY)
    assert "your child's name is **Sam Ashworth**" in reply
    assert parent.draft.answers == {"parent_name": ["Anna", "Ashworth"]}
    parent.say("yes that's right")
    assert parent.draft.answers["child_name"] == ["Sam", "Ashworth"]
    model.AI_READING = False  # the rules carry on with what the model has heard
    reply = parent.walk(until=7)
    assert "**mother**" in reply
    parent.say("no")
    assert "relationship" not in parent.draft.answers and "**guardian**" in parent.replies[-1]
    parent.say("dad")
    assert parent.draft.answers["relationship"]["value"] == "Father"


def test_an_offer_may_be_answered_with_something_else(parent):
    parent.say(CHATTY)
    parent.say("Samuel Ashworth")
    assert parent.draft.answers["child_name"] == ["Samuel", "Ashworth"]
    assert "child_name" not in parent.draft.asked["offered"]


def test_the_page_shows_an_offer_as_two_buttons(parent, client):
    parent.say(CHATTY)
    body = {"session_id": parent.session_id}
    page = client.post("/chat/session", body, content_type="application/json").json()["page"]
    assert [choice["value"] for choice in page["ask"]["choices"]] == ["Yes", "No"]


def test_a_value_that_nobody_said_is_never_kept(parent, sandbox):
    faults.set_mode(sandbox.store, "openai", "wrong_value")
    parent.say(CHATTY)
    assert (parent.step, parent.draft.answers) == (1, {})
    assert [call.outcome for call in ModelCall.objects.all()] == ["wrong", "wrong"]
    parent.walk(until=3)
    reply = parent.say("he came along when the daffodils were out")
    # What may have been worked out is shown to be confirmed; a date is not taken unasked.
    assert "**3 February 2016**" in reply and "child_dob" not in parent.draft.answers


def test_clear_answers_contacts_consents_and_what_is_private_never_leave(parent, sandbox):
    parent.walk(until=5)
    parent.say("he has something with his chest that the school knows about")
    parent.say("no")
    parent.walk(until=8)
    parent.say("the number is on the form that I gave to the coach")
    parent.walk(until=10)
    parent.say("if the others do then I suppose so do we")
    parent.walk(until=25)
    parent.say("whatever everybody else does with theirs")
    parent.walk(until=26)
    parent.say("nobody is ever to hand him to that man next door")
    assert asked(sandbox) == []


def test_only_the_question_and_the_answer_leave_and_nothing_is_kept_there(parent, sandbox):
    parent.say(f"{CHATTY}, ring me on 07700 900123 or anna@example.org, we live at M41 0ZZ")
    (sent,) = asked(sandbox)
    assert (sent["store"], sent["temperature"]) == (False, 0.1)
    content = sent["input"][0]["content"]
    assert "Anna Ashworth" in content
    for private in ("900123", "example.org", "M41", parent.session_id):
        assert private not in f"{content}{sent['instructions']}"


def test_who_says_no_to_a_computer_is_read_by_rules_only(parent, sandbox):
    parent.say("no computer")
    parent.say(CHATTY)
    assert asked(sandbox) == []
    assert parent.step == 1


@pytest.mark.parametrize(
    "text",
    [
        "he's called Sam and he has astma",
        "Sam, he's waiting to see the doctor",
        "her dad must not pick her up from training",
        "there is a court order about his father",
        "call him Sam, no AI please",
        "Sam Ashworth, autistic",
        "she uses a wheelchair most days",
        "x" * 700,
        "   ",
    ],
)
def test_a_sentence_about_health_or_safety_stays_here(text):
    assert not privacy.may_leave(text)


def test_a_sentence_about_football_may_leave():
    assert privacy.may_leave("hiya, it's about my son Sam who is mad about football")
    said = privacy.without_contacts("born 14/05/2017, 0161 496 0000, a@b.example, M41 0AA")
    assert said == "born 14/05/2017, [number], [e-mail] [postcode]"


def test_staff_see_calls_tokens_and_cost_of_a_registration(parent, client, django_user_model):
    client.force_login(django_user_model.objects.create_superuser("boss", password="boss"))
    parent.say(CHATTY)
    parent.walk(until=29)
    call = ModelCall.objects.get()
    assert (call.purpose, call.step, call.outcome) == ("reading", 1, "read")
    assert call.microdollars == call.input_tokens * 2 + call.output_tokens * 8
    words = f"1 call, {call.input_tokens + call.output_tokens:,} tokens, {call.dollars}"
    for page, pk in (("registration", parent.registration.pk), ("draft", parent.draft.pk)):
        address = reverse(f"admin:registrations_{page}_change", args=[pk])
        assert words in client.get(address).content.decode()
    listed = client.get(reverse("admin:registrations_modelcall_changelist")).content.decode()
    assert "Sam Ashworth" in listed and call.dollars in listed


def test_a_registration_and_a_day_have_a_limit(parent, model, sandbox, monkeypatch):
    monkeypatch.setattr(reading, "A_REGISTRATION", 1)
    parent.say(CHATTY)
    parent.walk(until=3)
    parent.say("well he came along on the 14th of May 2017 at teatime")
    assert len(asked(sandbox)) == 1
    model.OPENAI_CALLS_A_DAY = 1
    another = Parent(Client())
    another.say("200-lions-u10-2627")
    another.say(CHATTY)
    assert len(asked(sandbox)) == 1


@pytest.mark.parametrize(("key", "on"), [("", True), ("sk-x", False)])
def test_without_a_key_or_switched_off_nothing_is_asked(parent, model, sandbox, key, on):
    model.OPENAI_API_KEY, model.AI_READING = key, on
    parent.say(CHATTY)
    assert (asked(sandbox), parent.step) == ([], 1)


def test_a_request_in_other_words_is_understood(parent):
    parent.walk(until=3)
    reply = parent.say("honestly I would much rather talk to some real human about all this")
    assert parent.session.wants_person_at is not None
    assert "told the club" in reply
