"""Ids as GoCardless makes them (a prefix, then opaque and of no fixed length) and its times."""

import secrets
from datetime import UTC, datetime

_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


def new_id(prefix: str) -> str:
    """A random id; flows are longer than the rest (wire/gocardless_twilio 2.5)."""
    length = 29 if prefix == "BRF" else 10 + secrets.randbelow(10)
    return prefix + "".join(secrets.choice(_ALPHABET) for _ in range(length))


def timestamp(moment: datetime) -> str:
    """UTC with milliseconds, such as `2016-08-19T16:48:55.126Z`."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"


def moment(text: str) -> datetime:
    """The moment a timestamp or a date names; ValueError for anything else."""
    parsed = datetime.fromisoformat(text)
    return parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC)
