"""Every address that needs no login, old and new: whatever is sent there, nothing breaks.

The addresses are read from the site itself, so that a new one is tried on the day it is added.
"""

import json
import re
from collections.abc import Iterator

import pytest
from django.test import Client
from django.urls import get_resolver
from django.urls.resolvers import URLPattern, URLResolver

from integrations.accounts import urls as accounts
from registrations.models import ChatSession, Registration, Sms, VisitCount
from tests.registrations.conftest import lions, parent

__all__ = ["lions", "parent"]

HOSTILE_IDS = [
    "0",
    "-1",
    "9" * 40,
    "a" * 3000,
    "%00",
    "%ff%fe",
    "%0a%0d",
    "..%2f..%2fetc%2fpasswd",
    "%27%20or%201=1--",
    "%3Cscript%3E",
    "{{7*7}}",
    "%F0%9F%98%80",
    "a.b",
    "None",
]
FORM = "application/x-www-form-urlencoded"
PARTS = "multipart/form-data; boundary=x"
BODIES = [
    (b"", "application/json"),
    (b"", "nonsense/;;=\x00"),
    (b"\xff\xfe\x00\x01", "application/json"),
    (b"[" * 50_000, "application/json"),
    (b'{"events": {"a": [null, {"id": []}]}}', "application/json"),
    (b'{"session_id": {"a": 1}, "user_message": ["x"], "mode": 7}', "application/json"),
    (b"null", "application/json; charset=nonsense"),
    (b"1e999", "application/json"),
    (b"a=%00&value=%00&code=%ff&answer=yes&way=sms&login=%00&password=%00", FORM),
    (b"session_id[]=1&" + b"k=v&" * 2_000, FORM),
    (b"a=b", "application/x-www-form-urlencoded; charset=nonsense"),
    (b'--x\r\nContent-Disposition: form-data; name="file"; filename="\x00"\r\n\r\nMZ', PARTS),
    (b"--y\r\n\r\n", PARTS),
    (b"x", "multipart/form-data"),
]
QUERIES = ["?%00", "?next=//evil.example&session_id=%00&token=%ff", "?" + "a=1&" * 2_000, "?a[]=%"]
METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE"]


def routes(patterns, prefix: str = "") -> Iterator[str]:
    """Every route of the site outside the admin, its parameters as `{}`."""
    for entry in patterns:
        route = prefix + str(entry.pattern)
        if isinstance(entry, URLResolver):
            if not route.startswith(("admin/", "api/")):
                yield from routes(entry.url_patterns, route)
        elif isinstance(entry, URLPattern) and not route.startswith("admin"):
            yield re.sub(r"<[^>]+>", "{}", route)


def sign_in_routes() -> Iterator[str]:
    for entry in accounts.urlpatterns:
        route = str(entry.pattern)
        yield "admin/" + (
            "account/password/new/{}-{}/" if "uidb36" in route else re.sub(r"<[^>]+>", "7", route)
        )


PUBLIC = sorted({*routes(get_resolver().url_patterns), *sign_in_routes()})


@pytest.fixture
def stranger(db) -> Client:
    return Client(raise_request_exception=False, enforce_csrf_checks=True)


def ask(client: Client, method: str, path: str, body: bytes = b"", kind: str = FORM):
    VisitCount.objects.all().delete()
    return client.generic(method, path, body, content_type=kind)


def broken(answers: dict) -> dict:
    """What answered with more than a refusal; "away for a moment" is said with when to return."""
    return {
        tried: answer.status_code
        for tried, answer in answers.items()
        if answer.status_code >= 500
        and not (answer.status_code == 503 and ("readyz" in tried[1] or "Retry-After" in answer))
    }


def test_the_addresses_of_the_site_are_found():
    assert {"chat", "place/{}", "reg_setup/{}/family", "metrics", "agent/mode"} <= set(PUBLIC)
    assert "admin/account/password/new/{}-{}/" in PUBLIC
    assert not any(route.startswith("admin/registrations") for route in PUBLIC)


@pytest.mark.parametrize("route", [route for route in PUBLIC if "{}" in route])
def test_a_made_up_link_is_refused(lions, stranger, route):
    answers = {
        (method, shape): ask(stranger, method, "/" + route.replace("{}", shape))
        for shape in HOSTILE_IDS
        for method in ("GET", "POST")
    }
    assert broken(answers) == {}
    # A key that nobody has shows no page of anybody; the upload's own says how it stands.
    if not route.startswith(("upload-status", "admin/")):
        assert {answer.status_code for answer in answers.values()} <= {302, 400, 401, 403, 404, 405}


@pytest.mark.parametrize("route", PUBLIC)
def test_any_method_with_any_body_is_answered(lions, stranger, route):
    path = "/" + route.replace("{}", "7")
    answers = {(method, path, ""): ask(stranger, method, path) for method in METHODS}
    answers |= {("GET", path, query): ask(stranger, "GET", path + query) for query in QUERIES}
    for body, kind in BODIES:
        answers["POST", path, body[:40] + kind.encode()] = ask(stranger, "POST", path, body, kind)
    assert broken(answers) == {}
    assert ChatSession.objects.count() == Registration.objects.count() == Sms.objects.count() == 0


REAL = [route for route in PUBLIC if route.startswith("reg_setup/")]


@pytest.mark.parametrize("route", REAL)
def test_a_real_link_takes_any_body(parent, stranger, route):
    parent.walk(29)
    path = "/" + route.replace("{}", parent.registration.token)
    answers = {
        ("POST", path, body[:40] + kind.encode()): ask(stranger, "POST", path, body, kind)
        for body, kind in BODIES
    }
    for words in ("\x00", "'\"--", "9" * 5000, "é😀", "١٢٣٤٥٦"):
        text = {"value": words, "field": words, "code": words, "way": words, "child": words}
        for given in (text, {**text, "field": "email"}, {**text, "field": "phone", "way": "sms"}):
            answers["POST", path, json.dumps(given)[:90]] = stranger.post(path, given)
    assert broken(answers) == {}
    assert Registration.objects.count() == 1
