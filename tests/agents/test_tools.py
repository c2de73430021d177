"""What the tools give to whom: never more than the person behind the token sees in the office."""

import json
import os
import re
from datetime import timedelta

import pytest
from django.contrib.auth.models import Group, User
from hypothesis import HealthCheck, given, seed
from hypothesis import settings as bounded
from hypothesis import strategies as some

from integrations import clock
from integrations.agents.tools import all_tools, call, offered
from integrations.models import AgentCall, ServiceState
from payments.models import OpeningBalance
from registrations.agents import rows
from registrations.models import ChatSession, Draft, Registration, ShirtHold, Sms, TeamStaff, note
from tests import factories
from tests.agents.conftest import LETTERS, caller, person
from tests.agents.test_door import arguments

pytestmark = pytest.mark.django_db
TRIES = 2000 if os.environ.get("SOAK") == "1" else 12
Outcome = AgentCall.Outcome
# Which roles (by letter) may use each tool: administrator, registrar, treasurer, welfare officer,
# team manager, committee.
MAY = """
    find_registrations              ARTWM
    registration_status             ARTWM
    teams                           ARTWMC
    team_list                       ARTWM
    service_health                  ART
    what_waits                      ARTWMC
    airtable_database_operation     ARTWM
    arrears                         AT
    address_lookup                  ARTWMC
    check_code                      ARTWMC
    club_texts                      ARTWMC
    shirt_availability              ARTWMC
    kit_due                         ARTWMC
    resend_payment_sms              AR
    add_note                        AR
    correct_contact                 AR
    propose_suspension              ARTWM
    propose_refund                  ART
    propose_erasure                 ARTWM
    propose_payment_links           ARTWM
"""
SECRETS = ["asthma", "Uncle Bob", "07700", "7700900", "@example.org", "SECRETTOKEN", "Station Road"]


@pytest.fixture
def child():
    """A registration with everything that no agent is to be told."""
    row = factories.registration(
        has_medical_issues=True,
        medical_notes="asthma",
        not_to_collect="Uncle Bob",
        token="SECRETTOKEN",
        flags=["ring +447700900123"],
        flagged_at=clock.now(),
    )
    now = clock.now()
    note(row, "staff", "Mother rang from 07700 900123: Sam has asthma", at=now, by="boss")
    note(row, "staff", "Write to parent@example.org", at=now, by="boss")
    message = {"registration": row, "kind": "payment_link", "created_at": now}
    Sms.objects.create(to=row.guardian.phone, body="Pay at /reg_setup/SECRETTOKEN", **message)
    OpeningBalance.objects.create(
        registration=row, pence=2000, as_of=row.season.opens_on, recorded_at=now
    )
    return row


@pytest.fixture
def people(db):
    """One login per role; the manager has no team yet."""
    return {letter: person(letter) for letter in LETTERS}


def ask(who, tool, /, **given):
    """The answer of a call that must succeed."""
    result = call(who, tool, given)
    assert result.ok, result.words
    return result.answer


def test_every_tool_is_decided_for_every_role(people):
    table = dict(line.split() for line in MAY.strip().splitlines())
    agents = {letter: caller(user, write=True) for letter, user in people.items()}
    found = {
        name: "".join(letter for letter, agent in agents.items() if tool in offered(agent))
        for name, tool in all_tools().items()
    }
    assert found == table
    # Not being offered a tool is not all: it is refused when it is called.
    calls = arguments(factories.registration())
    for name, who in table.items():
        for letter in set(LETTERS) - set(who):
            assert call(agents[letter], name, calls[name]).outcome == Outcome.REFUSED


def test_no_tool_tells_what_no_agent_is_to_know(people, child):
    TeamStaff.objects.create(user=people["M"], team=child.team)
    calls = arguments(child) | {
        "airtable_database_operation": {"season": "2627", "query": "list all players"}
    }
    for user in people.values():
        agent = caller(user, write=True)
        for tool in offered(agent):
            result = call(agent, tool.name, calls[tool.name])
            assert result.outcome in (Outcome.READ, Outcome.DRY_RUN, Outcome.NOT_POSSIBLE)
            said = json.dumps([result.answer, result.words], default=str)
            said = said.replace("M41 9SB", "")
            assert [word for word in SECRETS if word in said] == [], tool.name
    assert not child.suspensions.exists() and child.sms.count() == 1


