"""Correct how a guardian is reached."""

from datetime import datetime

from django.db import transaction

from registrations import keys
from registrations.actions import states, sync
from registrations.models import Email, Guardian, Registration, Sms, TimelineEntry, note


@transaction.atomic
def correct_phone(registration_id: int, phone: str, *, at: datetime, by: str = "") -> None:
    """A guardian's mobile (E.164) was wrong; texts to the old one that have not gone are withdrawn.

    A registration whose child is already registered with the new number becomes a double.
    """
    registration = states.locked(registration_id)
    guardian = Guardian.objects.select_for_update().get(pk=registration.guardian_id)
    if str(guardian.phone) == phone:
        return
    Guardian.objects.filter(pk=guardian.pk).update(phone=phone, phone_proven_at=None)
    _withdraw_unsent(guardian)
    for pk in guardian.registrations.order_by("pk").values_list("pk", flat=True):
        _rekey(pk, phone, at)
    note(registration, TimelineEntry.Kind.MESSAGE, "Mobile number corrected", at=at, by=by)


@transaction.atomic
def correct_email(registration_id: int, email: str, *, at: datetime, by: str = "") -> None:
    """A guardian's e-mail address is another one now; what is not yet sent goes there."""
    registration = states.locked(registration_id)
    guardian = Guardian.objects.select_for_update().get(pk=registration.guardian_id)
    if guardian.email == email:
        return
    Guardian.objects.filter(pk=guardian.pk).update(email=email, email_proven_at=None)
    waiting = Email.objects.filter(
        registration__guardian=guardian, due_at__isnull=False, leased_until=None
    )
    waiting.update(to=email)
    for pk in guardian.registrations.order_by("pk").values_list("pk", flat=True):
        sync.touch(states.locked(pk))
    note(registration, TimelineEntry.Kind.MESSAGE, "E-mail address corrected", at=at, by=by)


def _withdraw_unsent(guardian: Guardian) -> None:
    # A text that is being sent at this moment, or may have been, is past calling back.
    unsent = Sms.objects.filter(
        registration__guardian=guardian,
        sid="",
        due_at__isnull=False,
        uncertain_since=None,
        leased_until=None,
    )
    unsent.update(due_at=None, status=Sms.Status.FAILED, error="the number was corrected")


def _rekey(registration_id: int, phone: str, at: datetime) -> None:
    row = states.locked(registration_id)
    key = keys.contact_key(phone)
    same = Registration.objects.live().filter(
        season=row.season_id, child_key=row.child_key, contact_key=key
    )
    original = same.exclude(pk=row.pk).order_by("pk").first()
    row.contact_key = key
    if original and not row.duplicate_of_id and not row.cancelled_at:
        row.duplicate_of = original
        states.add_flag(row, "the same child is already registered with this number", at=at)
    states.save(row)
