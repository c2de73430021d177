"""The office's view of seasons, people, registrations, conversations and messages."""

from registrations.admin import (
    clubs,
    conversations,
    home,
    imports,
    messages,
    newseason,
    people,
    photos,
    places,
    proofs,
    registrations,
    rollovers,
    staff,
    suspensions,
    transfers,
    waiting,
)

__all__ = [
    "clubs",
    "conversations",
    "home",
    "imports",
    "messages",
    "newseason",
    "people",
    "photos",
    "places",
    "proofs",
    "registrations",
    "rollovers",
    "staff",
    "suspensions",
    "transfers",
    "waiting",
]