def test_a_manager_meets_only_the_own_team_and_a_guess_learns_nothing(people, child):
    own = factories.registration(team=factories.team(name="Tigers"))
    TeamStaff.objects.create(user=people["M"], team=own.team)
    agent = caller(people["M"], write=True)
    mine, theirs = arguments(own), arguments(child)
    for name, tool in all_tools().items():
        if tool in offered(agent) and {"registration_id", "team_id"} & set(theirs[name]):
            other, gone = theirs[name], {**theirs[name]}
            key = next(iter({"registration_id", "team_id"} & set(other)))
            gone[key] = 99_999
            refused, unknown = call(agent, name, other), call(agent, name, gone)
            assert refused.outcome == unknown.outcome == Outcome.NOT_FOUND
            assert re.sub(r"\d+", "", refused.words) == re.sub(r"\d+", "", unknown.words)
            assert call(agent, name, mine[name]).ok
    assert [team["team"] for team in ask(agent, "teams")["teams"]] == ["U10 Tigers"]
    for text in ("", "Okafor", child.player.first_name):
        found = ask(agent, "find_registrations", text=text)["registrations"]
        assert {line["registration_id"] for line in found} <= {own.pk}
    for query in ("how many players?", "list the players of Lions", f"find {child.player}"):
        result = ask(agent, "airtable_database_operation", season="2627", query=query)
        assert child.player.first_name not in json.dumps(result)
    assert child.player.first_name not in json.dumps(ask(agent, "what_waits"), default=str)
    # The fact goes, and so does the access.
    TeamStaff.objects.all().delete()
    assert ask(caller(people["M"]), "find_registrations")["found"] == 0


def test_the_tools_say_how_things_stand(people, child):
    boss, now = caller(people["A"]), clock.now()
    session = ChatSession.objects.create(key="k", started_at=now, last_seen_at=now)
    given = {"session": session, "team": child.team, "kind": "200", "code": "c", "started_at": now}
    draft = Draft.objects.create(**given, last_answer_at=now)
    soon = now + timedelta(hours=1)
    ShirtHold.objects.create(team=child.team, number=7, draft=draft, expires_at=soon)
    Registration.objects.filter(pk=child.pk).update(shirt_number=9)
    one = ask(boss, "registration_status", registration_id=child.pk)
    assert one["status"] == "pending payment" and one["signing_on_fee"] == "£45.00 not paid"
    told = [line["text"] for line in one["timeline"]]
    assert "Write to (an e-mail address)" in told and any("health" in line for line in told)
    free = ask(boss, "shirt_availability", team_id=child.team_id)["free"]
    assert set(range(1, 26)) - set(free) == {7, 9}
    late = ask(boss, "arrears")
    assert (late["accounts"], late["pence"]) == (1, 2000)
    assert ask(boss, "arrears", team_id=factories.team(name="Bears").pk)["accounts"] == 0
    team = ask(boss, "teams")["teams"][-1]
    assert (team["registered"], team["by_status"]) == (1, {"pending_payment": 1})
    assert ask(boss, "team_list", team_id=child.team_id)["players"][0]["shirt_number"] == 9
    waits = ask(boss, "what_waits")
    assert "Registrations to look at" in {each["list"] for each in waits["lists"]}
    assert ask(boss, "check_code", code="200-lions-u10-2627")["valid"]
    assert ask(boss, "check_code", code="200-lions-u11-2627")["problem"] == "unknown team"
    ServiceState.objects.create(service="twilio", failures=1)
    assert ask(boss, "service_health")["services"]["twilio"]["level"] == "degraded"
    assert not ask(boss, "address_lookup", postcode="nowhere", house_number="1")["success"]


def test_an_address_is_looked_up_in_the_clubs_form(sandbox, people):
    found = ask(caller(people["C"]), "address_lookup", postcode="m410aa", house_number="12")
    assert found["success"] and found["confidence_level"] in ("High", "Medium")
    assert found["address_components"]["postal_code"] == "M41 0AA"
    assert found["original_postcode"] == "m410aa"
    sandbox.down("places")
    away = ask(caller(people["C"]), "address_lookup", postcode="M41 0AB", house_number="1")
    assert not away["success"] and "away" in away["message"]


# A question; the method, and what the plan must hold of it.
QUESTIONS = [
    ("How many active players are there in U10 Lions?", "count", {"status": "active",
     "team": "U10 Lions", "age_group": "u10"}),
    ("count the suspended under 10s", "count", {"status": "suspended", "age_group": "u10"}),
    ("list everybody who is unpaid", "search", {"status": "pending_payment"}),
    ("Find registrations of Okafor", "search", {"name": "Okafor"}),
    ("What is the status of Sam O'Neil?", "search", {"name": "Sam O'Neil"}),
    ('show "okafor" in the Lions', "search", {"name": "okafor", "team": "U10 Lions"}),
    ("who is on the waiting list", "search", {"status": "waiting"}),
    ("show all registrations", "search", {}),
]  # fmt: skip


