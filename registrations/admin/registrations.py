"""Admin of registrations: the list, the detail page, what waits for a person."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, ClassVar

from django.contrib import admin
from django.db.models import OuterRef, QuerySet, Subquery
from django.http import HttpRequest, HttpResponse

from integrations import clock
from integrations.airtable.links import InAirtable
from integrations.office import Worklist
from registrations.actions import states, sync
from registrations.admin.behalf import OnBehalf
from registrations.admin.choosing import AgeGroupFilter, AttentionFilter, SeasonFilter, TeamFilter
from registrations.admin.circulars import Writing
from registrations.admin.closed import ClosedSeason
from registrations.admin.deeds import Deeds
from registrations.admin.merging import Merging
from registrations.admin.places import Places
from registrations.admin.resends import Resending
from registrations.admin.search import PersonSearch
from registrations.admin.shown import Shown
from registrations.admin.timeline import timeline
from registrations.admin.transfers import Moving
from registrations.models import Registration, Sms, TimelineEntry, note
from registrations.models.messages import Kind

A_DAY = timedelta(days=1)
A_WEEK = timedelta(days=7)
PLAYER = ["player_link", "player_birthday", "player_address"]


@admin.register(Registration)
class RegistrationAdmin(
    ClosedSeason,
    Deeds,
    Places,
    Moving,
    Merging,
    Resending,
    Writing,
    OnBehalf,
    Shown,
    InAirtable,
    PersonSearch,
):
    """One child's registration: read here, changed by its buttons."""

    airtable_kind = "registration"
    actions = ["resend_chosen", "write_to_chosen"]
    change_form_template = "admin/registrations/registration.html"
    list_display = [
        "child",
        "team",
        "status",
        "submitted_at",
        "fee",
        "direct_debit",
        "sms_state",
        "attention",
    ]
    list_display_links = ["child"]
    found_by_search = 1
    icon = "person"
    list_filter = [
        AttentionFilter,
        "status",
        SeasonFilter,
        AgeGroupFilter,
        TeamFilter,
        ("submitted_at", admin.DateFieldListFilter),
    ]
    list_select_related = ["player", "guardian", "team", "season"]
    search_fields = [
        "player__first_name",
        "player__last_name",
        "guardian__first_name",
        "guardian__last_name",
        "guardian__email",
        "guardian__phone",
        "guardian__postcode",
        "player__postcode",
        "code",
    ]
    search_help_text = "Name, phone, e-mail, postcode, code, or GoCardless number (BRQ…)"
    search_people = ["guardian", "player", "second_guardian"]
    search_phones = ["emergency_phone"]
    hidden = ["medical_notes", "not_to_collect"]
    needs: ClassVar[dict[str, str]] = {
        name: "registrations.see_money"
        for name in [
            "monthly",
            "payment_day",
            "payment_link",
            "fee_settled_at",
            "fee_settled_by",
            "collection_arranged_at",
            "collection_arranged_by",
        ]
    } | {
        "staff_notes": "registrations.change_registration",
        "why_flagged": "registrations.change_registration",
        "attention": "registrations.change_registration",
        "sms_state": "registrations.view_sms",
        "sms_received_at": "registrations.view_sms",
        "in_airtable": "integrations.view_airtablerow",
        "read_by_model": "registrations.view_modelcall",
        "player_link": "registrations.view_player",
        "guardian_link": "registrations.view_guardian",
    }
    editable = [
        "new_kit_required",
        "kit_size",
        "emergency_name",
        "emergency_phone",
        "previous_team",
        "staff_notes",
    ]
    fieldsets = [
        (
            None,
            {
                "fields": [
                    "child",
                    "photo",
                    "team",
                    "season",
                    "status",
                    "why_flagged",
                    "kind",
                    "code",
                    "submitted_at",
                    "completed_at",
                    "waiting_since",
                    "trial_ends_at",
                    "duplicate_of",
                    "in_airtable",
                    "staff_notes",
                ]
            },
        ),
        (
            "Player",
            {
                "fields": [
                    "player_link",
                    "player_birthday",
                    "player_address",
                    "medical",
                    "not_collecting",
                ]
            },
        ),
        (
            "Guardian",
            {
                "fields": [
                    "guardian_link",
                    "relationship",
                    "relationship_detail",
                    "guardian_phone",
                    "guardian_email",
                    "guardian_address",
                    "second_guardian",
                    "emergency_name",
                    "emergency_phone",
                ]
            },
        ),
        (
            "Payment",
            {
                "fields": [
                    "fee",
                    "direct_debit",
                    "monthly",
                    "payment_day",
                    "payment_link",
                    "fee_settled_at",
                    "fee_settled_by",
                    "collection_arranged_at",
                    "collection_arranged_by",
                ]
            },
        ),
        ("Messages", {"fields": ["sms_state", "sms_received_at"]}),
        (
            "Kit and last season",
            {
                "fields": [
                    "new_kit_required",
                    "kit_size",
                    "shirt_number",
                    "kit_type",
                    "played_last_season",
                    "played_elsewhere",
                    "previous_team",
                ]
            },
        ),
        ("Consents", {"fields": ["agreed"]}),
        (
            "For the record",
            {
                "classes": ["collapse"],
                "fields": [
                    "sync_id",
                    "age_mismatch",
                    "cancelled_at",
                    "cancelled_reason",
                    "read_by_model",
                ],
            },
        ),
    ]

    def get_queryset(self, request: HttpRequest) -> QuerySet:
        latest = Sms.objects.filter(registration=OuterRef("pk"), kind=Kind.PAYMENT_LINK)
        status = Subquery(latest.order_by("-resend").values("status")[:1])
        return super().get_queryset(request).annotate(link_sms=status)

    def summary(self, row: Registration) -> str:
        return f"{row.player.full_name}, {row.team} {row.season.label}"

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        row = self.get_object(request, object_id)
        extra = {"timeline": timeline(row, request.user) if row else []}
        return super().change_view(request, object_id, form_url, extra | (extra_context or {}))

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: Any) -> None:
        super().save_model(request, obj, form, change)
        labels = [str(obj._meta.get_field(name).verbose_name) for name in form.changed_data]
        if labels:
            words, by = f"Changed: {', '.join(labels)}", request.user.get_username()
            note(obj, TimelineEntry.Kind.STAFF, words, at=clock.now(), by=by)
            sync.touch(obj)

    # --- what waits
    def worklists(self) -> list[Worklist]:
        rows = Registration.objects.select_related("player", "team", "season").defer(*self.hidden)
        return [
            Worklist(
                "Registrations to look at",
                rows.needs_person(),
                "flagged_at",
                self.attention,
                finish=lambda row, by: states.resolve_flags(row.pk, by),
                field="attention",
            ),
            Worklist(
                "Players waiting for a place",
                rows.waiting_for_place(),
                "waiting_since",
                lambda row: f"{row.team} was full",
            ),
            Worklist(
                "Trials that are over",
                rows.trial_is_over(clock.now()),
                "trial_ends_at",
                lambda row: f"does the child join {row.team}?",
            ),
            Worklist(
                "Sent in, then gone quiet",
                rows.stopped_before_paying(clock.now() - A_DAY),
                "submitted_at",
                lambda row: "no payment day was chosen, so no link has gone out",
            ),
            Worklist(
                "Fee settled, months not arranged",
                rows.paid_without_debit(clock.now() - A_WEEK),
                "fee_settled_at",
                lambda row: "send the link again, or arrange the months by hand",
            ),
        ]
