"""Payment links again to many: previewed, each family exactly one, whatever Twilio does.

SOAK=1 takes 2,000 families.
"""

import os
from collections import Counter
from datetime import timedelta

import pytest
from django.contrib.auth.models import Permission, User
from django.urls import reverse

from integrations import clock
from registrations.actions import messages, resends, sending
from registrations.models import OptOut, Registration, Resend, Sms
from tests import factories

pytestmark = [pytest.mark.django_db, pytest.mark.slow]
FAMILIES = 2000 if os.environ.get("SOAK") else 40
NOBODYS = "+15005550001"  # Twilio's own number that it always refuses
LIST = "admin:registrations_registration_changelist"


@pytest.fixture(autouse=True)
def boss(client, django_user_model, settings):
    """A superuser, signed in; e-mails go nowhere."""
    settings.PUBLIC_URL = "https://club.example"
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
    user = django_user_model.objects.create_superuser("boss", password="boss")
    client.force_login(user)
    return user


def choose(client, rows, **given):
    # As the preview's form sends them: a form of more than a thousand fields is refused.
    pks = ",".join(str(row.pk) for row in rows)
    chosen = {"action": "resend_chosen", "_selected_action": [rows[0].pk], "chosen": pks}
    return client.post(reverse(LIST), chosen | given)


def confirm(client, rows):
    key = choose(client, rows).context["key"]
    return choose(client, rows, confirmed="1", key=str(key)), key


def test_the_preview_shows_the_text_its_parts_and_who_gets_none(client):
    gets = factories.registration()
    out = factories.registration()
    OptOut.objects.create(phone=out.guardian.phone, since=clock.now(), source="twilio")
    landline = factories.registration()
    lost = {"kind": "payment_link", "body": "x", "created_at": clock.now() - timedelta(days=9)}
    Sms.objects.create(
        registration=landline,
        to=landline.guardian.phone,
        status="failed",
        error_code="30006",
        **lost,
    )
    lately = factories.registration()
    messages.queue_payment_link(lately, at=clock.now() - timedelta(minutes=59))
    rows = [gets, out, landline, lately, factories.active_registration()]
    context = choose(client, rows).context
    assert context["going"] == [gets]
    ((_, text, parts),) = context["shown"]
    assert (f"/reg_setup/{gets.token}" in text, parts, context["segments"]) == (True, 2, 2)
    assert dict(context["left_out"]) == {
        out: "asked for no more texts",
        landline: "a landline, or nobody's number",
        lately: "one went out less than an hour ago",
        rows[4]: "everything is paid and set up",
    }
    assert Resend.objects.count() == 0
    assert gets.sms.count() == 0


def test_each_family_gets_exactly_one_while_twilio_refuses_some_and_goes_away(
    client, sandbox, move_clock, monkeypatch
):
    monkeypatch.setattr(resends, "BATCH", FAMILIES // 4)
    monkeypatch.setattr(sending, "BATCH", FAMILIES // 4)
    rows = [factories.registration() for _ in range(FAMILIES)]
    for row in rows[::10]:
        row.guardian.phone = NOBODYS
        row.guardian.save()
    response, key = confirm(client, rows)
    again = choose(client, rows, confirmed="1", key=str(key))  # pressed twice
    assert response["Location"] == again["Location"]
    assert Resend.objects.count() == 1

    resends.carry_on()  # and then the worker dies
    sending.send_due()
    page = client.get(response["Location"]).context
    assert page["open"] == FAMILIES * 3 // 4
    sandbox.down("twilio")
    while resends.carry_on():
        sending.send_due()
    assert Sms.objects.filter(sid="", due_at__isnull=False).exists()
    sandbox.up("twilio")
    while Sms.objects.filter(due_at__isnull=False).exists():
        move_clock(timedelta(minutes=30))
        sending.send_due()

    sent = Counter(doc["body"] for doc in sandbox.store.all("twilio.messages"))
    for row in Registration.objects.select_related("guardian"):
        reached = [number for body, number in sent.items() if row.token in body]
        assert reached == ([] if str(row.guardian.phone) == NOBODYS else [1])
        assert row.sms.count() == 1

    page = client.get(response["Location"], {"only": "lost"})
    assert page.context["open"] == 0
    assert page.context["page"].paginator.count == FAMILIES // 10
    assert "not a valid phone number" in page.content.decode()


def test_who_paid_meanwhile_gets_none_and_nobody_else_may_look(client):
    row, other = factories.registration(), factories.registration()
    response, _ = confirm(client, [row, other])
    row.fee_settled_at, row.fee_settled_by = clock.now(), "paid"
    row.collection_arranged_at, row.collection_arranged_by = clock.now(), "mandate"
    row.save()
    assert resends.carry_on() == 2
    assert resends.carry_on() == 0
    assert (row.sms.count(), other.sms.get().asked_by) == (0, "boss")
    assert "everything is paid" in client.get(response["Location"]).content.decode()

    reader = User.objects.create_user("reader", password="x", is_staff=True)
    reader.user_permissions.add(Permission.objects.get(codename="view_registration"))
    client.force_login(reader)
    assert client.get(response["Location"]).status_code == 403
    choose(client, [other], confirmed="1", key="0" * 32)
    assert Resend.objects.count() == 1
