"""What the club expects, has asked for, has received and still lacks: one line per thing owed.

Reads only. Every figure of the books is a sum over these lines, so each can show its lines. All
amounts are pence, all dates London. An amount counts in the month that it is for.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

from integrations import clock
from payments.actions.fulfilment import LOST_PAYMENT
from payments.models import BillingRequest, MonthlyCharge, Payment
from registrations.models import Registration, Season

FIGURES = ("expected", "asked", "collected", "failed", "paid_out", "outstanding")
COLLECTED = ("confirmed", "paid_out")
FEE = "Signing-on fee"
BY_HAND = "recorded by hand"
# Days past due: up to 30, up to 60, up to 90, more.
AGES = (30, 60, 90)
_FAILURES = {
    "failed": "the bank did not pay, most often because there was too little in the account",
    "charged_back": "the payer's bank took the money back after it had been paid",
    "cancelled": "the payment was cancelled before it was taken",
    "customer_approval_denied": "the payer did not agree to the payment",
}
_STANDING = {
    "": "to be made",
    "pending_customer_approval": "waits for the payer's approval",
    "pending_submission": "made, goes to the bank soon",
    "submitted": "at the bank",
    "confirmed": "collected",
    "paid_out": "paid out to the club",
}
_NAMES = (
    "pk",
    "player__first_name",
    "player__last_name",
    "team_id",
    "team__age_group",
    "team__name",
    "guardian__first_name",
    "guardian__last_name",
    "guardian__phone",
    "guardian__email",
)
_FACTS = (
    "signing_on_fee_pence",
    "fee_settled_by",
    "cancelled_at",
    "waiting_since",
    "submitted_at",
)
_CHARGE = (
    "registration_id",
    "month",
    "pence",
    "charge_on",
    "payment",
    "payment__pence",
    "payment__status",
    "payment__gocardless_id",
)


@dataclass(frozen=True)
class Owner:
    """Whose line it is."""

    registration: int
    child: str
    team_id: int
    team: str
    parent: str
    phone: str
    email: str


@dataclass(frozen=True)
class Entry:
    """One thing that is owed, or a payment that was for nothing that is."""

    owner: Owner
    what: str
    month: date
    due_on: date
    expected: int = 0
    asked: int = 0
    collected: int = 0
    failed: int = 0
    paid_out: int = 0
    outstanding: int = 0
    standing: str = ""
    payment: int | None = None


@dataclass
class Paid:
    """Payments for one thing, added up."""

    asked: int = 0
    collected: int = 0
    failed: int = 0
    paid_out: int = 0
    under_way: int = 0
    standing: str = ""
    payment: int | None = None

    def add(self, pk: int, pence: int, status: str) -> None:
        """One more payment; the newest comes last and names the standing."""
        self.asked += pence
        if status in COLLECTED:
            self.collected += pence
        elif status in LOST_PAYMENT:
            self.failed += pence
        else:
            self.under_way += pence
        if status == "paid_out":
            self.paid_out += pence
        self.payment, self.standing = pk, in_words(status)


@dataclass
class Group:
    """The lines of one month, team or child, added up."""

    key: str
    label: str
    sums: dict[str, int] = field(default_factory=lambda: dict.fromkeys(FIGURES, 0))

    def add(self, entry: Entry) -> None:
        for name in FIGURES:
            self.sums[name] += getattr(entry, name)


@dataclass
class Arrears:
    """What one child owes, by age in days: up to 30, up to 60, up to 90, more."""

    owner: Owner
    oldest: date
    pence: list[int] = field(default_factory=lambda: [0] * (len(AGES) + 1))

    @property
    def total(self) -> int:
        return sum(self.pence)


KEYS: dict[str, Callable[[Entry], tuple[str, str]]] = {
    "month": lambda entry: (f"{entry.month:%Y-%m}", f"{entry.month:%B %Y}"),
    "team": lambda entry: (str(entry.owner.team_id), entry.owner.team),
    "child": lambda entry: (str(entry.owner.registration), entry.owner.child),
}


def in_words(status: str) -> str:
    """GoCardless's word for a payment, as the treasurer would say it."""
    return _FAILURES.get(status) or _STANDING.get(status, status.replace("_", " "))


def entries(season: Season, *, today: date) -> list[Entry]:
    """Every line of a season, by child and month."""
    rows = Registration.objects.filter(season=season, duplicate_of=None)
    facts = list(rows.values(*_NAMES, *_FACTS))
    owners = {row["pk"]: _owner(row) for row in facts}
    lines = [*_fees(season, facts, owners, today), *_months(season, facts, owners, today)]
    lines += _strays(season, owners)
    return sorted(
        lines, key=lambda entry: (entry.owner.child, entry.owner.registration, entry.due_on)
    )


def grouped(lines: Iterable[Entry], by: str) -> list[Group]:
    """The lines added up by "month", "team" or "child"."""
    groups: dict[str, Group] = {}
    for entry in lines:
        key, label = KEYS[by](entry)
        groups.setdefault(key, Group(key, label)).add(entry)
    order = (lambda group: group.key) if by == "month" else (lambda group: group.label)
    return sorted(groups.values(), key=order)


def total(groups: Iterable[Group]) -> dict[str, int]:
    """All groups together."""
    groups = list(groups)
    return {name: sum(group.sums[name] for group in groups) for name in FIGURES}


