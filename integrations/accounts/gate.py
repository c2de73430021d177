"""The gate of every page for staff: sessions that end, and a second factor where it is required.

django-allauth asks for a second factor only of whoever has set one up (libraries.md, trap 7); this
asks everybody: without one, the office is shut and every other address knows nobody.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.contrib.auth import logout
from django.contrib.auth.models import AnonymousUser
from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse

from integrations import clock
from integrations.accounts import factors

# What somebody without a second factor may open: to make one, or to go.
_OPEN = {"account_logout", "account_reauthenticate", "logout", "jsi18n"}
BEGAN, SEEN = "office_began", "office_seen"
TOUCH = 60  # seconds between two notes of when a session was last used


class OfficeGate:
    """Ends sessions that are over, and lets nobody past without a second factor."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        # Parents have no session, and a look at one would make every answer vary by cookie.
        if settings.SESSION_COOKIE_NAME in request.COOKIES and request.user.is_authenticated:
            if not getattr(request.user, "is_staff", False) or _over(request):
                return self._end(request)
            _touch(request)
        return self.get_response(request)

    def process_view(
        self, request: HttpRequest, view: Any, args: Any, kwargs: Any
    ) -> HttpResponse | None:
        """Send whoever lacks a second factor to the page where one is made."""
        if not factors.required() or settings.SESSION_COOKIE_NAME not in request.COOKIES:
            return None
        match = request.resolver_match
        name = (match.url_name or "") if match else ""
        if not request.user.is_authenticated or name in _OPEN or name.startswith("mfa_"):
            return None
        if factors.seconds(request.user).exists():
            return None
        if not _office(request):
            request.user = AnonymousUser()  # a parent's page or an API: nobody in particular asks
            return None
        text = "Before anything else: add a second factor, a passkey or an app's codes."
        messages.warning(request, text)
        return redirect("mfa_index")

    def _end(self, request: HttpRequest) -> HttpResponse:
        path, login = request.get_full_path(), reverse("account_login")
        logout(request)
        if not _office(request) or path.startswith((login, reverse("account_logout"))):
            return self.get_response(request)
        return redirect_to_login(path, login)


def _office(request: HttpRequest) -> bool:
    return request.path.startswith("/admin")


def _over(request: HttpRequest) -> bool:
    """Real seconds: moving the demo's clock signs nobody out."""
    now = clock.pace()
    idle = now - request.session.get(SEEN, now)
    whole = now - request.session.get(BEGAN, now)
    return idle > settings.OFFICE_IDLE_MINUTES * 60 or whole > settings.OFFICE_SESSION_HOURS * 3600


def _touch(request: HttpRequest) -> None:
    now = clock.pace()
    request.session.setdefault(BEGAN, now)
    if now - request.session.get(SEEN, 0) > TOUCH:
        request.session[SEEN] = now
