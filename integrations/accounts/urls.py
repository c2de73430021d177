"""The pages around signing in, of django-allauth, in the office's looks; no sign-up among them."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from allauth.account import views as account
from allauth.mfa.base import views as mfa
from allauth.mfa.recovery_codes import views as codes
from allauth.mfa.totp import views as totp
from allauth.mfa.webauthn import views as passkeys
from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, re_path
from django.views.decorators.cache import never_cache

from integrations.accounts import signins
from integrations.office.pages import with_theme

View = Callable[..., Any]


def _dressed(view: View) -> View:
    """The view with what the office's layout needs; never kept by a browser."""

    @wraps(view)
    def inner(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        response = view(request, *args, **kwargs)
        if isinstance(response, TemplateResponse):
            more = admin.site.each_context(request)
            if request.user.is_authenticated:
                more["sign_ins"] = signins.last(request.user)
            response.context_data = more | (response.context_data or {})
            # The theme's header would look for the admin's page of a row of that name.
            response.context_data.pop("object", None)
        return response

    return never_cache(with_theme(inner))


def _page(route: str, view: View, name: str) -> URLPattern:
    return path(f"account/{route}", _dressed(view), name=name)


urlpatterns = [
    # The admin's own addresses: whatever leads there meets the same limits and second factors.
    path("login/", _dressed(account.login), name="account_login"),
    path("logout/", _dressed(account.logout), name="account_logout"),
    _page("inactive/", account.account_inactive, "account_inactive"),
    _page("again/", account.reauthenticate, "account_reauthenticate"),
    _page("password/", account.password_reset, "account_reset_password"),
    _page("password/sent/", account.password_reset_done, "account_reset_password_done"),
    _page(
        "password/new/done/",
        account.password_reset_from_key_done,
        "account_reset_password_from_key_done",
    ),
    re_path(
        r"^account/password/new/(?P<uidb36>[0-9A-Za-z]+)-(?P<key>.+)/$",
        _dressed(account.password_reset_from_key),
        name="account_reset_password_from_key",
    ),
    _page("", mfa.index, "mfa_index"),
    _page("code/", mfa.authenticate, "mfa_authenticate"),
    _page("code/again/", mfa.reauthenticate, "mfa_reauthenticate"),
    _page("app/", totp.activate_totp, "mfa_activate_totp"),
    _page("app/off/", totp.deactivate_totp, "mfa_deactivate_totp"),
    _page("recovery/", codes.view_recovery_codes, "mfa_view_recovery_codes"),
    _page("recovery/new/", codes.generate_recovery_codes, "mfa_generate_recovery_codes"),
    _page("recovery/file/", codes.download_recovery_codes, "mfa_download_recovery_codes"),
    _page("passkeys/", passkeys.list_webauthn, "mfa_list_webauthn"),
    _page("passkeys/add/", passkeys.add_webauthn, "mfa_add_webauthn"),
    _page("passkeys/again/", passkeys.reauthenticate_webauthn, "mfa_reauthenticate_webauthn"),
    _page("passkeys/login/", passkeys.login_webauthn, "mfa_login_webauthn"),
    _page("passkeys/<int:pk>/off/", passkeys.remove_webauthn, "mfa_remove_webauthn"),
    _page("passkeys/<int:pk>/name/", passkeys.edit_webauthn, "mfa_edit_webauthn"),
]
