"""The rows that an agent may be told of: its person's own, in few words."""

from __future__ import annotations

import re
from typing import Any, cast

from django.contrib import admin
from django.db.models import Count, Q, QuerySet

from integrations import clock
from integrations.agents.tools import Caller, NotFound
from integrations.office import OfficeAdmin
from registrations import fields
from registrations.admin.shown import Shown
from registrations.models import Registration, Season, Team, visible_to

SECRET = ("medical_notes", "not_to_collect")
RELATED = ("player", "guardian", "team", "season")
WORDS = Shown()  # the same words as the office's lists
_PHONE = re.compile(r"(?:\+\d{1,3}|\b0)(?:[\s().-]?\d){8,12}")
_EMAIL = re.compile(r"[^\s@<>()]+@[^\s@<>()]+\.\w+")
HEALTH = "(words about health: read them in the office)"


def registrations(caller: Caller) -> QuerySet[Registration]:
    """Those that the person behind the token sees in the office."""
    rows = visible_to(caller.user, Registration.objects.all())
    return rows.select_related(*RELATED).defer(*SECRET)


def registration(caller: Caller, number: int) -> Registration:
    """One of them; one of another team is as unknown as one that never was."""
    row = registrations(caller).filter(pk=number).first()
    if row is None:
        raise NotFound(f"There is no registration {number}.")
    return row


def teams(caller: Caller) -> QuerySet[Team]:
    """The teams that the person sees, each with how many are registered."""
    live = Q(registrations__duplicate_of=None) & ~Q(registrations__status="cancelled")
    rows = visible_to(caller.user, Team.objects.all()).select_related("season")
    counted = rows.annotate(registered=Count("registrations", filter=live, distinct=True))
    return counted.order_by("season", "age_group", "name")  # counting drops the model's own order


def team(caller: Caller, number: int) -> Team:
    """One of them."""
    row = teams(caller).filter(pk=number).first()
    if row is None:
        raise NotFound(f"There is no team {number}.")
    return row


def season(code: str) -> Season:
    """The season with this code; without one the season that takes registrations, or the last."""
    if code:
        found = Season.objects.filter(code=code).first()
    else:
        found = Season.objects.current(clock.today())
    if found is None:
        raise NotFound(f"There is no season {code}." if code else "There is no season yet.")
    return found


def found_by(caller: Caller, rows: QuerySet[Registration], text: str) -> QuerySet[Registration]:
    """The rows that the office's own search finds."""
    owner = cast(OfficeAdmin, admin.site._registry[Registration])
    return owner.get_search_results(caller.request, rows, text)[0]


def line(row: Registration) -> dict[str, Any]:
    """One registration as the office's list shows it."""
    return {
        "registration_id": row.pk,
        "child": row.player.full_name,
        "team": str(row.team),
        "season": row.season.code,
        "status": row.get_status_display(),
        "submitted_on": clock.london(row.submitted_at).date().isoformat(),
        "signing_on_fee": WORDS.fee(row),
        "direct_debit": WORDS.direct_debit(row),
    }


def plain(text: str) -> str:
    """A line fit to leave the club: its first sentence, no phone, no address, nothing of health."""
    first = text.partition("\n")[0]
    if fields.mentions_health(first):
        return HEALTH
    return _EMAIL.sub("(an e-mail address)", _PHONE.sub("(a number)", first))[:300]
