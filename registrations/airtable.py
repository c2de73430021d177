"""What a registration looks like in the club's base: exact field names of domain 4.2 [R]."""

import json
from datetime import UTC, date
from typing import Any

from django.conf import settings
from django.utils.module_loading import import_string

from integrations.airtable.rows import RowFields
from registrations.models import (
    ChatMessage,
    Guardian,
    Photo,
    Player,
    Registration,
    Season,
    Sms,
)
from registrations.models.messages import Kind
from registrations.models.people import national

RELATED = ("season", "team__season", "player", "guardian")
MEDICAL_LIMIT = 500
LONGEST_TEXT = 100_000  # characters of a long text in Airtable
_ROLES: dict[str, str] = {ChatMessage.Role.PARENT: "user", ChatMessage.Role.CLUB: "assistant"}


def registration_row(object_id: int) -> RowFields | None:
    """The fields of one registration that are ours to write; None for one that belongs not there.

    That is a double, an erased one, and one that is gone.
    """
    registration = Registration.objects.select_related(*RELATED).filter(pk=object_id).first()
    if registration is None or registration.duplicate_of_id or registration.erased:
        return None
    fields = (
        _people(registration)
        | _place(registration)
        | _medical_and_history(registration)
        | _standing(registration)
        | _kit(registration)
        | _messages(registration)
        | _history(registration)
    )
    for part in settings.AIRTABLE_PARTS["registration"]:
        fields |= import_string(part)(registration)
    table = registrations_table(registration.season)
    return RowFields(table=table, sync_id=registration.sync_id, fields=fields)


def registrations_table(season: Season) -> str:
    """The table that holds a season's registrations."""
    return settings.AIRTABLE_TABLE or season.airtable_table


def letter(value: bool | None) -> str:
    """Y or N, as the base writes it; "" for what is not known."""
    return "" if value is None else "Y" if value else "N"


def british(day: date | None) -> str:
    """14-05-2017: how the base writes birthdays."""
    return f"{day:%d-%m-%Y}" if day else ""


def pounds(pence: int) -> float:
    """45.0 for 4500: a currency column takes a number with two places."""
    return round(pence / 100, 2)


def _people(registration: Registration) -> dict[str, Any]:
    player, guardian = registration.player, registration.guardian
    return {
        "sync_id": str(registration.sync_id),
        "player_first_name": player.first_name,
        "player_last_name": player.last_name,
        "player_dob": british(player.dob),
        "player_gender": player.gender,
        "player_telephone": national(player.phone),
        "player_email": player.email,
        "parent_first_name": guardian.first_name,
        "parent_last_name": guardian.last_name,
        "parent_dob": british(guardian.dob),
        "parent_relationship_to_player": registration.relationship,
        "parent_telephone": national(guardian.phone),
        "parent_email": guardian.email,
        "registree_role": registration.registree_role,
        **_address("parent", guardian),
        **_address("player", player),
    }


def _address(who: str, person: Guardian | Player) -> dict[str, str]:
    return {
        f"{who}_post_code": person.postcode,
        f"{who}_house_number": person.house_number,
        f"{who}_full_address": person.full_address,
        f"{who}_address_line_1": person.address_line_1,
        f"{who}_town": person.town,
        f"{who}_city": person.city,
    }


def _place(registration: Registration) -> dict[str, Any]:
    return {
        "age_group": registration.team.age_group,
        "team": registration.team.name,
        "season": registration.season.code,
        "registration_code": registration.code,
        "registration_type": registration.kind,
        "initial_db_write_timestamp": registration.submitted_at.astimezone(UTC).strftime(
            "%Y-%m-%dT%H:%M:%S.000Z"
        ),
    }


def _medical_and_history(registration: Registration) -> dict[str, Any]:
    consent = registration.consents.filter(kind="club_messages").order_by("-decided_at").first()
    return {
        "player_has_any_medical_issues": letter(registration.has_medical_issues),
        "description_of_player_medical_issues": registration.medical_notes[:MEDICAL_LIMIT],
        "communication_consent": letter(consent.given) if consent else "",
        "played_for_urmston_town_last_season": letter(registration.played_last_season),
        "played_elsewhere_last_season": letter(registration.played_elsewhere),
        "previous_team_name": registration.previous_team,
    }


def _standing(registration: Registration) -> dict[str, Any]:
    mandate = registration.collection_arranged_by == Registration.CollectionSource.MANDATE
    status = Registration.Status
    return {
        "preferred_payment_day": registration.payment_day,
        "signing_on_fee_amount": pounds(registration.signing_on_fee_pence),
        "monthly_subscription_amount": pounds(registration.monthly_fee_pence),
        "signing_on_fee_paid": letter(registration.fee_settled_at is not None),
        "mandate_authorised": letter(mandate),
        # The base has no choice for a child who waits for a place or is on trial.
        "registration_status": ""
        if registration.status in (status.WAITING, status.TRIAL)
        else registration.status,
    }


def _kit(registration: Registration) -> dict[str, Any]:
    number = registration.shirt_number
    photo = registration.photos.filter(state=Photo.State.ACCEPTED).first()
    link = f"{settings.PUBLIC_URL}/admin/registrations/photo/{photo.uuid}" if photo else ""
    return {
        "new_kit_required": letter(registration.new_kit_required),
        "kit_type_required": str(registration.kit_type),
        "kit_size": registration.kit_size,
        "shirt_number": str(number) if number else "",
        # Staff only: our own address asks who is looking (design 3.7).
        "id_image_link": link,
        # Whoever comes back may keep last season's photo.
        "id_photo_required": letter(registration.kind == Registration.Kind.NEW),
    }


def _messages(registration: Registration) -> dict[str, Any]:
    """How the payment link fared, and how often the family was reminded."""
    reminders = registration.sms.filter(kind=Kind.ARREARS, sent_at__isnull=False).count()
    count = {"payment_follow_up_count": reminders}
    latest = registration.sms.filter(kind=Kind.PAYMENT_LINK).order_by("-resend").first()
    if latest is None:
        return count | {"sms_sent_at": "", "sms_delivery_status": "", "sms_delivery_error": ""}
    failed = latest.status in (Sms.Status.FAILED, Sms.Status.UNDELIVERED)
    return count | {
        "sms_sent_at": _moment(latest),
        "sms_delivery_status": latest.status,
        "sms_delivery_error": latest.error if failed else "",
    }


def _history(registration: Registration) -> dict[str, str]:
    """What was said, where the club wants it; medical answers are never written down."""
    if not settings.AIRTABLE_CONVERSATIONS:
        return {}
    said = ChatMessage.objects.filter(draft__registration=registration)
    lines = [
        json.dumps({"role": _ROLES[role], "content": text}, ensure_ascii=False)
        for role, text in said.values_list("role", "text")
    ]
    while sum(map(len, lines)) + 2 * len(lines) > LONGEST_TEXT:
        lines.pop(0)
    return {"conversation_history": f"[{', '.join(lines)}]" if lines else ""}


def _moment(sms: Sms) -> str:
    if sms.sent_at is None:
        return ""
    return sms.sent_at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z")
