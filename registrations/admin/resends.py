"""Many payment links again: the preview, everybody left out and why, and the progress."""

from __future__ import annotations

import uuid
from collections import Counter
from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.db.models import Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse

from integrations import clock, sms
from integrations.office import OfficeAdmin, office
from registrations.actions import messages as texts
from registrations.actions import resends
from registrations.models import CircularRecipient, Registration, Sms, visible_to
from registrations.models.messages import Kind
from registrations.models.resends import Resend, ResendRecipient

PER_PAGE = 100
MOST = 5000
SECRET = "registration__medical_notes", "registration__not_to_collect"


class Resending(OfficeAdmin):
    """Mixed into RegistrationAdmin: the action over the chosen rows of the list."""

    @admin.action(description="Send the payment SMS again", permissions=["press"])
    def resend_chosen(self, request: HttpRequest, queryset: QuerySet) -> HttpResponse | None:
        """Show what would go to whom; send only when that is confirmed."""
        if chosen := request.POST.get("chosen"):
            # One field for all: Django takes no form of more than a thousand fields.
            numbers = [int(part) for part in chosen.split(",") if part.isdecimal()]
            queryset = self.get_queryset(request).filter(pk__in=numbers)
        pks = list(queryset.order_by("pk").values_list("pk", flat=True)[: MOST + 1])
        if len(pks) > MOST:
            self.message_user(request, f"At most {MOST:,} at once, please.", messages.ERROR)
            return None
        related = "player", "guardian", "team__season", "season"
        rows = list(
            Registration.objects.filter(pk__in=pks)
            .select_related(*related)
            .defer("medical_notes", "not_to_collect")
            .order_by("pk")
        )
        if "confirmed" in request.POST:
            return self._order(request, rows)
        return TemplateResponse(
            request, "admin/registrations/resend.html", self._preview(request, rows)
        )

    def _order(self, request: HttpRequest, rows: list[Registration]) -> HttpResponse | None:
        try:
            key = uuid.UUID(request.POST.get("key", ""))
        except ValueError:
            self.message_user(request, "Please choose them once more.", messages.ERROR)
            return None
        by = request.user.get_username()
        order = resends.order(rows, key=key, by=by, at=clock.now())
        return redirect("admin:resend", order.pk)

    def _preview(self, request: HttpRequest, rows: list[Registration]) -> dict[str, Any]:
        facts, now = resends.known(rows), clock.now()
        reasons = [(row, resends.left_out(row, facts, now)) for row in rows]
        going = [row for row, reason in reasons if not reason]
        shown = [(row, texts.preview(row, Kind.PAYMENT_LINK)) for row in going[:5]]
        return self.admin_site.each_context(request) | {
            "title": "Send the payment SMS again",
            "opts": self.opts,
            "pks": [row.pk for row in rows],
            "going": going,
            "shown": [(row, text, sms.segments(text)) for row, text in shown],
            "segments": sum(sms.segments(texts.preview(row)) for row in going),
            "left_out": [(row, reason) for row, reason in reasons if reason],
            "key": uuid.uuid4(),
        }


@office().page("resends/<int:pk>/", "resend")
def progress(request: HttpRequest, pk: int) -> HttpResponse:
    """How an order stands, and every family of it with Twilio's reason in plain words."""
    if not request.user.has_perm("registrations.change_registration"):
        raise PermissionDenied
    order = get_object_or_404(Resend, pk=pk)
    mine = visible_to(request.user, Registration.objects.all()).values("pk")
    rows = order.recipients.filter(registration__in=mine)
    if not rows.exists():
        raise Http404
    related = "registration__player", "registration__team", "sms", "email"
    listed = rows.select_related(*related).defer(*SECRET).order_by("pk")
    counted = Counter(standing(row) for row in listed.iterator())
    if request.GET.get("only") == "lost":
        listed = listed.filter(~Q(left_out="") | Q(sms__status__in=["failed", "undelivered"]))
    page = Paginator(listed, PER_PAGE).get_page(request.GET.get("page"))
    context = admin.site.each_context(request) | {
        "title": "Payment SMS sent again",
        "order": order,
        "counted": sorted(counted.items()),
        "open": counted["not begun"] + counted["pending"],
        "page": page,
        "lines": [(row, standing(row), why(row)) for row in page],
        "only": request.GET.get("only", ""),
    }
    return TemplateResponse(request, "admin/registrations/resend_progress.html", context)


def standing(row: ResendRecipient | CircularRecipient) -> str:
    """How one family's message stands, in a few words."""
    if row.left_out:
        return "left out"
    if row.sms and row.sms.sid and row.sms.status == Sms.Status.PENDING:
        return "with Twilio"
    if row.sms:
        return row.sms.get_status_display()
    if row.email:
        return "by e-mail"
    return "not begun"


def why(row: ResendRecipient | CircularRecipient) -> str:
    """Why it was left out, or what Twilio says of it."""
    if row.left_out:
        return row.left_out
    return (row.sms.error or row.sms.last_error) if row.sms else ""
