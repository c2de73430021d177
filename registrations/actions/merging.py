"""Two registrations of one child in one season become one: one goes, the other keeps everything.

Money, messages, photos and consents go over; what only the one that goes knew is taken over; it
ends as a cancelled double of the other, so that its history stays to be read.
"""

from datetime import datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import F, Max, Q, QuerySet

from registrations.actions import states, sync
from registrations.actions.states import Actor, name_of
from registrations.models import Email, Registration, Sms, TimelineEntry, note
from registrations.ports import desk

BECAUSE = "merged with another registration"
Kind = TimelineEntry.Kind
# Encrypted texts that are added to each other, and plain ones that are taken where there is none.
ADDED = ("medical_notes", "not_to_collect", "staff_notes")
TAKEN = ("emergency_name", "emergency_phone", "payment_day", "kit_size", "previous_team")


def others(gone: Registration) -> QuerySet[Registration]:
    """The season's other live registrations, any of which may be the same child."""
    rows = Registration.objects.filter(season=gone.season_id, cancelled_at=None, duplicate_of=None)
    return rows.exclude(pk=gone.pk)


def likely(gone: Registration) -> QuerySet[Registration]:
    """Those that are probably the same child: found so before, of one name, or of one birthday."""
    child = gone.player
    same = Q(pk=gone.duplicate_of_id or 0) | Q(child_key=gone.child_key)
    same |= Q(player__dob=child.dob, player__last_name__iexact=child.last_name)
    same |= Q(player__dob=child.dob, guardian__phone=gone.guardian.phone)
    return others(gone).filter(same)


def foresee(gone: Registration, kept: Registration) -> list[tuple[str, str]]:
    """All that happens, here and outside, in lines for staff to read before they press."""
    texts, mails, photos = gone.sms.count(), gone.emails.count(), gone.photos.count()
    lines = [
        ("Goes away", _named(gone)),
        ("Stays", _named(kept)),
        *desk().foresee_merging(gone.pk, kept.pk),
        ("Follows", f"{texts} texts, {mails} e-mails, {photos} photos, and what was consented to"),
        ("Texts not yet sent", "of the one that goes are withdrawn; nobody is told of this"),
    ]
    if taken := _taken_over(gone, kept):
        lines.append(("Taken over", ", ".join(taken)))
    if gone.shirt_number and not _shirt(gone, kept):
        lines.append(("Shirt that becomes free", str(gone.shirt_number)))
    lines.append(("Airtable", "the row of the one that goes is deleted, the other's follows"))
    return lines


@transaction.atomic
def merge(gone_id: int, kept_id: int, *, reason: str, at: datetime, by: Actor = None) -> None:
    """Put one registration into another; calling it again changes nothing.

    Raises ValidationError where the two cannot be one.
    """
    states.locked_together({gone_id, kept_id})
    gone, kept = states.locked(gone_id), states.locked(kept_id)
    if gone.cancelled_at and gone.duplicate_of_id == kept.pk:
        return
    _check(gone, kept)
    taken = ", ".join(_taken_over(gone, kept))
    desk().merge(gone.pk, kept.pk)
    _messages(gone, kept)
    _belongings(gone, kept, at)
    facts, shirt = _facts(gone), _shirt(gone, kept)
    gone.duplicate_of, gone.flags, gone.flagged_at = kept, [], None
    states.save(gone)
    states.cancel(gone.pk, reason=f"{BECAUSE}: {reason}", at=at, by=by)
    _take_over(gone, kept, shirt)
    states.save(kept)
    _settle(kept, facts, at, by)
    more = f"; taken over: {taken}" if taken else ""
    words = f"Registration {gone.pk} of {gone.player.full_name} was merged into this one"
    note(kept, Kind.STAFF, f"{words}: {reason}{more}", at=at, by=name_of(by))
    words = f"Merged into registration {kept.pk} of {kept.player.full_name}"
    note(gone, Kind.STAFF, f"{words}: {reason}", at=at, by=name_of(by))


def _check(gone: Registration, kept: Registration) -> None:
    if gone.pk == kept.pk or gone.season_id != kept.season_id:
        raise ValidationError("Only two registrations of one season can be merged.")
    if gone.cancelled_at or kept.cancelled_at or kept.duplicate_of_id:
        raise ValidationError("One of the two was cancelled or merged already.")
    if kept.season.closed_at:
        raise ValidationError("The season is closed: it can only be read.")


