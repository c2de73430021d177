"""The club's roles: groups made by `migrate`, with what each may do until the club changes it.

`migrate` makes the groups and gives each permission of this table once; what the club takes away
afterwards stays away, and what it adds stays. What is in no list is the administrators' alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from django.apps import AppConfig, apps
from django.contrib.auth.management import create_permissions
from django.contrib.auth.models import Group, Permission
from django.db import connections

ADMINISTRATOR = "Administrator"
REGISTRAR = "Registrar"
TREASURER = "Treasurer"
WELFARE = "Welfare officer"
MANAGER = "Team manager"
COMMITTEE = "Committee"

EVERYBODYS = ["view_season", "view_team"]
# By role and app: codenames; "view_*" stands for every model of the app.
RIGHTS: dict[str, dict[str, list[str]]] = {
    REGISTRAR: {
        "registrations": [
            "view_*",
            "add_*",
            "change_*",
            "delete_teamstaff",
            "delete_clubtext",
            "see_all_teams",
            "see_money",
            "see_transcripts",
            "see_numbers",
            "run_rollover",
            "import_tables",
        ],
        "payments": [
            "view_billingrequest",
            "view_monthlyprice",
            "view_siblingcase",
            "change_siblingcase",
        ],
        "integrations": ["view_*"],
    },
    TREASURER: {
        "registrations": [
            *EVERYBODYS,
            "view_registration",
            "view_player",
            "view_guardian",
            "view_family",
            "view_suspension",
            "view_sms",
            "view_email",
            "view_proposal",
            "change_proposal",
            "see_all_teams",
            "see_money",
            "see_numbers",
        ],
        "payments": [
            "view_*",
            "change_*",
            "see_books",
            "see_hardship",
            "record_by_hand",
            "give_back",
        ],
        "integrations": ["view_servicestate"],
    },
    WELFARE: {
        "registrations": [
            *EVERYBODYS,
            "view_registration",
            "view_player",
            "view_guardian",
            "view_family",
            "view_suspension",
            "view_photo",
            "view_medical",
            "see_all_teams",
        ],
        "payments": ["view_hardship", "see_hardship"],
    },
    MANAGER: {
        "registrations": [
            *EVERYBODYS,
            "view_registration",
            "view_player",
            "view_guardian",
            "view_suspension",
        ]
    },
    COMMITTEE: {"registrations": [*EVERYBODYS, "see_all_teams", "see_numbers"]},
}
# Held back from a wildcard: what is encrypted, and what staff did, have rights of their own.
RESERVED = {"view_medical", "view_auditentry", "view_passwordreset", "view_signin"}
NAMES = [ADMINISTRATOR, *RIGHTS]


def give(app: AppConfig, using: str = "default", **kwargs: Any) -> None:
    """After `migrate`: make the groups, and give what of this app's table was never given yet."""
    if app.label not in {"registrations", "payments", "integrations", "auth"}:
        return
    if "utjfc_rolegrant" not in connections[using].introspection.table_names():
        return  # only some of the apps have been migrated yet
    create_permissions(app, verbosity=0, using=using)  # ours comes before Django's own handler
    model = apps.get_model("utjfc", "RoleGrant")
    known = set(model.objects.using(using).values_list("role", "permission"))
    permissions = Permission.objects.using(using).filter(content_type__app_label=app.label)
    for name in NAMES:
        group, _ = Group.objects.using(using).get_or_create(name=name)
        fresh = [
            permission
            for permission in permissions
            if may(name, app.label, permission.codename)
            and (name, f"{app.label}.{permission.codename}") not in known
        ]
        group.permissions.add(*fresh)
        model.objects.using(using).bulk_create(
            _granted(model, name, app.label, fresh), ignore_conflicts=True
        )


def may(role: str, app_label: str, codename: str) -> bool:
    """Whether the table gives `role` this permission."""
    if role == ADMINISTRATOR:
        return True
    listed = RIGHTS[role].get(app_label, [])
    if codename in listed:
        return True
    return codename not in RESERVED and f"{codename.partition('_')[0]}_*" in listed


def _granted(model: Any, role: str, app_label: str, fresh: Iterable[Permission]) -> Iterator[Any]:
    for permission in fresh:
        yield model(role=role, permission=f"{app_label}.{permission.codename}")
