"""Staff are told: each thing once, whoever wants it and may know, no later than it matters."""

from datetime import datetime, timedelta

import pytest
from django.contrib.auth.models import Group, User
from django.core import mail
from django.urls import reverse

from integrations import clock, telling
from integrations.models import ServiceState, StaffMail
from registrations.actions import weekly
from registrations.models import TeamStaff
from tests import factories

pytestmark = pytest.mark.django_db
MONDAY = datetime(2026, 11, 30, 8, tzinfo=clock.LONDON)


@pytest.fixture(autouse=True)
def morning(settings, move_clock):
    """Monday, eight o'clock; e-mails stay here."""
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
    settings.PUBLIC_URL = "https://club.example"
    move_clock(MONDAY - clock.now())


def staff(role, **given):
    values = {"email": f"{role.lower().replace(' ', '')}@example.org", "is_staff": True} | given
    user = User.objects.create_user(role, **values)
    user.groups.add(Group.objects.get(name=role))
    return user


def sent():
    while telling.send_due():
        pass
    found = {(message.to[0], message.subject): message.body for message in mail.outbox}
    assert len(found) == len(mail.outbox)
    return found


def test_each_is_told_once_a_day_what_waits_for_them_and_no_childs_name(move_clock):
    staff("Registrar")
    staff("Committee")
    staff("Welfare officer", email="")
    row = factories.registration(flags=["look"], flagged_at=clock.now() - timedelta(days=3))
    move_clock(timedelta(hours=-2))
    telling.digests()
    assert not StaffMail.objects.exists()
    move_clock(timedelta(hours=2))
    for _ in range(3):
        telling.digests()
    ((to, _), body), *others = sent().items()
    assert (to, others) == ("registrar@example.org", [])
    assert "- Registrations to look at: 1, the oldest for 3 days" in body
    assert "Registered: 1" in body
    assert "https://club.example/admin/needs-a-person/" in body
    assert row.player.first_name not in body
    move_clock(timedelta(days=1))
    telling.digests()
    telling.send_due()
    assert len(mail.outbox) == 2


def test_a_service_that_stays_away_or_refuses_us_is_told_at_once_and_once(move_clock):
    staff("Registrar")
    staff("Team manager")
    state = ServiceState.objects.create(
        service="twilio", away_since=clock.now(), last_error="connection refused"
    )
    move_clock(timedelta(minutes=59))
    telling.watch()
    assert not StaffMail.objects.exists()
    move_clock(timedelta(minutes=2))
    telling.watch()
    telling.watch()
    ServiceState.objects.create(
        service="gocardless", blocked_at=clock.now(), blocked_reason="the token is refused"
    )
    telling.watch()
    found = {subject: body for (_, subject), body in sent().items()}
    assert list(found) == [
        "Twilio (SMS) has been away for an hour",
        "GoCardless refuses us: somebody must act",
    ]
    assert "the token is refused" in found["GoCardless refuses us: somebody must act"]
    state.away_since = clock.now()  # it came back, and went again
    state.save()
    move_clock(timedelta(hours=1, minutes=1))
    telling.watch()
    telling.send_due()
    assert len(mail.outbox) == 3


def test_each_manager_hears_on_monday_who_of_their_own_team_has_paid(move_clock):
    paid, owes = factories.active_registration(), factories.registration()
    other = factories.registration(team=factories.team(name="Tigers"))
    user = staff("Team manager")
    TeamStaff.objects.create(user=user, team=paid.team)
    staff("Registrar")
    move_clock(timedelta(hours=-2))
    assert weekly.tell_managers() == 0
    move_clock(timedelta(hours=2))
    assert [weekly.tell_managers(), weekly.tell_managers()] == [1, 0]
    move_clock(timedelta(days=3))
    assert weekly.tell_managers() == 0
    ((to, subject), body), *others = sent().items()
    assert (to, subject, others) == (user.email, "Paid and unpaid: U10 Lions", [])
    assert f"Not paid (1):\n- {owes.player.full_name}: pending payment\nPaid (1):\n" in body
    assert f"- {paid.player.full_name}\n" in body
    assert other.player.full_name not in body
    move_clock(timedelta(days=4))
    assert weekly.tell_managers() == 1


def test_each_chooses_what_they_get_and_mail_that_is_away_only_delays(client, settings, move_clock):
    user = staff("Registrar")
    client.force_login(user)
    page = client.get(reverse("admin:my_mail"))
    assert page.context["form"].initial["kinds"] == ["digest", "outage", "weekly"]
    client.post(reverse("admin:my_mail"), {"kinds": ["outage"]})
    assert telling.wants(user) == {"digest": False, "outage": True, "weekly": False}
    factories.registration(flags=["look"], flagged_at=clock.now())
    telling.digests()
    assert not StaffMail.objects.exists()
    ServiceState.objects.create(service="s3", blocked_at=clock.now())
    telling.watch()
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 9
    telling.send_due()
    assert StaffMail.objects.get().due_at > clock.now()
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
    ServiceState.objects.filter(service="mail").delete()
    move_clock(timedelta(minutes=40))
    assert len(sent()) == 1
