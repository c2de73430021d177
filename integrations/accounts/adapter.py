"""What of django-allauth is the club's: no sign-up, our addresses, sealed secrets, queued mail."""

from __future__ import annotations

from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.mfa.models import Authenticator
from django.conf import settings
from django.contrib.auth.models import AbstractBaseUser
from django.http import HttpRequest

from integrations.accounts import resets
from integrations.accounts.factors import required, seconds
from integrations.fields import box
from integrations.origin import address


class AccountAdapter(DefaultAccountAdapter):
    """How allauth signs staff in."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        """Logins are made by administrators; the page is not even mounted."""
        return False

    def get_client_ip(self, request: HttpRequest) -> str:
        """What the limits count by."""
        return address(request) or "unknown"

    def get_reauthentication_methods(self, user: Any) -> list[dict]:
        """The library's ways to prove oneself once more, in the house's word for a passkey."""
        ways = super().get_reauthentication_methods(user)
        passkey = {"description": "Use your passkey"}
        return [way | (passkey if way["id"].endswith(":webauthn") else {}) for way in ways]

    def send_password_reset_mail(
        self, user: AbstractBaseUser, email: str, context: dict[str, Any]
    ) -> None:
        """Owe the mail: the answer takes as long, and says the same, whether a login is known."""
        resets.owe(user.pk)


class SecondFactorAdapter(DefaultMFAAdapter):
    """How allauth keeps second factors."""

    def encrypt(self, text: str) -> str:
        """Sealed with FIELD_KEYS: a stolen database signs nobody in."""
        return box().encrypt(text.encode()).decode()

    def decrypt(self, encrypted_text: str) -> str:
        return box().decrypt(encrypted_text.encode()).decode()

    def generate_authenticator_name(self, user: Any, type: Any) -> str:
        """What a passkey is called until its owner names it."""
        number = Authenticator.objects.filter(user_id=user.pk, type=type).count() + 1
        return "Passkey" if number == 1 else f"Passkey {number}"

    def get_totp_issuer(self) -> str:
        """The name under which an authenticator shows the code."""
        return f"{settings.CLUB_SHORT_NAME} office"

    def can_delete_authenticator(self, authenticator: Any) -> bool:
        """Where a second factor is required, the last one stays until there is another."""
        left = seconds(authenticator.user).exclude(pk=authenticator.pk)
        return not required() or left.exists()
