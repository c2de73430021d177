"""The people who work at the demo club, with passwords that are printed: it is a demo."""

from dataclasses import dataclass
from datetime import timedelta

from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group, User

from integrations import clock
from integrations.agents import tokens
from integrations.models import AgentToken
from registrations.models import Team, TeamStaff
from utjfc import roles

MANAGED = ("u10", "Lions")
AGENT = "demo.json"  # the token of var/demo.json
A_YEAR = timedelta(days=365)


@dataclass(frozen=True)
class Login:
    """One login and its role (a group of utjfc.roles)."""

    username: str
    password: str
    role: str


# Known to all on purpose: the demo listens on this machine only and holds nobody's data.
LOGINS = [
    Login("admin", "demo-admin", roles.ADMINISTRATOR),
    Login("registrar", "demo-registrar", roles.REGISTRAR),
    Login("treasurer", "demo-treasurer", roles.TREASURER),
    Login("welfare", "demo-welfare", roles.WELFARE),
    Login("manager", "demo-manager", roles.MANAGER),
    Login("committee", "demo-committee", roles.COMMITTEE),
]


def build() -> None:
    """Save the logins; those that exist keep their passwords and their roles."""
    users = get_user_model().objects
    for login in LOGINS:
        if users.filter(username=login.username).exists():
            continue
        person = {"username": login.username, "password": login.password}
        if login.role == roles.ADMINISTRATOR:
            made = users.create_superuser(**person)
        else:
            made = users.create_user(**person, is_staff=True)
        made.groups.add(Group.objects.get(name=login.role))
    place()


def place() -> None:
    """Put the demo's manager beside the team whose code is the first to be tried."""
    for user in get_user_model().objects.filter(username="manager"):
        for team in Team.objects.filter(age_group=MANAGED[0], name=MANAGED[1]):
            TeamStaff.objects.get_or_create(user=user, team=team)


def agents_token() -> str:
    """A new key to the agents' door for this start of the demo, with the administrator's rights.

    A key is never shown twice, so the one of the last start is taken back.
    """
    for before in AgentToken.objects.filter(name=AGENT, revoked_at=None):
        tokens.revoke(before.pk)
    admin = User.objects.get(username="admin")
    ends = clock.now() + A_YEAR
    return tokens.issue(admin, name=AGENT, may_write=True, expires_at=ends, by="make run")[1]
