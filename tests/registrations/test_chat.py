"""The conversation, through POST /chat."""

from datetime import date, timedelta

import pytest
from django.db import connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext

from integrations import clock
from registrations.actions import states
from registrations.models import (
    ChatMessage,
    Consent,
    Draft,
    Family,
    Photo,
    Registration,
    ShirtHold,
    Sms,
    Team,
)
from tests import factories
from tests.registrations.parent import Parent

CODE = "200-lions-u10-2627"


def test_a_plain_parent_registers_a_child(parent):
    reply = parent.walk(34)
    assert "photo" in reply
    made = parent.registration
    assert made.status == "pending_payment"
    assert made.player.full_name == "Sam Ashworth"
    assert made.player.dob == date(2017, 5, 14)
    assert str(made.guardian.phone) == "+447700900123"
    assert made.guardian.email == "anna.ashworth@example.org"
    assert made.player.full_address == "12 Example Road, Urmston, Manchester, M41 0ZZ"
    assert (made.payment_day, made.kit_size, made.shirt_number) == (15, "9/10", 7)
    assert made.new_kit_required is True
    assert made.kit_type == "Outfield"
    assert made.billing_requests.count() == 1
    assert made.sms.count() == 1
    assert made.flags == []
    given = {consent.kind: consent.given for consent in Consent.objects.filter(registration=made)}
    assert given == {
        "privacy_notice": True,
        "model_reading": True,
        "club_messages": True,
        "photo_squad": True,
        "photo_public": True,
    }


def test_every_reply_names_the_true_step_whatever_the_client_says(parent):
    parent.walk(3)
    answer = parent.post("14/05/2017", routine_number=34, last_agent="re_registration", x=[1])
    assert answer.json()["routine_number"] == 4
    assert answer.json()["last_agent"] == "new_registration"
    assert answer.headers["Cache-Control"].find("no-store") >= 0
    assert not answer.cookies


@pytest.mark.parametrize(
    ("step", "text", "words"),
    [
        (1, "Anna", "first and last name"),
        (2, "S. A.", "full names"),
        (3, "31/02/2017", "not in the calendar"),
        (3, "14/05/2099", "still to come"),
        (3, "1/1/1999", "too long ago"),
        (4, "hm", "male"),
        (5, "not sure", "medical issues"),
        (5, "yes", "What"),
        (7, "parent", "mother"),
        (8, "0161 496 0000", "landline"),
        (8, "0770", "UK mobile"),
        (9, "nonsense", "e-mail address"),
        (10, "perhaps", "yes"),
        (12, "nowhere", "postcode"),
        (14, "somewhere", "postcode"),
        (16, "sometimes", "live with you"),
        (26, "07700 900125", "whose"),
        (29, "31", "last day of the month"),
        (29, "0", "1 to 28"),
        (32, "enormous", "9/10"),
        (33, "26", "1 to 25"),
    ],
)
def test_what_cannot_be_taken_is_asked_again_with_a_reason(parent, step, text, words):
    parent.walk(step)
    answers = parent.draft.answers
    reply = parent.say(text)
    assert parent.step == step
    assert words in reply
    assert parent.draft.answers == answers


HOSTILE = ["\x00", "💥" * 50, "a" * 4000, "\ud800x", "<script>", "'; drop table", "{{ x }}"]


@pytest.mark.parametrize("step", [1, 5, 9, 14, 26, 28, 30, 33, 34])
def test_no_message_brings_the_conversation_down(parent, step):
    parent.walk(step)
    for text in HOSTILE:
        with transaction.atomic():
            assert parent.post(text).status_code in (200, 400), text
            transaction.set_rollback(True)  # each meets the same question


