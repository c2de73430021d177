"""Families are invited once each, at a set rate, whatever becomes of Twilio."""

import io
import os
import re
from collections import Counter
from datetime import date, timedelta

import pytest
from django.core import mail
from django.core.management import CommandError, call_command
from django.test import Client

from integrations import clock
from integrations.models import ServiceState
from registrations.actions import (
    inviting,
    rollover_commit,
    rollover_plan,
    rollover_undo,
    sending,
)
from registrations.models import Consent, Email, Invitation, OptOut, Registration, Rollover, Sms
from tests import factories

pytestmark = pytest.mark.django_db
FAMILIES = 2000 if os.environ.get("SOAK") else 40
SUMMER = date(2027, 6, 20)


@pytest.fixture(autouse=True)
def summer(settings, move_clock) -> None:
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
    move_clock(timedelta(days=(SUMMER - clock.today()).days))


def rolled(**wishes) -> Rollover:
    season = factories.season()
    plan = rollover_plan.plan(season, rollover_plan.Wishes(**wishes), at=clock.now(), by="reg")
    return rollover_commit.commit(plan.pk, at=clock.now(), by="reg")


def phone(number: int) -> str:
    """One of the thousand reserved mobiles; from a thousand families on, two share one."""
    return f"+447700900{number % 1000:03}"


