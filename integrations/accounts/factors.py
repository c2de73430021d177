"""Second factors: who has one, who must."""

from __future__ import annotations

from typing import Any

from allauth.mfa.models import Authenticator
from django.conf import settings
from django.db.models import QuerySet

# Recovery codes alone are no second factor: they replace one that was lost.
KINDS = {
    Authenticator.Type.TOTP: "authenticator app",
    Authenticator.Type.WEBAUTHN: "passkey",
}


def seconds(user: Any) -> QuerySet[Authenticator]:
    """The codes and passkeys of a login."""
    return Authenticator.objects.filter(user_id=user.pk, type__in=list(KINDS))


def required() -> bool:
    """Whether staff may do nothing before they have a second factor (OFFICE_TWO_FACTOR)."""
    return settings.OFFICE_TWO_FACTOR


def remove(user: Any) -> int:
    """Take away all that a login proves itself with besides its password; returns how many."""
    return Authenticator.objects.filter(user_id=user.pk).delete()[0]
