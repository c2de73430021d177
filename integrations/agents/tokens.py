"""Keys to the agents' door: issued, looked up, taken back."""

from __future__ import annotations

import hashlib
import secrets
from datetime import datetime

from django.contrib.auth.models import User
from django.db.models import Case, F, Q, QuerySet, When

from integrations import clock
from integrations.agents.models import AgentToken

PREFIX = "club_"


def issue(
    user: User, *, name: str, may_write: bool, expires_at: datetime, by: str
) -> tuple[AgentToken, str]:
    """A new key for `user`, and its text, which nobody can be shown again."""
    text = PREFIX + secrets.token_urlsafe(32)
    token = AgentToken.objects.create(
        user=user,
        name=name,
        may_write=may_write,
        expires_at=expires_at,
        digest=_digest(text),
        hint=text[: len(PREFIX) + 4],
        created_at=clock.now(),
        created_by=by,
    )
    return token, text


def revoke(token_id: int) -> bool:
    """Take a key back; False where it was already."""
    open_ones = AgentToken.objects.filter(pk=token_id, revoked_at=None)
    return bool(open_ones.update(revoked_at=clock.now()))


def leave(user: User) -> str:
    """Somebody leaves the club: their agents leave too; says how many keys were taken back."""
    open_ones = AgentToken.objects.filter(user=user, revoked_at=None)
    number = open_ones.update(revoked_at=clock.now())
    return f"{number} agents' tokens" if number else ""


def find(text: str) -> AgentToken | None:
    """The living key with this text, or None: unknown, expired, revoked, or its user has left."""
    if not text.startswith(PREFIX) or len(text) > 100:
        return None
    return _living().filter(digest=_digest(text)).first()


def again(token_id: int) -> AgentToken | None:
    """The key looked up once more by its number, if it is still good."""
    return _living().filter(pk=token_id).first()


def seconds_to_wait(token: AgentToken, limit: int) -> int:
    """0 where the key may ask once more in this minute; else the seconds until the next.

    One conditional UPDATE counts, decides and writes the use down. Real minutes: a moved clock
    opens no door.
    """
    minute, second = divmod(int(clock.pace()), 60)
    may = ~Q(minute=minute) | Q(asked_in_minute__lt=limit)
    counted = Case(When(minute=minute, then=F("asked_in_minute") + 1), default=1)
    used = {"asked_in_minute": counted, "minute": minute, "last_used_at": clock.now()}
    return 0 if AgentToken.objects.filter(may, pk=token.pk).update(**used) else 60 - second


def _living() -> QuerySet[AgentToken]:
    alive = AgentToken.objects.filter(revoked_at=None, expires_at__gt=clock.now())
    return alive.filter(user__is_active=True, user__is_staff=True).select_related("user")


def _digest(text: str) -> str:
    # 256 bits of chance need no slow hash: nobody can try them through.
    return hashlib.sha256(text.encode(errors="replace")).hexdigest()
