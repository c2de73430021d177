"""What POST /chat and the plain form give our own page."""

import json

import pytest
from django.test import Client

from integrations import clock
from payments.models import BillingRequest
from registrations.actions import states
from registrations.chat import asking, html, steps
from registrations.models import Draft, Registration
from tests.registrations.parent import Parent


def turn(parent: Parent, text: str, **extra) -> dict:
    """One message of the page; what it carries besides."""
    answer = parent.post(text, page=True, **extra)
    assert answer.status_code == 200, answer.content[:300]
    return answer.json()["page"]


def again(parent: Parent) -> dict:
    """What the page gets when it comes back."""
    body = json.dumps({"session_id": parent.session_id})
    answer = parent.client.post("/chat/session", body, content_type="application/json")
    assert answer["Cache-Control"].count("no-store") == 1
    return answer.json()


def test_without_page_the_answer_is_the_old_contract(parent):
    assert set(parent.post("200-lions-u10-2627").json()) == {
        "response",
        "last_agent",
        "routine_number",
    }


def test_with_page_the_answer_carries_html_the_question_and_progress(parent):
    page = turn(parent, "200-lions-u10-2627")
    assert page["ask"]["name"] == "parent_name"
    assert page["ask"]["autocomplete"] == "name"
    assert page["progress"] == {"done": 1, "of": 23}
    assert "<strong>U10 Lions</strong>" in page["html"]
    assert "*Question" not in page["html"]
    assert 'name="answering" value="parent_name"' in page["form"]
    assert "pay_url" not in page


def test_every_question_has_a_form():
    assert {step.field for step in steps.STEPS} == set(asking.BY_FIELD)


def test_a_message_for_a_question_that_is_settled_changes_nothing(parent):
    turn(parent, "200-lions-u10-2627", answering="code")
    turn(parent, "Anna Ashworth", answering="parent_name")
    page = turn(parent, "Anna Ashworth", answering="parent_name")
    assert page["stale"] is True
    assert page["ask"]["name"] == "child_name"
    assert Draft.objects.get().answers == {"parent_name": ["Anna", "Ashworth"]}
    turn(parent, "Sam Ashworth", answering="child_name")
    assert turn(parent, "go back", answering="child_dob")["ask"]["name"] == "child_name"
    assert turn(parent, "go back", answering="child_dob")["stale"] is True
    assert "parent_name" in Draft.objects.get().answers


def test_starting_again_is_asked_as_a_question_of_its_own(parent):
    turn(parent, "200-lions-u10-2627")
    turn(parent, "Anna Ashworth")
    page = turn(parent, "start again")
    assert page["ask"]["name"] == "restart"
    assert [choice["value"] for choice in page["ask"]["choices"]] == ["Yes", "No"]
    assert turn(parent, "No", answering="restart")["ask"]["name"] == "child_name"


def test_taken_shirts_are_not_on_offer(parent):
    parent.walk(33)
    registration = parent.registration
    Registration.objects.filter(pk=registration.pk).update(shirt_number=9)
    other = Parent(Client())
    other.walk(33, s2="Joe Brown", s8="07700 900155")
    page = again(other)["page"]
    assert page["ask"]["free"] == [n for n in range(1, 26) if n != 9]
    assert 'value="9" disabled aria-label="9, taken"' in page["form"]


def test_pay_now_is_there_while_something_is_owed_and_for_a_double_too(parent):
    parent.walk(30)
    link = again(parent)["page"]["pay_url"]
    assert link.endswith(f"/reg_setup/{parent.registration.token}")
    double = Parent(Client())
    double.walk(30)
    assert double.registration.duplicate_of_id == parent.registration.pk
    assert again(double)["page"]["pay_url"].endswith(f"/reg_setup/{double.registration.token}")
    states.settle_fee(parent.registration.pk, at=clock.now(), source="by_hand")
    states.arrange_collection(parent.registration.pk, at=clock.now(), source="by_hand")
    assert "pay_url" not in again(parent)["page"]


