"""System checks: a wrong or missing setting is named, and never printed whole.

In the demo and in development these are warnings; `check --deploy` in production makes what is
missing or dangerous an error. A credential of an unusual shape is always only a warning: vendors
change their shapes.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from urllib.parse import urlsplit

from cryptography.fernet import Fernet
from django.conf import settings
from django.core.checks import CheckMessage, Error, Warning, register

from integrations.agents import hosted
from integrations.health.credentials import masked

Level = Callable[..., CheckMessage]
SHAPES = {
    "AIRTABLE_PAT": (r"pat[A-Za-z0-9]{14}\.[a-f0-9]{64}", "pat…, a dot, 64 hexadecimal digits"),
    "AIRTABLE_BASE_ID": (r"app[A-Za-z0-9]{14}", "app and 14 letters or digits"),
    "TWILIO_ACCOUNT_SID": (r"AC[0-9a-f]{32}", "AC and 32 hexadecimal digits"),
    "TWILIO_AUTH_TOKEN": (r"[0-9a-f]{32}", "32 hexadecimal digits"),
    "TWILIO_FROM_NUMBER": (r"\+[1-9]\d{6,14}|[A-Za-z0-9 ]{1,11}", "a number such as +447…"),
    "OPENAI_API_KEY": (r"sk-[A-Za-z0-9_-]{20,}", "sk-… and at least 20 letters or digits"),
    "GOCARDLESS_TOKEN": (r"(live|sandbox)_[A-Za-z0-9_-]{20,}", "live_… or sandbox_…"),
}
NEEDED = {
    "AIRTABLE_PAT": "registrations cannot reach Airtable",
    "AIRTABLE_BASE_ID": "registrations cannot reach Airtable",
    "GOCARDLESS_TOKEN": "nobody can be asked for payment",
    "GOCARDLESS_WEBHOOK_SECRET": "the webhook door refuses to run",
    "TWILIO_ACCOUNT_SID": "no text can be sent",
    "TWILIO_AUTH_TOKEN": "no text can be sent",
    "TWILIO_FROM_NUMBER": "no text can be sent",
    "AWS_S3_BUCKET_NAME": "photos stay on this machine's disk",
}
URLS = ["AIRTABLE_URL", "GOCARDLESS_URL", "TWILIO_URL", "GOOGLE_PLACES_URL", "OPENAI_URL"]
LOOPBACK = {"127.0.0.1", "localhost", "::1"}


@register("club")
def check_settings(app_configs: object, **kwargs: object) -> list[CheckMessage]:
    """Everywhere: names as warnings what is missing or of an unusual shape."""
    if settings.PRODUCTION:
        return [*_field_keys(Error), *_shapes()]
    return [*_missing(Warning), *_field_keys(Warning), *_gocardless(Warning), *_shapes()]


@register("club", deploy=True)
def check_deployment(app_configs: object, **kwargs: object) -> list[CheckMessage]:
    """`check --deploy`: what must not go into production is an error."""
    if not settings.PRODUCTION:
        text = f"ENVIRONMENT is {settings.ENVIRONMENT!r}; a deployment needs 'production'."
        return [Warning(text, id="club.W020")]
    found = [*_missing(Error), *_gocardless(Error), *_addresses(), *_secret_key(), *_database()]
    return [*found, *_redis(), *_agents()]


def _missing(level: Level) -> Iterator[CheckMessage]:
    for name, consequence in NEEDED.items():
        demo_disk = name == "AWS_S3_BUCKET_NAME" and not settings.PRODUCTION
        if not _value(name) and not demo_disk:
            yield level(f"{name} is not set: {consequence}.", id="club.E001")


def _shapes() -> Iterator[CheckMessage]:
    if settings.USE_SANDBOX or settings.TESTING:
        return  # the sandbox's own credentials are told from real ones by their shape
    for name, (shape, words) in SHAPES.items():
        value = _value(name)
        if value and not re.fullmatch(shape, value):
            text = f"{name} ({masked(value)}) does not look right: expected {words}."
            yield Warning(text, id="club.W002")


def _field_keys(level: Level) -> Iterator[CheckMessage]:
    if not settings.FIELD_KEYS:
        yield level("FIELD_KEYS is not set: medical notes cannot be kept.", id="club.E003")
    for number, key in enumerate(settings.FIELD_KEYS, 1):
        try:
            Fernet(key)
        except ValueError:
            text = f"FIELD_KEYS: key {number} is not a Fernet key (32 bytes in URL-safe base64)."
            yield level(text, id="club.E004")


def _gocardless(level: Level) -> Iterator[CheckMessage]:
    token, environment = _value("GOCARDLESS_TOKEN"), settings.GOCARDLESS_ENV
    if environment not in ("live", "sandbox"):
        yield level(f"GOCARDLESS_ENV is {environment!r}: say live or sandbox.", id="club.E005")
    for kind, other in (("live", "sandbox"), ("sandbox", "live")):
        if token.startswith(f"{kind}_") and environment == other:
            text = f"GOCARDLESS_TOKEN ({masked(token)}) is a {kind} one, GOCARDLESS_ENV is {other}."
            yield level(text, id="club.E006")


def _addresses() -> Iterator[CheckMessage]:
    if not settings.PUBLIC_URL.startswith("https://"):
        text = "PUBLIC_URL must be the site's https:// address: it is in every payment link."
        yield Error(text, id="club.E007")
    elif urlsplit(settings.PUBLIC_URL).hostname in LOOPBACK:
        yield Error("PUBLIC_URL names this machine only: parents cannot open it.", id="club.E007")
    if settings.USE_SANDBOX:
        yield Error("USE_SANDBOX is on: nothing would reach a real service.", id="club.E008")
    for name in URLS:
        address = urlsplit(_value(name))
        if address.hostname in LOOPBACK or address.scheme != "https":
            yield Error(f"{name} is not a real service's https:// address.", id="club.E008")
    if settings.GOCARDLESS_ENV == "sandbox":
        text = "GOCARDLESS_ENV is sandbox: no money would be collected."
        yield Warning(text, id="club.W009")


def _secret_key() -> Iterator[CheckMessage]:
    weak = "insecure" in settings.SECRET_KEY or len(set(settings.SECRET_KEY)) < 5
    if weak or len(settings.SECRET_KEY) < 50:
        yield Error("SECRET_KEY is short, or a well-known default: make a new one.", id="club.E010")


def _database() -> Iterator[CheckMessage]:
    if settings.DATABASES["default"]["ENGINE"].endswith("sqlite3"):
        text = "DATABASE_URL is SQLite: production needs PostgreSQL (backups, several machines)."
        yield Error(text, id="club.E011")


def _redis() -> Iterator[CheckMessage]:
    if not settings.REDIS_URL and not str(settings.CELERY_BROKER_URL).startswith("redis"):
        text = "REDIS_HOST is not set: bells and the cache go through files of one machine."
        yield Warning(text, id="club.W012")


def _agents() -> Iterator[CheckMessage]:
    if settings.USE_MCP and (why := hosted.hindrance()):
        yield Warning(f"USE_MCP is on, but {why}: tools run in this program.", id="club.W013")


def _value(name: str) -> str:
    return str(getattr(settings, name, "") or "")
