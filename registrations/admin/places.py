"""Places in a squad: the buttons of a child that waits or tries, and what was offered to whom."""

from __future__ import annotations

from datetime import date
from typing import Any, cast

from django import forms
from django.contrib import admin
from django.contrib.auth.base_user import AbstractBaseUser
from django.http import HttpRequest

from integrations import clock
from integrations.office import Day, OfficeAdmin, Sure, button
from registrations.actions import offering, squads, states, trials
from registrations.models import PlaceOffer, Registration, Team

SECRET = ["registration__medical_notes", "registration__not_to_collect"]


class LastDay(forms.Form):
    """The last day of a trial."""

    last_day = forms.DateField(label="Last day of the trial", widget=Day())


def _outside(row: Registration) -> bool:
    return not (row.in_squad or row.cancelled_at)


def _waiting(row: Registration) -> bool:
    return bool(row.waiting_since and not row.cancelled_at)


def _is_open(row: PlaceOffer) -> bool:
    return not row.outcome


def staff(request: HttpRequest) -> AbstractBaseUser:
    """Who is signed in: the office lets nobody else in."""
    return cast(AbstractBaseUser, request.user)


def standing(team: Team) -> dict[str, Any]:
    """How full a team is, and a warning where one more is more than the limit."""
    now = squads.squad(team)
    kept = f", {now.kept} kept for last season's children" if now.kept else ""
    offered = f", {now.offered} offered" if now.offered else ""
    of = f" of {now.limit}" if now.limit is not None else ""
    lines = [
        ("The squad", f"{team}: {now.players}{of} players{kept}{offered}"),
        ("Beside it", f"{now.waiting} waiting, {now.trying} on trial"),
    ]
    full = "" if squads.has_room(team) else "The team is full: this is one more than its limit."
    return {"lines": lines, "warning": full}


class Places(OfficeAdmin):
    """Mixed into RegistrationAdmin."""

    @button("Offer a place", shown=_waiting, ask=Sure, preview="how_full")
    def offer_place(self, request: HttpRequest, row: Registration) -> str:
        """Ask the family by text whether it takes a place."""
        made = offering.offer(row.pk, at=clock.now(), by=staff(request))
        until = f"{clock.london(made.expires_at):%-d %B, %H:%M}"
        return f"The family is asked; the place is kept until {until}."

    @button("Give a place", shown=_outside, ask=Sure, preview="how_full")
    def give_place(self, request: HttpRequest, row: Registration) -> str:
        """Let a child that waits or tries in; the parent is asked for payment."""
        states.give_place(row.pk, at=clock.now(), by=staff(request))
        return "The child has a place; the parent is asked for payment."

    @button(
        "Take on trial", shown=trials.may_start, ask=LastDay, preview="who_is_there", menu="Place"
    )
    def start_trial(self, request: HttpRequest, row: Registration, last_day: date) -> str:
        """Let the child train until a day, without payment."""
        trials.start(row.pk, last_day=last_day, at=clock.now(), by=staff(request))
        return "On trial; the family is told that there is nothing to pay until then."

    def who_is_there(self, request: HttpRequest, row: Registration) -> dict[str, Any]:
        """The squad, for a child who takes no place in it."""
        return {"lines": standing(row.team)["lines"]}

    def how_full(self, request: HttpRequest, row: Registration) -> dict[str, Any]:
        """The squad, to be read before anybody joins it."""
        return standing(row.team)


@admin.register(PlaceOffer)
class PlaceOfferAdmin(OfficeAdmin):
    """Places that were offered, and what the families said; the link is known to nobody here."""

    list_display = ["child", "team", "offered_at", "offered_by", "expires_at", "outcome"]
    list_filter = ["outcome", "team__season"]
    list_select_related = ["registration__player", "team__season"]
    search_fields = ["registration__player__first_name", "registration__player__last_name"]
    hidden = ["token"]

    def get_queryset(self, request: HttpRequest) -> Any:
        return super().get_queryset(request).defer(*self.hidden, *SECRET)

    @button("Take the offer back", shown=_is_open, ask=Sure)
    def take_back(self, request: HttpRequest, row: PlaceOffer) -> str:
        """The link opens nothing any more; the child keeps its turn."""
        offering.withdraw(row.pk, at=clock.now(), by=staff(request))
        return "Taken back. Please tell the family yourself: no text goes out."

    @admin.display(description="child", ordering="registration__player__last_name")
    def child(self, row: PlaceOffer) -> str:
        return row.registration.player.full_name

    def summary(self, row: PlaceOffer) -> str:
        return f"A place in {row.team} for {row.registration.player.full_name}"
