"""Parents, tabs and staff at the same moment: one answer, one shirt, one text."""

from datetime import timedelta

import pytest
from django.core import mail
from django.test import Client

from integrations import clock
from payments.models import BillingRequest
from registrations import limits
from registrations.actions import messages, offering, sending, squads, states
from registrations.models import (
    ChatMessage,
    ChatSession,
    Draft,
    Family,
    Registration,
    ShirtHold,
    Sms,
)
from tests import factories
from tests.races.together import together
from tests.registrations.parent import Parent

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("site", "outside")]
CODE = "200-lions-u10-2627"


@pytest.fixture
def lions(tuesday):
    """U10 Lions, open."""
    return factories.team()


def new_parent(session_id: str = "") -> Parent:
    """A browser of its own."""
    return Parent(Client(), **({"session_id": session_id} if session_id else {}))


def tabs(parent: Parent, times: int) -> list[Parent]:
    """The same session in several tabs that all show the same question."""
    return [
        Parent(Client(), parent.session_id, parent.step, parent.agent, list(parent.replies))
        for _ in range(times)
    ]


def same_moment(parents: list[Parent], text: str) -> None:
    together(*[lambda p=parent: p.say(text) for parent in parents])


def test_a_code_sent_by_three_tabs_at_once_starts_one_registration(lions):
    parents = tabs(new_parent(), 3)
    same_moment(parents, CODE)
    assert [parent.step for parent in parents] == [1, 1, 1]
    assert ChatSession.objects.count() == 1
    assert Draft.objects.count() == 1


def test_what_three_tabs_say_at_once_is_taken_once_at_every_step(lions):
    parent = new_parent()
    parent.walk(until=2)
    one, other = tabs(parent, 2)
    together(lambda: one.say("Sam Ashworth"), lambda: other.say("Kim Ashworth"))
    assert (one.step, other.step) == (3, 3)
    assert parent.draft.answers["child_name"][0] in ("Sam", "Kim")
    assert "child_dob" not in parent.draft.answers

    parent.step = 3
    parent.walk(until=28)
    everywhere = tabs(parent, 3)
    same_moment(everywhere, "yes")
    assert [each.step for each in everywhere] == [29, 29, 29]
    assert (Registration.objects.count(), Family.objects.count()) == (1, 1)

    same_moment(everywhere, "15")
    assert [each.step for each in everywhere] == [30, 30, 30]
    assert BillingRequest.objects.count() == 1
    assert list(Sms.objects.values_list("kind", "resend")) == [("payment_link", 0)]

    same_moment(everywhere, "please send it again")
    assert sorted(Sms.objects.values_list("resend", flat=True)) == [0, 1]
    heard = ChatMessage.objects.filter(draft=parent.draft, role="parent")
    assert heard.filter(text="please send it again").count() == 3


def test_one_child_sent_in_from_two_phones_at_once_is_registered_once(lions):
    parents = [new_parent(), new_parent()]
    for parent in parents:
        parent.walk(until=28)
    same_moment(parents, "yes")
    assert [each.step for each in parents] == [29, 29]
    assert Registration.objects.live().filter(duplicate_of=None).count() == 1
    assert Registration.objects.exclude(duplicate_of=None).count() == 1
    same_moment(parents, "15")
    assert BillingRequest.objects.count() == 1
    assert Sms.objects.count() == 1


@pytest.fixture
def choosing(lions) -> list[Parent]:
    """Two parents of one team in front of the shirts."""
    parents = [new_parent(), new_parent()]
    parents[0].walk(until=33, s2="Sam Ashworth", s8="07700 900123")
    parents[1].walk(until=33, s2="Kim Ashworth", s8="07700 900124")
    return parents


def test_two_parents_who_want_one_shirt_get_it_once(choosing):
    same_moment(choosing, "7")
    assert sorted(parent.step for parent in choosing) == [33, 34]
    loser, winner = sorted(choosing, key=lambda parent: parent.step)
    assert list(Registration.objects.filter(shirt_number=7)) == [winner.registration]
    assert "7" in loser.replies[-1]
    assert winner.registration.player.first_name not in loser.replies[-1]
    assert winner.registration.guardian.last_name not in loser.replies[-1]
    assert ShirtHold.objects.count() == 0


def test_two_parents_who_ask_about_one_shirt_hold_it_once(choosing):
    same_moment(choosing, "is 7 free?")
    [hold] = ShirtHold.objects.all()
    [holder] = [each for each in choosing if each.draft.pk == hold.draft_id]
    [other] = [each for each in choosing if each is not holder]
    # Two who want what the other holds do not wait for each other for ever.
    other.say("is 8 free?")
    works = [lambda: holder.post("is 8 free?"), lambda: other.post("is 7 free?")]
    assert [answer.status_code for answer in together(*works)] == [200, 200]
    held = dict(ShirtHold.objects.values_list("draft_id", "number"))
    assert held == {holder.draft.pk: 7, other.draft.pk: 8}
    same_moment(choosing, "9")
    assert sorted(parent.step for parent in choosing) == [33, 34]
    assert Registration.objects.filter(shirt_number=9).count() == 1


def sent(sandbox) -> list[dict]:
    return sandbox.store.all("twilio.messages")


