"""How a registration's facts are worded in the list and on the detail page."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models.functions import Length
from django.urls import reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from integrations import clock
from registrations.admin.reading import cost_of
from registrations.models import ModelCall, Registration, Sms
from registrations.ports import desk

NOTES = "“Show medical and collection notes”"
ADDRESS = ["house_number", "address_line_1", "town", "city", "postcode"]


def somebody_may_not_collect(row: Registration) -> bool:
    """Whether anybody is named who may not collect the child; who it is stays encrypted."""
    rows = Registration.objects.filter(pk=row.pk).annotate(kept=Length("not_to_collect"))
    return rows.filter(kept__gt=0).exists()


class Shown:
    """Mixed into RegistrationAdmin."""

    # --- columns
    @admin.display(description="child", ordering="player__last_name")
    def child(self, row: Registration) -> str:
        return row.player.full_name

    @admin.display(description="fee", ordering="fee_settled_at")
    def fee(self, row: Registration) -> str:
        amount = f"£{row.signing_on_fee_pence / 100:.2f}"
        if not row.fee_settled_at:
            return f"{amount} not paid"
        by_gocardless = row.fee_settled_by == Registration.FeeSource.PAID
        return f"{amount} {'paid' if by_gocardless else row.get_fee_settled_by_display()}"

    @admin.display(description="Direct Debit", ordering="collection_arranged_at")
    def direct_debit(self, row: Registration) -> str:
        if not row.collection_arranged_at:
            return "none"
        if row.collection_arranged_by == Registration.CollectionSource.MANDATE:
            return "set up"
        return row.get_collection_arranged_by_display()

    @admin.display(description="payment SMS", ordering="link_sms")
    def sms_state(self, row: Registration) -> str:
        state = getattr(row, "link_sms", None)
        return Sms.Status(state).label if state else "none"

    @admin.display(description="needs a person", ordering="flagged_at")
    def attention(self, row: Registration) -> str:
        return "; ".join(row.flags) if row.flagged_at else ""

    # --- detail
    @admin.display(description="needs a person because")
    def why_flagged(self, row: Registration) -> str:
        return self.attention(row) or "nothing"

    @admin.display(description="name")
    def player_link(self, row: Registration) -> SafeString:
        return _link("player", row.player_id, row.player.full_name)

    @admin.display(description="born, gender")
    def player_birthday(self, row: Registration) -> str:
        return f"{row.player.dob:%-d %B %Y}, {row.player.gender}"

    @admin.display(description="address")
    def player_address(self, row: Registration) -> str:
        return _address(row.player)

    @admin.display(description="medical issues")
    def medical(self, row: Registration) -> str:
        if row.has_medical_issues is None:
            return "kept no longer: ask"
        return f"yes: press {NOTES}" if row.has_medical_issues else "none"

    @admin.display(description="may not collect the child")
    def not_collecting(self, row: Registration) -> str:
        return f"somebody: press {NOTES}" if somebody_may_not_collect(row) else "nobody named"

    @admin.display(description="name")
    def guardian_link(self, row: Registration) -> SafeString:
        return _link("guardian", row.guardian_id, row.guardian.full_name)

    @admin.display(description="mobile")
    def guardian_phone(self, row: Registration) -> str:
        return str(row.guardian.phone)

    @admin.display(description="e-mail")
    def guardian_email(self, row: Registration) -> str:
        return row.guardian.email

    @admin.display(description="address")
    def guardian_address(self, row: Registration) -> str:
        return _address(row.guardian)

    @admin.display(description="monthly fee")
    def monthly(self, row: Registration) -> str:
        return f"£{row.monthly_fee_pence / 100:.2f}: {desk().why_monthly(row.pk)}"

    @admin.display(description="payment link")
    def payment_link(self, row: Registration) -> str:
        return desk().link(row.pk) if row.asks_for_payment else "none: nothing is asked"

    @admin.display(description="kit")
    def kit_type(self, row: Registration) -> str:
        return row.kit_type

    @admin.display(description="photo")
    def photo(self, row: Registration) -> SafeString | str:
        photo = row.photos.exclude(state="refused").first()
        if photo is None:
            return "none yet"
        return format_html(
            '<a href="{}" target="_blank" rel="noopener">Look at the photo</a>',
            # Not shown here unasked: each look is written down (design 3.7).
            reverse("admin:registration_photo", args=[photo.uuid]),
        )

    @admin.display(description="read by a language model")
    def read_by_model(self, row: Registration) -> str:
        return cost_of(ModelCall.objects.filter(draft__registration=row))

    @admin.display(description="consents")
    def agreed(self, row: Registration) -> SafeString | str:
        lines = (
            (
                consent.get_kind_display(),
                "given" if consent.given else "refused",
                f"{clock.london(consent.decided_at):%-d %b %Y, %H:%M}",
                consent.wording,
            )
            for consent in row.consents.all()
        )
        text = "<div>{}: <strong>{}</strong> on {} (wording {})</div>"
        return format_html_join("", text, lines) or "none recorded"


def _link(model: str, pk: int, text: str) -> SafeString:
    return format_html(
        '<a href="{}">{}</a>', reverse(f"admin:registrations_{model}_change", args=[pk]), text
    )


def _address(person: Any) -> str:
    number, first, *rest = (getattr(person, name) for name in ADDRESS)
    # A found address often has the number in its first line already.
    door = first if first.startswith(number) else f"{number} {first}".strip()
    return ", ".join(line for line in (door, *rest) if line)
