"""The payment day, and getting the payment link to the parent (domain 2.1 steps 29 and 30)."""

from datetime import datetime, timedelta

from django.db import transaction

from registrations.actions import messages, states
from registrations.models import Sms, TimelineEntry, note
from registrations.models.messages import Kind
from registrations.ports import desk

BETWEEN_REMINDERS = timedelta(hours=1)


@transaction.atomic
def choose_day(registration_id: int, day: int, *, at: datetime) -> None:
    """Keep the day (1 to 28, or -1), ask for payment and owe the link; nothing the second time.

    A child who waits for a place or is on trial is asked for nothing. For a double the first
    registration's own link goes out again, so that the chat tells nobody that a child is on file
    (design 3.8).
    """
    registration = states.locked(registration_id)
    if registration.payment_day is not None:
        return
    registration.payment_day = day
    if not registration.in_squad:
        registration.completed_at = at
    states.save(registration)
    if registration.duplicate_of_id:
        remind(registration.duplicate_of_id, at=at)
    elif registration.asks_for_payment:
        desk().ask_for_payment(registration.pk)
        messages.queue_payment_link(registration, at=at)


@transaction.atomic
def remind(registration_id: int, *, at: datetime) -> bool:
    """Send an unpaid registration's link again to the number on file, at most once an hour."""
    registration = states.locked(registration_id)
    settled = registration.fee_settled_at and registration.collection_arranged_at
    recent = Sms.objects.filter(
        registration=registration,
        kind=Kind.PAYMENT_LINK,
        created_at__gt=at - BETWEEN_REMINDERS,
    )
    # Before the payment day there is nothing to pay yet.
    if settled or registration.payment_day is None or recent.exists():
        return False
    return messages.queue_payment_link(registration, at=at) is not None


@transaction.atomic
def resend_link(registration_id: int, *, at: datetime) -> None:
    """Send the link again because the parent says that it did not come."""
    registration = states.locked(registration_id)
    if registration.duplicate_of_id:
        remind(registration.duplicate_of_id, at=at)
    else:
        messages.queue_payment_link(registration, at=at)


@transaction.atomic
def mail_link(registration_id: int, *, at: datetime) -> None:
    """Send the link by e-mail because the parent asked for it so."""
    registration = states.locked(registration_id)
    if registration.duplicate_of_id:
        remind(registration.duplicate_of_id, at=at)
    else:
        messages.queue_payment_email(registration, at=at)


@transaction.atomic
def link_arrived(registration_id: int, *, at: datetime) -> None:
    """The parent says that the text came."""
    registration = states.locked(registration_id)
    if registration.sms_received_at is None:
        registration.sms_received_at = at
        registration.save(update_fields=["sms_received_at"])
        note(registration, TimelineEntry.Kind.CHAT, "Parent has the payment link", at=at)
