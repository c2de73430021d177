"""First light: `make run`'s platform, real processes, real clients, from a code to active."""

import pytest

from tests.journeys.first_light import ODD, PLAIN, check, register
from tests.journeys.frontend import Frontend
from tests.journeys.vendors import Vendors

# Both passes run it: on the embedded defaults, and on PostgreSQL and Redis.
pytestmark = [pytest.mark.database, pytest.mark.xdist_group("platform")]


@pytest.fixture(scope="module")
def vendors(platform):
    return Vendors(platform["sandbox"])


@pytest.fixture
def lions(platform):
    return next(code for code in platform["codes"] if "200-lions-u10" in code)


@pytest.mark.parametrize(
    ("script", "starts_on", "count"),
    # On 5 October: the 15th can be met; so can the last day, a Saturday.
    [(PLAIN, "2026-10-15", 8), (ODD, "2026-10-31", 8)],
    ids=lambda value: getattr(value, "name", None),
)
def test_a_child_is_registered_from_the_code_to_active(
    platform, vendors, lions, script, starts_on, count
):
    end = register(platform["urls"]["web"], vendors, lions, script, season="2627")
    check(end, script)
    [subscription] = end["subscriptions"]
    assert (subscription["start_date"], subscription["count"]) == (starts_on, count)
    [mandate] = end["mandates"]
    assert mandate["scheme"] == "bacs"
    assert end["fields"]["subscription_start_date"] == starts_on
    assert end["fields"]["registration_code"] == lions
    assert end["fields"]["signing_on_fee_paid"] == "Y"
    assert end["fields"]["mandate_authorised"] == "Y"
    assert "£45.00" in end["texts"][0]
    assert "conversation_history" not in end["fields"]


def test_a_wrong_code_is_told_apart_from_chat_and_starts_nothing(platform):
    parent = Frontend(platform["urls"]["web"])
    parent.say("200-lions-u10-1920")
    assert parent.routine_number is None
    parent.say("hello there")
    assert parent.routine_number is None
