"""The library's forms in the house's words."""

from __future__ import annotations

from allauth.mfa.webauthn.forms import AddWebAuthnForm
from django import forms


class AddPasskey(AddWebAuthnForm):
    """A new passkey; unless its owner says otherwise, it also signs in by itself."""

    passwordless = forms.BooleanField(
        label="Sign in without a password",
        initial=True,
        required=False,
        help_text="Then this passkey alone is enough. An old security key without a PIN cannot.",
    )