def _messages(gone: Registration, kept: Registration) -> None:
    """What was not sent is withdrawn; the rest is numbered after the other's of its kind."""
    unsent = {"due_at__isnull": False, "leased_until": None, "uncertain_since": None}
    gone.sms.filter(sid="", **unsent).update(due_at=None, status=Sms.Status.FAILED, error=BECAUSE)
    gone.emails.filter(**unsent).update(due_at=None, last_error=BECAUSE)
    for model in (Sms, Email):
        mine = model._default_manager.filter(registration=gone)
        for kind in sorted(set(mine.order_by().values_list("kind", flat=True))):
            last = model._default_manager.filter(registration=kept, kind=kind)
            highest = last.aggregate(last=Max("resend"))["last"]
            after = 0 if highest is None else highest + 1
            mine.filter(kind=kind).update(resend=F("resend") + after, registration=kept)


def _belongings(gone: Registration, kept: Registration, at: datetime) -> None:
    gone.photos.update(registration=kept)
    gone.consents.update(registration=kept)
    if kept.suspensions.filter(lifted_at=None).exists():
        gone.suspensions.filter(lifted_at=None).update(lifted_at=at, lifted_reason=BECAUSE)
    moved = list(gone.suspensions.all())
    gone.suspensions.update(registration=kept)
    for suspension in moved:
        sync.touch_suspension(suspension)


def _facts(gone: Registration) -> dict[str, Any]:
    names = "fee_settled_at", "fee_settled_by", "collection_arranged_at", "collection_arranged_by"
    return {name: getattr(gone, name) for name in names}


def _settle(kept: Registration, facts: dict[str, Any], at: datetime, by: Actor) -> None:
    """What was settled for the one counts for the other; twice settled is for a person."""
    paid_at, arranged_at = facts["fee_settled_at"], facts["collection_arranged_at"]
    if paid_at and kept.fee_settled_at:
        words = "the signing-on fee was settled on both registrations: give one back?"
        states.flag(kept.pk, words, at=at)
    elif paid_at:
        states.settle_fee(kept.pk, at=paid_at, source=facts["fee_settled_by"], by=by)
    if arranged_at:
        source = facts["collection_arranged_by"]
        states.arrange_collection(kept.pk, at=arranged_at, source=source, by=by)
    desk().price_again(kept.pk)


def _taken_over(gone: Registration, kept: Registration) -> list[str]:
    """What only the one that goes knows, by its name."""
    names = [name for name in ADDED if _adds(gone, kept, name)]
    names += [name for name in TAKEN if not getattr(kept, name) and getattr(gone, name)]
    words = {field.name: str(field.verbose_name) for field in Registration._meta.fields}
    found = [words[name] for name in names]
    if gone.guardian_id != kept.guardian_id and not kept.second_guardian_id:
        found.append(f"{gone.guardian.full_name} as second guardian")
    if shirt := _shirt(gone, kept):
        found.append(f"shirt {shirt}")
    return found


def _take_over(gone: Registration, kept: Registration, shirt: int | None) -> None:
    for name in ADDED:
        if _adds(gone, kept, name):
            both = filter(None, (getattr(kept, name), getattr(gone, name)))
            setattr(kept, name, "\n".join(both))
    for name in TAKEN:
        setattr(kept, name, getattr(kept, name) or getattr(gone, name))
    kept.has_medical_issues = kept.has_medical_issues or gone.has_medical_issues
    kept.shirt_number = kept.shirt_number or shirt
    if gone.guardian_id != kept.guardian_id and not kept.second_guardian_id:
        kept.second_guardian_id = gone.guardian_id


def _adds(gone: Registration, kept: Registration, name: str) -> bool:
    text = getattr(gone, name)
    return bool(text) and text not in getattr(kept, name)


def _shirt(gone: Registration, kept: Registration) -> int | None:
    same_team = gone.team_id == kept.team_id
    return gone.shirt_number if same_team and not kept.shirt_number else None


def _named(row: Registration) -> str:
    child, parent, day = row.player, row.guardian, f"{row.submitted_at:%-d %B %Y}"
    born = f"born {child.dob:%-d %B %Y}"
    return (
        f"{child.full_name}, {born}, {row.team}: sent in on {day} by {parent.full_name}, "
        f"{row.get_status_display()}"
    )
