"""Pages for what goes wrong: not found, not allowed, too many requests, our own mistakes."""

import sys

from django.conf import settings
from django.db import OperationalError
from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string

CLUB = ("CLUB_NAME", "CLUB_SHORT_NAME", "CLUB_EMAIL", "PRIVACY_NOTICE_URL")


def too_many(request: HttpRequest, seconds: int) -> HttpResponse:
    """429: come again in `seconds`."""
    response = _page("too_many", 429)
    response["Retry-After"] = str(seconds)
    return response


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """400: a form that cannot be read."""
    return _page("bad_request", 400)


def forbidden(request: HttpRequest, exception: Exception) -> HttpResponse:
    """403: not for this visitor."""
    return _page("forbidden", 403)


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """404: nothing lives at this address."""
    return _page("not_found", 404)


def broken(request: HttpRequest) -> HttpResponse:
    """500, or 503 where the database is away; drawn from settings alone for that reason."""
    if isinstance(sys.exception(), OperationalError):  # what is being handled just now
        response = _page("broken", 503)
        response["Retry-After"] = "5"
        return response
    return _page("broken", 500)


def _page(what: str, status: int) -> HttpResponse:
    # No request: what a visitor is logged in as plays no part, and costs no query.
    club = {name.lower(): getattr(settings, name) for name in CLUB}
    return HttpResponse(render_to_string(f"errors/{what}.html", club), status=status)
