"""Tell staff by e-mail: what waits, every day; at once, when a service stays away or is blocked.

Each message is a row that is due, made once by its key; each person may do without each kind.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta

from django.conf import settings
from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import Q
from django.http import HttpRequest

from integrations import clock, mail, queue
from integrations.health.report import NAMES
from integrations.models import ServiceState, StaffMail, StaffWish
from integrations.office.pages import office
from integrations.office.panels import Figure
from integrations.office.worklists import Waiting, census

AN_HOUR = timedelta(hours=1)
MORNING = 7  # o'clock in London
BATCH = 50
Kind = StaffMail.Kind


def readers(kind: str) -> list[User]:
    """Staff with an address who want this kind of e-mail."""
    without = StaffWish.objects.filter(without=kind).values("user")
    staff = User.objects.filter(is_staff=True, is_active=True).exclude(email="")
    return list(staff.exclude(pk__in=without).order_by("pk"))


def wants(user: User) -> dict[str, bool]:
    """Each kind of e-mail, and whether the user gets it."""
    without = set(StaffWish.objects.filter(user=user).values_list("without", flat=True))
    return {kind: kind not in without for kind in Kind.values}


@transaction.atomic
def choose(user: User, wanted: Iterable[str]) -> None:
    """Keep which kinds of e-mail somebody wants."""
    StaffWish.objects.filter(user=user).delete()
    StaffWish.objects.bulk_create(
        [StaffWish(user=user, without=kind) for kind in Kind.values if kind not in set(wanted)]
    )


def tell(user: User, kind: str, about: str, *, subject: str, body: str) -> bool:
    """Owe an e-mail; False where this person was told about this before."""
    now = clock.now()
    given = {"user": user, "kind": kind, "created_at": now, "due_at": now}
    given |= {"subject": subject[:150], "body": f"{body}\n\n{_footer()}\n"}
    with transaction.atomic():
        _, made = StaffMail.objects.get_or_create(key=_key(user, kind, about), defaults=given)
        if made:
            queue.ring("integrations.mail_staff")
    return made


def told(user: User, kind: str, about: str) -> bool:
    """Whether this person was told about this."""
    return StaffMail.objects.filter(key=_key(user, kind, about)).exists()


def digests() -> None:
    """Owe today's digest to whoever has something waiting, from the morning on."""
    now = clock.london(clock.now())
    if now.hour < MORNING:
        return
    for user in readers(Kind.DIGEST):
        if not told(user, Kind.DIGEST, f"{now.date()}"):
            _digest(user, f"{now.date()}")


def send_due() -> int:
    """Send the e-mails that are due; how many were taken up."""
    taken = 0
    for pk in StaffMail.objects.due().order_by("due_at", "pk").values_list("pk", flat=True)[:BATCH]:
        row = StaffMail.objects.claim(pk)
        if row is not None:
            taken += 1
            with row.reporting():
                mail.send(row.user.email, row.subject, row.body)
                if row.settle():
                    StaffMail.objects.filter(pk=row.pk).update(sent_at=clock.now())
    return taken


def watch() -> None:
    """Owe the news of each service that has been away for an hour or refuses us, once each."""
    away = Q(away_since__lte=clock.now() - AN_HOUR) | Q(blocked_at__isnull=False)
    for state in ServiceState.objects.filter(away):
        since = state.blocked_at or state.away_since
        name = NAMES.get(state.service, state.service)
        if state.blocked_at:
            subject = f"{name} refuses us: somebody must act"
            words = "It refuses our credentials, permission or quota. Nothing is sent to it until "
            words += "that is put right and “Let calls through again” is pressed."
        else:
            subject = f"{name} has been away for an hour"
            words = "Nothing is lost: what waits is done when it answers again."
        said = state.blocked_reason or state.last_error
        body = f"{words}\n\nWhat it said last: {said}\n\n{_address('service-health/')}"
        for user in readers(Kind.OUTAGE):
            if user.has_perm("integrations.view_servicestate"):
                about = f"{state.service} {since:%Y-%m-%d %H:%M:%S}"
                tell(user, Kind.OUTAGE, about, subject=subject, body=body)


def _digest(user: User, about: str) -> None:
    """What waits for this person, and their numbers; no name of any child."""
    request = HttpRequest()
    request.user = user
    lines = [_waits(each) for each in census(request)]
    if not lines:
        return
    panels = [panel for panel in office().panels(request) if isinstance(panel, Figure)]
    numbers = [
        f"{one.label}: {one.value}{f' ({one.trend})' if one.trend else ''}" for one in panels
    ]
    parts = ["Waiting for a person:", *lines, "", *numbers, "", _address("needs-a-person/")]
    subject = "What waits in the office"
    tell(user, Kind.DIGEST, about, subject=subject, body="\n".join(parts))


def _waits(waiting: Waiting) -> str:
    days = (clock.now() - waiting.oldest).days if waiting.oldest else 0
    age = f", the oldest for {days} days" if days > 1 else ""
    return f"- {waiting.list.title}: {waiting.number}{age}"


def _key(user: User, kind: str, about: str) -> str:
    return f"{kind} {about} {user.pk}"[:120]


def _address(path: str) -> str:
    return f"{settings.PUBLIC_URL}/admin/{path}"


def _footer() -> str:
    return f"Which of these e-mails you get is yours to choose: {_address('my-mail/')}"