def test_a_serious_condition_has_one_follow_up_and_asks_for_consent(parent):
    parent.walk(5)
    assert "in practice" in parent.say("yes, asthma, she uses an inhaler")
    assert "keep these medical notes" in parent.say("It is in the blue bag")
    assert parent.step == 5
    parent.say("yes")
    assert parent.step == 6
    parent.walk(34)
    made = parent.registration
    assert "blue bag" in made.medical_notes
    assert Consent.objects.get(registration=made, kind="medical").given is True
    kept = " ".join(ChatMessage.objects.values_list("text", flat=True))
    assert "inhaler" not in kept
    assert "blue bag" not in kept


def test_without_consent_no_medical_note_is_kept_and_staff_are_told(parent):
    parent.walk(6, s5=["hay fever", "no"])
    parent.walk(34)
    made = parent.registration
    assert made.has_medical_issues is True
    assert made.medical_notes == ""
    assert made.flagged_at is not None


def test_an_older_players_own_contacts_must_differ_from_the_parents(parent):
    factories.team(age_group="u16", name="Hawks")
    parent.walk(23, code="200-hawks-u16-2627", s3="14/05/2011")
    assert "differ" in parent.say("07700 900123")
    parent.say("07700 900124")
    assert "differ" in parent.say("ANNA.ashworth@example.org")
    parent.walk(34, s24="sam@example.org")
    assert str(parent.registration.player.phone) == "+447700900124"


def test_a_child_elsewhere_gets_an_address_of_its_own(parent):
    parent.walk(18, s16="no, with her dad")
    parent.walk(
        34,
        s18="M33 1ZZ",
        s19="4",
        s20="4 Sample Lane, Sale, M33 1ZZ",
        s21="yes",
    )
    made = parent.registration
    assert made.player.postcode == "M33 1ZZ"
    assert made.guardian.postcode == "M41 0ZZ"
    assert made.player.lives_with_guardian is False


def test_corrections_show_only_what_changed(parent):
    parent.walk(28)
    reply = parent.say("her birthday is 15 May 2017")
    assert "15 May 2017" in reply
    assert "Ashworth" not in reply
    assert parent.step == 28
    assert "change" in parent.say("no")
    parent.say("yes")
    assert parent.registration.player.dob == date(2017, 5, 15)


def test_a_corrected_postcode_is_looked_up_again(parent):
    parent.walk(28)
    parent.say("the postcode is M41 0AB")
    assert parent.step == 14
    parent.walk(28, s14="12 Sample Street, Urmston, M41 0AB")
    parent.walk(29)
    assert parent.registration.guardian.postcode == "M41 0AB"


def test_going_back_asks_the_last_question_again(parent):
    parent.walk(4)
    parent.say("go back")
    assert parent.step == 3
    parent.walk(5, s3="15/05/2017")
    assert parent.draft.answers["child_dob"] == "2017-05-15"


def test_why_a_person_and_no_computer_leave_the_step_alone(parent):
    parent.walk(8)
    assert "payment link" in parent.say("why do you need that?")
    assert "told the club" in parent.say("I want to speak to a person")
    assert parent.session.wants_person_at is not None
    assert "Noted" in parent.say("no computer")
    assert parent.step == 8
    parent.walk(34)
    consent = Consent.objects.get(registration=parent.registration, kind="model_reading")
    assert consent.given is False


def test_starting_again_asks_first(parent):
    parent.walk(5)
    parent.say("start again")
    assert parent.step == 5
    parent.say("no")
    assert parent.step == 5
    parent.say("start again")
    parent.say("yes")
    assert parent.step == 1
    assert parent.draft.answers == {}


def test_a_birthday_outside_the_age_group_warns_once_and_is_flagged(parent):
    parent.walk(3)
    assert "U10" in parent.say("14/05/2015")
    assert "usually" not in parent.say("boy")
    parent.walk(34)
    assert parent.registration.age_mismatch is True
    assert parent.registration.flagged_at is not None


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("300-lions-u10-2627", "not valid"),
        ("200-lions-10-2627", "not valid"),
        ("200-lions-u10-2627-sam-ashworth", "no name"),
        ("100-lions-u10-2627", "first name and surname"),
        ("200-lions-u10-9899", "do not know the season"),
        ("200-nobody-u10-2627", "cannot find that team"),
        ("200-shut-u10-2627", "not taking new players"),
        ("200-lions-u10-2728", "opens on"),
        ("200-lions-u10-2526", "has closed"),
    ],
)
def test_a_code_that_opens_nothing_is_answered_kindly_and_keeps_nothing(parent, code, words):
    factories.team(name="Shut", state=Team.State.CLOSED)
    factories.season(code="2728")
    factories.season(code="2526")
    assert words in parent.say(code)
    assert (parent.step, parent.agent) == (None, None)
    assert Draft.objects.count() == 0


