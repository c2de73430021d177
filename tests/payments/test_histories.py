"""Whatever order the world tells us in: the same words end in the same state and the same money."""

import os
import random
import uuid
from datetime import UTC, date, datetime, timedelta
from itertools import permutations

import pytest
from django.db import transaction

from integrations import gocardless, inbox
from integrations.models import WebhookEvent
from payments.actions import history
from payments.models import BillingRequest, Mandate, MonthlyCharge, Payment, Subscription
from tests import factories

SOAK = os.environ.get("SOAK") == "1"
FOLDS = 100_000 if SOAK else 1_000
TALES = 300 if SOAK else 6
SHUFFLES = 8 if SOAK else 4
BEGAN = datetime(2026, 9, 1, 8, tzinfo=UTC)
PAYMENT_NEXT = {
    "created": ("submitted", "submitted", "cancelled"),
    "submitted": ("confirmed", "confirmed", "confirmed", "failed"),
    "confirmed": ("paid_out", "paid_out", "failed", "charged_back"),
    "paid_out": ("", "", "", "failed", "charged_back"),
    "failed": ("resubmission_requested", ""),
    "resubmission_requested": ("submitted",),
    "charged_back": ("chargeback_cancelled", ""),
    "chargeback_cancelled": ("",),
    "cancelled": ("",),
}
STATUS = {"created": "pending_submission", "resubmission_requested": "pending_submission"}


class Tale:
    """A believable history of one member at GoCardless: its events, and how all stands at the end.

    Steps forward may share a millisecond; a step back never shares one with what it undoes.
    """

    def __init__(self, dice: random.Random) -> None:
        self.dice = dice
        self.events: list[dict] = []
        self.ends: dict[str, str] = {}
        self.charged: dict[str, date] = {}
        self.payment("PMFEE", "confirmed", BEGAN)
        self.mandate()
        for number in (9, 10, 11):
            self.month(number)

    def tell(self, plural: str, action: str, at: datetime, links: dict, **details) -> None:
        self.events.append(
            {
                "id": f"EV{uuid.UUID(int=self.dice.getrandbits(128)).hex}",
                "created_at": at.isoformat(timespec="milliseconds"),
                "resource_type": plural,
                "action": action,
                "details": {"cause": f"{plural}_{action}", **details},
                "links": links,
            }
        )

    def later(self, at: datetime, *, back: bool = False) -> datetime:
        least = 1_000 if back else 0
        milliseconds = self.dice.choice([0, 1, 40_000, 86_400_000]) + least
        return at + timedelta(milliseconds=milliseconds)

    def payment(self, id: str, action: str, at: datetime) -> None:
        status, before = "", ""
        for _ in range(12):
            more = {"will_attempt_retry": False} if action == "failed" else {}
            self.tell("payments", action, at, {"payment": id}, **more)
            if action == "chargeback_cancelled":
                status = before
            else:
                before, status = status, STATUS.get(action, action)
            action = self.dice.choice(PAYMENT_NEXT[action])
            if not action:
                break
            at = self.later(at, back=action in ("resubmission_requested", "submitted"))
            if action == "chargeback_cancelled":
                at += timedelta(days=1)
        self.ends[id] = status

    def month(self, number: int) -> None:
        id = f"PM{number}"
        made = datetime(2026, number, 10, 5, tzinfo=UTC)
        self.charged[id] = date(2026, number, 15)
        links = {"subscription": "SB1", "payment": id}
        self.tell("subscriptions", "payment_created", made, links)
        self.payment(id, "created", made)

    def mandate(self) -> None:
        at, links, status = BEGAN, {"mandate": "MD1"}, ""
        for action, status in (  # noqa: B007
            ("created", "pending_submission"),
            ("submitted", "submitted"),
            ("active", "active"),
        ):
            self.tell("mandates", action, at, links)
            at = self.later(at)
        for action in self.dice.choice([(), (), ("cancelled",), ("cancelled", "reinstated")]):
            at = self.later(at, back=True)
            self.tell("mandates", action, at, links)
            status = "active" if action == "reinstated" else action
        if status == "cancelled" or self.dice.random() < 0.2:
            self.tell("subscriptions", "cancelled", at, {"subscription": "SB1"})
        elif self.dice.random() < 0.5:
            for action in ("paused", "resumed"):
                at = self.later(at, back=True)
                self.tell("subscriptions", action, at, {"subscription": "SB1"})
        self.ends["MD1"] = status

    def told(self) -> list[dict]:
        """The events in their true order; of one millisecond, in the order in which they were."""
        return sorted(self.events, key=lambda event: event["created_at"])

    def shuffled(self) -> list[dict]:
        """All of them in some order, some twice."""
        doubled = self.events + self.dice.choices(self.events, k=5)
        return self.dice.sample(doubled, len(doubled))


