"""One value at a time: read, normalise, refuse. Pure: no models, no clock (design 4)."""

from .choices import Relationship, gender, gender_needs_note, photo_use, relationship, yes_no
from .contact import SecondContact, email, mobile, second_contact
from .dates import LAST_DAY, date_of_birth, payment_day
from .health import Medical, medical, mentions_health
from .kit import KIT_SIZES, SHIRT_NUMBERS, kit_size, shirt_number
from .names import PersonName, person_name, played_elsewhere, played_here, renamed, team_name
from .places import TypedAddress, house_number, postcode, same_address, typed_address
from .plain import Refused

__all__ = [
    "KIT_SIZES",
    "LAST_DAY",
    "SHIRT_NUMBERS",
    "Medical",
    "PersonName",
    "Refused",
    "Relationship",
    "SecondContact",
    "TypedAddress",
    "date_of_birth",
    "email",
    "gender",
    "gender_needs_note",
    "house_number",
    "kit_size",
    "medical",
    "mentions_health",
    "mobile",
    "payment_day",
    "person_name",
    "photo_use",
    "played_elsewhere",
    "played_here",
    "postcode",
    "relationship",
    "renamed",
    "same_address",
    "second_contact",
    "shirt_number",
    "team_name",
    "typed_address",
    "yes_no",
]
