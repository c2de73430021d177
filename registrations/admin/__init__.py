"""The office's view of seasons, people, registrations, conversations and messages."""

from registrations.admin import (
    clubs,
    conversations,
    home,
    messages,
    newseason,
    people,
    photos,
    proofs,
    registrations,
    rollovers,
    staff,
    suspensions,
)

__all__ = [
    "clubs",
    "conversations",
    "home",
    "messages",
    "newseason",
    "people",
    "photos",
    "proofs",
    "registrations",
    "rollovers",
    "staff",
    "suspensions",
]
