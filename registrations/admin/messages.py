"""Admin of texts, e-mails and opt-outs."""

from typing import Any

from django.contrib import admin
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.http import HttpRequest

from integrations.office import OfficeAdmin, Worklist
from integrations.office.admins import QueueAdmin, QueueFilter
from registrations.admin.search import PersonSearch
from registrations.models import Email, OptOut, Sms
from registrations.models.messages import Kind

SECRET = ["registration__medical_notes", "registration__not_to_collect"]


class MessageAdmin(PersonSearch, QueueAdmin):
    """What texts and e-mails share."""

    search_fields = [
        "registration__player__first_name",
        "registration__player__last_name",
        "registration__guardian__first_name",
        "registration__guardian__last_name",
        "to",
    ]
    search_people = ["registration__guardian"]
    date_hierarchy = "created_at"

    def get_queryset(self, request: HttpRequest) -> QuerySet:
        related = "registration__player", "registration__team"
        return super().get_queryset(request).select_related(*related).defer(*SECRET)

    @admin.display(ordering="registration__player__last_name")
    def child(self, row: Any) -> str:
        return row.registration.player.full_name

    def summary(self, row: Any) -> str:
        return f"{row.registration.player.full_name}: {row.get_kind_display()}"


@admin.register(Sms)
class SmsAdmin(MessageAdmin):
    """Texts, and what became of them."""

    list_display = ["created_at", "child", "kind", "to", "status", "error", "queue", "asked_by"]
    list_filter = [QueueFilter, "status", "kind", "registration__season"]
    search_phones = ["to"]

    def worklists(self) -> list[Worklist]:
        """Also payment links that never arrived, until a newer one is sent or the fee is paid."""
        newer = Sms.objects.filter(
            registration=OuterRef("registration"),
            kind=OuterRef("kind"),
            resend__gt=OuterRef("resend"),
        )
        lost = Sms.objects.filter(
            Q(status__in=[Sms.Status.FAILED, Sms.Status.UNDELIVERED]),
            ~Exists(newer),
            kind=Kind.PAYMENT_LINK,
            needs_person_at__isnull=True,
            registration__fee_settled_at__isnull=True,
            registration__cancelled_at__isnull=True,
        )
        rows = lost.select_related("registration__player").defer(*SECRET)
        refused = Worklist("Payment links that did not arrive by SMS", rows, "created_at", _why)
        return [*super().worklists(), refused]


def _why(row: Sms) -> str:
    return row.error or row.get_status_display()


@admin.register(Email)
class EmailAdmin(MessageAdmin):
    """E-mails, sent where a text could not be."""

    list_display = ["created_at", "child", "kind", "to", "sent_at", "queue", "last_error"]
    list_filter = [QueueFilter, "kind", "registration__season"]


@admin.register(OptOut)
class OptOutAdmin(OfficeAdmin):
    """Numbers that want no more texts; whoever texts START is taken off again."""

    list_display = ["phone", "since", "source"]
    list_filter = ["source"]
    search_fields = ["phone"]
