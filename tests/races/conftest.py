"""Payments' fixtures serve the races too: a fixed Tuesday and the bank."""

import pytest

from tests.payments.conftest import bank, set_clock, tuesday

__all__ = ["bank", "set_clock", "tuesday"]


@pytest.fixture
def site(settings) -> None:
    """What the platform gives out leads nowhere, and e-mail stays in memory."""
    settings.PUBLIC_URL = "http://127.0.0.1:9"
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
