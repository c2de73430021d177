"""The buttons of a registration: each asks what it must and makes one call."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any, cast

from django import forms
from django.contrib.auth.base_user import AbstractBaseUser
from django.core.exceptions import ValidationError
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse

from integrations import audit, clock
from integrations.models import AirtableRow, AuditEntry
from integrations.office import OfficeAdmin, Reason, Sure, button, retry
from registrations import fields
from registrations.actions import contacts, kit, messages, states
from registrations.admin.shown import somebody_may_not_collect
from registrations.models import OptOut, Registration, TimelineEntry, note
from registrations.models.messages import Kind
from registrations.ports import desk

LATELY = timedelta(hours=24)


class NewPhone(forms.Form):
    """A UK mobile number."""

    phone = forms.CharField(label="New mobile number", max_length=30)
    resend = forms.BooleanField(label="Send the payment link there, if it is owed", required=False)

    def clean_phone(self) -> str:
        try:
            return fields.mobile(self.cleaned_data["phone"])
        except fields.Refused as error:
            raise forms.ValidationError("That is not a UK mobile number.") from error


class Leaving(Reason):
    """Why, and how much is given back through GoCardless."""

    refund = forms.DecimalField(
        label="Give back, in pounds",
        required=False,
        max_digits=8,
        decimal_places=2,
        min_value=Decimal("0.01"),
        help_text="of what was collected, the newest payment first; empty for nothing",
    )


class Note(forms.Form):
    """What staff want to remember."""

    words = forms.CharField(
        label="Note (for staff only)", max_length=290, widget=forms.Textarea(attrs={"rows": 3})
    )


class Shirt(Reason):
    """Which number, and why."""

    number = forms.IntegerField(
        label="New number", min_value=1, max_value=25, required=False, help_text="empty for none"
    )


def _owes(row: Registration) -> bool:
    settled = row.fee_settled_at and row.collection_arranged_at
    return row.asks_for_payment and not settled


def _owes_by_email(row: Registration) -> bool:
    return bool(_owes(row) and row.guardian.email)


def _flagged(row: Registration) -> bool:
    return row.flagged_at is not None


def _suspended(row: Registration) -> bool:
    return row.status == Registration.Status.SUSPENDED


def _may_be_suspended(row: Registration) -> bool:
    return not row.cancelled_at and not _suspended(row)


def _live(row: Registration) -> bool:
    return not row.cancelled_at


def _noted_medically(row: Registration) -> bool:
    return row.has_medical_issues or somebody_may_not_collect(row)


def _staff(request: HttpRequest) -> AbstractBaseUser:
    return cast(AbstractBaseUser, request.user)


class Deeds(OfficeAdmin):
    """Mixed into RegistrationAdmin."""

    # `retry_failed` looks at these rows by their queue; apps above add theirs.
    queues = ["sms", "emails", "photos"]

    @button("Resend the payment SMS", shown=_owes, ask=Sure, preview="payment_sms", menu="Messages")
    def resend_payment_sms(self, request: HttpRequest, row: Registration) -> str:
        """Owe the parent another payment link."""
        with transaction.atomic():
            queued = messages.queue_payment_link(
                states.locked(row.pk), at=clock.now(), by=request.user.get_username()
            )
        if queued is None:
            raise ValidationError("Nothing was sent: there is no number and no e-mail address.")
        return f"The payment link is on its way to {queued.to}."

    def payment_sms(self, request: HttpRequest, row: Registration) -> dict[str, Any]:
        """The real text and number, and a warning where one went out lately."""
        phone = str(row.guardian.phone)
        to = phone or f"{row.guardian.email or 'nobody'} (by e-mail: there is no number)"
        text = messages.preview(row, Kind.PAYMENT_LINK)
        return {"lines": [("To", to), ("Text", text)], "warning": self._lately(row, phone)}

    def _lately(self, row: Registration, phone: str) -> str:
        if phone and OptOut.objects.filter(phone=phone).exists():
            return "This number has asked for no more texts: an e-mail goes instead."
        last = row.sms.filter(kind=Kind.PAYMENT_LINK).first()
        if last is None or clock.now() - last.created_at > LATELY:
            return ""
        at = clock.london(last.created_at)
        return f"One was sent lately, on {at:%-d %B at %H:%M} ({last.get_status_display()})."

    @button("Correct the mobile number", shown=_live, ask=NewPhone, menu="Messages")
    def correct_phone(
        self, request: HttpRequest, row: Registration, phone: str, resend: bool
    ) -> str:
        """Change where texts go; and send the link that did not arrive."""
        by = request.user.get_username()
        with transaction.atomic():
            contacts.correct_phone(row.pk, phone, at=clock.now(), by=by)
            again = resend and _owes(row)
            if again:
                messages.queue_payment_link(states.locked(row.pk), at=clock.now(), by=by)
        return f"Texts now go to {phone}{', the payment link too' if again else ''}."

    @button(
        "E-mail the payment link", shown=_owes_by_email, ask=Sure, preview="payment_email",
        menu="Messages",
    )  # fmt: skip
    def email_payment_link(self, request: HttpRequest, row: Registration) -> str:
        """Owe the link by e-mail, where texts do not arrive."""
        with transaction.atomic():
            queued = messages.queue_payment_email(states.locked(row.pk), at=clock.now())
        if queued is None:
            raise ValidationError("Nothing was sent: there is no e-mail address.")
        return f"The payment link is on its way to {queued.to}."

    def payment_email(self, request: HttpRequest, row: Registration) -> dict[str, Any]:
        """Where it goes, and what it says at its heart."""
        text = messages.preview(row, Kind.PAYMENT_LINK)
        return {"lines": [("To", row.guardian.email), ("Text", text)]}

    @button("Retry what failed", menu="Messages")
    def retry_failed(self, request: HttpRequest, row: Registration) -> str:
        """Make everything due that waits because of an error."""
        rows = [
            *AirtableRow.objects.filter(kind="registration", object_id=row.pk),
            *(item for name in self.queues for item in getattr(row, name).all()),
        ]
        failed = [item for item in rows if item.needs_person_at or item.last_error]
        done = sum(retry(item) for item in failed)
        if not done:
            raise ValidationError("Nothing here has failed and can be tried again.")
        by = request.user.get_username()
        words = f"Asked to try again: {done}"
        note(row, TimelineEntry.Kind.STAFF, words, at=clock.now(), by=by)
        return f"{done} will be tried again within seconds."

    @button("Mark as looked at", shown=_flagged)
    def looked_at(self, request: HttpRequest, row: Registration) -> str:
        """Take the flags off."""
        states.resolve_flags(row.pk, _staff(request))
        return "The flags are off; the timeline keeps them."

    @button("Change the shirt", shown=_live, ask=Shirt, preview="which_shirts", menu="Place")
    def change_shirt(
        self, request: HttpRequest, row: Registration, number: int | None, reason: str
    ) -> str:
        """Another number, or none."""
        kit.change_shirt(row.pk, number, reason=reason, at=clock.now(), by=_staff(request))
        return f"Shirt {number} now." if number else "No shirt now."

    def which_shirts(self, request: HttpRequest, row: Registration) -> dict[str, Any]:
        """What is worn, what is free, and what happens outside."""
        free = ", ".join(map(str, kit.free_in(row.team_id, at=clock.now()))) or "none"
        lines = [("Now", str(row.shirt_number or "none")), (f"Free in {row.team}", free)]
        lines.append(("Airtable", "the row shows the new number; 1 and 12 are goalkeepers'"))
        return {"lines": [*lines, ("The family", "is not told: kit is ordered by the club")]}

    @button(
        "Suspend", shown=_may_be_suspended, ask=Reason, preview="what_suspending_means",
        menu="Place",
    )  # fmt: skip
    def suspend(self, request: HttpRequest, row: Registration, reason: str) -> str:
        """The child may not play."""
        states.suspend(row.pk, reason=reason, at=clock.now(), by=_staff(request))
        return "Suspended."

    @button(
        "Reinstate", shown=_suspended, ask=Reason, preview="what_reinstating_means", menu="Place"
    )
    def reinstate(self, request: HttpRequest, row: Registration, reason: str) -> str:
        """The child may play again."""
        states.reinstate(row.pk, reason=reason, at=clock.now(), by=_staff(request))
        return "Reinstated."

    def what_suspending_means(self, request: HttpRequest, row: Registration) -> dict[str, Any]:
        """What happens outside, and what does not."""
        by_debit = row.collection_arranged_by == Registration.CollectionSource.MANDATE
        goes_on = "the Direct Debit goes on" if by_debit else "nothing is collected here"
        return {
            "lines": [
                ("The child", "may not play; the team's sheets say so; the place is kept"),
                ("Airtable", "the row says suspended, with a row of its own in that table"),
                ("Money", f"{goes_on}: suspending changes no payment"),
                ("The family", "is not told by this: write to them"),
            ]
        }

    def what_reinstating_means(self, request: HttpRequest, row: Registration) -> dict[str, Any]:
        """What the registration is afterwards, and what happens outside."""
        after = Registration.Status(states.derive_status(row, suspended=False)).label
        lines = [("The registration", f"is “{after}” again, as its facts say")]
        lines.append(("Airtable", "both rows say so"))
        return {"lines": [*lines, ("The family", "is not told by this: write to them")]}

    @button("Add a note", ask=Note, menu="Messages")
    def add_note(self, request: HttpRequest, row: Registration, words: str) -> str:
        """A dated line on the timeline, for staff only."""
        by = request.user.get_username()
        note(row, TimelineEntry.Kind.STAFF, f"Note: {words}", at=clock.now(), by=by)
        return "Kept on the timeline."

    @button("Show medical and collection notes", shown=_noted_medically, permission="medical")
    def show_medical(self, request: HttpRequest, row: Registration) -> HttpResponse:
        """Show what is kept encrypted, once; the viewing is on the timeline before it is seen."""
        by = request.user.get_username()
        words = "Medical notes and who may not collect were viewed"
        with transaction.atomic():
            note(row, TimelineEntry.Kind.STAFF, words, at=clock.now(), by=by)
            audit.record(AuditEntry.Verb.VIEWED, row, "medical notes and who may not collect")
        kept = Registration.objects.only("medical_notes", "not_to_collect").get(pk=row.pk)
        context = self.admin_site.each_context(request) | {
            "title": "Medical notes",
            "opts": self.opts,
            "original": row,
            "summary": self.summary(row),
            "notes": kept.medical_notes,
            "not_to_collect": kept.not_to_collect,
        }
        return TemplateResponse(request, "admin/registrations/medical.html", context)

    def has_medical_permission(self, request: HttpRequest) -> bool:
        """Superusers, and whoever holds registrations.view_medical (design 3.7)."""
        if not self.has_view_permission(request):
            return False
        return request.user.has_perm("registrations.view_medical")

    @button(
        "Cancel the registration",
        shown=_live,
        ask=Leaving,
        preview="what_cancelling_ends",
        danger=True,
        menu="Place",
    )
    def cancel(
        self, request: HttpRequest, row: Registration, reason: str, refund: Decimal | None
    ) -> str:
        """End it, with its Direct Debit, and give back what was agreed; the shirt becomes free."""
        if refund and not request.user.has_perm("payments.give_back"):
            raise ValidationError("You may not give money back: ask the treasurer.")
        with transaction.atomic():
            states.cancel(row.pk, reason=reason, at=clock.now(), by=_staff(request))
            if refund:
                by, pence = request.user.get_username(), int(refund * 100)
                desk().give_back(row.pk, pence=pence, reason=reason, by=by)
        return "Cancelled. A Direct Debit and what it has not yet collected end within seconds."

    def what_cancelling_ends(self, request: HttpRequest, row: Registration) -> dict[str, Any]:
        """All that goes with it, to be read before it is done."""
        return {"lines": desk().foresee_leaving(row.pk)}
