"""The keys by which two registrations are seen to be about one child. Pure."""

from datetime import date


def child_key(first: str, last: str, dob: date) -> str:
    """Case-folded full name and birthday: "sam o'neil 2017-05-14"."""
    name = " ".join(f"{first} {last}".casefold().split())
    return f"{name[:115]} {dob:%Y-%m-%d}"


def contact_key(phone: str) -> str:
    """The guardian's mobile as E.164."""
    return phone