def arrears(lines: Iterable[Entry], *, today: date) -> list[Arrears]:
    """Who owes what for how long; whoever owes most comes first."""
    found: dict[int, Arrears] = {}
    for entry in lines:
        if entry.outstanding:
            owed = found.setdefault(entry.owner.registration, Arrears(entry.owner, entry.due_on))
            owed.oldest = min(owed.oldest, entry.due_on)
            days = (today - entry.due_on).days
            owed.pence[sum(days > age for age in AGES)] += entry.outstanding
    return sorted(found.values(), key=lambda owed: (-owed.total, owed.owner.child))


def _owner(row: dict[str, Any]) -> Owner:
    return Owner(
        registration=row["pk"],
        child=f"{row['player__last_name']}, {row['player__first_name']}",
        team_id=row["team_id"],
        team=f"{row['team__age_group'].upper()} {row['team__name']}",
        parent=f"{row['guardian__first_name']} {row['guardian__last_name']}",
        phone=str(row["guardian__phone"] or ""),
        email=row["guardian__email"],
    )


def _fees(
    season: Season, facts: list[dict[str, Any]], owners: dict[int, Owner], today: date
) -> Iterator[Entry]:
    asked = set(
        BillingRequest.objects.filter(registration__season=season, pence__gt=0)
        .exclude(gocardless_id="")
        .values_list("registration_id", flat=True)
    )
    paid = _fees_paid(season)
    for row in facts:
        done = paid.get(row["pk"], Paid())
        left = row["cancelled_at"] or row["waiting_since"]
        owed = not left or row["fee_settled_by"] or done.collected
        if not owed and not done.asked:
            continue
        joined = clock.london(row["submitted_at"]).date()
        due_on = joined + timedelta(days=season.payment_days)
        expected, standing = _fee_expected(row, done, owed=bool(owed), asked=row["pk"] in asked)
        if standing == BY_HAND:
            done.asked = done.collected = expected
        yield Entry(
            owner=owners[row["pk"]],
            what=FEE,
            month=joined.replace(day=1),
            due_on=due_on,
            expected=expected,
            asked=done.asked or (expected if row["pk"] in asked else 0),
            collected=done.collected,
            failed=done.failed,
            paid_out=done.paid_out,
            outstanding=_lacking(expected, done.collected + done.under_way, due_on, today),
            standing=standing,
            payment=done.payment,
        )


def _fee_expected(row: dict[str, Any], done: Paid, *, owed: bool, asked: bool) -> tuple[int, str]:
    """What is expected of a fee in pence, and how it stands in words."""
    source, pence = row["fee_settled_by"], row["signing_on_fee_pence"]
    if source == Registration.FeeSource.WAIVED:
        return 0, "waived"
    if source == Registration.FeeSource.BY_HAND and not done.collected:
        return pence, BY_HAND
    return (pence if owed else 0), done.standing or ("asked for" if asked else "not asked for yet")


def _months(
    season: Season, facts: list[dict[str, Any]], owners: dict[int, Owner], today: date
) -> Iterator[Entry]:
    left = {row["pk"] for row in facts if row["cancelled_at"]}
    charges = MonthlyCharge.objects.filter(
        registration__season=season, registration__duplicate_of=None
    )
    for pk, month, pence, charge_on, payment, paid, status, id in charges.values_list(*_CHARGE):
        done = Paid()
        if payment and id:
            done.add(payment, paid, status)
        expected = pence if pk not in left or done.collected or done.under_way else 0
        if not expected and not done.asked:
            continue
        due_on = charge_on or month
        yield Entry(
            owner=owners[pk],
            what=f"{month:%B %Y}",
            month=month,
            due_on=due_on,
            expected=expected,
            asked=done.asked,
            collected=done.collected,
            failed=done.failed,
            paid_out=done.paid_out,
            outstanding=_lacking(expected, done.collected + done.under_way, due_on, today),
            standing=done.standing or "to come",
            payment=done.payment,
        )


def _strays(season: Season, owners: dict[int, Owner]) -> Iterator[Entry]:
    """Payments for no month: an earlier try that failed, or one too many."""
    rows = Payment.objects.filter(registration__season=season, months=None)
    rows = rows.exclude(purpose=Payment.Purpose.SIGNING_ON_FEE).exclude(gocardless_id="")
    for row in rows:
        done, day = Paid(), row.charge_on or clock.london(row.created_at).date()
        done.add(row.pk, row.pence, row.status)
        if row.registration_id in owners:
            yield Entry(
                owner=owners[row.registration_id],
                what=f"Besides the plan, {day:%B %Y}",
                month=day.replace(day=1),
                due_on=day,
                asked=done.asked,
                collected=done.collected,
                failed=done.failed,
                paid_out=done.paid_out,
                standing=done.standing,
                payment=row.pk,
            )


def _fees_paid(season: Season) -> dict[int, Paid]:
    rows = Payment.objects.filter(
        registration__season=season, purpose=Payment.Purpose.SIGNING_ON_FEE
    ).exclude(gocardless_id="")
    found: dict[int, Paid] = defaultdict(Paid)
    names = "registration_id", "pk", "pence", "status"
    for registration, *payment in rows.order_by("created_at", "pk").values_list(*names):
        found[registration].add(*payment)
    return found


def _lacking(expected: int, covered: int, due_on: date, today: date) -> int:
    return max(expected - covered, 0) if due_on < today else 0
