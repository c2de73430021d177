"""Staff register a child for a parent, in the admin."""

import re

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client

from registrations import jobs
from registrations.chat import steps
from registrations.models import ChatSession, Draft
from tests.registrations.parent import Parent

PAGE = "/admin/registrations/registration/register/"


def login(name: str, *permissions: str) -> Client:
    """A volunteer in front of the office."""
    user = User.objects.create_user(name, is_staff=True)
    user.user_permissions.set(
        Permission.objects.filter(codename__in=["see_all_teams", *permissions])
    )
    client = Client(enforce_csrf_checks=True)
    client.force_login(user)
    return client


@pytest.fixture
def registrar(lions) -> Client:
    return login("maria", "add_registration", "view_registration")


def key_on(page) -> str:
    return re.search(r'name="session_id" value="([^"]+)"', page.content.decode())[1]


class Volunteer(Parent):
    """Types a parent's answers into the office's page."""

    def post(self, text: str, **extra):
        return self.client.post(PAGE, {"session_id": self.session_id, "user_message": text})

    def say(self, text: str) -> str:
        answer = self.post(text)
        assert answer.status_code == 200
        page = answer.content.decode()
        self.step = steps.BY_FIELD[re.search(r'name="answering" value="(\w+)"', page)[1]].number
        self.replies.append(page)
        return self.replies[-1]


@pytest.fixture
def volunteer(registrar) -> Volunteer:
    return Volunteer(registrar, key_on(registrar.get(PAGE)))


def test_a_child_is_registered_by_the_same_questions_and_it_says_by_whom(volunteer, sandbox):
    volunteer.walk(30)
    registration = volunteer.registration
    assert registration.player.full_name == "Sam Ashworth"
    assert registration.payment_day == 15
    assert registration.registree_role == "Other"
    [line] = registration.timeline.filter(text="Sent in by staff for the parent")
    assert line.by == "maria"
    assert Draft.objects.get().entered_by == "maria"
    assert "typed by <strong>maria</strong>" in volunteer.replies[-1]
    jobs.send_messages()
    [text] = sandbox.store.all("twilio.messages")
    assert text["to"] == "+447700900123"


def test_a_parents_own_registration_names_nobody(parent):
    parent.walk(29)
    assert parent.registration.registree_role == "Parent"
    assert parent.registration.timeline.filter(text="Sent in through the chat", by="").exists()
    assert Draft.objects.get().entered_by == ""


def test_the_office_offers_the_page_to_whoever_may(registrar):
    assert PAGE in registrar.get("/admin/").content.decode()
    assert PAGE in registrar.get("/admin/registrations/registration/").content.decode()


@pytest.mark.parametrize("permissions", [(), ("view_registration", "change_registration")])
def test_without_permission_there_is_no_page(lions, permissions):
    client = login("noah", *permissions)
    assert client.get(PAGE).status_code == 403
    form = {"session_id": "staff-1-2", "user_message": "200-lions-u10-2627"}
    assert client.post(PAGE, form).status_code == 403
    assert PAGE not in client.get("/admin/").content.decode()
    assert not ChatSession.objects.exists()


def test_a_visitor_is_sent_to_the_login(lions):
    assert Client().get(PAGE).status_code == 302


def test_nobody_elses_conversation_can_be_reached(volunteer, parent):
    parent.walk(5)
    volunteer.walk(4)
    other = login("olga", "add_registration")
    for key in (volunteer.session_id, parent.session_id, "staff-1-2", "", "a b"):
        page = other.post(PAGE, {"session_id": key, "look": "1"})
        assert page.status_code == 400
        assert b"Ashworth" not in page.content
    own = volunteer.client.post(PAGE, {"session_id": parent.session_id, "look": "1"})
    assert own.status_code == 400


def test_what_was_begun_can_be_carried_on(volunteer):
    volunteer.walk(4)
    page = volunteer.client.get(PAGE).content.decode()
    assert "U10 Lions, Sam Ashworth" in page
    assert volunteer.session_id in page
    shown = volunteer.client.post(PAGE, {"session_id": volunteer.session_id, "look": "1"})
    assert b"Boy or girl?" in shown.content
    volunteer.walk(29)
    assert volunteer.session_id not in volunteer.client.get(PAGE).content.decode()


def test_no_script_runs_on_the_page_and_nothing_typed_can_act(volunteer):
    volunteer.walk(6, s5="no")
    page = volunteer.say("<script>alert(1)</script> [a](javascript:alert(1))")
    assert "<script" not in page
    assert 'href="javascript' not in page
