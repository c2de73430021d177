"""One Direct Debit for a family: for the next season, and for a brother or sister (domain 5.7).

It is offered only to whoever holds the phone on file: the link that was sent there carries a mark
(payments.actions.proving), or six digits that were sent there were typed in the chat. A number that
somebody typed gets no offer and no hint (design 3.8).
"""

from datetime import datetime

from django.db import transaction
from django.db.models import Q

from integrations import clock
from payments.actions import ending, mandates, proving
from payments.actions.fulfilment import DEAD_MANDATE, ENDED, plan_subscription
from payments.models import Mandate, Payment
from registrations.actions import messages, states
from registrations.models import Guardian, Registration, TimelineEntry, note

# The bank has not got it: it can still be stopped (wire 3.2).
_NOT_CHARGED = ("", "pending_customer_approval", "pending_submission", "cancelled")


@transaction.atomic
def use_family_mandate(registration_id: int, *, at: datetime) -> bool:
    """Arrange collection by the family's newest living mandate; False where there is none."""
    registration = states.locked(registration_id)
    mandate = family_mandate(registration)
    if mandate is None or registration.collection_arranged_at or registration.cancelled_at:
        return False
    states.arrange_collection(registration.pk, at=at)
    words = "The family's Direct Debit is used again"
    note(registration, TimelineEntry.Kind.PAYMENT, words, at=at)
    collect_if_ready(registration.pk, at=at)
    return True


def collect_if_ready(registration_id: int, *, at: datetime) -> None:
    """Plan the monthly collection once the fee is settled, where the family's mandate is used.

    One that came with this registration's own request is planned when that is fulfilled.
    """
    registration = Registration.objects.select_related("guardian").get(pk=registration_id)
    by_mandate = registration.collection_arranged_by == Registration.CollectionSource.MANDATE
    if not (registration.fee_settled_at and by_mandate) or registration.cancelled_at:
        return
    if mandates.living_mandate(registration) or registration.payment_day is None:
        return
    mandate = family_mandate(registration)
    if mandate and not registration.subscriptions.exclude(status__in=ENDED).exists():
        plan_subscription(registration.pk, mandate, at=at)


def family_mandate(registration: Registration) -> Mandate | None:
    """The newest living mandate of the same parent, or of the same proven phone."""
    parent = registration.guardian
    same = Q(guardian=parent)
    if parent.phone and parent.phone_proven_at:
        same |= Q(guardian__phone=parent.phone, guardian__phone_proven_at__isnull=False)
    found = Mandate.objects.filter(same, replaced_by=None)
    return found.exclude(status__in=DEAD_MANDATE).first()


def offered(registration: Registration, mark: str) -> Mandate | None:
    """The family's mandate, where the visitor came by the text to the phone that it is known by."""
    phone = str(registration.guardian.phone)
    if not phone or not proving.fits(registration.token, phone, mark):
        return None
    return shareable(registration)


def shareable(registration: Registration) -> Mandate | None:
    """Another child's mandate, known by the same phone; only for whoever has proved that phone."""
    phone = registration.guardian.phone
    if registration.collection_arranged_at or not registration.asks_for_payment or not phone:
        return None
    same = Mandate.objects.filter(guardian__phone=phone, replaced_by=None)
    same = same.filter(guardian__phone_proven_at__isnull=False)
    same = same.exclude(billing_request__registration=registration)
    return same.exclude(status__in=DEAD_MANDATE).first()


def children_on(mandate: Mandate) -> list[tuple[str, int]]:
    """Whom it collects for, and how much a month each: (first name, pence)."""
    rows = mandate.subscriptions.exclude(status__in=ENDED).select_related("registration__player")
    return [(row.registration.player.first_name, row.pence) for row in rows.order_by("pk")]


@transaction.atomic
def share(registration_id: int, *, at: datetime) -> bool:
    """The holder of the phone, who proved it, wants this child on the Direct Debit too.

    The payer is told.
    """
    registration = states.locked(registration_id)
    if shareable(registration) is None:
        return False
    Guardian.objects.filter(pk=registration.guardian_id, phone_proven_at=None).update(
        phone_proven_at=at
    )
    registration.guardian.refresh_from_db()
    if not use_family_mandate(registration.pk, at=at):
        return False
    messages.queue_on_family_mandate(registration, at=at)
    return True


@transaction.atomic
def object_to(registration_id: int) -> bool:
    """The payer did not want it: nothing is collected for this child; before the first charge."""
    registration = states.locked(registration_id)
    if not may_object(registration):
        return False
    moment = clock.now()
    words = "the payer objects to this child on the family's Direct Debit"
    ending.leave(registration, reason=words, by="the payer")
    states.collection_lost(registration.pk, at=moment, reason=words)
    return True


def may_object(registration: Registration) -> bool:
    """Collected by a mandate that came with another registration, and nothing at the bank yet."""
    by_mandate = registration.collection_arranged_by == Registration.CollectionSource.MANDATE
    own = Mandate.objects.filter(billing_request__registration=registration)
    charged = registration.payments.exclude(purpose=Payment.Purpose.SIGNING_ON_FEE)
    charged = charged.exclude(status__in=_NOT_CHARGED)
    return bool(by_mandate and not own.exists() and not charged.exists())
