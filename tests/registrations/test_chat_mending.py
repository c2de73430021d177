"""Corrections and second thoughts, through POST /chat."""

import pytest

from registrations.models import Draft, Registration
from tests import factories


@pytest.mark.parametrize(
    ("text", "field", "value"),
    [
        ("surname should be O'Brien", "child_name", ["Sam", "O'Brien"]),
        ("his first name is Samuel", "child_name", ["Samuel", "Ashworth"]),
        ("my surname is Smith-Jones", "parent_name", ["Anna", "Smith-Jones"]),
        ("the child's name is Tom Barlow", "child_name", ["Tom", "Barlow"]),
    ],
)
def test_half_a_name_can_be_corrected_at_the_summary(parent, text, field, value):
    parent.walk(28)
    reply = parent.say(text)
    assert parent.step == 28
    assert "Thank you, changed" in reply
    assert parent.draft.answers[field] == value


def test_a_yes_to_a_question_about_one_answer_does_not_send_everything_in(parent):
    parent.walk(28)
    assert "play for us" in parent.say("he played for you last season")
    reply = parent.say("yes")
    assert Registration.objects.count() == 0
    assert parent.step == 28
    assert "**Last season:** Played for us" in reply
    assert parent.draft.answers["played_last_season"] is True
    parent.say("yes")
    assert parent.registration.played_last_season is True


def test_a_value_alone_answers_what_the_summary_asked_about(parent):
    parent.walk(28)
    assert "landline" in parent.say("my phone is 0161 496 0000")
    assert "landline" in parent.say("0161 496 0001")
    assert "07700900155" in parent.say("07700 900155")
    assert parent.draft.answers["parent_mobile"] == "+447700900155"
    assert parent.step == 28


def test_a_mistake_that_was_named_but_not_put_right_is_shown_once_more(parent):
    parent.walk(28)
    parent.say("the postcode is wrong")
    reply = parent.say("yes")
    assert Registration.objects.count() == 0
    assert "Here is what I have" in reply
    parent.say("yes")
    assert Registration.objects.count() == 1


def test_no_medical_issues_after_all_is_not_taken_for_keep_no_notes(parent):
    parent.walk(5)
    parent.say("asthma")
    parent.say("sorry, no, he has no medical issues")
    assert parent.step == 6
    assert parent.draft.answers["medical"] == {"has": False, "serious": False}
    assert parent.draft.sensitive == ""


def test_my_son_is_not_part_of_his_name(parent):
    parent.walk(2)
    parent.say("my son Sam Ashworth")
    assert parent.draft.answers["child_name"] == ["Sam", "Ashworth"]


def test_a_childs_birthday_given_as_ones_own_is_asked_about_and_flagged(parent):
    parent.walk(11)
    reply = parent.say("14/05/2017")
    assert "14 May 2017 as **your own** date of birth" in reply
    assert parent.step == 12
    parent.walk(29)
    assert parent.registration.flags == ["the parent's birthday is that of a child"]


def test_the_age_warning_at_the_summary_sends_nobody_back(parent):
    parent.walk(28)
    reply = parent.say("his birthday is 3 March 2014")
    assert "usually not be in **U10**" in reply
    assert "go back" not in reply


@pytest.mark.parametrize("text", ["later", "skip", "help"])
def test_at_the_photo_whatever_is_said_gets_help(parent, text):
    parent.walk(34)
    assert "keep this page open" in parent.say(text)
    assert parent.step == 34


def test_a_second_code_after_sending_in_does_not_claim_that_nothing_was_sent(parent):
    factories.team(name="Tigers")
    parent.walk(30)
    reply = parent.say("200-tigers-u10-2627")
    assert "details have been sent in" in reply
    assert "not sent in" not in reply


def test_a_returning_players_chat_stays_with_the_club_after_staff_have_looked(parent):
    parent.say("100-lions-u10-2627-Sam-Ashworth")
    Draft.objects.update(handed_over_at=None)  # "Mark as looked at" takes it off the list
    assert "a volunteer will be in touch" in parent.say("thanks")
    assert parent.step is None


def test_a_full_team_promises_no_payment_link(parent, lions):
    lions.state = "full"
    lions.save()
    welcome = parent.walk(1)
    assert "waiting list" in welcome
    assert "payment link" not in welcome
    assert "privacy notice" in welcome


def test_the_example_code_is_of_the_season_that_is_open(parent, lions):
    lions.season.code = "2829"
    lions.season.save()
    assert "`200-lions-u10-2829`" in parent.say("hello")
