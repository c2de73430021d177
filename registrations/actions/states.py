"""A registration's status: facts go in, one function works out what follows (domain 5.4).

Each action locks the row, notes the timeline and marks the Airtable row as behind; calling it
again changes nothing. `by` is a user, a name, or nothing where the platform itself acted.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.db import transaction

from integrations import clock
from registrations.actions import messages, sync
from registrations.models import PlaceOffer, Registration, Suspension, TimelineEntry, note
from registrations.ports import desk

Actor = AbstractBaseUser | str | None
Kind = TimelineEntry.Kind


def derive_status(registration: Registration, *, suspended: bool) -> Registration.Status:
    """The status that follows from the dated facts and from an open suspension."""
    status = Registration.Status
    settled, arranged = registration.fee_settled_at, registration.collection_arranged_at
    facts = [
        (registration.cancelled_at, status.CANCELLED),
        (suspended, status.SUSPENDED),
        (registration.trial_ends_at, status.TRIAL),
        (registration.waiting_since, status.WAITING),
        (settled and arranged, status.ACTIVE),
        (settled, status.INCOMPLETE),
    ]
    return next((name for fact, name in facts if fact), status.PENDING_PAYMENT)


def locked(registration_id: int) -> Registration:
    """The registration with its season and team, locked until the transaction ends.

    Rows that point at it may still be written meanwhile: PostgreSQL looks at those references when
    they are committed, and would otherwise wait for us while we wait for what they hold.
    """
    rows = Registration.objects.select_for_update(of=("self",), no_key=True)
    return rows.select_related("season", "team", "guardian", "player").get(pk=registration_id)


def locked_together(ids: Iterable[int]) -> dict[int, Registration]:
    """Several registrations by id, with their seasons, locked in the one order that is safe."""
    rows = Registration.objects.select_for_update(of=("self",), no_key=True)
    rows = rows.filter(pk__in=list(ids))
    return {row.pk: row for row in rows.select_related("season").order_by("pk")}


def save(registration: Registration) -> None:
    """Derive the status, save, and mark the row in Airtable as behind."""
    suspended = registration.suspensions.filter(lifted_at=None).exists()
    before, registration.status = (
        registration.status,
        derive_status(registration, suspended=suspended),
    )
    registration.save()
    if before != registration.status:
        words = f"Status: {registration.get_status_display()}"
        note(registration, Kind.STATE, words, at=clock.now())
    sync.touch(registration)


def add_flag(registration: Registration, words: str, *, at: datetime) -> None:
    """Set a flag on a registration that the caller has locked and will save."""
    if words not in registration.flags:
        registration.flags = [*registration.flags, words]
        registration.flagged_at = registration.flagged_at or at


@transaction.atomic
def flag(registration_id: int, words: str, *, at: datetime) -> None:
    """Ask staff to look at a registration, once for the same words."""
    registration = locked(registration_id)
    if words not in registration.flags:
        add_flag(registration, words, at=at)
        registration.save(update_fields=["flags", "flagged_at"])
        note(registration, Kind.STAFF, f"Needs a person: {words}", at=at)


@transaction.atomic
def settle_fee(
    registration_id: int, *, at: datetime, source: str = "paid", by: Actor = None
) -> None:
    """The signing-on fee is settled: "paid", "by_hand" or "waived"."""
    registration = locked(registration_id)
    if registration.fee_settled_at:
        return
    registration.fee_settled_at, registration.fee_settled_by = at, source
    words = registration.get_fee_settled_by_display()
    note(registration, Kind.PAYMENT, f"Signing-on fee: {words}", at=at, by=name_of(by))
    _flag_if_cancelled(registration, "paid although cancelled", at)
    save(registration)
    desk().price_again(registration.pk)


@transaction.atomic
def arrange_collection(
    registration_id: int, *, at: datetime, source: str = "mandate", by: Actor = None
) -> None:
    """Monthly collection is arranged: "mandate", "by_hand" or "exempt"."""
    registration = locked(registration_id)
    if registration.collection_arranged_at:
        return
    registration.collection_arranged_at, registration.collection_arranged_by = at, source
    words = registration.get_collection_arranged_by_display()
    note(registration, Kind.PAYMENT, f"Monthly collection: {words}", at=at, by=name_of(by))
    _flag_if_cancelled(registration, "Direct Debit set up although cancelled", at)
    save(registration)


@transaction.atomic
def unsettle_fee(registration_id: int, *, at: datetime, reason: str, by: Actor = None) -> None:
    """The payment of the fee failed after all; what staff settled or a later payment stays."""
    registration = locked(registration_id)
    settled = registration.fee_settled_at
    paid = registration.fee_settled_by == Registration.FeeSource.PAID
    if settled is None or not paid or at < settled:
        return
    registration.fee_settled_at, registration.fee_settled_by = None, ""
    note(registration, Kind.PAYMENT, f"Signing-on fee no longer settled: {reason}", at=at)
    add_flag(registration, f"signing-on fee failed: {reason}", at=at)
    save(registration)
    messages.queue_payment_failed(registration, at=clock.now())
    desk().price_again(registration.pk)


@transaction.atomic
def take_back_fee(registration_id: int, *, reason: str, at: datetime, by: Actor = None) -> None:
    """What staff had recorded or waived is undone: the fee is owed again."""
    registration = locked(registration_id)
    if registration.fee_settled_by in ("", Registration.FeeSource.PAID):
        return
    registration.fee_settled_at, registration.fee_settled_by = None, ""
    words = f"Signing-on fee no longer settled: {reason}"
    note(registration, Kind.PAYMENT, words, at=at, by=name_of(by))
    save(registration)
    desk().price_again(registration.pk)


@transaction.atomic
def collection_lost(registration_id: int, *, at: datetime, reason: str, by: Actor = None) -> None:
    """The mandate is gone; what staff arranged by hand, or a later mandate, stays."""
    registration = locked(registration_id)
    arranged = registration.collection_arranged_at
    mandate = registration.collection_arranged_by == Registration.CollectionSource.MANDATE
    if arranged is None or not mandate or at < arranged:
        return
    registration.collection_arranged_at, registration.collection_arranged_by = None, ""
    note(registration, Kind.PAYMENT, f"Direct Debit lost: {reason}", at=at, by=name_of(by))
    add_flag(registration, f"Direct Debit lost: {reason}", at=at)
    save(registration)


@transaction.atomic
def suspend(registration_id: int, *, reason: str, at: datetime, by: Actor = None) -> None:
    """The child may not play until reinstated (domain 5.8)."""
    registration = locked(registration_id)
    if registration.suspensions.filter(lifted_at=None).exists():
        return
    suspension = Suspension.objects.create(
        registration=registration, reason=reason[:200], suspended_at=at, decided_by=_user(by)
    )
    note(registration, Kind.STATE, f"Suspended: {reason}", at=at, by=name_of(by))
    sync.touch_suspension(suspension)
    save(registration)


@transaction.atomic
def reinstate(registration_id: int, *, reason: str, at: datetime, by: Actor = None) -> None:
    """Lift the open suspension; the status is again what the facts say."""
    registration = locked(registration_id)
    change: dict[str, Any] = {
        "lifted_at": at,
        "lifted_by": _user(by),
        "lifted_reason": reason[:200],
    }
    lifted = registration.suspensions.filter(lifted_at=None).first()
    if lifted is not None:
        Suspension.objects.filter(pk=lifted.pk).update(**change)
        sync.touch_suspension(lifted)
        note(registration, Kind.STATE, f"Reinstated: {reason}", at=at, by=name_of(by))
        save(registration)


@transaction.atomic
def cancel(registration_id: int, *, reason: str, at: datetime, by: Actor = None) -> None:
    """End a registration; its shirt number becomes free."""
    registration = locked(registration_id)
    if registration.cancelled_at:
        return
    registration.cancelled_at, registration.cancelled_reason = at, reason[:200]
    _withdraw_offers(registration, at)
    note(registration, Kind.STATE, f"Cancelled: {reason}", at=at, by=name_of(by))
    save(registration)
    desk().end_collection(registration.pk, reason=f"cancelled: {reason}", by=name_of(by))
    desk().price_again(registration.pk)


@transaction.atomic
def give_place(registration_id: int, *, at: datetime, by: Actor = None) -> None:
    """A child who waits or is on trial joins the squad; the parent is asked for payment.

    Raises ValidationError where the registration was cancelled.
    """
    registration = locked(registration_id)
    if registration.cancelled_at:
        raise ValidationError("This registration was cancelled.")
    if registration.in_squad:
        return
    registration.waiting_since = registration.trial_ends_at = registration.turn = None
    _withdraw_offers(registration, at)
    note(registration, Kind.STATE, "Given a place", at=at, by=name_of(by))
    save(registration)
    if registration.asks_for_payment and not registration.fee_settled_at:
        desk().ask_for_payment(registration.pk)
        messages.queue_payment_link(registration, at=at, by=name_of(by))


@transaction.atomic
def resolve_flags(registration_id: int, by: Actor = None, *, at: datetime | None = None) -> None:
    """Staff have looked at what was flagged."""
    registration = locked(registration_id)
    if registration.flagged_at is None:
        return
    words = f"Looked at: {'; '.join(registration.flags)}"
    registration.flags, registration.flagged_at = [], None
    registration.save(update_fields=["flags", "flagged_at"])
    note(registration, Kind.STAFF, words, at=at or clock.now(), by=name_of(by))


def name_of(by: Actor) -> str:
    """How the timeline names whoever acted."""
    return by if isinstance(by, str) else by.get_username() if by else ""


def _withdraw_offers(registration: Registration, at: datetime) -> None:
    """What was offered is answered otherwise: the link opens nothing any more."""
    registration.offers.open().update(outcome=PlaceOffer.Outcome.WITHDRAWN, ended_at=at)


def _user(by: Actor) -> User | None:
    return by if isinstance(by, User) else None


def _flag_if_cancelled(registration: Registration, words: str, at: datetime) -> None:
    if registration.cancelled_at:
        add_flag(registration, words, at=at)
