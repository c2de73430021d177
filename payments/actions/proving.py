"""Proving a phone or an e-mail address: the payment was made through the link sent there.

The same link is offered in the chat, to whoever typed the number; so a link in a text carries a
mark, and only a registration whose link was never opened otherwise proves anything.
"""

from datetime import datetime

from django.utils.crypto import constant_time_compare, salted_hmac

from payments.models import LinkOpening
from registrations.models import Guardian, Registration

MARK = "s"
LENGTH = 12


def mark(token: str, sent_to: str) -> str:
    """The part of a link that only the text to that phone, or the e-mail, contains."""
    return salted_hmac("payments.proving", f"{token} {sent_to}").hexdigest()[:LENGTH]


def note_opening(registration: Registration, given: str, *, at: datetime) -> None:
    """A visit of the payment link, with its mark or without; in the caller's transaction."""
    known = (str(registration.guardian.phone), registration.guardian.email)
    places = [to for to in known if to and fits(registration.token, to, given)]
    LinkOpening.objects.get_or_create(
        registration=registration,
        sent_to=places[0] if places else "",
        defaults={"first_at": at},
    )


def note_payment(registration: Registration, *, at: datetime) -> bool:
    """The registration was paid: what its link proves is kept; True where that is news."""
    openings = LinkOpening.objects.filter(registration=registration)
    opened = set(openings.values_list("sent_to", flat=True))
    guardians = Guardian.objects.filter(pk=registration.guardian_id)
    if not opened or len(opened) > 1:
        return False
    [place] = opened
    if place and place == str(registration.guardian.phone):
        return bool(guardians.filter(phone=place, phone_proven_at=None).update(phone_proven_at=at))
    if place and place == registration.guardian.email:
        return bool(guardians.filter(email=place, email_proven_at=None).update(email_proven_at=at))
    return False


def fits(token: str, sent_to: str, given: str) -> bool:
    """Whether a mark is the one that was sent there."""
    return constant_time_compare(mark(token, sent_to), given)