def words(dice: random.Random) -> list[history.Word]:
    tale = Tale(dice)
    names = {action: STATUS.get(action, action) for action in PAYMENT_NEXT}
    return [
        history.word(
            names[event["action"]], datetime.fromisoformat(event["created_at"]), id=event["id"]
        )
        for event in tale.told()
        if event["links"] == {"payment": "PM9"} and event["action"] != "chargeback_cancelled"
    ]


def folded(said: list[history.Word]) -> history.Standing:
    kept: list[history.Word] = []
    for each in said:
        kept = history.added(kept, each) or kept
    return history.fold(kept, history.PAYMENT)


def test_every_order_of_a_history_folds_to_the_same_standing():
    dice = random.Random(5)  # noqa: S311
    done = 0
    while done < FOLDS:
        said = words(dice)
        expected = folded(said)
        orders = permutations(said) if len(said) < 5 else None
        for _ in range(24):
            order = next(orders, said) if orders else dice.sample(said, len(said))
            assert folded([*order, *dice.choices(said, k=2)]) == expected
            done += 1


def test_what_cannot_follow_is_no_news():
    at = [BEGAN + timedelta(hours=hour) for hour in range(3)]
    said = [
        history.word("confirmed", at[0], id="1"),
        history.word("submitted", at[1], id="2"),
        history.word("pending_submission", at[2], id="3"),
    ]
    assert folded(said).status == "confirmed"


@pytest.fixture
def world(db, monkeypatch):
    """A member whose fee was paid; GoCardless answers with how a tale ends."""
    member = factories.active_registration()
    request = BillingRequest.objects.create(
        registration=member, pence=4500, gocardless_id="BRQ1", status="fulfilled", created_at=BEGAN
    )
    mandate = Mandate.objects.create(
        gocardless_id="MD1",
        guardian=member.guardian,
        billing_request=request,
        status="pending_submission",
        created_at=BEGAN,
        status_at=BEGAN - timedelta(minutes=1),
    )
    Subscription.objects.create(
        registration=member,
        mandate=mandate,
        gocardless_id="SB1",
        status="active",
        pence=2750,
        joined_on=date(2026, 9, 1),
        day_of_month=15,
        created_at=BEGAN,
    )
    Payment.objects.create(
        registration=member,
        purpose="signing_on_fee",
        gocardless_id="PMFEE",
        pence=4500,
        status="confirmed",
        created_at=BEGAN,
        status_at=BEGAN - timedelta(minutes=1),
    )
    for number in (9, 10, 11):
        day = date(2026, number, 15)
        MonthlyCharge.objects.create(
            registration=member, month=day.replace(day=1), pence=2750, charge_on=day
        )
    tale: dict[str, Tale] = {}

    def get_payment(id):
        now = tale["now"]
        fee = id == "PMFEE"
        charged = now.charged.get(id)
        subscription = "" if fee else "SB1"
        pence = 4500 if fee else 2750
        return gocardless.Payment(id, now.ends[id], pence, charged, "MD1", subscription, charged)

    monkeypatch.setattr(gocardless, "get_payment", get_payment)
    monkeypatch.setattr(
        gocardless,
        "get_mandate",
        lambda id: gocardless.Mandate(id, tale["now"].ends[id], None, "CU1"),
    )
    return member, tale


def standing(member) -> dict:
    member.refresh_from_db()
    got = Payment.objects.filter(status__in=("confirmed", "paid_out"))
    return {
        "state": (member.status, member.fee_settled_by, member.collection_arranged_by),
        "payments": sorted(Payment.objects.values_list("gocardless_id", "status", "charge_on")),
        "months": list(MonthlyCharge.objects.values_list("month", "status", "payment__pence")),
        "mandates": list(Mandate.objects.values_list("status")),
        "subscriptions": list(Subscription.objects.values_list("gocardless_id", "status")),
        "money": sum(got.values_list("pence", flat=True)),
        "left": WebhookEvent.objects.filter(outcome="waiting").count(),
    }


def heard(member, events: list[dict]) -> dict:
    """How all stands after these events, one delivery each; all is undone afterwards."""
    with transaction.atomic():
        for event in events:
            inbox.store("gocardless", [event])
            inbox.process_due()
        seen = standing(member)
        transaction.set_rollback(True)
    return seen


@pytest.mark.parametrize("seed", range(TALES))
def test_any_order_of_a_members_events_ends_in_the_same_state_and_money(world, set_clock, seed):
    set_clock(2027, 6, 1)
    member, tale = world
    tale["now"] = Tale(random.Random(seed))  # noqa: S311
    expected = heard(member, tale["now"].told())
    assert expected["left"] == 0
    ends = {id: status for id, status in tale["now"].ends.items() if id.startswith("PM")}
    assert {id: status for id, status, _ in expected["payments"]} == ends
    assert expected["mandates"] == [(tale["now"].ends["MD1"],)]
    for _ in range(SHUFFLES):
        assert heard(member, tale["now"].shuffled()) == expected