@pytest.mark.parametrize("code", ["my code is 200–Lions–u10–2627.", "200 lions u10 2627", CODE])
def test_a_code_is_found_however_it_was_typed(parent, code):
    parent.say(code)
    assert parent.step == 1


def test_somebody_without_a_code_is_told_where_to_get_one(parent):
    reply = parent.say("I want to register my son")
    assert "manager or coach" in reply
    assert "200-" in reply
    assert "100-" in reply
    assert parent.step is None


def test_a_returning_players_code_goes_to_staff_whoever_is_on_file(parent):
    known = factories.registration(player=factories.player(first_name="Ruby"))
    name = f"{known.player.first_name}-{known.player.last_name}"
    one = parent.say(f"100-lions-u10-2627-{name}")
    other = Parent(Client())
    two = other.say("100-lions-u10-2627-Nobody-Here")
    assert one == two
    assert parent.agent == "re_registration"
    assert Draft.objects.filter(kind="100", handed_over_at__isnull=False).count() == 2
    assert Registration.objects.count() == 1


def test_a_full_team_finishes_on_the_waiting_list_and_pays_nothing(parent):
    Team.objects.update(state=Team.State.FULL)
    assert "full at the moment" in parent.say(CODE)
    reply = parent.walk(35)
    made = parent.registration
    assert "waiting list" in reply
    assert (made.status, made.waiting_since is None) == ("waiting", False)
    assert made.sms.count() == 0
    assert made.billing_requests.count() == 0
    states.give_place(made.pk, at=clock.now(), by="registrar")
    made.refresh_from_db()
    assert made.status == "pending_payment"
    assert made.sms.count() == 1
    assert made.billing_requests.count() == 1


def test_a_code_in_the_middle_asks_about_a_second_registration(parent):
    factories.team(name="Tigers")
    parent.walk(5)
    assert "second registration" in parent.say("200-tigers-u10-2627")
    parent.say("no")
    assert parent.step == 5
    parent.say("200-tigers-u10-2627")
    parent.say("yes")
    assert parent.step == 1
    assert parent.draft.team.name == "Tigers"


def test_brothers_in_one_conversation_are_one_family(parent):
    parent.walk(34)
    parent.say(CODE)
    parent.say("yes")
    parent.walk(34, s2="Max Ashworth", s33="8")
    assert Registration.objects.count() == 2
    assert Family.objects.count() == 1


def test_the_same_child_again_is_a_double_that_nobody_hears_of(parent, move_clock):
    parent.walk(34)
    first = parent.registration
    twice = Parent(Client())
    twice.walk(30)
    assert twice.replies[-1] == next(r for r in parent.replies if "ending **123**" in r)
    second = twice.registration
    assert second.duplicate_of == first
    assert second.flagged_at is not None
    assert second.billing_requests.count() == 0
    assert second.sms.count() == 0
    assert second.guardian.family != first.guardian.family
    assert first.sms.count() == 1  # less than an hour ago
    move_clock(timedelta(hours=2))
    third = Parent(Client())
    third.walk(30)
    assert first.sms.count() == 2


def test_the_same_child_with_another_contact_is_only_flagged(parent):
    parent.walk(34)
    other = Parent(Client())
    other.walk(34, s8="07700 900150", s33="9")
    made = other.registration
    assert made.duplicate_of is None
    assert made.flagged_at is not None
    assert made.sms.count() == 1


