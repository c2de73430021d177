"""Children who come back: the proof, what nobody may learn, and the few turns that it takes."""

import re
from datetime import date, timedelta

import pytest
from django.core import mail
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from integrations import clock
from payments.models import BillingRequest, Mandate, Subscription
from registrations.actions import proving_back, rollover_commit, rollover_plan, states
from registrations.models import (
    Consent,
    Guardian,
    Photo,
    Registration,
    ReturningPlace,
    ReturningVisit,
    Season,
    Sms,
)
from tests import factories

pytestmark = pytest.mark.django_db
SUMMER = date(2027, 6, 20)
BORN = date(2017, 3, 5)


@pytest.fixture(autouse=True)
def summer(settings, move_clock) -> None:
    """The June after the season, with e-mail in memory."""
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
    move_clock(timedelta(days=(SUMMER - clock.today()).days))


@pytest.fixture
def parent(summer) -> Guardian:
    line = "12 Station Road"
    mine = {"phone": "+447700900123", "email": "priya@example.org", "address_line_1": line}
    return factories.guardian(**mine)


def child(
    parent: Guardian, first: str, *, dob: date = BORN, shirt: int = 7, **given
) -> Registration:
    """A child of last season with a photo, consents and kit."""
    team = given.pop("team", None) or factories.team(age_group="u10", name="Lions")
    player = factories.player(
        family=parent.family,
        first_name=first,
        last_name="O'Neil-Smith",
        dob=dob,
        house_number="12",
        address_line_1="Station Road",
    )
    row = factories.active_registration(
        team=team, guardian=parent, player=player, shirt_number=7, kit_size="9/10", **given
    )
    at = clock.now() - timedelta(days=300)
    for kind in ("club_messages", "photo_squad"):
        Consent.objects.create(
            registration=row, kind=kind, wording="2026-06", given=True, decided_at=at
        )
    Photo.objects.create(
        registration=row,
        state="accepted",
        uploaded_at=at,
        accepted_at=at,
        storage_key=f"2627/{row.sync_id}/a.jpg",
        stored_at=at,
    )
    return row


def rolled(**wishes) -> Season:
    """The next season, planned and committed."""
    season = Season.objects.get(code="2627")
    wishes = rollover_plan.Wishes(**wishes)
    plan = rollover_plan.plan(season, wishes, at=clock.now(), by="reg")
    return rollover_commit.commit(plan.pk, at=clock.now(), by="reg").to_season


def mandate(parent: Guardian) -> Mandate:
    return Mandate.objects.create(
        gocardless_id="MD1", guardian=parent, status="active", created_at=clock.now()
    )


class Visitor:
    """One browser at the chat."""

    def __init__(self, key: str = "visitor-1") -> None:
        self.client, self.key, self.turns = Client(), key, 0

    def say(self, text: str) -> str:
        """One turn; the club's words."""
        self.turns += 1
        body = {"user_message": text, "session_id": self.key}
        answer = self.client.post("/chat", body, content_type="application/json")
        assert answer.status_code == 200, answer.content
        return answer.json()["response"]


@pytest.fixture
def digits(monkeypatch) -> list[tuple[str, str]]:
    """(phone, six digits) of every text that went out."""
    sent: list[tuple[str, str]] = []

    def send(phone: str, body: str) -> None:
        sent.append((phone, re.search(r"\d{6}", body)[0]))

    monkeypatch.setattr("registrations.actions.proving_back.sms.send", send)
    return sent


CODE = "100-lions-u11-2728-sam-o'neil-smith"


def prove(visitor: Visitor, digits: list) -> str:
    visitor.say(CODE)
    visitor.say("5 March 2017")
    proving_back.send_due()
    return visitor.say(digits[-1][1])


