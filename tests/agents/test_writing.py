"""What agents may change: dry first, by the office's own actions; the rest a person decides."""

import re

import pytest
from django.contrib import admin
from django.urls import reverse

from integrations.agents.tools import call
from integrations.models import AgentCall
from payments.models import PaymentOrder
from registrations.models import Guardian, Proposal, Sms, TeamStaff, TimelineEntry
from registrations.models.resends import Resend
from tests import factories
from tests.agents.conftest import caller, person
from tests.agents.test_tools import ask

pytestmark = pytest.mark.django_db
Outcome = AgentCall.Outcome


@pytest.fixture
def child():
    return factories.registration()


def decide(client, user, proposal, name, reason="agreed on the phone"):
    """Press a button of a proposal's page."""
    client.force_login(user)
    address = reverse("admin:registrations_proposal_do", args=[proposal.pk, name])
    return client.post(address, {"confirmed": "1", "reason": reason}, follow=True)


def test_what_is_written_is_first_only_said_then_done_once_by_the_agent(child):
    agent = caller(person("R"), write=True)
    one = {"registration_id": child.pk}
    right = {"phone": "07700 900123", "email": "right@example.org"}
    for tool, given in (
        ("correct_contact", one | right),
        ("resend_payment_sms", one),
        ("add_note", one | {"text": "rang, no answer"}),
    ):
        said = ask(agent, tool, **given)
        assert said["dry_run"] is True and said["would_happen"]
        assert not child.timeline.exists() and not Sms.objects.exists()
    for tool, given in (
        ("correct_contact", one | right),
        ("resend_payment_sms", one),
        ("add_note", one | {"text": "rang, no answer"}),
    ):
        assert ask(agent, tool, **given, dry_run=False)["done"]
    guardian = Guardian.objects.get(pk=child.guardian_id)
    assert (str(guardian.phone), guardian.email) == ("+447700900123", "right@example.org")
    assert (Sms.objects.get().asked_by, str(Sms.objects.get().to)) == (
        "agent for Registrar",
        "+447700900123",
    )
    told = {(line.text, line.by) for line in child.timeline.all()}
    for words in ("Mobile number corrected", "E-mail address corrected", "Note: rang, no answer"):
        assert (words, "agent for Registrar") in told
    again = call(agent, "resend_payment_sms", one | {"dry_run": False})
    assert again.outcome == Outcome.NOT_POSSIBLE and "less than an hour" in again.words
    assert Sms.objects.count() == 1


# Tool, arguments besides the registration, and a word of the answer.
REFUSED = [
    ("correct_contact", {"phone": "0161 496 0000"}, "UK mobile"),
    ("correct_contact", {"email": "nobody"}, "e-mail"),
    ("correct_contact", {}, "Give"),
    ("add_note", {"text": "has asthma and an inhaler"}, "health"),
    ("add_note", {"text": "x\x00yz"}, "plain text"),
    ("add_note", {"text": "x" * 201}, "200"),
    ("propose_refund", {"pence": -5, "reason": "as agreed"}, "greater"),
]


def test_what_cannot_be_is_refused_in_words_and_changes_nothing(child):
    agent = caller(person("R"), write=True)
    for tool, given, word in REFUSED:
        given = given | {"registration_id": child.pk, "dry_run": False}
        result = call(agent, tool, given)
        assert not result.ok and word in result.words, tool
    assert not child.timeline.exists() and not Proposal.objects.exists()


def test_a_suspension_is_proposed_once_and_happens_when_a_person_approves(child, client):
    manager = person("M")
    TeamStaff.objects.create(user=manager, team=child.team)
    agent, given = caller(manager, write=True), {"registration_id": child.pk, "reason": "no kit"}
    assert ask(agent, "propose_suspension", **given)["would_happen"]
    assert not Proposal.objects.exists()
    for _ in range(2):
        ask(agent, "propose_suspension", **given, dry_run=False)
    proposal = Proposal.objects.get()
    child.refresh_from_db()
    assert child.status == "pending_payment"

    registrar, treasurer = person("R"), person("T")
    client.force_login(registrar)
    page = client.get("/admin/needs-a-person/").content.decode()
    assert "Proposed by agents" in page and "agent for Team manager: no kit" in page
    decide(client, manager, proposal, "approve")
    answer = decide(client, treasurer, proposal, "approve")
    assert "You may not decide this one" in answer.content.decode()
    proposal.refresh_from_db()
    assert not proposal.decision
    answer = decide(client, registrar, proposal, "approve")
    assert "Approved, and done." in answer.content.decode()
    child.refresh_from_db()
    assert child.status == "suspended"
    assert child.suspensions.get().decided_by == registrar
    decide(client, registrar, proposal, "reject")
    proposal.refresh_from_db()
    assert (proposal.decision, proposal.decided_by) == ("approved", registrar)
    # Now that it is decided, and undone, it may be proposed anew.
    assert not call(agent, "propose_suspension", given | {"dry_run": False}).ok


def test_money_goes_back_only_when_somebody_who_may_approves(child, client):
    agent = caller(person("T"), write=True)
    given = {"registration_id": child.pk, "pence": 500, "reason": "paid twice", "dry_run": False}
    number = ask(agent, "propose_refund", **given)["proposal_id"]
    proposal = Proposal.objects.get(pk=number)
    registrar = person("R")
    assert "You may not" in decide(client, registrar, proposal, "approve").content.decode()
    # Nothing was collected: the action's own refusal is shown, and the proposal stays open.
    answer = decide(client, agent.user, proposal, "approve")
    assert "can be given back" in answer.content.decode()
    proposal.refresh_from_db()
    assert not proposal.decision and not PaymentOrder.objects.exists()
    decide(client, agent.user, proposal, "reject", reason="nothing was paid")
    proposal.refresh_from_db()
    assert (proposal.decision, proposal.decision_reason) == ("rejected", "nothing was paid")
    assert TimelineEntry.objects.filter(text__startswith="Not done, as proposed").exists()


