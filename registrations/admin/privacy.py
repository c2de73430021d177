"""What a family may ask of the club: all that is kept about it, and that it be erased."""

from __future__ import annotations

from typing import Any

from django import forms
from django.http import HttpRequest, HttpResponse

from integrations import clock
from integrations.office import OfficeAdmin, Sure, button
from registrations.actions import erasing, subject
from registrations.admin.photos import jpeg_of
from registrations.models import Family, Guardian, Player

FOR_GOOD = "This takes in the whole family and cannot be taken back."


class Erasing(forms.Form):
    """How deep, and why."""

    depth = forms.ChoiceField(
        choices=erasing.Depth.choices, widget=forms.RadioSelect, initial=erasing.Depth.CONTACT
    )
    reason = forms.CharField(max_length=200, label="Who asked, and why")


def _family(row: Family | Guardian | Player) -> Family:
    return row if isinstance(row, Family) else row.family


class Privacy(OfficeAdmin):
    """Mixed into the pages of families, guardians and players."""

    @button("All data as a file", ask=Sure, preview="before_it_leaves", permission="subject")
    def take_out(self, request: HttpRequest, row: Any) -> HttpResponse:
        """Readable, as JSON, and with the photos."""
        family = _family(row)
        made = subject.archive(family.pk, by=request.user.get_username(), jpeg=jpeg_of)
        response = HttpResponse(made, content_type="application/zip")
        name = f"family-{str(family.reference)[:8]}-{clock.today()}.zip"
        response["Content-Disposition"] = f'attachment; filename="{name}"'
        response["Cache-Control"] = "private, no-store"
        return response

    def before_it_leaves(self, request: HttpRequest, row: Any) -> dict[str, Any]:
        """What whoever hands it over must think of."""
        text = (
            "All that is kept about the whole family: people, registrations, medical notes, "
            "conversations, messages, payments, photos. Making it is written down."
        )
        warning = (
            "Read it before you hand it over: it may name others (who may not collect a child, "
            "the other parent's address). Be sure who is asking."
        )
        return {"lines": [("What it holds", text)], "warning": warning}

    @button("Erase…", ask=Erasing, preview="what_goes", permission="erase", danger=True)
    def erase(self, request: HttpRequest, row: Any, depth: str, reason: str) -> str:
        """As deep as is asked; it cannot be taken back."""
        by = request.user.get_username()
        erasing.erase(_family(row).pk, depth=depth, reason=reason, at=clock.now(), by=by)
        return "Erased here; storage and Airtable follow within seconds, or when they answer."

    def what_goes(self, request: HttpRequest, row: Any) -> dict[str, Any]:
        """What each depth takes of the whole family."""
        return {"lines": erasing.foresee(_family(row)), "warning": FOR_GOOD}

    def has_subject_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("registrations.export_family")

    def has_erase_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("registrations.erase_family")
