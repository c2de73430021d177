"""The status page behind the parent's own link, and the change of a contact from there."""

import re
from datetime import UTC, date, datetime, timedelta

import pytest
from django.core import mail

from integrations import clock
from payments.models import MonthlyCharge, Payment, PriceReason
from registrations import jobs
from registrations.models import ContactCode, Guardian, Registration
from tests import factories

pytestmark = pytest.mark.django_db
CODE = re.compile(r"your code is (\d{6})\b")


@pytest.fixture(autouse=True)
def _mailbox(settings) -> None:
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"


@pytest.fixture
def paid():
    """An active registration with its fee and two months on the books."""
    registration = factories.active_registration(kit_size="9/10", shirt_number=7)
    Payment.objects.create(
        registration=registration,
        purpose=Payment.Purpose.SIGNING_ON_FEE,
        gocardless_id="PM0001",
        pence=4500,
        status="paid_out",
        created_at=clock.now(),
    )
    for month, status in ((date(2026, 9, 1), "confirmed"), (date(2026, 10, 1), "")):
        MonthlyCharge.objects.create(
            registration=registration,
            month=month,
            pence=2475,
            charge_on=month.replace(day=15),
            status=status,
        )
    return registration


def page(client, registration) -> str:
    answer = client.get(f"/reg_setup/{registration.token}/status")
    assert answer.status_code == 200
    assert answer["Referrer-Policy"] == "no-referrer"
    assert answer["Cache-Control"] == "no-store"
    return " ".join(answer.content.decode().split())


def ask(client, registration, way="text", **form):
    """Ask for a code; the answer and the digits that arrived, "" for none."""
    form = {"field": "phone", "value": "07700 900155", "way": way} | form
    answer = client.post(f"/reg_setup/{registration.token}/change", form)
    jobs.send_messages()
    return answer


def texted(sandbox) -> list[tuple[str, str]]:
    """Who was texted which code."""
    messages = sandbox.store.all("twilio.messages")
    return [(m["to"], CODE.search(m["body"])[1]) for m in messages if CODE.search(m["body"])]


def confirm(client, registration, code):
    return client.post(f"/reg_setup/{registration.token}/code", {"code": code})


def test_it_shows_what_is_done_the_receipt_and_the_first_days(client, paid):
    shown = page(client, paid)
    assert "Everything is in place" in shown
    assert "<strong>£45.00</strong>, paid through GoCardless" in shown
    assert "Reference PM0001." in shown
    for text in ("September 2026", "15 Sep", "£24.75", "paid", "October 2026", "to come"):
        assert text in shown


def test_it_tells_nothing_but_the_first_name(client, paid):
    shown = page(client, paid)
    parent, child = paid.guardian, paid.player
    assert child.first_name in shown
    for private in (parent.last_name, parent.first_name, parent.email, str(parent.phone)[3:]):
        assert private not in shown
    for private in ("Station Road", "M41", "2017", "1988"):
        assert private not in shown


def test_a_monthly_fee_says_why_it_is_what_it_is(client, paid):
    assert "£27.50 a month" in page(client, paid)
    assert "That is the list price, £27.50." in page(client, paid)
    for day, words in (
        (5, "on the 5th of the month or the next working day."),
        (-1, "on the last day of the month or the last working day before it."),
    ):
        Registration.objects.filter(pk=paid.pk).update(payment_day=day)
        assert words in page(client, paid)
    why = "child 2 of the family this season, 10 % off £27.50"
    given = {"list_pence": 2750, "percent": 10, "words": why, "at": clock.now()}
    PriceReason.objects.create(registration=paid, pence=2475, **given)
    assert f"That is {why}." in page(client, paid)


def test_before_paying_it_says_whose_turn_it_is(client):
    shown = page(client, factories.registration())
    assert "The signing-on fee of £45.00: please pay it through your link." in shown
    assert "A photo of your child: please send it in the chat." in shown
    assert ">Pay now</a>" in shown
    assert "Receipt" not in shown


def test_a_fee_taken_by_hand_or_waived_has_its_receipt(client):
    moment = datetime(2026, 9, 3, 12, tzinfo=UTC)
    by_hand = factories.registration(fee_settled_at=moment, fee_settled_by="by_hand")
    waived = factories.registration(fee_settled_at=moment, fee_settled_by="waived")
    assert "<strong>£45.00</strong>, received by the club, 3 September 2026." in page(
        client, by_hand
    )
    assert "<strong>£0.00</strong>, the club does not ask for it" in page(client, waived)


def test_a_doubles_page_tells_nothing_of_the_child_on_file(client, paid):
    double = factories.registration(duplicate_of=paid, payment_day=15)
    shown = page(client, double)
    assert "the link in our text" in shown
    assert double.player.first_name not in shown
    assert client.post(f"/reg_setup/{double.token}/change", {}).status_code == 404