def test_a_taken_shirt_is_refused_without_naming_anybody(parent):
    parent.walk(34)
    other = Parent(Client())
    other.walk(33, s2="Max Ashworth", s8="07700 900150")
    reply = other.say("7")
    assert "taken" in reply
    assert "Sam" not in reply
    assert other.step == 33
    other.say("1")
    assert other.registration.kit_type == "Goalkeeper"


def test_a_shirt_that_is_asked_about_is_held_for_half_an_hour(parent, move_clock):
    parent.walk(33)
    assert "half an hour" in parent.say("is 9 free?")
    other = Parent(Client())
    other.walk(33, s2="Max Ashworth", s8="07700 900150")
    assert "taken" in other.say("9")
    parent.say("yes")
    assert parent.registration.shirt_number == 9
    assert ShirtHold.objects.count() == 0
    other.say("is 10 free?")
    move_clock(timedelta(minutes=31))
    third = Parent(Client())
    third.walk(34, s2="Leo Ashworth", s8="07700 900151", s33="10")
    assert third.registration.shirt_number == 10


def test_a_text_that_did_not_come_is_sent_again_once_or_by_email(parent):
    parent.walk(30)
    assert "ending **123**" in parent.say("no")
    parent.say("send it again please")
    parent.say("send it again")
    made = parent.registration
    assert made.sms.count() == 2
    assert parent.step == 30
    parent.say("send it by e-mail")
    assert parent.step == 32
    assert made.emails.count() == 1


def test_a_corrected_number_gets_the_link_and_the_old_one_does_not(parent):
    parent.walk(30)
    parent.say("no, my number is 07700 900160")
    made = parent.registration
    assert str(made.guardian.phone) == "+447700900160"
    assert made.contact_key == "+447700900160"
    assert [str(sms.to) for sms in made.sms.filter(due_at__isnull=False)] == ["+447700900160"]


def test_after_submission_replies_hold_nothing_personal(parent):
    parent.walk(28)
    before = len(parent.replies)
    parent.walk(34, s30=["no", "yes"])
    later = " ".join(parent.replies[before:])
    for secret in ("Ashworth", "900123", "anna", "M41", "2017", "Example"):
        assert secret not in later


def test_a_draft_goes_quiet_after_a_day(parent, move_clock):
    parent.walk(9)
    move_clock(timedelta(hours=25))
    reply = parent.say("anna@example.org")
    assert "start again" in reply
    assert "Ashworth" not in reply
    parent.say(CODE)
    assert parent.step == 1


def test_a_child_of_last_season_is_asked_for_no_kit_unless_the_team_is_due(parent):
    parent.walk(34, s6="yes")
    assert parent.registration.new_kit_required is False
    Team.objects.update(kit_due=True)
    other = Parent(Client())
    other.walk(32, s6="yes", s2="Max Ashworth", s8="07700 900150")
    assert other.registration.new_kit_required is True


def test_an_upload_before_its_time_is_not_kept(parent):
    parent.walk(5)
    body = parent.upload(b"not a photo")
    assert "processing" not in body
    assert body["routine_number"] == 5
    assert Photo.objects.count() == 0


def test_markdown_in_names_of_clubs_has_no_effect(parent):
    parent.walk(28, s6=["no", "**Bold** [x](http://e.vil) FC"])
    assert "\\*\\*Bold\\*\\* \\[x\\](http://e.vil) FC" in parent.replies[-1]


def test_one_turn_takes_at_most_eight_queries(parent):
    parent.walk(4)
    with CaptureQueriesContext(connection) as met:
        parent.say("boy")
    # What opens and closes a transaction is not a query, here as in the benchmark.
    queries = [q["sql"] for q in met if not q["sql"].startswith(("SAVEPOINT", "RELEASE"))]
    assert len(queries) <= 8, queries


def test_an_undisturbed_registration_owes_one_text(parent):
    parent.walk(34)
    assert Sms.objects.count() == 1
