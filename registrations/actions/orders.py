"""Orders that volunteers give by editing Airtable: suspend, reinstate, cancel (design.md 5)."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction

from registrations.actions import states, sync
from registrations.models import Registration, Suspension

BY = "Airtable"
REASON = "in Airtable"


class Forbidden(ValueError):
    """The facts do not allow it; the text says why, for volunteers."""


@transaction.atomic
def set_status(registration_id: int, wanted: str, *, at: datetime) -> None:
    """Carry out what a volunteer typed as registration_status; raises Forbidden."""
    registration = states.locked(registration_id)
    suspended = registration.suspensions.filter(lifted_at=None).exists()
    status, facts = Registration.Status, states.derive_status(registration, suspended=False)
    if wanted == registration.status:
        return
    if registration.season.closed_at:
        raise Forbidden("The season is closed: it can be read, no longer changed")
    if registration.cancelled_at:
        raise Forbidden("A cancelled registration stays cancelled: register the child anew")
    if wanted == status.CANCELLED:
        states.cancel(registration_id, reason=REASON, at=at, by=BY)
    elif wanted == status.SUSPENDED:
        states.suspend(registration_id, reason=REASON, at=at, by=BY)
    elif suspended and wanted == facts:
        states.reinstate(registration_id, reason=REASON, at=at, by=BY)
    else:
        raise Forbidden(_why_not(wanted, registration, facts))


def _why_not(wanted: str, registration: Registration, facts: str) -> str:
    if wanted == Registration.Status.ACTIVE:
        lacks = [
            words
            for fact, words in [
                (registration.fee_settled_at, "the signing-on fee is not paid"),
                (registration.collection_arranged_at, "there is no Direct Debit"),
                (not registration.waiting_since, "the child waits for a place"),
                (not registration.trial_ends_at, "the child is on trial"),
            ]
            if not fact
        ]
        return f"Not active: {' and '.join(lacks)}"
    return f"The status follows from payments and suspensions: it is {facts}"


@transaction.atomic
def lift(suspension_id: int, moment: datetime | None, *, at: datetime) -> None:
    """Reinstate because lifted_at was filled in; raises Forbidden where it was emptied or moved."""
    one = Suspension.objects.get(pk=suspension_id)
    if moment is None:
        raise Forbidden("A suspension that was lifted stays lifted: suspend again by a new row")
    if one.lifted_at is not None:
        raise Forbidden("This suspension was lifted already")
    states.reinstate(one.registration_id, reason=one.lifted_reason or REASON, at=at, by=BY)


@transaction.atomic
def reword(suspension_id: int, values: Mapping[str, Any]) -> dict[str, str]:
    """Change the reasons; returns {field: why not}."""
    texts = {name: str(value or "").strip() for name, value in values.items()}
    refused = {}
    if not texts.get("reason", "-"):
        refused["reason"] = "reason may not be empty"
    for name, text in texts.items():
        if len(text) > 200:
            refused[name] = f"{name} is longer than 200 characters"
    taken = {name: text for name, text in texts.items() if name not in refused}
    if taken:
        Suspension.objects.filter(pk=suspension_id).update(**taken)
    return refused


@transaction.atomic
def suspend(cells: Mapping[str, Any], *, at: datetime) -> Suspension:
    """Suspend by a row that volunteers entered: a registration's sync id and a reason."""
    try:
        wanted = UUID(str(cells.get("registration") or ""))
    except ValueError:
        raise Forbidden("registration must hold the sync_id of a registration") from None
    registration = Registration.objects.filter(sync_id=wanted).first()
    if registration is None:
        raise Forbidden("There is no registration of that sync_id")
    reason = str(cells.get("reason") or "").strip()
    if not 1 <= len(reason) <= 200:
        raise Forbidden("reason must have 1 to 200 letters")
    if registration.suspensions.filter(lifted_at=None).exists():
        raise Forbidden("This registration is suspended already")
    if registration.cancelled_at:
        raise Forbidden("This registration is cancelled")
    states.suspend(registration.pk, reason=reason, at=at, by=BY)
    made = registration.suspensions.get(lifted_at=None)
    sync.touch_suspension(made)
    return made
