"""The same moment in processes that share nothing but PostgreSQL: the main doors, once each."""

import pytest
from django.test import Client

from integrations import clock, inbox
from integrations.models import WebhookEvent
from payments.actions import collecting
from payments.desk import Desk
from payments.models import BillingRequest, Mandate, Payment, Subscription
from registrations.actions import messages, sending
from registrations.models import Draft, Registration, Sms
from tests import factories
from tests.races.together import processes
from tests.registrations.parent import Parent

pytestmark = [
    pytest.mark.postgres,
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("site", "tuesday", "outside"),
]


def walked(until: int, **answers) -> Parent:
    """A parent at this question."""
    parent = Parent(Client())
    parent.walk(until, **answers)
    return parent


def told(parent: Parent, text: str):
    """What one process does: say it, and return the step that is asked next."""
    return lambda: parent.post(text).json()["routine_number"]


def test_one_shirt_is_taken_by_one_of_two(tuesday):
    factories.team()
    one = walked(33, s2="Sam Ashworth", s8="07700 900123")
    other = walked(33, s2="Kim Ashworth", s8="07700 900124")
    assert sorted(processes(told(one, "7"), told(other, "7"))) == [33, 34]
    assert Registration.objects.filter(shirt_number=7).count() == 1


def test_one_draft_that_two_tabs_answer_moves_on_once(tuesday):
    factories.team()
    parent = walked(2)
    assert processes(told(parent, "Sam Ashworth"), told(parent, "Kim Ashworth")) == [3, 3]
    answers = Draft.objects.get().answers
    assert answers["child_name"][0] in ("Sam", "Kim")
    assert "child_dob" not in answers


def test_one_link_opened_by_twenty_leads_to_one_request_and_one_page(bank):
    registration = factories.registration()
    Desk().ask_for_payment(registration.pk)

    def press():
        answer = Client().get(f"/reg_setup/{registration.token}")
        return answer.status_code, answer.headers.get("Location", "")

    answers = processes(*[press] * 20)
    assert {status for status, _ in answers} <= {302, 503}
    assert len({where for _, where in answers if where}) == 1
    [made] = bank.made("billing_requests")
    assert BillingRequest.objects.get().gocardless_id == made["id"]
    assert len(bank.made("billing_request_flows")) == 1


def test_one_webhook_delivered_to_ten_is_taken_in_once(bank):
    registration = factories.registration(payment_day=10)
    bank.ask(registration)
    bank.pay(registration)
    body = {"events": bank.events()}

    def deliver():
        status = bank.post(body, client=Client()).status_code
        inbox.process_due()
        collecting.collect_due()
        return status

    assert processes(*[deliver] * 10) == [204] * 10
    inbox.process_due()
    collecting.collect_due()
    assert WebhookEvent.objects.count() == len(body["events"])
    assert not WebhookEvent.objects.filter(needs_person_at__isnull=False).exists()
    assert Mandate.objects.count() == len(bank.made("mandates")) == 1
    assert Subscription.objects.count() == len(bank.made("subscriptions")) == 1
    assert Payment.objects.count() == len(bank.made("payments")) == 2
    registration.refresh_from_db()
    assert (registration.status, registration.flags) == ("active", [])
    assert Sms.objects.filter(kind="confirmation").count() == 1


def test_a_resend_that_two_press_and_four_workers_send_goes_once(sandbox, django_user_model):
    registration = factories.registration()
    django_user_model.objects.create_superuser("registrar", "registrar@example.org", "x")
    messages.queue_payment_link(registration, at=clock.now())
    path = f"/admin/registrations/registration/{registration.pk}/do/resend_payment_sms/"

    def press():
        client = Client()
        client.force_login(django_user_model.objects.get())
        return client.post(path, {"sure": "1", "confirmed": "1"}).status_code

    assert processes(press, press) == [302, 302]
    processes(*[sending.send_due] * 4)
    assert sorted(Sms.objects.values_list("resend", flat=True)) == [0, 1]
    assert len(sandbox.store.all("twilio.messages")) == 2
