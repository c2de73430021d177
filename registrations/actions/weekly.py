"""Every Monday each manager is told by e-mail who of their team has paid and who has not."""

from __future__ import annotations

from datetime import date, timedelta

from django.contrib.auth.models import User

from integrations import clock, telling
from integrations.models import StaffMail
from registrations.models import Registration, Team, TeamStaff
from registrations.ports import desk

Kind = StaffMail.Kind


def tell_managers() -> int:
    """Owe this week's lists, from Monday morning on; how many were owed."""
    now = clock.london(clock.now())
    monday = now.date() - timedelta(days=now.weekday())
    if now.date() == monday and now.hour < telling.MORNING:
        return 0
    return sum(_tell(user, monday) for user in telling.readers(Kind.WEEKLY))


def _tell(user: User, monday: date) -> bool:
    about = f"{monday}"
    manages = TeamStaff.objects.filter(user=user, role=TeamStaff.Role.MANAGER)
    teams = Team.objects.filter(pk__in=manages.values("team"), season__closed_at=None)
    teams = teams.select_related("season")
    if not teams or telling.told(user, Kind.WEEKLY, about):
        return False
    names = ", ".join(dict.fromkeys(str(team) for team in teams))  # two seasons' are one name
    subject = f"Paid and unpaid: {names}"
    body = "\n\n".join(_team(team) for team in teams)
    return telling.tell(user, Kind.WEEKLY, about, subject=subject, body=body)


def _team(team: Team) -> str:
    """Names only, as the team's own list shows them; no amounts."""
    rows = Registration.objects.live().filter(team=team, waiting_since=None)
    rows = rows.select_related("player").defer("medical_notes", "not_to_collect")
    late = desk().in_arrears(team.season_id)
    unpaid, paid = [], []
    for row in rows.order_by("player__last_name", "player__first_name"):
        name = row.player.full_name
        if row.status != Registration.Status.ACTIVE:
            unpaid.append(f"- {name}: {row.get_status_display()}")
        elif row.pk in late:
            unpaid.append(f"- {name}: a payment is late")
        else:
            paid.append(f"- {name}")
    lines = [f"{team}, {team.season.label}", f"Not paid ({len(unpaid)}):", *unpaid]
    return "\n".join([*lines, f"Paid ({len(paid)}):", *paid])