@pytest.mark.parametrize("token", ["nobody", "BRQ0001", "x" * 300, "%00"])
def test_an_unknown_link_opens_nothing(client, token):
    assert client.get(f"/reg_setup/{token}/status").status_code == 404
    for door in ("change", "code"):
        assert client.post(f"/reg_setup/{token}/{door}", {"code": "000000"}).status_code == 404


def test_a_code_to_the_number_on_file_changes_it_once(client, paid, sandbox):
    before = str(paid.guardian.phone)
    assert "Type the code" in ask(client, paid).content.decode()
    [(to, code)] = texted(sandbox)
    assert to == before
    assert code not in str(list(ContactCode.objects.values()))
    answer = confirm(client, paid, f" {code[:3]} {code[3:]} ")
    assert "That is changed" in answer.content.decode()
    guardian = Guardian.objects.get(pk=paid.guardian_id)
    assert str(guardian.phone) == "+447700900155"
    line = paid.timeline.get(text="Mobile number corrected")
    assert line.by == "the parent, proved by a code"
    assert confirm(client, paid, code).status_code == 400


def test_a_code_by_email_changes_the_email_address(client, paid):
    ask(client, paid, way="mail", field="email", value="New@Example.org")
    [message] = mail.outbox
    assert message.to == [paid.guardian.email]
    confirm(client, paid, CODE.search(message.body)[1])
    assert Guardian.objects.get(pk=paid.guardian_id).email == "new@example.org"


def test_a_wrong_code_has_five_tries(client, paid, sandbox):
    before = str(paid.guardian.phone)
    ask(client, paid)
    [(_, code)] = texted(sandbox)
    wrong = "000000" if code != "000000" else "111111"
    said = [confirm(client, paid, wrong).content.decode() for _ in range(5)]
    assert all("That is not the code" in page for page in said[:4])
    assert "does not work any more" in said[4]
    assert "does not work any more" in confirm(client, paid, code).content.decode()
    assert str(Guardian.objects.get(pk=paid.guardian_id).phone) == before


def test_a_code_lasts_ten_minutes(client, paid, sandbox, move_clock):
    ask(client, paid)
    [(_, code)] = texted(sandbox)
    move_clock(timedelta(minutes=10))
    assert "does not work any more" in confirm(client, paid, code).content.decode()
    assert not ContactCode.objects.filter(used_at__isnull=False).exists()


def test_a_newer_code_takes_the_place_of_the_older(client, paid, sandbox):
    ask(client, paid)
    ask(client, paid, field="email", value="new@example.org")
    (_, first), (_, second) = texted(sandbox)
    if first != second:
        assert confirm(client, paid, first).status_code == 400
    confirm(client, paid, second)
    guardian = Guardian.objects.get(pk=paid.guardian_id)
    assert (guardian.email, str(guardian.phone)) == ("new@example.org", str(paid.guardian.phone))


def test_three_codes_an_hour_and_no_more_by_a_childs_other_page(client, paid, sandbox):
    sibling = factories.active_registration(guardian=paid.guardian)
    for registration in (paid, sibling, paid):
        assert ask(client, registration).status_code == 200
    refused = ask(client, sibling)
    assert refused.status_code == 429
    assert "asked for too often" in refused.content.decode()
    assert len(texted(sandbox)) == 3


@pytest.mark.parametrize(
    ("form", "words"),
    [
        ({"value": "0161 496 0000"}, "landline"),
        ({"value": "07700 90012"}, "has 10 digits"),
        ({"value": ""}, "UK mobile number"),
        ({"field": "email", "value": "nonsense"}, "does not look like an e-mail"),
        ({"way": "pigeon"}, "choose how"),
        ({"field": "email", "value": "<b>x</b>@\x00"}, "does not look like an e-mail"),
    ],
)
def test_what_cannot_be_taken_is_said_and_kept(client, paid, form, words):
    answer = ask(client, paid, **form)
    assert answer.status_code == 400
    assert words in answer.content.decode()
    assert "<b>x" not in answer.content.decode()
    assert not ContactCode.objects.exists()


def test_a_code_without_having_asked_changes_nothing(client, paid):
    assert confirm(client, paid, "123456").status_code == 400
    assert confirm(client, paid, "").status_code == 400


def test_when_texts_cannot_go_the_code_waits_and_a_late_one_is_dropped(
    client, paid, sandbox, move_clock
):
    sandbox.down("twilio")
    ask(client, paid)
    assert texted(sandbox) == []
    move_clock(timedelta(minutes=21))
    sandbox.up("twilio")
    jobs.send_messages()
    assert texted(sandbox) == []
    assert not ContactCode.objects.due().exists()
