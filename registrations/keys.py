"""The keys by which two registrations are seen to be about one child. Pure."""

import unicodedata
from datetime import date


def child_key(first: str, last: str, dob: date) -> str:
    """Case-folded name and birthday; accents, apostrophes and spacing make no difference."""
    letters = unicodedata.normalize("NFKD", f"{first} {last}").casefold()
    name = "".join(letter for letter in letters if letter.isalnum() or letter == " ")
    return f"{' '.join(name.split())[:115]}|{dob.isoformat()}"


def contact_key(phone: str) -> str:
    """The guardian's mobile as E.164."""
    return phone
