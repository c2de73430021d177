"""How staff sign in, stay in, and leave."""

import re
from datetime import timedelta

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import (
    TOTP,
    format_hotp_value,
    generate_totp_secret,
    hotp_value,
    yield_hotp_counters_from_time,
)
from django.contrib.auth.models import Group, Permission, User
from django.contrib.sessions.models import Session
from django.core import mail
from django.core.management import call_command

from integrations import jobs
from integrations.accounts.gate import BEGAN, SEEN
from integrations.models import AuditEntry, PasswordReset, SignIn
from registrations.models import TeamStaff
from tests import factories

pytestmark = pytest.mark.django_db
FIREFOX = {"HTTP_USER_AGENT": "Mozilla/5.0 (X11; Linux x86_64; rv:130.0) Gecko Firefox/130.0"}
PASSWORD = "a-long-pass-word"


@pytest.fixture
def boss(db):
    return User.objects.create_superuser("boss", "boss@club.example", PASSWORD)


def sign_in(client, name="boss", password=PASSWORD, **more):
    return client.post("/admin/login/", {"login": name, "password": password}, **FIREFOX, **more)


def prove(client):
    """Say the password once more, as is asked before a factor is changed."""
    client.post("/admin/account/again/", {"password": PASSWORD})


def code_of(secret):
    """What an app shows now: the middle one of those that are taken."""
    _, counter, _ = yield_hotp_counters_from_time()
    return format_hotp_value(hotp_value(secret, counter))


def test_signing_in_is_by_name_and_password_and_each_one_is_written_down(client, boss):
    page = client.get("/admin/login/")
    assert page.status_code == 200 and "sign up" not in page.content.decode().lower()
    assert "no-store" in page["Cache-Control"]
    wrong = sign_in(client, password="wrong").content.decode()
    unknown = sign_in(client, name="nobody", password="wrong").content.decode()
    said = re.compile(r'role="alert">([^<]+)<')
    assert said.findall(wrong) == said.findall(unknown) != []
    answer = sign_in(client)
    assert answer.status_code == 302 and answer["Location"] == "/admin/"
    assert client.get("/admin/").status_code == 200
    found = [(one.outcome, one.device, one.address) for one in SignIn.objects.order_by("pk")]
    device = "Firefox on Linux"
    assert found == [("password", device, "127.0.0.1"), ("ok", device, "127.0.0.1")]
    page = client.get("/admin/account/").content.decode()
    assert device in page and "wrong password" in page
    page = client.get(f"/admin/auth/user/{boss.pk}/change/").content.decode()
    assert device in page and "wrong password" in page


def test_what_of_the_library_is_not_the_clubs_has_no_address(client):
    for name in ("signup", "email", "confirm-email", "password/set", "signup/passkey"):
        assert client.get(f"/admin/account/{name}/").status_code in (302, 404), name
        assert client.get(f"/accounts/{name}/").status_code == 404


def test_a_password_cannot_be_guessed_for_long(client, boss):
    for _ in range(5):
        assert sign_in(client, password="wrong").status_code == 200
    refused = sign_in(client)
    assert refused.status_code == 200 and "Too many" in refused.content.decode()
    assert client.get("/admin/").status_code == 302


def test_whoever_has_a_second_factor_is_asked_for_it_and_a_recovery_code_opens_once(client, boss):
    secret = generate_totp_secret()
    TOTP.activate(boss, secret)
    spare = RecoveryCodes.activate(boss).generate_codes()[0]
    kept = Authenticator.objects.get(user=boss, type="totp").data["secret"]
    assert kept != secret  # sealed with FIELD_KEYS
    answer = sign_in(client)
    assert answer["Location"] == "/admin/account/code/"
    assert client.get("/admin/").status_code == 302  # not in yet
    assert "passkey" in client.get(answer["Location"]).content.decode().lower()
    client.post(answer["Location"], {"code": "000000"})
    assert client.post(answer["Location"], {"code": code_of(secret)}).status_code == 302
    assert client.get("/admin/").status_code == 200
    assert [one.outcome for one in SignIn.objects.order_by("pk")] == ["code", "ok"]
    for opens in (True, False):
        client.post("/admin/logout/")
        client.post(sign_in(client)["Location"], {"code": spare})
        assert (client.get("/admin/").status_code == 200) is opens


