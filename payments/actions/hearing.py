"""A word about a payment, mandate or subscription, added to the history that its row keeps."""

from __future__ import annotations

from datetime import datetime
from typing import TypeVar

from payments.actions import history
from payments.actions.fulfilment import SKEW
from payments.actions.history import Word
from payments.models import Mandate, Payment, Subscription

Historic = TypeVar("Historic", Payment, Mandate, Subscription)


def kept(row: Historic, said: Word) -> list[Word] | None:
    """The row's history and one word more, None for a known word.

    It begins with what was read when the row was made.
    """
    words = row.history
    if not words and row.status:
        began = getattr(row, "status_at", None) or row.created_at
        words = [history.word(row.status, began, id="known", read=True)]
    return history.added(words, said)


def reading(status: str, at: datetime) -> Word:
    """What GoCardless showed when it was asked at `at`."""
    moment = at - SKEW
    return history.word(status, moment, id=f"read {moment.isoformat()}", read=True)
