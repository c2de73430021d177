"""Many families are written to: consents respected, each once, at a set rate, stopped when told."""

from collections import Counter
from datetime import timedelta

import pytest
from django.contrib.auth.models import Group, User
from django.core import mail
from django.urls import reverse

from integrations import clock
from registrations.actions import circulars, sending
from registrations.models import Circular, Consent, Email, OptOut, Sms
from tests import factories

pytestmark = pytest.mark.django_db
COMPOSE = "admin:compose"


@pytest.fixture(autouse=True)
def clerk(client, settings):
    """A registrar, signed in; e-mails stay here."""
    settings.PUBLIC_URL = "https://club.example"
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
    user = User.objects.create_user("clerk", is_staff=True)
    user.groups.add(Group.objects.get(name="Registrar"))
    client.force_login(user)
    return user


def write(client, **given):
    letter = {
        "purpose": "notice",
        "way": "sms",
        "subject": "Training",
        "text": "Training of {team} is off.",
        "a_minute": 60,
    }
    return client.post(reverse(COMPOSE), letter | given)


def send(client, **given):
    key = str(write(client, **given).context["key"])
    answer = write(client, confirmed="1", key=key, **given)
    again = write(client, confirmed="1", key=key, **given)  # pressed twice
    assert answer["Location"] == again["Location"]
    return answer["Location"]


def agree(row, given):
    Consent.objects.create(
        registration=row, kind="club_messages", wording="1", given=given, decided_at=clock.now()
    )


def test_the_preview_says_who_gets_it_how_and_who_does_not_and_why(client):
    yes, no, unasked = (factories.registration() for _ in range(3))
    agree(yes, False)
    agree(yes, True)
    agree(no, True)
    agree(no, False)
    out = factories.registration()
    agree(out, True)
    OptOut.objects.create(phone=out.guardian.phone, since=clock.now(), source="twilio")
    sister = factories.registration(
        guardian=yes.guardian, player=factories.player(family=yes.guardian.family)
    )
    agree(sister, True)
    silent = factories.registration(guardian=factories.guardian(phone="", email=""))
    agree(silent, True)
    factories.registration(status="cancelled", cancelled_at=clock.now())

    shown = write(client, purpose="news").context["preview"]
    assert {row: (went.by_sms, went.by_email) for row, went in shown["going"]} == {
        yes: (True, False), out: (False, True),
    }  # fmt: skip
    assert dict(shown["left_out"]) == {
        no: "said no to club messages",
        unasked: "was never asked",
        sister: f"the same parent is told for {yes.player.first_name}",
        silent: "no number, no e-mail address",
    }
    assert (shown["texts"], shown["emails"], shown["segments"]) == (1, 1, 1)
    assert shown["shown"][0][2] == "Training of U10 Lions is off."
    everybody = write(client, way="both", text="{child}!").context["preview"]
    assert len(everybody["going"]) == 5
    assert not Circular.objects.exists()
    assert not Sms.objects.exists()


def test_it_goes_out_when_and_as_fast_as_was_said_and_each_family_once(client, sandbox, move_clock):
    rows = [factories.registration() for _ in range(5)]
    later = clock.london(clock.now() + timedelta(hours=2))
    page = send(client, starts_at=f"{later:%Y-%m-%dT%H:%M}", a_minute="2", way="both")
    assert circulars.send_due() == 0
    move_clock(timedelta(hours=2))
    sent = [circulars.send_due(), circulars.send_due()]
    for _ in range(3):
        move_clock(timedelta(minutes=1, seconds=1))
        sent.append(circulars.send_due())
    assert sent == [2, 0, 2, 1, 0]
    while sending.send_due():
        pass
    bodies = Counter(doc["body"] for doc in sandbox.store.all("twilio.messages"))
    assert bodies == {"Training of U10 Lions is off.": 5}
    assert {message.to[0] for message in mail.outbox} == {row.guardian.email for row in rows}
    assert len(mail.outbox) == 5
    assert mail.outbox[0].subject == "Training"
    shown = client.get(page)
    assert dict(shown.context["counted"]) == {"with Twilio": 5}
    report = client.get(page, {"format": "csv"}).content.decode("utf-8-sig")
    assert report.count("U10 Lions,with Twilio") == 5
    assert Sms.objects.filter(kind="notice", asked_by="clerk").count() == 5


def test_who_changed_their_mind_meanwhile_gets_none_and_it_can_be_stopped(client):
    first, second, third = (factories.registration() for _ in range(3))
    for row in (first, second, third):
        agree(row, True)
    page = send(client, purpose="news", a_minute="2")
    agree(first, False)
    assert circulars.send_due() == 2
    assert (first.sms.count(), second.sms.count()) == (0, 1)
    client.post(page)
    assert circulars.send_due() == 0
    counted = dict(client.get(page).context["counted"])
    assert counted == {"left out": 2, "pending": 1}
    assert third.sms.count() == 0


def test_rows_chosen_in_the_list_a_team_or_what_was_written_before_begin_a_letter(client):
    lion, bear = factories.registration(), factories.registration(team=factories.team(name="Bears"))
    chosen = {"action": "write_to_chosen", "_selected_action": [bear.pk]}
    page = client.post(reverse("admin:registrations_registration_changelist"), chosen)
    assert page.context["form"].initial["chosen"] == str(bear.pk)
    shown = write(client, chosen=str(bear.pk)).context["preview"]
    assert [row for row, _ in shown["going"]] == [bear]
    shown = write(client, team=lion.team_id).context["preview"]
    assert [row for row, _ in shown["going"]] == [lion]
    send(client, age_group="u10", text="Again {team}")
    made = Circular.objects.get()
    assert made.audience == "U10"
    begun = client.get(reverse(COMPOSE), {"from": made.pk}).context["form"].initial
    assert begun["text"] == "Again {team}"
    begun = client.get(reverse(COMPOSE), {"from": "kit_day"}).context["form"].initial
    assert begun["subject"] == "Kit day"
    assert Email.objects.count() == 0


def test_a_manager_who_is_given_the_right_writes_to_their_own_team_only(client):
    from_others = factories.registration()
    own = factories.registration(team=factories.team(name="Tigers"))
    manager = User.objects.create_user("coach", is_staff=True)
    manager.groups.add(Group.objects.get(name="Team manager"))
    client.force_login(manager)
    assert client.get(reverse(COMPOSE)).status_code == 403
    right = Group.objects.get(name="Registrar").permissions.get(codename="add_circular")
    manager.user_permissions.add(right)
    manager.teams.create(team=own.team, role="manager")
    pks = f"{own.pk},{from_others.pk}"
    shown = write(client, chosen=pks).context["preview"]
    assert [row for row, _ in shown["going"]] == [own]
    errors = write(client, team=from_others.team_id).context["form"].errors
    assert "team" in errors