def test_where_it_is_required_nothing_opens_before_there_is_one(client, boss, settings):
    settings.OFFICE_TWO_FACTOR = True
    sign_in(client)
    for address in ("/admin/", "/admin/registrations/registration/", "/admin/password_change/"):
        assert client.get(address)["Location"] == "/admin/account/", address
    for address in ("/api/schema", "/service-health"):
        assert client.get(address).status_code in (401, 403), address
    assert client.get("/").status_code == 200  # a parent's page is anybody's
    assert client.get("/admin/account/app/")["Location"].startswith("/admin/account/again/")
    prove(client)
    page = client.get("/admin/account/app/").content.decode()
    assert "data:image/svg" in page  # to be scanned
    secret = re.search(r'value="([A-Z2-7]{16,})"', page).group(1)
    client.post("/admin/account/app/", {"code": code_of(secret)})
    assert client.get("/admin/").status_code == 200
    # The last one stays; recovery codes were made with it.
    totp = Authenticator.objects.get(user=boss, type="totp")
    client.post("/admin/account/app/off/")
    assert Authenticator.objects.filter(pk=totp.pk).exists()
    assert Authenticator.objects.filter(user=boss, type="recovery_codes").exists()


def test_every_page_of_ones_own_account_opens(client, boss):
    sign_in(client)
    prove(client)
    names = ["", "app/", "passkeys/", "passkeys/add/"]
    for name in names:
        page = client.get(f"/admin/account/{name}")
        assert page.status_code == 200, name
        assert "'unsafe-inline'" not in page["Content-Security-Policy"]
        assert "security key" not in page.content.decode().lower().replace("old security key", "")
    TOTP.activate(boss, generate_totp_secret())
    RecoveryCodes.activate(boss)
    key = {"type": "webauthn", "data": {"name": "Phone", "credential": {}}}
    mine = Authenticator.objects.create(user=boss, **key)
    other = User.objects.create_user("other", is_staff=True)
    theirs = Authenticator.objects.create(user=other, **key)
    own = [f"passkeys/{mine.pk}/{page}/" for page in ("off", "name")]
    for name in ("recovery/", "recovery/new/", "app/off/", "passkeys/", *own):
        assert client.get(f"/admin/account/{name}").status_code == 200, name
    for page in ("off", "name"):
        assert client.post(f"/admin/account/passkeys/{theirs.pk}/{page}/").status_code == 404
    assert Authenticator.objects.filter(pk=theirs.pk).exists()


@pytest.mark.parametrize(("key", "ago"), [(SEEN, 121 * 60), (BEGAN, 12 * 3600 + 60)])
def test_a_session_ends_when_it_is_idle_and_in_any_case_after_half_a_day(client, boss, key, ago):
    client.force_login(boss)
    assert client.get("/admin/").status_code == 200
    session = client.session
    session[key] -= ago
    session.save()
    answer = client.get("/admin/auth/user/")
    assert answer["Location"] == "/admin/login/?next=/admin/auth/user/"
    assert not Session.objects.filter(session_key=session.session_key).exists()


def test_somebody_who_is_no_longer_staff_is_signed_out(client, boss):
    client.force_login(boss)
    User.objects.update(is_staff=False)
    assert client.get("/admin/")["Location"].startswith("/admin/login/")
    assert client.get("/admin/login/").status_code == 200


def test_a_new_password_is_a_link_by_mail_used_once_and_nobody_learns_who_is_known(
    client, boss, settings, move_clock
):
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
    answers = [
        client.post("/admin/account/password/", {"email": address}, follow=True)
        for address in ("nobody@club.example", "boss@club.example", "BOSS@club.example")
    ]
    assert len({re.sub(r"csrf.*?>", "", a.content.decode()) for a in answers}) == 1
    assert PasswordReset.objects.count() == 1 and mail.outbox == []
    jobs.mail_resets()
    jobs.mail_resets()
    (message,) = mail.outbox
    link = re.search(r"https?://[^/]+(\S+)", message.body).group(1)
    page = client.get(link, follow=True)
    new = {"password1": "another-long-pass-word", "password2": "another-long-pass-word"}
    client.post(page.redirect_chain[-1][0], new)
    assert sign_in(client, password="another-long-pass-word").status_code == 302
    client.post("/admin/logout/")
    assert "no longer" in client.get(link, follow=True).content.decode()


