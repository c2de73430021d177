"""The club's base in Airtable: its tables and fields, by name and type (domain 4.1, 4.2)."""

from typing import Any

Field = dict[str, Any]

MONTHS = ("sep", "oct", "nov", "dec", "jan", "feb", "mar", "apr", "may")
KIT_SIZES = ("5/6", "7/8", "9/10", "11/12", "13/14", "S", "M", "L", "XL", "2XL", "3XL")
STATUSES = ("pending_payment", "incomplete", "active", "suspended", "cancelled")
SMS_STATUSES = ("pending", "sent", "delivered", "failed", "undelivered")


def text(*names: str) -> list[Field]:
    """Single lines of text."""
    return [{"name": name, "type": "singleLineText"} for name in names]


def long_text(*names: str) -> list[Field]:
    """Text of any length."""
    return [{"name": name, "type": "multilineText"} for name in names]


def typed(kind: str, *names: str) -> list[Field]:
    """Fields of a type that has no options."""
    return [{"name": name, "type": kind} for name in names]


def select(name: str, *choices: str) -> Field:
    """One of the choices."""
    return {
        "name": name,
        "type": "singleSelect",
        "options": {"choices": [{"name": choice} for choice in choices]},
    }


def yes_no(*names: str) -> list[Field]:
    """Selects of the letters Y and N."""
    return [select(name, "Y", "N") for name in names]


def pounds(*names: str) -> list[Field]:
    """Amounts in pounds, two decimals."""
    options = {"precision": 2, "symbol": "£"}
    return [{"name": name, "type": "currency", "options": options} for name in names]


def whole(*names: str) -> list[Field]:
    """Whole numbers."""
    return [{"name": name, "type": "number", "options": {"precision": 0}} for name in names]


def day(*names: str) -> list[Field]:
    """Calendar dates."""
    options = {"dateFormat": {"name": "iso"}}
    return [{"name": name, "type": "date", "options": options} for name in names]


def moment(*names: str) -> list[Field]:
    """Moments, shown in London time."""
    options = {
        "dateFormat": {"name": "iso"},
        "timeFormat": {"name": "24hour"},
        "timeZone": "Europe/London",
    }
    return [{"name": name, "type": "dateTime", "options": options} for name in names]


def _address(whose: str) -> list[Field]:
    parts = ("post_code", "house_number", "full_address", "address_line_1", "town", "city")
    return text(*(f"{whose}_{part}" for part in parts))


REGISTRATIONS: list[Field] = [
    *text("sync_id"),
    *long_text("sync_error"),
    *text("player_first_name", "player_last_name", "player_dob", "player_gender"),
    *text("age_group", "team", "player_has_any_medical_issues"),
    *long_text("description_of_player_medical_issues"),
    *text("parent_first_name", "parent_last_name", "parent_dob", "parent_relationship_to_player"),
    *text("parent_telephone", "player_telephone"),
    *typed("email", "parent_email", "player_email"),
    *yes_no("communication_consent"),
    *text("registree_role"),
    *_address("parent"),
    *_address("player"),
    *text("played_for_urmston_town_last_season", "previous_team_name"),
    *yes_no("played_elsewhere_last_season"),
    *text("registration_code", "original_registration_code"),
    select("registration_type", "100", "200"),
    *text("season", "billing_request_id"),
    *whole("preferred_payment_day"),
    *pounds("signing_on_fee_amount", "monthly_subscription_amount"),
    *yes_no("signing_on_fee_paid", "mandate_authorised", "subscription_activated"),
    select("registration_status", *STATUSES),
    *whole("payment_follow_up_count"),
    *moment("initial_db_write_timestamp"),
    *text("ongoing_subscription_id", "interim_subscription_id"),
    *day("subscription_start_date"),
    *text("subscription_status"),
    *long_text("subscription_error"),
    *text(*(f"{month}_subscription_payment_status" for month in MONTHS)),
    *yes_no("new_kit_required"),
    select("kit_type_required", "Goalkeeper", "Outfield"),
    select("kit_size", *KIT_SIZES),
    select("shirt_number", *(str(number) for number in range(1, 26))),
    *typed("url", "id_image_link"),
    *yes_no("id_photo_required"),
    *long_text("conversation_history"),
    *moment("sms_sent_at"),
    select("sms_delivery_status", *SMS_STATUSES),
    *long_text("sms_delivery_error"),
]
# What Airtable works out for itself: name and formula; no one writes these.
REGISTRATION_FORMULAS = {
    "player_full_name": '{player_first_name} & " " & {player_last_name}',
    "parent_full_name": '{parent_first_name} & " " & {parent_last_name}',
    "record_id": "RECORD_ID()",
    "id_photo_provided": 'IF({id_image_link}, "Y", "N")',
    **{
        f"subscription_paid_{month}": (
            f'IF({{{month}_subscription_payment_status}} = "confirmed", "Y", "N")'
        )
        for month in MONTHS
    },
}
TEAMS: list[Field] = [
    *text("short_team_name", "age_group", "current_season", "need_new_kit_current_season"),
    *long_text("sync_error"),
]
SUSPENSIONS: list[Field] = [
    *text("sync_id", "registration", "player_full_name", "team", "age_group", "season"),
    *long_text("reason"),
    *moment("suspended_at"),
    *text("decided_by"),
    *moment("lifted_at"),
    *long_text("lifted_reason"),
    *long_text("sync_error"),
]