def test_a_family_is_erased_only_when_somebody_who_may_approves(child, client):
    agent, boss = caller(person("R"), write=True), person("A")
    given = {"registration_id": child.pk, "reason": "the mother wrote", "dry_run": False}
    assert not call(agent, "propose_erasure", given | {"depth": "everything"}).ok
    for depth in ("contact", "all"):
        ask(agent, "propose_erasure", **given, depth=depth)
    proposal = Proposal.objects.get()
    assert proposal.depth == "contact"  # the first one waits, as it is, until it is decided
    assert "You may not" in decide(client, agent.user, proposal, "approve").content.decode()
    client.force_login(boss)
    address = reverse("admin:registrations_proposal_do", args=[proposal.pk, "approve"])
    asked = client.post(address).content.decode()
    assert "Erase the family: contact" in asked and "cannot be taken back" in asked
    assert "1 adults with a phone" in asked and "names of adults" not in asked
    decide(client, boss, proposal, "approve")
    guardian = Guardian.objects.get(pk=child.guardian_id)
    assert (str(guardian.phone), guardian.email) == ("", "") and guardian.first_name != "(erased)"
    words = "Erased on request, contact: the mother wrote: agreed on the phone"
    assert child.timeline.filter(text=words, by="Administrator").exists()
    # What is refused in the office is refused here, and the proposal stays open.
    ask(agent, "propose_erasure", **given, depth="all")
    proposal = Proposal.objects.get(decision="")
    assert "cancel it first" in decide(client, boss, proposal, "approve").content.decode()
    child.cancelled_at, child.status = child.submitted_at, "cancelled"
    child.save(update_fields=["cancelled_at", "status"])
    decide(client, boss, proposal, "approve")
    assert Guardian.objects.get(pk=child.guardian_id).first_name == "(erased)"
    assert set(Proposal.objects.values_list("reason", "decision")) == {("(erased)", "approved")}


def test_links_go_to_a_team_only_when_a_person_approves(child, client):
    factories.active_registration(team=child.team)
    agent = caller(person("R"), write=True)
    given = {"team_id": child.team_id, "reason": "a week to go"}
    ask(agent, "propose_payment_links", **given)
    ask(agent, "propose_payment_links", **given, dry_run=False)
    proposal = Proposal.objects.get()
    assert not Resend.objects.exists()
    client.force_login(agent.user)
    asked = client.post(reverse("admin:registrations_proposal_do", args=[proposal.pk, "approve"]))
    assert "at most 1" in asked.content.decode()
    decide(client, agent.user, proposal, "approve")
    assert Resend.objects.get().recipients.get().registration == child
    empty = factories.team(name="Bears")
    assert not call(agent, "propose_payment_links", given | {"team_id": empty.pk}).ok


def test_a_token_is_shown_once_stored_hashed_and_taken_back(client, django_user_model):
    boss = django_user_model.objects.create_superuser("boss")
    client.force_login(boss)
    address = "/admin/integrations/agenttoken/add/"
    ends = {"expires_at_0": "2099-01-01", "expires_at_1": "12:00"}
    given = {"name": "our assistant", "user": boss.pk, "may_write": "on"}
    form = client.get(address).context["adminform"].form
    assert "within a year" in client.post(address, given | ends).content.decode()
    soon = form.initial["expires_at"]
    ends = {"expires_at_0": f"{soon:%d/%m/%Y}", "expires_at_1": f"{soon:%H:%M}"}
    page = client.post(address, given | ends)
    owner = admin.site._registry[Proposal]
    assert owner.has_add_permission(page.wsgi_request) is False
    (text,) = re.findall(r"club_[\w-]{43}", page.content.decode())
    assert page["Cache-Control"].startswith("max-age=0")
    row = boss.agent_tokens.get()
    assert text not in str([getattr(row, field.name) for field in row._meta.fields])
    for path in ("", f"{row.pk}/change/", f"{row.pk}/history/"):
        seen = client.get(f"/admin/integrations/agenttoken/{path}").content.decode()
        assert text not in seen and row.digest not in seen
    do = reverse("admin:integrations_agenttoken_do", args=[row.pk, "revoke"])
    client.get(do)
    row.refresh_from_db()
    assert row.revoked_at is None
    client.post(do, {"confirmed": "1"})
    row.refresh_from_db()
    assert row.revoked_at is not None


def test_nobody_hands_out_a_token_for_more_than_they_may_themselves(client, django_user_model):
    giver, treasurer = person("A"), person("T")
    boss = django_user_model.objects.create_superuser("boss")
    parent = django_user_model.objects.create_user("parent")
    client.force_login(giver)
    address = "/admin/integrations/agenttoken/add/"
    soon = client.get(address).context["adminform"].form.initial["expires_at"]
    given = {"expires_at_0": f"{soon:%d/%m/%Y}", "expires_at_1": f"{soon:%H:%M}", "name": "x"}
    for user in (boss, parent):
        assert client.post(address, given | {"user": user.pk}).status_code == 200
        assert not user.agent_tokens.exists()
    for user in (giver, treasurer):
        client.post(address, given | {"user": user.pk})
        assert user.agent_tokens.exists()
    client.force_login(treasurer)
    assert client.get(address).status_code == 403
