"""What was said of a payment, mandate or subscription, folded into how it stands; pure.

Every word is kept once, and the fold reads them in the order in which they happened. So the same
words in any order, or twice, end in the same state (wire 4.5). A word is what JSON can hold:
{"id", "at" (UTC, ISO), "status", "read" (GoCardless was asked), "cause", "retry"}.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

Word = dict[str, Any]
Moves = Mapping[str, Collection[str]]

PENDING = "pending_submission"
LOST_PAYMENT = ("failed", "cancelled", "charged_back", "customer_approval_denied")
DEAD_MANDATE = ("failed", "cancelled", "expired", "consumed", "blocked")
_BEGUN = (PENDING, "submitted", "confirmed", "paid_out")
_ANY = (*_BEGUN, *LOST_PAYMENT)
PAYMENT: Moves = {
    "": _ANY,
    "pending_customer_approval": _ANY,
    PENDING: _ANY,
    "submitted": ("confirmed", "paid_out", *LOST_PAYMENT),
    "confirmed": ("paid_out", "failed", "charged_back", "cancelled"),
    "paid_out": ("failed", "charged_back"),
    "failed": (*_BEGUN, "cancelled"),  # retried, by GoCardless or by hand
    "charged_back": ("confirmed", "paid_out"),
}
_ALIVE = ("pending_customer_approval", PENDING, "submitted", "active")
MANDATE: Moves = {
    "suspended_by_payer": ("active", *DEAD_MANDATE),
    "": (*_ALIVE, "suspended_by_payer", *DEAD_MANDATE),
} | {
    status: (*_ALIVE[place + 1 :], "suspended_by_payer", *DEAD_MANDATE)
    for place, status in enumerate(_ALIVE)
}
SUBSCRIPTION: Moves = {
    "": ("active", "paused", "finished", "cancelled"),
    "active": ("paused", "finished", "cancelled"),
    "paused": ("active", "finished", "cancelled"),
}
# Of words of one millisecond, the one that usually comes first in the life of a thing.
_RANK = {
    status: place
    for place, status in enumerate(
        (*_ALIVE[:3], "active", "paused", "confirmed", "paid_out", "failed", "charged_back")
    )
}


@dataclass(frozen=True)
class Standing:
    """How something stands: the status, the word that made it so, and when it last died."""

    status: str
    word: Word
    died_at: str = ""


def word(
    status: str, at: datetime, *, id: str, read: bool = False, cause: str = "", retry: bool = False
) -> Word:
    """One word to keep; `retry` says that GoCardless will try a failed payment again."""
    text = at.astimezone(UTC).isoformat(timespec="microseconds")
    return {"id": id, "at": text, "status": status, "read": read, "cause": cause, "retry": retry}


def added(history: list[Word], new: Word) -> list[Word] | None:
    """The history with one word more; None where that word was heard before."""
    if any(kept["id"] == new["id"] for kept in history):
        return None
    return [*history, new]


def fold(history: list[Word], moves: Moves, *, dead: Collection[str] = ()) -> Standing:
    """How it stands after these words; what cannot follow (submitted after confirmed) is no news.

    What was read holds whatever was said before it.
    """
    standing = Standing("", {})
    for each in sorted(history, key=_order):
        status = each["status"]
        follows = each["read"] or status in moves.get(standing.status, ())
        if follows or status == standing.status:
            died = each["at"] if status in dead else standing.died_at
            standing = Standing(status, each, died)
    return standing


def _order(each: Word) -> tuple[str, int, str]:
    rank = -1 if each["read"] else _RANK.get(each["status"], len(_RANK))
    return each["at"], rank, each["id"]
