"""What the club expects, has asked for, has received and still lacks: one line per thing owed.

Reads only. All amounts are pence, all dates London. An amount counts in the month that it is for.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from django.db.models import CharField, QuerySet, Sum
from django.db.models.functions import Cast

from integrations import clock
from payments.entry import BY_HAND, FEE, FORWARD, Entry, Owner, Paid, what
from payments.models import (
    BillingRequest,
    HandPayment,
    MonthlyCharge,
    OpeningBalance,
    Payment,
    PayoutItem,
    Refund,
)
from registrations.models import Registration, Season

__all__ = ["Entry", "Owner", "entries", "what"]

_NAMES = (
    "pk",
    "player__first_name",
    "player__last_name",
    "team_id",
    "team__age_group",
    "team__name",
    "guardian__first_name",
    "guardian__last_name",
    "guardian__email",
)
# As text: thousands of numbers need not be taken apart and put together again.
_PHONE = Cast("guardian__phone", CharField())
_FACTS = (
    "signing_on_fee_pence",
    "fee_settled_by",
    "cancelled_at",
    "waiting_since",
    "trial_ends_at",
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
    "payment__will_retry",
    "payment__cause",
)
ByHand = Mapping[tuple[int, str], list[tuple[int, str]]]
Pence = Mapping[int, Decimal]


def entries(season: Season, *, today: date, registration: int | None = None) -> list[Entry]:
    """Every line of a season, by child and month; with `registration` those of one child."""
    rows = Registration.objects.filter(season=season, duplicate_of=None)
    if registration is not None:
        rows = rows.filter(pk=registration)
    facts = list(rows.values(*_NAMES, *_FACTS, phone=_PHONE))
    owners = {row["pk"]: _owner(row) for row in facts}
    by_hand = _by_hand(season)
    kept, returned = _settled(rows)
    lines = [
        *_fees(season, facts, owners, by_hand, kept, today),
        *_months(rows, facts, owners, by_hand, kept, today),
        *_forward(rows, owners, by_hand, today),
        *_strays(rows, owners, kept),
        *_given_back(rows, owners, returned),
    ]
    return sorted(
        lines, key=lambda entry: (entry.owner.child, entry.owner.registration, entry.due_on)
    )


def _owner(row: dict[str, Any]) -> Owner:
    return Owner(
        registration=row["pk"],
        child=f"{row['player__last_name']}, {row['player__first_name']}",
        team_id=row["team_id"],
        team=f"{row['team__age_group'].upper()} {row['team__name']}",
        parent=f"{row['guardian__first_name']} {row['guardian__last_name']}",
        phone=row["phone"] or "",
        email=row["guardian__email"],
    )


def _by_hand(season: Season) -> dict[tuple[int, str], list[tuple[int, str]]]:
    """What was recorded by hand, as (pence, method), by registration and line."""
    found: dict[tuple[int, str], list[tuple[int, str]]] = defaultdict(list)
    rows = HandPayment.objects.filter(registration__season=season, undone_at=None).order_by("pk")
    for owner, purpose, month, pence, method in rows.values_list(
        "registration_id", "purpose", "month", "pence", "method"
    ):
        found[owner, what(purpose, month)].append((pence, method))
    return found


def _settled(rows: QuerySet) -> tuple[Pence, Pence]:
    """What payouts say of each payment besides the payment itself: GoCardless's fees, and what
    was taken back because it was refunded."""
    kept: dict[int, Decimal] = defaultdict(Decimal)
    returned: dict[int, Decimal] = defaultdict(Decimal)
    items = PayoutItem.objects.filter(payment__registration__in=rows).order_by()
    others = items.exclude(kind="payment_paid_out").values("payment", "kind")
    sums = others.annotate(sum=Sum("pence")).values_list("payment", "kind", "sum")
    for payment, kind, pence in sums:
        if kind.endswith("_fee"):
            kept[payment] -= pence
        elif "refund" in kind:
            returned[payment] -= pence
    return kept, returned


def _fees(
    season: Season,
    facts: list[dict[str, Any]],
    owners: dict[int, Owner],
    by_hand: ByHand,
    kept: Pence,
    today: date,
) -> Iterator[Entry]:
    asked = set(
        BillingRequest.objects.filter(registration__season=season, pence__gt=0)
        .exclude(gocardless_id="")
        .values_list("registration_id", flat=True)
    )
    paid = _fees_paid(season, kept)
    for row in facts:
        done = paid.get(row["pk"], Paid())
        recorded = by_hand.get((row["pk"], FEE), [])
        for pence, method in recorded:
            done.add_by_hand(pence, method)
        left = row["cancelled_at"] or row["waiting_since"] or row["trial_ends_at"]
        owed = not left or row["fee_settled_by"] or done.collected
        if not owed and not done.asked:
            continue
        joined = clock.london(row["submitted_at"]).date()
        due_on = joined + timedelta(days=season.payment_days)
        expected, standing = _fee_expected(row, done, owed=bool(owed), asked=row["pk"] in asked)
        if standing == BY_HAND and not recorded:  # settled in the base, with no amount recorded
            done.asked = done.collected = expected
        done.asked = done.asked or (expected if row["pk"] in asked else 0)
        yield Entry(
            owner=owners[row["pk"]],
            what=FEE,
            month=joined.replace(day=1),
            due_on=due_on,
            expected=expected,
            outstanding=_lacking(expected, done, due_on, today),
            standing=standing,
            **done.figures(),
        )


def _fee_expected(row: dict[str, Any], done: Paid, *, owed: bool, asked: bool) -> tuple[int, str]:
    """What is expected of a fee in pence, and how it stands in words."""
    source, pence = row["fee_settled_by"], row["signing_on_fee_pence"]
    if source == Registration.FeeSource.WAIVED:
        return 0, "waived"
    if source == Registration.FeeSource.BY_HAND and not done.collected:
        return pence - done.waived, BY_HAND
    return (max(pence - done.waived, 0) if owed else 0), done.standing or (
        "asked for" if asked else "not asked for yet"
    )


def _months(
    rows: QuerySet,
    facts: list[dict[str, Any]],
    owners: dict[int, Owner],
    by_hand: ByHand,
    kept: Pence,
    today: date,
) -> Iterator[Entry]:
    left = {row["pk"] for row in facts if row["cancelled_at"]}
    charges = MonthlyCharge.objects.filter(registration__in=rows)
    for (
        pk,
        month,
        pence,
        charge_on,
        payment,
        paid,
        status,
        id,
        retried,
        cause,
    ) in charges.values_list(*_CHARGE):
        done = Paid()
        if payment and id:
            fees = kept.get(payment)
            done.add(payment, paid, status, cause, fees=fees, retried=retried)
        for amount, method in by_hand.get((pk, what("month", month)), []):
            done.add_by_hand(amount, method)
        wanted = pk not in left or done.collected or done.under_way
        expected = max(pence - done.waived, 0) if wanted else 0
        if not expected and not done.asked and not done.waived:
            continue
        due_on = charge_on or month
        yield Entry(
            owner=owners[pk],
            what=what("month", month),
            month=month,
            due_on=due_on,
            expected=expected,
            outstanding=_lacking(expected, done, due_on, today),
            standing=done.standing or "to come",
            **done.figures(),
        )


def _forward(
    rows: QuerySet, owners: dict[int, Owner], by_hand: ByHand, today: date
) -> Iterator[Entry]:
    """What was owed when the club began with this platform."""
    for row in OpeningBalance.objects.filter(registration__in=rows):
        done = Paid()
        for pence, method in by_hand.get((row.registration_id, FORWARD), []):
            done.add_by_hand(pence, method)
        expected = max(row.pence - done.waived, 0)
        yield Entry(
            owner=owners[row.registration_id],
            what=FORWARD,
            month=row.as_of.replace(day=1),
            due_on=row.as_of,
            expected=expected,
            outstanding=_lacking(expected, done, row.as_of, today),
            standing=done.standing or "open",
            **done.figures(),
        )


def _given_back(rows: QuerySet, owners: dict[int, Owner], returned: Pence) -> Iterator[Entry]:
    """Refunds through GoCardless: neither expected nor had any more.

    Until a payout was made smaller by them, what was paid out is still with the club.
    """
    left = dict(returned)
    refunds = Refund.objects.filter(payment__registration__in=rows).select_related("payment")
    for row in refunds.exclude(status__in=Refund.BOUNCED).order_by("created_at", "pk"):
        day = clock.london(row.created_at).date()
        taken = min(row.pence, int(left.get(row.payment_id, 0)))
        left[row.payment_id] = left.get(row.payment_id, Decimal(0)) - taken
        yield Entry(
            owner=owners[row.payment.registration_id],
            what=f"Refund, {day:%-d %B %Y}",
            month=day.replace(day=1),
            due_on=day,
            expected=-row.pence,
            collected=-row.pence,
            paid_out=-taken,
            standing="given back",
            payment=row.payment_id,
        )


def _strays(rows: QuerySet, owners: dict[int, Owner], kept: Pence) -> Iterator[Entry]:
    """Payments for no month: an earlier try that failed, or one too many."""
    strays = Payment.objects.filter(registration__in=rows, months=None)
    strays = strays.exclude(purpose=Payment.Purpose.SIGNING_ON_FEE).exclude(gocardless_id="")
    for row in strays:
        done, day = Paid(), row.charge_on or clock.london(row.created_at).date()
        done.add(row.pk, row.pence, row.status, row.cause, fees=kept.get(row.pk))
        yield Entry(
            owner=owners[row.registration_id],
            what=f"Besides the plan, {day:%B %Y}",
            month=day.replace(day=1),
            due_on=day,
            standing=done.standing,
            **done.figures(),
        )


def _fees_paid(season: Season, kept: Pence) -> dict[int, Paid]:
    rows = Payment.objects.filter(
        registration__season=season, purpose=Payment.Purpose.SIGNING_ON_FEE
    ).exclude(gocardless_id="")
    found: dict[int, Paid] = defaultdict(Paid)
    names = "registration_id", "pk", "pence", "status", "cause"
    for registration, pk, *payment in rows.order_by("created_at", "pk").values_list(*names):
        found[registration].add(pk, *payment, fees=kept.get(pk))
    return found


def _lacking(expected: int, done: Paid, due_on: date, today: date) -> int:
    return max(expected - done.collected - done.under_way, 0) if due_on < today else 0