def family(number: int, *, children: int = 1, **contact) -> None:
    contact = {"phone": phone(number), "email": f"p{number}@example.org"} | contact
    parent = factories.guardian(**contact)
    for each in range(children):
        team = factories.team(age_group=f"u{10 + each}", name=_name(number // 25))
        child = factories.player(
            family=parent.family,
            first_name=f"Kid{each}",
            last_name=_name(number),
            dob=date(2017 - each, 3, 5),
        )
        row = factories.active_registration(
            team=team, guardian=parent, player=child, shirt_number=number % 25 + 1
        )
        for kind in ("club_messages", "photo_squad"):
            Consent.objects.create(
                registration=row, kind=kind, wording="1", given=True, decided_at=clock.now()
            )


def _name(number: int) -> str:
    return "Team" + "".join(chr(97 + int(digit)) for digit in str(number))


def many_families() -> tuple[int, int, int]:
    """(stopped with an e-mail address, stopped without one, neither number nor address)."""
    stopped = silent = mute = 0
    for number in range(FAMILIES):
        given: dict[str, str] = {}
        if number % 10 in (3, 6):
            OptOut.objects.get_or_create(
                phone=phone(number), defaults={"since": clock.now(), "source": "reply"}
            )
        if number % 10 == 3:
            stopped += 1
        if number % 10 == 6:
            silent += 1
            given = {"email": ""}
        if number % 20 == 9:
            mute += 1
            given = {"phone": "", "email": ""}
        family(number, children=1 + number % 3, **given)
    return stopped, silent, mute


def tokens(texts) -> Counter:
    """How often each family's link went out."""
    return Counter(re.search(r"/return/([\w-]+)", text)[1] for text in texts)


def send_for(minutes: int, sandbox, move_clock) -> list[int]:
    """Two sweeps every two minutes; Twilio is down for some of them. How many were handed over."""
    paces = []
    for turn in range(minutes // 2):
        if turn == 2:
            sandbox.down("twilio")
        if turn == 4:
            sandbox.up("twilio")
            ServiceState.objects.all().delete()
        paces.append(inviting.send_due() + inviting.send_due())
        while sending.send_due():
            pass
        sending.mail_late()
        move_clock(timedelta(minutes=2))
    return paces


def test_each_family_gets_one_message_and_the_rest_are_listed_with_the_reason(
    sandbox, move_clock, monkeypatch
):
    monkeypatch.setattr("integrations.guard.SPACING", {"twilio": 0})
    stopped, silent, mute = many_families()
    rollover = rolled()
    a_minute = FAMILIES // 4
    assert inviting.invite(rollover.pk, a_minute=a_minute, at=clock.now()) == FAMILIES
    assert inviting.invite(rollover.pk, a_minute=a_minute, at=clock.now()) == 0

    paces = send_for(24, sandbox, move_clock)
    assert max(paces) <= a_minute
    assert sum(paces) == FAMILIES - mute

    texts = tokens(doc["body"] for doc in sandbox.store.all("twilio.messages"))
    mails = tokens(message.body for message in mail.outbox)
    done = inviting.progress(rollover)
    untold = {one.token: reason for one, reason in done.untold}
    told = {one.token: texts[one.token] + mails[one.token] for one in Invitation.objects.all()}
    assert told == {token: 0 if token in untold else 1 for token in told}
    assert Counter(reason.partition(";")[0] for reason in untold.values()) == {
        "text: opted out of texts": silent,
        inviting.NO_WAY: mute,
    }
    assert len(mails) >= stopped
    assert (done.families, done.told, done.to_send) == (FAMILIES, FAMILIES - len(untold), 0)


def test_a_message_names_all_children_and_a_reminder_says_that_it_is_one(sandbox, move_clock):
    family(123, children=3)
    Registration.objects.filter(player__first_name="Kid1").update(
        status="waiting", waiting_since=clock.now(), shirt_number=None
    )
    rollover = rolled()
    said = io.StringIO()
    call_command("invite_families", "2728", stdout=said)
    assert "1 invitations, 60 a minute" in said.getvalue()
    inviting.send_due()
    text = Sms.objects.get()
    assert "Kid2 and Kid0 have places, Kid1 may stay on the waiting list for" in text.body
    assert "by code" not in text.body  # three codes would make it longer than two segments
    assert inviting.send_due() == 0

    move_clock(timedelta(days=15))
    inviting.send_due()
    assert "not heard from you" in Sms.objects.latest("pk").body
    assert inviting.remind(rollover.pk, at=clock.now()) == 0  # they have just been reminded
    move_clock(timedelta(days=4))
    assert inviting.remind(rollover.pk, at=clock.now()) == 1
    inviting.send_due()
    move_clock(timedelta(days=60))
    assert inviting.send_due() == 0
    assert Sms.objects.count() == 3
    with pytest.raises(CommandError, match="has been committed"):
        call_command("invite_families", "2829")


def test_the_link_is_the_proof_and_an_answer_ends_the_reminders(sandbox, move_clock):
    family(124)
    rollover = rolled()
    inviting.invite(rollover.pk, a_minute=60, at=clock.now())
    inviting.send_due()
    text = Sms.objects.get().body
    token = re.search(r"/return/(\S+)", text)[1]
    team, child = _name(124 // 25).lower(), _name(124).lower()
    assert f"(or by code: 100-{team}-u11-2728-kid0-{child})" in text
    client = Client()
    page = client.get(f"/return/{token}")
    assert "Welcome back" in page.content.decode()
    assert Invitation.objects.get().opened_at is None  # a scanner's look opens nothing
    shown = client.post("/", {"return": token}).content.decode()
    assert "Kid0" in shown
    assert "ending 124" in shown
    key = re.search(r'name="session_id" value="([^"]+)"', shown)[1]
    for text in ("yes", "yes", "yes"):
        body = {"user_message": text, "session_id": key}
        answer = client.post("/chat", body, content_type="application/json").json()
    assert "All done" in answer["response"]
    assert Registration.objects.filter(season__code="2728").count() == 1
    assert client.get(f"/return/{token}").status_code == 410
    assert client.post("/", {"return": token}).status_code == 410
    assert client.get("/return/another").status_code == 404
    move_clock(timedelta(days=30))
    assert inviting.send_due() == 0
    assert Invitation.objects.get().answered_at


def test_a_family_in_arrears_is_held_back_until_staff_let_it_go(admin_client, monkeypatch):
    family(125)
    row = Registration.objects.get()
    monkeypatch.setattr("payments.desk.Desk.in_arrears", lambda desk, season: {row.pk: 2750})
    rollover = rolled(arrears=Rollover.Arrears.HOLD)
    page = "/admin/new-season/"
    press = {"rollover": rollover.pk, "what": "invite"}
    admin_client.post(page, press | {"a_minute": "lots"})
    assert not Invitation.objects.exists()
    shown = admin_client.post(page, press | {"a_minute": "30"}, follow=True).content.decode()
    assert "held back: in arrears" in shown
    assert inviting.send_due() == 0
    one = Invitation.objects.get()
    admin_client.post(f"/admin/registrations/invitation/{one.pk}/do/release/", {"confirmed": "1"})
    assert inviting.send_due() == 1
    assert Sms.objects.count() + Email.objects.count() == 1


def test_after_an_undo_the_families_get_a_link_that_works():
    family(1)
    first = rolled()
    inviting.invite(first.pk, a_minute=60, at=clock.now())
    inviting.send_due()
    rollover_undo.undo(first.pk, at=clock.now(), by="reg")
    again = rolled()
    inviting.invite(again.pk, a_minute=60, at=clock.now())
    inviting.send_due()
    inviting.send_due()
    bodies = list(Sms.objects.order_by("resend").values_list("body", flat=True))
    assert len(bodies) == 2
    invitation = Invitation.objects.get()
    assert inviting.link(invitation) in bodies[1]
    assert inviting.look(invitation.token, clock.now()) == "open"
