"""The people who work at the demo club, with passwords that are printed: it is a demo."""

from dataclasses import dataclass

from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group, Permission

WELFARE = "Welfare"


@dataclass(frozen=True)
class Login:
    """One login, and what it may see: (app, codename's first word) pairs, or everything."""

    username: str
    password: str
    role: str
    may: tuple[tuple[str, str], ...] = ()


# Known to all on purpose: the demo listens on this machine only and holds nobody's data.
LOGINS = [
    Login("admin", "demo-admin", "Administrator"),
    Login(
        "registrar",
        "demo-registrar",
        "Registrar",
        (
            ("registrations", "view"),
            ("registrations", "add"),
            ("registrations", "change"),
            ("payments", "view"),
            ("integrations", "view"),
        ),
    ),
    Login(
        "treasurer",
        "demo-treasurer",
        "Treasurer",
        (
            ("registrations", "view"),
            ("payments", "view"),
            ("payments", "change"),
            ("payments", "see"),
        ),
    ),
    Login("welfare", "demo-welfare", WELFARE, (("registrations", "view"),)),
]


def build() -> None:
    """Save the groups and the logins; those that exist keep their passwords."""
    users = get_user_model().objects
    for login in LOGINS:
        if users.filter(username=login.username).exists():
            continue
        person = {"username": login.username, "password": login.password}
        if not login.may:
            users.create_superuser(**person)
            continue
        group, _ = Group.objects.get_or_create(name=login.role)
        group.permissions.set(_permissions(login))
        users.create_user(**person, is_staff=True).groups.add(group)


def _permissions(login: Login) -> list[Permission]:
    return [
        permission
        for app, verb in login.may
        for permission in Permission.objects.filter(
            content_type__app_label=app, codename__startswith=f"{verb}_"
        )
        # Medical notes are for the welfare officer alone (design 3.7).
        if permission.codename != "view_medical" or login.role == WELFARE
    ]
