"""Who signed in when, from where, on what; kept for a year, shown to each and to administrators."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from allauth.mfa import signals as mfa
from django.contrib.auth import get_user_model
from django.contrib.auth.signals import user_logged_in, user_login_failed
from django.http import HttpRequest

from integrations import clock
from integrations.models import SignIn
from integrations.origin import address, device

KEPT = timedelta(days=365)
SHOWN = 10


def listen() -> None:
    """Write down every sign-in from now on, and every failed one of a login that exists."""
    user_logged_in.connect(_signed_in, dispatch_uid="office.signed_in")
    user_login_failed.connect(_wrong_password, dispatch_uid="office.wrong_password")
    mfa.authentication_failed.connect(_wrong_code, dispatch_uid="office.wrong_code")


def last(user: Any) -> list[SignIn]:
    """The newest sign-ins of a login."""
    return list(SignIn.objects.filter(user_id=user.pk)[:SHOWN])


def tidy() -> int:
    """Forget what is older than a year."""
    return SignIn.objects.filter(at__lt=clock.now() - KEPT).delete()[0]


def _signed_in(request: HttpRequest, user: Any, **kwargs: Any) -> None:
    _note(user.pk, SignIn.Outcome.OK, request)


def _wrong_code(request: HttpRequest, user: Any, **kwargs: Any) -> None:
    _note(user.pk, SignIn.Outcome.CODE, request)


def _wrong_password(
    credentials: dict[str, Any], request: HttpRequest | None = None, **kwargs: Any
) -> None:
    users = get_user_model()._default_manager
    found = users.filter(username=str(credentials.get("username", ""))[:150]).first()
    if found is not None and request is not None:
        _note(found.pk, SignIn.Outcome.PASSWORD, request)


def _note(user_id: int, outcome: str, request: HttpRequest) -> None:
    SignIn.objects.create(
        user_id=user_id,
        at=clock.now(),
        outcome=outcome,
        address=address(request),
        device=device(request),
    )
