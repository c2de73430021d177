"""GoCardless's own books: events, lists, refunds and payouts; and what ends or gives back money.

As in integrations.gocardless every function raises the four outcomes, and money is pence.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from integrations import gocardless
from integrations.errors import Rejected
from integrations.gocardless import Payment

PAGE = 500


@dataclass(frozen=True)
class Refund:
    """Money that went back."""

    id: str
    status: str
    pence: int
    payment_id: str


@dataclass(frozen=True)
class ListedPayment:
    """A payment in a list, and how much of it went back."""

    payment: Payment
    refunded: int


@dataclass(frozen=True)
class ListedSubscription:
    """A subscription in a list; pence a month."""

    id: str
    status: str
    pence: int
    mandate_id: str


@dataclass(frozen=True)
class Line:
    """One line of a payout; tenths of a penny, credit above zero."""

    kind: str
    pence: Decimal
    payment_id: str


@dataclass(frozen=True)
class Payout:
    """A transfer to the club; `lines` are all that it is made of."""

    id: str
    status: str
    pence: int
    fees_pence: int
    arrives_on: date | None
    reference: str
    lines: tuple[Line, ...]


def events_since(moment: datetime) -> Iterator[dict[str, Any]]:
    """Every event after `moment`, as webhooks bring them, page by page, newest first."""
    yield from _every("events", {"created_at[gt]": _text(moment)})


def payments_since(moment: datetime) -> Iterator[ListedPayment]:
    """Every payment created since, newest first."""
    for each in _every("payments", _created(moment)):
        refunded = int(each.get("amount_refunded") or 0)
        yield ListedPayment(gocardless._payment(each), refunded)


def subscriptions_since(moment: datetime) -> Iterator[ListedSubscription]:
    """Every subscription created since, newest first."""
    for each in _every("subscriptions", _created(moment)):
        mandate = gocardless._link(each, "mandate")
        yield ListedSubscription(each["id"], each["status"], int(each["amount"]), mandate)


def subscriptions_of(mandate_id: str) -> list[ListedSubscription]:
    """Every subscription on a mandate, newest first."""
    found = _every("subscriptions", {"mandate": mandate_id})
    return [
        ListedSubscription(each["id"], each["status"], int(each["amount"]), mandate_id)
        for each in found
    ]


def payments_of(mandate_id: str) -> list[Payment]:
    """Every payment on a mandate, newest first."""
    return [gocardless._payment(each) for each in _every("payments", {"mandate": mandate_id})]


def mandates_since(moment: datetime) -> Iterator[tuple[str, str]]:
    """Id and status of every mandate created since, newest first."""
    for each in _every("mandates", _created(moment)):
        yield each["id"], each["status"]


def refunds_since(moment: datetime) -> Iterator[Refund]:
    """Every refund created since, newest first."""
    for each in _every("refunds", _created(moment)):
        yield _refund(each)


def payouts_since(moment: datetime) -> Iterator[tuple[str, str]]:
    """Id and status of every payout created since, newest first."""
    for each in _every("payouts", _created(moment)):
        yield each["id"], each["status"]


def _created(moment: datetime) -> dict[str, str]:
    return {"created_at[gte]": _text(moment)}


def _text(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"


def mandate_of_subscription(id: str) -> str:
    """The mandate that it collects by now."""
    return gocardless._link(gocardless._get("subscriptions", id), "mandate")


def get_refund(id: str) -> Refund:
    """Read it as it is now."""
    return _refund(gocardless._get("refunds", id))


def get_payout(id: str) -> Payout:
    """Read it with all its lines."""
    found = gocardless._get("payouts", id)
    lines = tuple(_line(each) for each in _every("payout_items", {"payout": id}))
    return Payout(
        id=found["id"],
        status=found["status"],
        pence=int(found["amount"]),
        fees_pence=int(found.get("deducted_fees") or 0),
        arrives_on=gocardless._date(found.get("arrival_date")),
        reference=found.get("reference") or "",
        lines=lines,
    )


def cancel_payment(id: str) -> Payment:
    """Stop a payment that the bank has not got yet; Rejected `cancellation_failed` after that."""
    with gocardless._calling("cancel payment", creating=False):
        return gocardless._payment(gocardless._service("payments").cancel(id).attributes)


def create_refund(
    payment_id: str, *, pence: int, total_pence: int, metadata: dict[str, str], key: str
) -> Refund:
    """Give back part of a payment; `total_pence` is all that was given back, this included.

    Refunds are a permission of their own at GoCardless: without it, Rejected.
    """
    params = {
        "amount": pence,
        "total_amount_confirmation": total_pence,
        "metadata": gocardless._metadata(metadata),
        "links": {"payment": payment_id},
    }
    return _refund(gocardless._create("refunds", params, key, forbidden=Rejected))


def retry_payment(id: str) -> gocardless.Payment:
    """Try a failed payment again; Rejected `retry_failed` where it cannot be (wire 3.2)."""
    with gocardless._calling("retry payment", creating=True):
        return gocardless._payment(gocardless._service("payments").retry(id).attributes)


def _every(resource: str, params: dict[str, str]) -> Iterator[dict[str, Any]]:
    """Every page of a list, each a call of its own."""
    after: str | None = None
    while True:
        asked = params | {"limit": str(PAGE)} | ({"after": after} if after else {})
        with gocardless._calling(f"list {resource}", creating=False):
            answer = gocardless._service(resource).list(params=asked)
            found, after = [each.attributes for each in answer.records], answer.after
        yield from found
        if not after:
            return


def _refund(attributes: dict[str, Any]) -> Refund:
    return Refund(
        id=attributes["id"],
        status=attributes.get("status") or "",
        pence=int(attributes["amount"]),
        payment_id=gocardless._link(attributes, "payment"),
    )


def _line(attributes: dict[str, Any]) -> Line:
    return Line(
        kind=attributes["type"],
        pence=Decimal(str(attributes["amount"])),
        payment_id=gocardless._link(attributes, "payment"),
    )
