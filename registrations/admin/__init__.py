"""The office's view of seasons, people, registrations, conversations and messages."""

from registrations.admin import (
    clubs,
    conversations,
    messages,
    people,
    photos,
    proofs,
    registrations,
    suspensions,
)

__all__ = [
    "clubs",
    "conversations",
    "messages",
    "people",
    "photos",
    "proofs",
    "registrations",
    "suspensions",
]