def test_four_workers_send_one_text_once(lions, sandbox):
    registration = factories.registration()
    messages.queue_payment_link(registration, at=clock.now())
    together(*[sending.send_due] * 4)
    [message] = sent(sandbox)
    row = Sms.objects.get()
    assert (row.sid, row.due_at, row.attempts) == (message["sid"], None, 1)
    assert registration.timeline.filter(text__startswith="SMS sent").count() == 1


def test_a_worker_that_died_after_the_text_had_left_sends_no_second_one(
    lions, sandbox, monkeypatch, move_clock
):
    """Killed between Twilio's answer and its note: whoever comes next looks first."""
    registration = factories.registration()
    messages.queue_payment_link(registration, at=clock.now())

    def die(*_):
        raise SystemExit

    with monkeypatch.context() as patch:
        patch.setattr(sending, "_record_sent", die)
        with pytest.raises(SystemExit):
            together(sending.send_due)
    assert Sms.objects.get().sid == ""
    move_clock(timedelta(minutes=6))
    together(*[sending.send_due] * 2)
    [message] = sent(sandbox)
    assert Sms.objects.get().sid == message["sid"]


def test_a_late_text_goes_by_sms_or_by_email_and_never_both(lions, sandbox, move_clock):
    registrations = [factories.registration() for _ in range(6)]
    for registration in registrations:
        messages.queue_payment_link(registration, at=clock.now())
    move_clock(timedelta(minutes=11))
    together(sending.send_due, sending.mail_late, sending.send_due, sending.mail_late)
    sending.send_due()
    texted = [message["to"] for message in sent(sandbox)]
    mailed = [message.to[0] for message in mail.outbox]
    assert len(texted) + len(mailed) == 6
    assert len(set(texted)) == len(texted)
    assert len(set(mailed)) == len(mailed)
    for each in registrations:
        assert (str(each.guardian.phone) in texted) != (each.guardian.email in mailed)


def test_a_resend_pressed_twice_at_once_by_staff_sends_one_text(lions, django_user_model):
    registration = factories.registration()
    user = django_user_model.objects.create_superuser("registrar", "registrar@example.org", "x")
    messages.queue_payment_link(registration, at=clock.now())
    path = f"/admin/registrations/registration/{registration.pk}/do/resend_payment_sms/"

    def press():
        client = Client()
        client.force_login(user)
        return client.post(path, {"sure": "1", "confirmed": "1"}).status_code

    assert together(press, press) == [302, 302]
    assert sorted(Sms.objects.values_list("resend", flat=True)) == [0, 1]


def test_receipts_that_arrive_together_end_in_the_last_word(lions):
    registration = factories.registration()
    row = messages.queue_payment_link(registration, at=clock.now())
    words = ["queued", "sent", "delivered", "sent", "queued", "delivered"]
    record = lambda word: sending.record_status(row.pk, sid="SM1", word=word)  # noqa: E731
    together(*[lambda w=word: record(w) for word in words])
    row.refresh_from_db()
    assert row.status == "delivered"


def test_staff_and_the_bank_at_the_same_moment_lose_no_fact(lions):
    registration = factories.registration()
    at = clock.now()
    together(
        lambda: states.settle_fee(registration.pk, at=at),
        lambda: states.arrange_collection(registration.pk, at=at),
        lambda: states.suspend(registration.pk, reason="late", at=at),
        lambda: states.flag(registration.pk, "look", at=at),
        lambda: states.settle_fee(registration.pk, at=at),
        lambda: states.reinstate(registration.pk, reason="paid", at=at),
    )
    states.reinstate(registration.pk, reason="paid", at=at)
    registration.refresh_from_db()
    assert (registration.status, registration.flags) == ("active", ["look"])
    assert registration.timeline.filter(text__startswith="Signing-on fee").count() == 1


def test_the_last_place_goes_to_one_of_all_who_reach_for_it(lions):
    lions.squad_limit, lions.automatic_offers = 1, True
    lions.save()
    since = clock.now() - timedelta(days=3)
    first, second = (
        factories.registration(team=lions, status="waiting", waiting_since=since) for _ in range(2)
    )
    parent = new_parent()
    parent.walk(28)
    sweep = offering.offer_free_places
    together(sweep, lambda: parent.say("yes"), sweep, sweep)
    offer = first.offers.open().get()
    assert (second.offers.count(), parent.registration.status) == (0, "waiting")
    # The family presses twice, and staff give the same child its place at that moment.
    together(
        lambda: offering.accept(offer.token, at=clock.now()),
        lambda: offering.accept(offer.token, at=clock.now()),
        lambda: states.give_place(first.pk, at=clock.now(), by="boss"),
    )
    assert (squads.squad(lions).players, squads.squad(lions).free) == (1, 0)
    assert first.sms.filter(kind="payment_link").count() == 1


def test_an_address_that_asks_from_everywhere_at_once_is_counted_exactly(
    lions, monkeypatch, outside
):
    monkeypatch.setattr(limits, "AN_ADDRESS", 25)
    monkeypatch.setattr(clock, "pace", lambda: 1_000_000_020.0)

    def ask():
        return [Client().get("/upload-status/nobody").status_code for _ in range(10)]

    seen = [status for each in together(*[ask] * 4) for status in each]
    assert sorted(seen) == [200] * 25 + [429] * 15
