"""The office's menu: what a member of staff may open, most used first, then every list."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.urls import reverse

# Title, address, icon, and the permission without which it is not shown ("": everybody's).
Entry = tuple[str, str, str, str]
WORK: list[Entry] = [
    ("Home", "index", "home", ""),
    ("Needs a person", "needs_a_person", "assignment_late", ""),
    (
        "Registrations",
        "registrations_registration_changelist",
        "group",
        "registrations.view_registration",
    ),
    (
        "Register a child",
        "registrations_register",
        "person_add",
        "registrations.add_registration",
    ),
    ("Teams", "registrations_team_changelist", "sports_soccer", "registrations.view_team"),
    (
        "Waiting lists",
        "waiting_lists",
        "hourglass_empty",
        "registrations.change_registration",
    ),
    ("Write to families", "compose", "mail", "registrations.add_circular"),
    ("Photos to look at", "photo_review", "photo_library", "registrations.view_photo"),
    ("Import", "import_table", "upload_file", "registrations.import_tables"),
    ("New season", "new_season", "calendar_month", "registrations.run_rollover"),
]
MONEY: list[Entry] = [
    ("Books", "books", "account_balance", "payments.see_books"),
]
PLATFORM: list[Entry] = [
    ("E-mails to me", "my_mail", "notifications", ""),
    (
        "Service health",
        "service_health",
        "monitor_heart",
        "integrations.view_servicestate",
    ),
    (
        "Agents",
        "integrations_agenttoken_changelist",
        "smart_toy",
        "integrations.view_agenttoken",
    ),
    ("Staff", "auth_user_changelist", "badge", "auth.view_user"),
    (
        "Audit trail",
        "integrations_auditentry_changelist",
        "history",
        "integrations.view_auditentry",
    ),
]
ACCOUNT = [
    ("My account", "mfa_index"),
    ("Change my password", "admin:password_change"),
]


def groups(request: HttpRequest) -> list[dict[str, Any]]:
    """The menu in the theme's form."""
    named = [("", WORK), ("Money", MONEY), ("Platform", PLATFORM)]
    made = [_group(title, [_item(entry) for entry in _may(request, of)]) for title, of in named]
    return [group for group in made if group["items"]] + _lists(request)


def account(request: HttpRequest) -> list[dict[str, Any]]:
    """The menu of whoever is signed in."""
    return [{"title": title, "link": reverse(name)} for title, name in ACCOUNT]


def _may(request: HttpRequest, entries: list[Entry]) -> list[Entry]:
    return [entry for entry in entries if not entry[3] or request.user.has_perm(entry[3])]


def _item(entry: Entry) -> dict[str, Any]:
    title, name, icon, _ = entry
    return {"title": title, "link": reverse(f"admin:{name}"), "icon": icon}


def _lists(request: HttpRequest) -> list[dict[str, Any]]:
    return [
        _group(
            f"All of {app['name'].lower()}",
            [
                {"title": model["name"], "link": model["admin_url"]}
                for model in app["models"]
                if model["admin_url"]
            ],
            collapsible=True,
        )
        for app in admin.site.get_app_list(request)
    ]


def _group(title: str, items: list[dict[str, Any]], *, collapsible: bool = False) -> dict[str, Any]:
    return {"title": title, "items": items, "collapsible": collapsible, "separator": bool(title)}