def test_the_link_of_a_double_asks_for_nothing_and_tells_nothing(parent):
    parent.walk(30)
    double = Parent(Client())
    double.walk(30)
    answer = Client().get(f"/reg_setup/{double.registration.token}")
    assert answer.status_code == 200
    assert "the link in our text" in answer.content.decode()
    assert not BillingRequest.objects.filter(registration=double.registration).exists()


def test_a_session_shows_answers_until_they_are_sent_in_and_not_after(parent):
    parent.walk(28)
    before = json.dumps(again(parent))
    assert "anna.ashworth@example.org" in before.casefold()
    parent.walk(30)
    after = json.dumps(again(parent))
    for private in ("example.org", "07700", "Example Road", "1985", "2017"):
        assert private not in after.replace("admin@urmstontownjfc.example", "")


def test_somebody_elses_key_shows_the_greeting_only(parent):
    parent.walk(5)
    stranger = Parent(Client())
    shown = again(stranger)
    assert "Anna" not in json.dumps(shown)
    assert shown["page"]["ask"]["name"] == "code"


@pytest.mark.parametrize("key", ["", "a b", None, 7, "x" * 101])
def test_a_key_that_cannot_be_one_is_refused(db, key):
    body = json.dumps({"session_id": key})
    answer = Client().post("/chat/session", body, content_type="application/json")
    assert (answer.status_code, answer["Content-Type"]) == (400, "text/plain")


def test_the_plain_form_asks_and_takes_answers(lions):
    client = Client(enforce_csrf_checks=True)
    form = {"session_id": "plain-1", "answering": "code", "user_message": "200-lions-u10-2627"}
    assert b"first and last name" in client.post("/", form).content
    client.post("/", form | {"answering": "parent_name", "user_message": "Anna Ashworth"})
    client.post("/", form | {"answering": "child_name", "user_message": "Sam Ashworth"})
    date = {"session_id": "plain-1", "answering": "child_dob", "day": "14", "month": "5"}
    client.post("/", date | {"year": "2017"})
    assert Draft.objects.get().answers["child_dob"] == "2017-05-14"
    sent_twice = client.post("/", date | {"year": "2017"})
    assert b"answered already" in sent_twice.content
    empty = client.post("/", {"session_id": "plain-1", "answering": "gender"})
    assert b"type or choose an answer" in empty.content


@pytest.mark.parametrize("form", [{}, {"session_id": "a b"}, {"session_id": "x" * 101}])
def test_a_plain_form_without_its_number_is_told_so(db, form):
    answer = Client().post("/", form)
    assert answer.status_code == 400
    assert b"lost its number" in answer.content


def test_the_first_page_shows_what_a_code_looks_like(lions):
    page = Client().get("/").content.decode()
    assert "<code>200-lions-u10-2627</code>" in page
    assert "<code>100-lions-u10-2627-Firstname-Surname</code>" in page


def test_the_page_keeps_no_cookie_and_runs_no_inline_script(db):
    answer = Client().get("/")
    assert not answer.cookies
    policy = answer["Content-Security-Policy"]
    assert "unsafe" not in policy
    assert b"<style" not in answer.content
    assert b" style=" not in answer.content
    assert b"<script>" not in answer.content


@pytest.mark.parametrize(
    "text",
    [
        "<script>alert(1)</script>",
        "<img src=x onerror=alert(1)>",
        "[a](javascript:alert(1))",
        "[a](data:text/html,<script>alert(1)</script>)",
        "![a](https://example.org/x.png)",
        "<a href='javascript:alert(1)'>a</a>",
        "[a](vbscript:x) <svg onload=alert(1)>",
        "<iframe srcdoc='<script>alert(1)</script>'>",
        "`</code><script>alert(1)</script>`",
        '[a](https://example.org "onmouseover=alert(1)")',
        "[a]: javascript:alert(1)\n[a]",
        "&#x3c;script&#x3e;alert(1)&#x3c;/script&#x3e;",
    ],
)
def test_nothing_in_a_reply_or_an_answer_can_act(text):
    for shown in (html.safe(text), html.typed(text)):
        for danger in (
            "<script",
            "<img",
            "<svg",
            "<iframe",
            'href="javascript',
            'href="data',
            "<a onm",
        ):
            assert danger not in shown
        assert 'title="' not in shown
