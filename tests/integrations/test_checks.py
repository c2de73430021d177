"""Settings that are wrong are named, and never printed whole."""

import pytest
from cryptography.fernet import Fernet

from integrations import checks

HEX = "0123456789abcdef"


@pytest.fixture
def production(settings, monkeypatch):
    """Production's settings, all of the right shape."""
    settings.PRODUCTION, settings.TESTING, settings.USE_SANDBOX = True, False, False
    settings.PUBLIC_URL = "https://club.example"
    settings.SECRET_KEY = "".join(chr(40 + number) for number in range(60))
    settings.FIELD_KEYS = [Fernet.generate_key().decode()]
    database = settings.DATABASES["default"]
    monkeypatch.setitem(database, "ENGINE", "django.db.backends.postgresql")
    settings.REDIS_URL = "redis://redis.example:6379/0"
    settings.AIRTABLE_PAT = "patABCDEFGHIJKLMN." + HEX * 4
    settings.AIRTABLE_BASE_ID = "appABCDEFGHIJKLMN"
    settings.GOCARDLESS_TOKEN, settings.GOCARDLESS_ENV = "live_" + HEX * 2, "live"
    settings.GOCARDLESS_WEBHOOK_SECRET = HEX
    settings.TWILIO_ACCOUNT_SID, settings.TWILIO_AUTH_TOKEN = "AC" + HEX * 2, HEX * 2
    settings.TWILIO_FROM_NUMBER = "+447700900123"
    settings.AWS_S3_BUCKET_NAME = "club-photos"
    for name in checks.URLS:
        setattr(settings, name, "https://api.vendor.example")
    return settings


def found():
    everywhere, deploying = checks.check_settings(None), checks.check_deployment(None)
    return {(message.id, message.is_serious()) for message in [*everywhere, *deploying]}


def test_a_good_production_has_nothing_to_say(production):
    assert found() == set()


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("PUBLIC_URL", "", ("club.E007", True)),
        ("PUBLIC_URL", "http://club.example", ("club.E007", True)),
        ("PUBLIC_URL", "https://localhost", ("club.E007", True)),
        ("AIRTABLE_PAT", "", ("club.E001", True)),
        ("AIRTABLE_PAT", "patABC", ("club.W002", False)),
        ("GOCARDLESS_TOKEN", "", ("club.E001", True)),
        ("GOCARDLESS_TOKEN", "sandbox_" + HEX * 2, ("club.E006", True)),
        ("GOCARDLESS_ENV", "sandbox", ("club.E006", True)),
        ("GOCARDLESS_ENV", "test", ("club.E005", True)),
        ("GOCARDLESS_WEBHOOK_SECRET", "", ("club.E001", True)),
        ("TWILIO_ACCOUNT_SID", "AC12", ("club.W002", False)),
        ("TWILIO_FROM_NUMBER", "", ("club.E001", True)),
        ("AWS_S3_BUCKET_NAME", "", ("club.E001", True)),
        ("FIELD_KEYS", ["no key"], ("club.E004", True)),
        ("FIELD_KEYS", [], ("club.E003", True)),
        ("TWILIO_URL", "http://127.0.0.1:8100/twilio", ("club.E008", True)),
        ("USE_SANDBOX", True, ("club.E008", True)),
        ("SECRET_KEY", "django-insecure-" + HEX * 4, ("club.E010", True)),
        ("SECRET_KEY", "x" * 60, ("club.E010", True)),
        ("REDIS_URL", "", ("club.W012", False)),
    ],
)
def test_what_is_wrong_is_named(production, name, value, expected):
    production.CELERY_BROKER_URL = "memory://"
    setattr(production, name, value)
    assert expected in found()


def test_sqlite_is_not_for_production(production, monkeypatch):
    database = production.DATABASES["default"]
    monkeypatch.setitem(database, "ENGINE", "django.db.backends.sqlite3")
    assert ("club.E011", True) in found()


def test_what_is_missing_in_development_only_warns(settings):
    settings.PRODUCTION, settings.AIRTABLE_PAT = False, ""
    messages = checks.check_settings(None)
    assert [(message.id, message.is_serious()) for message in messages] == [("club.E001", False)]
    assert "AIRTABLE_PAT" in messages[0].msg


def test_a_credential_of_a_wrong_shape_is_masked(production):
    production.GOCARDLESS_TOKEN = "live-0123456789-topsecret-99"
    texts = " ".join(message.msg for message in checks.check_settings(None))
    assert "live…t-99" in texts
    assert "topsecret" not in texts
