"""Admin of families, guardians and players."""

from typing import Any

from django.contrib import admin
from django.db.models import Prefetch, Q, QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html_join

from integrations import clock
from registrations.actions import sync
from registrations.admin.privacy import Privacy
from registrations.admin.search import PersonSearch
from registrations.models import (
    Family,
    Guardian,
    Player,
    Registration,
    TimelineEntry,
    note,
    visible_to,
)

ADDRESS = ["house_number", "address_line_1", "town", "city", "postcode", "full_address"]


@admin.register(Family)
class FamilyAdmin(Privacy):
    """Who belongs together."""

    list_display = ["__str__", "adults", "children", "created_at"]
    search_fields = [
        "guardians__first_name",
        "guardians__last_name",
        "players__first_name",
        "players__last_name",
    ]
    fields = ["reference", "created_at", "adults", "children"]

    def get_queryset(self, request: HttpRequest) -> QuerySet:
        people = Prefetch("guardians"), Prefetch("players")
        return super().get_queryset(request).prefetch_related(*people)

    @admin.display
    def adults(self, family: Family) -> str:
        return ", ".join(person.full_name for person in family.guardians.all())

    @admin.display
    def children(self, family: Family) -> str:
        return ", ".join(person.full_name for person in family.players.all())


class PersonAdmin(PersonSearch, Privacy):
    """What guardians and players share: whoever is corrected is corrected in Airtable too."""

    list_per_page = 50
    search_fields = ["first_name", "last_name", "email", "phone", "postcode"]
    list_display = ["full_name", "phone", "email", "postcode", "registered"]

    def get_queryset(self, request: HttpRequest) -> QuerySet:
        rows = Registration.objects.select_related("team", "season")
        own = visible_to(request.user, rows.defer("medical_notes", "not_to_collect"))
        return super().get_queryset(request).prefetch_related(Prefetch("registrations", own))

    @admin.display(description="name", ordering=("last_name"))
    def full_name(self, person: Guardian | Player) -> str:
        return person.full_name

    @admin.display(description="registrations")
    def registered(self, person: Guardian | Player) -> str:
        rows = person.registrations.all()
        name = "admin:registrations_registration_change"
        links = ((reverse(name, args=[row.pk]), _where(row)) for row in rows)
        return format_html_join(", ", '<a href="{}">{}</a>', links)

    def summary(self, row: Guardian | Player) -> str:
        return row.full_name

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: Any) -> None:
        super().save_model(request, obj, form, change)
        labels = [str(obj._meta.get_field(name).verbose_name) for name in form.changed_data]
        if not labels:
            return
        words = f"{obj._meta.verbose_name.capitalize()} corrected: {', '.join(labels)}"
        for row in self.affected(obj):
            by = request.user.get_username()
            note(row, TimelineEntry.Kind.STAFF, words, at=clock.now(), by=by)
            sync.touch(row)

    def affected(self, person: Any) -> QuerySet[Registration]:
        """The registrations that show this person."""
        return person.registrations.select_related("season").defer("medical_notes")


def _where(row: Registration) -> str:
    return f"{row.team} {row.season.label}"


@admin.register(Guardian)
class GuardianAdmin(PersonAdmin):
    """Adults. The phone and e-mail are who they are to the platform, so they stay as given."""

    found_by_search = 2
    icon = "family_restroom"
    editable = ["first_name", "last_name", "dob", *ADDRESS]
    fields = ["family", "phone", "email", *editable, "phone_proven_at", "email_proven_at"]

    def affected(self, person: Guardian) -> QuerySet[Registration]:
        shows = Q(guardian=person) | Q(second_guardian=person)
        return Registration.objects.filter(shows).select_related("season").defer("medical_notes")


@admin.register(Player)
class PlayerAdmin(PersonAdmin):
    """Children. Name and birthday say who a child is, so they stay as given."""

    list_display = ["full_name", "dob", "gender", "fan", "identity_seen_on", "registered"]
    list_filter = ["gender", ("identity_seen_on", admin.EmptyFieldListFilter)]
    search_fields = [*PersonAdmin.search_fields, "fan", "registrations__code"]
    editable = ["gender", "phone", "email", *ADDRESS, "fan", "identity_seen_by", "identity_seen_on"]
    fields = ["family", "first_name", "last_name", "dob", "lives_with_guardian", *editable]
