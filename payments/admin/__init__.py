"""The office's view of what is asked for, collected and paid."""

from payments.admin import (
    arrears,
    books,
    collecting,
    hand,
    home,
    registrations,
    siblings,
    treasurer,
)

__all__ = [
    "arrears",
    "books",
    "collecting",
    "hand",
    "home",
    "registrations",
    "siblings",
    "treasurer",
]