def test_six_turns_for_a_family_where_nothing_changed(parent, digits):
    before = child(parent, "Sam")
    mandate(parent)
    rolled()
    visitor = Visitor()
    shown = prove(visitor, digits)
    assert digits == [("+447700900123", digits[0][1])]
    assert "ending 123" in shown
    assert "**Your address:** 12 S\u2026 R\u2026, " in shown
    assert "Station" not in shown
    assert parent.email not in shown
    shown = visitor.say("yes")
    assert "5 March \u2026" in shown
    assert "2017" not in shown
    assert "**Shirt:** 7" in shown
    shown = visitor.say("yes")
    assert "by the Direct Debit that you have already" in shown
    thanks = visitor.say("yes")
    assert visitor.turns == 6
    assert "All done, Priya!" in thanks
    assert "Your Direct Debit goes on as it is" in thanks

    new = Registration.objects.get(season__code="2728")
    assert (new.kind, new.player, new.guardian) == ("100", before.player, parent)
    assert (new.shirt_number, new.kit_size, new.payment_day) == (7, "9/10", 15)
    assert new.new_kit_required is False
    assert new.photos.get().storage_key == before.photos.get().storage_key
    assert set(new.consents.filter(given=True).values_list("kind", flat=True)) >= {
        "club_messages",
        "photo_squad",
    }
    assert new.consents.get(kind="photo_public").given is False
    assert new.collection_arranged_by == "mandate"
    asked = BillingRequest.objects.get(registration=new)
    assert (asked.purpose, asked.pence) == ("fee_only", 4500)
    text = Sms.objects.get(registration=new)
    assert text.kind == "payment_link"
    assert "Pay £45.00 within 7 days" in text.body
    assert not Subscription.objects.filter(registration=new).exists()
    states.settle_fee(new.pk, at=clock.now())
    collected = Subscription.objects.get(registration=new)
    assert (collected.mandate.gocardless_id, collected.day_of_month) == ("MD1", 15)
    new.refresh_from_db()
    assert new.status == "active"


def test_three_children_in_one_sitting_with_changes_for_one(parent, digits):
    child(parent, "Sam")
    bears, ill = factories.team(age_group="u12", name="Bears"), {"has_medical_issues": True}
    child(parent, "Ann", dob=date(2015, 4, 1), team=bears, medical_notes="asthma", **ill)
    child(parent, "Ben", dob=date(2016, 4, 1), team=factories.team(age_group="u11", name="Owls"))
    rolled()
    visitor = Visitor()
    shown = prove(visitor, digits)
    assert "Ann, Ben and Sam" in shown
    shown = visitor.say("my email is new@example.org")
    assert "n\u2026@example.org" in shown
    assert "Question 1 of about 5" in shown
    assert "About **Ann**" in visitor.say("yes")
    shown = visitor.say("yes")
    assert "About **Ben**" in shown
    assert "Question 3 of about 5" in shown
    shown = visitor.say("the kit is too small")
    assert "another size" in shown
    shown = visitor.say("yes")
    assert "About **Sam**" in shown
    shown = visitor.say("yes")
    assert "**We keep Ann's medical notes:** yes" in shown
    assert "May we go on like this" in shown
    visitor.say("pay on the 5th")
    shown = visitor.say("yes")
    assert "Ann, Ben and Sam are registered" in shown
    assert "Which **size**" in shown  # straight on to what Ben needs
    shown = visitor.say("11/12")
    assert Registration.objects.filter(season__code="2728").count() == 3
    assert set(
        Registration.objects.filter(season__code="2728").values_list("payment_day", flat=True)
    ) == {5}
    parent.refresh_from_db()
    assert parent.email == "new@example.org"
    ben = Registration.objects.get(season__code="2728", player__first_name="Ben")
    assert (ben.kit_size, ben.shirt_number) == ("11/12", 7)
    assert not ReturningPlace.objects.filter(answered_at=None).exists()
    again = Visitor("visitor-2")
    again.say(CODE)
    again.say("5 March 2017")
    assert proving_back.send_due() == 1
    assert len(digits) == 1  # everything was answered: nobody is texted any more


def test_a_child_who_leaves_frees_the_shirt_and_the_others_go_on(parent, digits):
    child(parent, "Sam")
    child(parent, "Ann", dob=date(2015, 4, 1), team=factories.team(age_group="u12", name="Bears"))
    rolled()
    visitor = Visitor()
    prove(visitor, digits)
    visitor.say("my email is new@example.org")
    visitor.say("yes")
    shown = visitor.say("Not coming back")
    assert "Ann's place is given up" in shown
    assert "About **Sam**" in shown  # what was said about the family need not be said again
    visitor.say("yes")
    assert "registered for" in visitor.say("yes")
    parent.refresh_from_db()
    assert parent.email == "new@example.org"
    assert Registration.objects.get(season__code="2728").player.first_name == "Sam"
    gone = ReturningPlace.objects.get(declined_at__isnull=False)
    assert gone.shirt_number is None