def test_questions_are_read_as_the_clubs_agents_ask_them(people, child):
    boss = caller(people["A"])
    for query, method, params in QUESTIONS:
        answer = ask(boss, "airtable_database_operation", season="2627", query=query)
        assert answer["status"] == "success", query
        assert set(answer["data"]) == {"query", "season", "table", "operation_plan", "result"}
        plan = answer["data"]["operation_plan"]
        assert (plan["operation_type"], plan["method"]) == ("read", method), query
        told = {name: value for name, value in plan["params"].items() if name != "max_records"}
        assert told == params, query
    found = ask(boss, "airtable_database_operation", season="2627", query=QUESTIONS[3][0])
    assert [row["registration_id"] for row in found["data"]["result"]] == [child.pk]


def test_questions_that_write_or_mean_nothing_are_answered_with_an_error(people, child):
    boss = caller(people["A"], write=True)
    name = child.player.full_name
    for query in (f"delete {name}", f"Set {name} to active", "hello", "x' or 1=1 --", "42"):
        answer = ask(boss, "airtable_database_operation", season="2627", query=query)
        assert (answer["status"], answer["data"]) == ("error", None), query
    answer = ask(boss, "airtable_database_operation", season="2425", query="how many?")
    assert (answer["status"], answer["data"]) == ("error", None)
    child.refresh_from_db()
    assert child.status == "pending_payment"


def test_what_is_written_down_of_a_call_holds_no_personal_words(people, child):
    boss = caller(people["A"])
    call(boss, "find_registrations", {"text": "Okafor", "status": "active", "limit": 5})
    call(boss, "find_registrations", {"Okafor": "x"})
    call(boss, "registration_status", {"registration_id": 99_999})
    rows = AgentCall.objects.order_by("pk").values_list("tool", "outcome", "arguments")
    kept = {"text": "(6 characters)", "status": "active", "limit": 5}
    assert list(rows) == [
        ("find_registrations", "read", kept),
        ("find_registrations", "invalid", {}),
        ("registration_status", "not_found", {"registration_id": 99_999}),
    ]
    assert {(each.by, each.token.user_id) for each in AgentCall.objects.all()} == {
        ("agent for Administrator", people["A"].pk)
    }


def broken(*args):
    """What nobody foresaw."""
    raise RuntimeError("SELECT secret")


def test_a_tool_that_fails_says_so_in_words_and_nothing_else(people, monkeypatch):
    boss = caller(people["A"])
    monkeypatch.setattr(rows, "season", broken)
    result = call(boss, "teams", {})
    assert result.outcome == Outcome.FAILED and "SELECT" not in result.words


def test_no_arguments_break_a_tool(child):
    boss = caller(User.objects.create_superuser("boss"), write=True)
    leaf = some.none() | some.booleans() | some.integers() | some.floats() | some.text(max_size=30)
    odd = leaf | some.lists(leaf, max_size=3) | some.dictionaries(some.text(max_size=5), leaf)
    numbers = some.sampled_from([child.pk, child.team_id, 1, 0, -1, 2**31, 2**63, 10**30])
    names = {name for tool in all_tools().values() for name in tool.schema["properties"]}
    values = {name: odd | numbers | some.sampled_from(["2627", "", "active"]) for name in names}
    fitting = {
        name: some.fixed_dictionaries(
            {}, optional={each: values[each] for each in tool.schema["properties"]} | {"x": odd}
        )
        for name, tool in all_tools().items()
    }

    @seed(9)
    @bounded(max_examples=TRIES, deadline=None, database=None,
             suppress_health_check=list(HealthCheck))  # fmt: skip
    @given(some.data())
    def tried(data):
        for name, these in fitting.items():
            result = call(boss, name, data.draw(these))
            assert result.outcome != Outcome.FAILED

    tried()


def test_a_role_that_loses_a_permission_loses_the_tool_at_once(people):
    assert call(caller(people["T"]), "arrears", {}).outcome == Outcome.NOT_FOUND  # no season yet
    people["T"].groups.remove(Group.objects.get(name=LETTERS["T"]))
    assert call(caller(people["T"]), "arrears", {}).outcome == Outcome.REFUSED
