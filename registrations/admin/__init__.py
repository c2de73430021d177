"""The office's view of seasons, people, registrations, conversations and messages."""

from registrations.admin import (
    clubs,
    conversations,
    messages,
    newseason,
    people,
    photos,
    proofs,
    registrations,
    rollovers,
    suspensions,
)

__all__ = [
    "clubs",
    "conversations",
    "messages",
    "newseason",
    "people",
    "photos",
    "proofs",
    "registrations",
    "rollovers",
    "suspensions",
]
