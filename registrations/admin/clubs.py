"""Admin of seasons and teams."""

from typing import Any

from django.contrib import admin
from django.core.exceptions import ValidationError
from django.db.models import Count, F, Q, QuerySet
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.safestring import SafeString

from integrations.airtable.links import InAirtable
from integrations.office import OfficeAdmin, OfficeForm
from registrations import codes
from registrations.actions import sync
from registrations.admin.closed import ClosedSeason
from registrations.admin.papers import Papers
from registrations.models import ClubText, Season, Team


class SeasonForm(OfficeForm):
    """A season whose days are in order and whose months are whole."""

    def clean(self) -> dict[str, Any]:
        values = super().clean() or {}
        for name in ("first_month", "last_month"):
            if values.get(name) and values[name].day != 1:
                self.add_error(name, "The first day of the month, please.")
        sizes = values.get("kit_sizes")
        if sizes is not None and not _texts(sizes):
            self.add_error("kit_sizes", 'A list of sizes in their order, such as ["S", "M"].')
        percents = values.get("sibling_percents")
        if percents is not None and not _percents(percents):
            self.add_error("sibling_percents", "Whole numbers from 0 to 90, such as [10].")
        return values


def _texts(sizes: Any) -> bool:
    return isinstance(sizes, list) and bool(sizes) and all(isinstance(s, str) for s in sizes)


def _percents(given: Any) -> bool:
    return isinstance(given, list) and all(type(each) is int and 0 <= each <= 90 for each in given)


@admin.register(Season)
class SeasonAdmin(ClosedSeason):
    """Prices, dates and what hangs on them; all by hand."""

    form = SeasonForm
    list_display = ["label", "code", "opens_on", "closes_on", "fee", "monthly", "airtable_table"]
    search_fields = ["code"]
    on_add = ["code"]
    editable = [
        "opens_on",
        "closes_on",
        "first_month",
        "last_month",
        "signing_on_fee_pence",
        "monthly_fee_pence",
        "sibling_percents",
        "policy_on",
        "earliest_birthday",
        "kit_sizes",
        "payment_days",
        "first_reminder_days",
        "second_reminder_days",
        "arrears_staff_days",
        "suspension_days",
        "reminders_from_hour",
        "reminders_until_hour",
        "automatic_offers",
        "offer_hours",
        "keep_drafts_days",
        "keep_transcripts_days",
        "keep_photos_days",
        "keep_medical_days",
        "airtable_table",
    ]
    fields = ["code", *editable, "closed_at"]

    @admin.display(description="signing-on fee", ordering="signing_on_fee_pence")
    def fee(self, season: Season) -> str:
        return f"£{season.signing_on_fee_pence / 100:.2f}"

    @admin.display(description="monthly fee", ordering="monthly_fee_pence")
    def monthly(self, season: Season) -> str:
        return f"£{season.monthly_fee_pence / 100:.2f}"

    @admin.display(description="season", ordering="code")
    def label(self, season: Season) -> str:
        return season.label


class TeamForm(OfficeForm):
    """A team whose code a parent can type: the code's own reader is asked."""

    def clean(self) -> dict[str, Any]:
        values = super().clean() or {}
        if {"season", "age_group", "name"} <= values.keys():
            team = Team(**{name: values[name] for name in ("season", "age_group", "name")})
            try:
                codes.parse(team.code_for_new_players)
            except codes.Invalid as error:
                text = "No code can be made of this name: letters only, please."
                raise ValidationError({"name": text}) from error
        return values


@admin.register(Team)
class TeamAdmin(Papers, ClosedSeason, InAirtable):
    """Squads, with the code that a coach hands out."""

    form = TeamForm
    airtable_kind = "team"
    list_display = ["__str__", "season", "state", "players", "squad_limit", "kit_due", "code"]
    list_filter = ["season", "state", "age_group", "kit_due"]
    search_fields = ["name", "age_group"]
    ordering = ["-season__code", "age_group", "name"]
    list_select_related = ["season"]
    found_by_search = 3
    icon = "sports_soccer"
    on_add = ["season", "age_group", "name"]
    editable = ["state", "squad_limit", "automatic_offers", "kit_due"]
    fields = ["season", "age_group", "name", "code", *editable, "players", "in_airtable"]

    def get_queryset(self, request: HttpRequest) -> QuerySet:
        live = Q(registrations__duplicate_of=None) & ~Q(registrations__status="cancelled")
        counted = Count("registrations", filter=live, distinct=True)
        return super().get_queryset(request).annotate(registered=counted)

    @admin.display(description="code for new players")
    def code(self, team: Team) -> SafeString:
        return format_html('<code class="office-code">{}</code>', team.code_for_new_players)

    @admin.display(description="registered", ordering=F("registered"))
    def players(self, team: Team) -> int:
        return getattr(team, "registered", 0)

    def save_model(self, request: HttpRequest, obj: Team, form: Any, change: bool) -> None:
        """What is changed here shows in the club's base too."""
        super().save_model(request, obj, form, change)
        sync.touch_team(obj)

    def summary(self, row: Team) -> str:
        return f"{row} {row.season.label}"


@admin.register(ClubText)
class ClubTextAdmin(OfficeAdmin):
    """What the chat answers to questions about the club; all by hand."""

    list_display = ["title", "keywords", "shown"]
    list_filter = ["shown"]
    search_fields = ["title", "words", "keywords"]
    editable = ["title", "words", "keywords", "shown"]
    fields = ["title", "words", "keywords", "shown"]
    on_add = ["title"]
    may_delete = True

    def get_fields(self, request: HttpRequest, obj: Any = None) -> list[Any]:
        return list(self.fields)

    def summary(self, row: ClubText) -> str:
        return row.title
