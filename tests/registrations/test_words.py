"""A message read by rule into commands (design 3.5)."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from registrations.chat.words import Command, read


def kinds(text, field="child_dob", step=3):
    return [command.kind for command in read(text, step=step, field=field)]


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("back", "back"),
        ("Go back", "back"),
        ("go back please", "back"),
        ("can I go back?", "back"),
        ("can we go back a step", "back"),
        ("sorry, go back one", "back"),
        ("previous", "back"),
        ("previous question", "back"),
        ("go to the previous question", "back"),
        ("undo", "back"),
        ("why?", "why"),
        ("Why do you need that?", "why"),
        ("why do you want to know his birthday", "why"),
        ("what's this for?", "why"),
        ("what do you need that for?", "why"),
        ("is this really necessary?", "why"),
        ("start again", "restart"),
        ("Start over", "restart"),
        ("restart", "restart"),
        ("can we start from the beginning please", "restart"),
        ("speak to a person", "handover"),
        ("I want to speak to someone", "handover"),
        ("can I talk to a real person please", "handover"),
        ("human please", "handover"),
        ("can someone call me?", "handover"),
        ("help", "unclear"),
        ("skip", "unclear"),
        ("", "unclear"),
        ("\x00", "unclear"),
    ],
)
def test_a_whole_message_may_be_a_request(text, kind):
    assert kinds(text) == [kind]


@pytest.mark.parametrize(
    ("text", "field"),
    [
        ("Will Back", "child_name"),
        ("Why Not FC", "previous_team"),
        ("The Start", "parent_house"),
        ("Back House", "parent_house"),
        ("Sarah Human", "parent_name"),
        ("asthma, he needs to speak to a person after an attack", "medical"),
        ("why not", "comms_consent_text"),
        ("200 Church Road, Urmston, M41 0AB", "parent_address"),
        ("3 April 2015", "child_dob"),
    ],
)
def test_a_real_answer_is_not_swallowed(text, field):
    assert read(text, step=1, field=field) == [Command("set", field, text)]


def test_a_code_in_the_middle_is_seen_whole():
    assert read("my other one is 200-Lions-u10-2526.", step=2, field="child_name") == [
        Command("code", "", "200-Lions-u10-2526")
    ]


def test_half_a_code_is_an_answer():
    assert kinds("200-lions", "parent_house", 13) == ["set"]


@pytest.mark.parametrize("text", ["skip", "skip this", "Skip please", "pass", "leave it blank"])
def test_an_optional_step_can_be_skipped(text):
    assert read(text, step=26, field="second_contact") == [Command("skip", "second_contact")]


@pytest.mark.parametrize(
    ("field", "text", "given"),
    [
        ("same_address", "lives with me", "yes"),
        ("same_address", "elsewhere", "no"),
        ("same_address", "sometimes", "sometimes"),
        ("sms_received", "got it", "yes"),
        ("sms_received", "Yes thanks", "yes"),
        ("sms_received", "not yet", "no"),
        ("sms_received", "nothing has arrived", "no"),
        ("sms_received", "it hasn't come through", "no"),
        ("played_last_season", "he did", "yes"),
        ("played_last_season", "she's new to football", "no"),
        ("comms_consent", "why not", "yes"),
        ("comms_consent", "no thanks", "no"),
        ("played_last_season", "yes for the u9s", "yes"),
        ("played_last_season", "yes for 3 years", "yes"),
        ("played_last_season", "yes for Flixton", "yes for Flixton"),
        ("played_last_season", "yes but for another team", "yes but for another team"),
        ("comms_consent", "STOP", "no"),
        ("sms_received", "can you resend it", "can you resend it"),
        ("sms_received", "resend", "no"),
        ("sms_received", "send it again please", "no"),
        ("sms_received", "havent got it", "no"),
        ("sms_received", "nowt", "no"),
        ("parent_address_ok", "that's us", "yes"),
        ("parent_address_ok", "that's not right", "no"),
    ],
)
def test_a_yes_or_no_is_understood_in_its_question(field, text, given):
    assert read(text, step=1, field=field) == [Command("set", field, given)]


def test_a_no_with_another_team_answers_both_questions():
    assert read("No, he played for Sale United", step=6, field="played_last_season") == [
        Command("set", "played_last_season", "no"),
        Command("set", "previous_team", "he played for Sale United"),
    ]


def test_a_no_with_the_right_address_answers_both_questions():
    typed = "14 Church Road, Urmston, M41 0AB"
    assert read(f"no, it's {typed}", step=15, field="parent_address_ok") == [
        Command("set", "parent_address_ok", "no"),
        Command("set", "parent_address", typed),
    ]


def summary(text):
    return read(text, step=28, field="confirmed", summary=True)


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("yes", "yes"),
        ("Yes that's all correct", "yes"),
        ("looks good", "yes"),
        ("all correct thanks", "yes"),
        ("no changes", "yes"),
        ("nothing to change", "yes"),
        ("yes, the address is correct", "yes"),
        ("Yes, please send me the payment link", "yes"),
        ("yes I'm happy with the address and email", "yes"),
        ("perfect 👍", "yes"),
        ("confirm", "yes"),
        ("I confirm", "yes"),
        ("submit", "yes"),
        ("send it", "yes"),
        ("no", "no"),
        ("that's not right", "no"),
    ],
)
def test_the_summary_is_confirmed_or_not(text, answer):
    assert summary(text) == [Command("set", "confirmed", answer)]


@pytest.mark.parametrize("text", ["hm", "banana", "is my data safe", "not sure"])
def test_an_unclear_word_at_the_summary_confirms_nothing(text):
    assert summary(text) == [Command("unclear", "confirmed")]


@pytest.mark.parametrize(
    ("text", "field", "value"),
    [
        ("his birthday is 3 March 2015", "child_dob", "3 March 2015"),
        ("my date of birth is 3/3/1985", "parent_dob", "3/3/1985"),
        ("her birthday isn't 3 March 2015 it's 4 March 2015", "child_dob", "4 March 2015"),
        ("surname should be O'Brien", "child_name", "surname O'Brien"),
        ("my surname is O’Brien", "parent_name", "surname O'Brien"),
        ("his first name is Jake not Jack", "child_name", "first name Jake"),
        ("child's name should be Jake O'Brien", "child_name", "Jake O'Brien"),
        ("my name is spelt Sarah Jonas", "parent_name", "Sarah Jonas"),
        ("postcode is wrong, it's M41 0AB", "parent_postcode", "M41 0AB"),
        ("the postcode should be M41 0AB please", "parent_postcode", "M41 0AB"),
        ("M41 0AB is the right postcode", "parent_postcode", "M41 0AB"),
        ("wrong postcode", "parent_postcode", ""),
        ("everything is right except the postcode", "parent_postcode", ""),
        ("her postcode is M32 0AB", "child_postcode", "M32 0AB"),
        ("the email is x@example.com", "parent_email", "x@example.com"),
        ("change the email to x@example.com", "parent_email", "x@example.com"),
        ("change my email from a@example.com to b@example.com", "parent_email", "b@example.com"),
        ("can you change the email to x@example.com?", "parent_email", "x@example.com"),
        ("his email: jake@example.com", "child_email", "jake@example.com"),
        ("No, my mobile is 07700 900123", "parent_mobile", "07700 900123"),
        ("phone number should be 07700 900123", "parent_mobile", "07700 900123"),
        ("his mobile is 07700 900124", "child_mobile", "07700 900124"),
        ("house number is 12a", "parent_house", "12a"),
        (
            "the address is 12 Church Road, Urmston, M41 0AB",
            "parent_address",
            "12 Church Road, Urmston, M41 0AB",
        ),
        ("gender should be female", "gender", "female"),
        ("she's a girl", "gender", "girl"),
        ("he has asthma", "medical", "he has asthma"),
        ("medical: nut allergy, carries an EpiPen", "medical", "nut allergy, carries an EpiPen"),
        ("I'm his step dad", "relationship", "step dad"),
        ("relationship should be guardian", "relationship", "guardian"),
        ("previous team was Sale United", "previous_team", "Sale United"),
        ("change payment day to 15", "payment_day", "15"),
        ("kit size should be 9/10", "kit_size", "9/10"),
        ("shirt number 7", "shirt_number", "7"),
        ("photos: only the squad list", "photo_use", "only the squad list"),
        (
            "emergency contact should be Jean Smith 07700 900125",
            "second_contact",
            "Jean Smith 07700 900125",
        ),
        ("consent should be no", "comms_consent", "no"),
        ("His surname's spelt wrong, it's O'Brien", "child_name", "surname O'Brien"),
        ("my phone's wrong", "parent_mobile", ""),
        ("I'm his dad not his mum", "relationship", "dad"),
        (
            "Yes all correct apart from my email which is x@example.com",
            "parent_email",
            "x@example.com",
        ),
        ("no he lives with his dad", "same_address", "he lives with his dad"),
        ("Yes but the email is x@example.com", "parent_email", "x@example.com"),
        ("I'm not his mum", "relationship", ""),
        ("I'm not his mum I'm his nan", "relationship", "nan"),
        ("im his dad", "relationship", "dad"),
        ("Yes to emails", "comms_consent", "yes"),
        ("no to texts", "comms_consent", "no"),
        ("I don't want emails", "comms_consent", "no"),
        ("no marketing please", "comms_consent", "no"),
        ("yes to photos", "photo_use", ""),
        ("no to photos", "photo_use", "no"),
        ("he has a nut allergy", "medical", "he has a nut allergy"),
        ("they have an allergy to nuts", "medical", "they have an allergy to nuts"),
        ("he has the wrong allergy", "medical", ""),
    ],
)
def test_a_correction_is_read_in_plain_words(text, field, value):
    assert summary(text) == [Command("correct", field, value)]


@pytest.mark.parametrize(
    ("text", "corrections"),
    [
        (
            "his surname is O'Brien and the postcode is M41 0AB",
            [("child_name", "surname O'Brien"), ("parent_postcode", "M41 0AB")],
        ),
        (
            "birthday is 3 March 2015, email is x@example.com",
            [("child_dob", "3 March 2015"), ("parent_email", "x@example.com")],
        ),
        (
            "No.\nhis birthday is 3 March 2015\nmy mobile is 07700 900123",
            [("child_dob", "3 March 2015"), ("parent_mobile", "07700 900123")],
        ),
    ],
)
def test_several_corrections_are_read_from_one_message(text, corrections):
    assert summary(text) == [Command("correct", field, value) for field, value in corrections]


def test_at_the_summary_one_can_go_back_or_ask_for_a_person():
    assert summary("go back") == [Command("back", "confirmed")]
    assert summary("can I speak to a person?") == [Command("handover", "confirmed")]


@settings(deadline=None)
@given(
    text=st.one_of(
        st.text(max_size=200),
        st.lists(
            st.sampled_from(
                "the his my name surname email is not it's postcode M41 0AB , and . yes no "
                "birthday to from "
                "a@b.co should be back why start again 12 \n".split(" ")
            ),
            max_size=20,
        ).map(" ".join),
    ),
    at_summary=st.booleans(),
    field=st.sampled_from(["child_name", "same_address", "sms_received", "second_contact"]),
)
def test_any_message_gives_commands(text, at_summary, field):
    commands = read(text, step=1, field=field, summary=at_summary)
    assert commands
    assert all(isinstance(command, Command) for command in commands)


def test_a_pasted_book_is_read_quickly():
    assert read("page after page and " * 20_000, step=28, field="confirmed", summary=True)