def test_leaving_ends_everything_in_one_press(client, boss):
    leaver = User.objects.create_user("leaver", password=PASSWORD, is_staff=True)
    TeamStaff.objects.create(user=leaver, team=factories.team())
    TOTP.activate(leaver, generate_totp_secret())
    theirs = client.__class__()
    theirs.force_login(leaver)
    assert theirs.get("/admin/").status_code == 200
    client.force_login(boss)
    do = f"/admin/auth/user/{leaver.pk}/do/end_access/"
    assert "agents' tokens" in client.post(do).content.decode().replace("&#x27;", "'")
    client.post(do, {"confirmed": "1"})
    leaver.refresh_from_db()
    assert not leaver.is_active and not leaver.has_usable_password()
    assert theirs.get("/admin/").status_code == 302
    assert not TeamStaff.objects.exists() and not Authenticator.objects.exists()
    assert [key for key in Session.objects.values_list("pk", flat=True)] == [
        client.session.session_key
    ]
    words = AuditEntry.objects.filter(verb="access").get()
    assert (words.by, words.object_id) == ("boss", str(leaver.pk))
    assert "1 sessions, 1 second factors, 1 places beside teams" in words.words
    # Nobody locks themselves out, and nobody is deleted.
    client.post(f"/admin/auth/user/{boss.pk}/do/end_access/", {"confirmed": "1"})
    assert User.objects.get(pk=boss.pk).is_active
    assert client.post(f"/admin/auth/user/{leaver.pk}/delete/").status_code == 403


def test_a_locked_out_administrator_is_let_in_from_the_command_line(client, boss, capsys):
    TOTP.activate(boss, generate_totp_secret())
    User.objects.update(is_active=False, is_superuser=False)
    call_command("recover_admin", "boss")
    link = re.search(r"https?://[^/]+(\S+)", capsys.readouterr().out).group(1)
    page = client.get(link, follow=True)
    new = {"password1": "another-long-pass-word", "password2": "another-long-pass-word"}
    client.post(page.redirect_chain[-1][0], new)
    assert sign_in(client, password="another-long-pass-word")["Location"] == "/admin/"
    assert client.get("/admin/auth/user/").status_code == 200
    assert AuditEntry.objects.filter(verb="access", by="command line").exists()
    with pytest.raises(Exception, match="no such login"):
        call_command("recover_admin", "nobody")


def test_what_a_role_may_do_is_changed_on_its_page(client, boss):
    client.force_login(boss)
    role = Group.objects.get(name="Committee")
    page = client.get(f"/admin/auth/group/{role.pk}/change/").content.decode()
    assert "Can view season" in page and "Can view session" not in page
    kept = list(role.permissions.values_list("pk", flat=True))
    more = Permission.objects.get(codename="view_sms").pk
    given = {"name": "Committee", "permissions": [*kept, more]}
    client.post(f"/admin/auth/group/{role.pk}/change/", given)
    assert set(role.permissions.values_list("pk", flat=True)) == {*kept, more}
    # A role of the club's own, and somebody who holds it.
    client.post("/admin/auth/group/add/", {"name": "Kit manager", "permissions": [more]})
    kit = Group.objects.get(name="Kit manager")
    clerk = User.objects.create_user("clerk", is_staff=True)
    given = {"username": "clerk", "is_active": "on", "is_staff": "on", "groups": [kit.pk]}
    client.post(f"/admin/auth/user/{clerk.pk}/change/", given)
    assert User.objects.get(pk=clerk.pk).has_perm("registrations.view_sms")


def test_sign_ins_are_forgotten_after_a_year(client, boss, move_clock):
    client.force_login(boss)
    move_clock(timedelta(days=366))
    jobs.tidy()
    assert not SignIn.objects.exists()
