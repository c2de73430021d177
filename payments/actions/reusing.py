"""A family that has a Direct Debit already needs no second one for the next season."""

from datetime import datetime

from django.db import transaction

from payments.actions import following
from payments.actions.fulfilment import DEAD_MANDATE, ENDED, plan_subscription
from payments.models import Mandate
from registrations.actions import states
from registrations.models import Registration, TimelineEntry, note


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
    if following.living_mandate(registration) or registration.payment_day is None:
        return
    mandate = family_mandate(registration)
    if mandate and not registration.subscriptions.exclude(status__in=ENDED).exists():
        plan_subscription(registration.pk, mandate, at=at)


def family_mandate(registration: Registration) -> Mandate | None:
    """The newest mandate of the same parent by which money can be collected."""
    mandates = Mandate.objects.filter(guardian=registration.guardian_id, replaced_by=None)
    return mandates.exclude(status__in=DEAD_MANDATE).first()