def test_a_photo_is_asked_for_after_two_seasons_and_kit_where_it_is_due(parent, digits):
    """And health anew, where what was said about it was kept long enough."""
    row = child(parent, "Sam", has_medical_issues=None)
    season = rolled()
    season.teams.update(kit_due=True)
    old = clock.now() - timedelta(days=600)
    Photo.objects.filter(registration=row).update(accepted_at=old, uploaded_at=old)
    visitor = Visitor()
    assert "medical issues" in prove(visitor, digits)
    visitor.say("yes, asthma")
    assert "About **you**" in visitor.say("yes")
    shown = visitor.say("yes")
    assert "there are notes" in shown
    assert "time for a new one" in shown
    assert "the team gets new kit" in shown
    visitor.say("yes")
    assert "Which **size**" in visitor.say("yes")
    assert "photo" in visitor.say("11/12").lower()
    new = Registration.objects.get(season__code="2728")
    assert (new.shirt_number, new.kit_size, new.new_kit_required) == (7, "11/12", True)
    assert not new.photos.exists()
    assert new.has_medical_issues is True
    assert new.medical_notes == "Asthma"


def test_consents_can_be_given_otherwise_than_before(parent, digits):
    child(parent, "Sam")
    rolled()
    visitor = Visitor()
    prove(visitor, digits)
    visitor.say("yes")
    visitor.say("yes")
    assert "news" in visitor.say("no").lower()
    visitor.say("no")
    shown = visitor.say("identity only")
    assert "proof of identity only" in shown or "squad and league" not in shown
    visitor.say("yes")
    new = Registration.objects.get(season__code="2728")
    given = dict(new.consents.values_list("kind", "given"))
    assert (given["club_messages"], given["photo_squad"]) == (False, False)


# --- what nobody may learn
def test_the_answers_are_the_same_for_a_child_on_file_a_wrong_birthday_and_nobody(parent, digits):
    child(parent, "Sam")
    rolled()
    tries = {
        "on file": (CODE, "5 March 2017"),
        "wrong birthday": (CODE, "6 March 2017"),
        "nobody": ("100-lions-u11-2728-tom-jones", "5 March 2017"),
    }
    said, queries = {}, {}
    for place, (who, (code, dob)) in enumerate(tries.items()):
        visitor = Visitor(f"visitor-{place}")
        with CaptureQueriesContext(
            connection,
        ) as seen:
            lines = [visitor.say(code), visitor.say(dob)]
        counts = len(seen.captured_queries)
        proving_back.send_due()
        with CaptureQueriesContext(connection) as seen:
            lines += [
                visitor.say("000 000"),
                visitor.say("hello"),
                visitor.say("send it by e-mail"),
            ]
        said[who], queries[who] = lines, (counts, len(seen.captured_queries))
    assert said["on file"] == said["wrong birthday"] == said["nobody"]
    # The same statements are run, so no answer's time tells either.
    assert queries["on file"] == queries["wrong birthday"] == queries["nobody"]
    assert len(digits) == 1
    proving_back.send_due()
    assert [message.to for message in mail.outbox] == [["priya@example.org"]]


def test_a_leaked_code_and_birthday_open_nothing_without_the_digits(parent, digits):
    child(parent, "Sam")
    rolled()
    thief = Visitor("thief")
    for text in (CODE, "5 March 2017"):
        thief.say(text)
    proving_back.send_due()
    right = digits[0][1]
    for number in range(5):
        wrong = f"{(int(right) + 1 + number) % 1_000_000:06}"
        shown = thief.say(wrong)
        assert "ending 123" not in shown
    assert "does not work any more" in thief.say(right)  # five wrong ones: the right one is late
    assert ReturningVisit.objects.get().proven_at is None
    assert not Registration.objects.filter(season__code="2728").exists()


@pytest.mark.parametrize("code", [CODE, "100-lions-u11-2728-tom-jones"])
def test_a_name_is_locked_for_a_day_whether_on_file_or_not(parent, digits, move_clock, code):
    child(parent, "Sam")
    rolled()
    shown = ""
    for number in range(7):
        visitor = Visitor(f"visitor-{number}")
        visitor.say(code)
        shown = visitor.say("5 March 2017")
        proving_back.send_due()
    assert "tried too often" in shown
    assert len(digits) == (6 if code == CODE else 0)
    move_clock(timedelta(days=1, hours=1))
    visitor = Visitor("tomorrow")
    visitor.say(code)
    assert "six-digit code" in visitor.say("5 March 2017")


def test_digits_run_out_after_ten_minutes(parent, digits, move_clock):
    child(parent, "Sam")
    rolled()
    visitor = Visitor()
    visitor.say(CODE)
    visitor.say("5 March 2017")
    proving_back.send_due()
    move_clock(timedelta(minutes=11))
    assert "does not work any more" in visitor.say(digits[0][1])


def test_a_kept_place_and_shirt_are_nobody_elses(parent, client):
    child(parent, "Sam")
    season = rolled(limits="1")
    visitor = Visitor()
    shown = visitor.say(season.teams.get().code_for_new_players)
    assert "full at the moment" in shown
