"""Filters of the list of registrations."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from integrations import clock
from registrations.models import Registration, Season, Team, visible_to
from registrations.models.seasons import AGE_GROUPS, IN_AGE_ORDER


class AgeGroupFilter(admin.SimpleListFilter):
    """U7 to U18, youngest first."""

    title = "age group"
    parameter_name = "age_group"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return AGE_GROUPS

    def queryset(self, request: HttpRequest, queryset: QuerySet) -> QuerySet:
        return queryset.filter(team__age_group=self.value()) if self.value() else queryset


class AttentionFilter(admin.SimpleListFilter):
    """What staff look for: flagged, waiting for a place, suspended, doubles."""

    title = "attention"
    parameter_name = "attention"
    choices_offered = {
        "flagged": "needs a person",
        "waiting": "waiting for a place",
        "trial": "on trial",
        "suspended": "suspended",
        "double": "possible doubles",
    }

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return list(self.choices_offered.items())

    def queryset(self, request: HttpRequest, queryset: QuerySet[Registration]) -> QuerySet:
        if self.value() == "flagged":
            return queryset.filter(flagged_at__isnull=False)
        if self.value() == "waiting":
            return queryset.filter(status=Registration.Status.WAITING)
        if self.value() == "trial":
            return queryset.filter(status=Registration.Status.TRIAL)
        if self.value() == "suspended":
            return queryset.filter(status=Registration.Status.SUSPENDED)
        if self.value() == "double":
            return queryset.filter(duplicate_of__isnull=False)
        return queryset


class SeasonFilter(admin.SimpleListFilter):
    """Seasons as people write them."""

    title = "season"
    parameter_name = "season"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        seasons = Season.objects.all()
        return [(season.code, season.label) for season in seasons]

    def queryset(self, request: HttpRequest, queryset: QuerySet) -> QuerySet:
        return queryset.filter(season__code=self.value()) if self.value() else queryset


class TeamFilter(admin.SimpleListFilter):
    """Teams of the season that is looked at, youngest first; the current one where none is."""

    title = "team"
    parameter_name = "team"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        code = request.GET.get(SeasonFilter.parameter_name)
        today = clock.today()
        dated = {"season__opens_on__lte": today, "season__closes_on__gte": today}
        teams = Team.objects.filter(**({"season__code": code} if code else dated))
        listed = visible_to(request.user, teams).order_by(*IN_AGE_ORDER)
        return [(str(team.pk), str(team)) for team in listed]

    def queryset(self, request: HttpRequest, queryset: QuerySet) -> QuerySet:
        number = self.value() or ""
        return queryset.filter(team=number) if number.isdecimal() else queryset
