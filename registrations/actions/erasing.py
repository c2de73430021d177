"""Erase a family, as deep as is asked: here, in storage and in Airtable; safe to call twice.

Three depths, each with those before it: how to reach them and what they said; medical notes and
photos; everything but what the law wants kept of money. Storage and Airtable are told by rows that
are due, so an outage loses nothing. What apps above keep of the family they erase themselves
(settings.ERASERS).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date, datetime
from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import models, transaction
from django.db.models import Q, QuerySet
from django.db.models.functions import Length
from django.utils.module_loading import import_string

from integrations import audit, clock, queue
from integrations.models import LEASE, AirtableConflict, AirtableRow, AuditEntry
from registrations.actions import states, sync
from registrations.models import (
    ChatSession,
    ContactCode,
    Draft,
    Email,
    Family,
    Guardian,
    Invitation,
    Photo,
    Player,
    Proposal,
    Registration,
    RetentionItem,
    RetentionRun,
    Sms,
    Suspension,
    TimelineEntry,
    note,
)
from registrations.models.registrations import ERASED

GONE = "(erased)"
_ADDRESS = ["house_number", "address_line_1", "town", "city", "postcode", "full_address"]
_NO_ADDRESS = dict.fromkeys(_ADDRESS, "")


class Depth(models.TextChoices):
    """How deep; each takes in those before it."""

    CONTACT = "contact", "Contact details and conversations"
    MEDICAL = "medical", "… and medical notes and photos"
    ALL = "all", "… and everything but what the law wants kept of money"


DEPTHS = list(Depth)


def foresee(family: Family, depth: str = Depth.ALL) -> list[tuple[str, str]]:
    """What each depth down to this one would take, in words with numbers; nothing is changed."""
    kept = _Kept(family.pk)
    found = []
    for step in _down_to(depth):
        words = [f"{rows.count()} {what}" for what, rows in _PARTS[step](kept) if rows.exists()]
        found.append((step.label, "; ".join(words) or "nothing is left"))
    goes = "Rows in Airtable follow, and pictures in storage, within seconds or when these answer."
    stays = "Payments, mandates and what was owed stay, without a name, as the law wants."
    return [*found, ("Elsewhere", goes), ("What stays", stays)]


@transaction.atomic
def erase(family_id: int, *, depth: str, reason: str, at: datetime, by: str) -> None:
    """Erase, with a line on each registration and in the audit trail; what is gone stays gone.

    Raises ValidationError for everything of a family with a registration that still runs.
    """
    family = Family.objects.select_for_update().get(pk=family_id)
    kept = _Kept(family_id)
    for pk in kept.ids:
        states.locked(pk)
    if depth == Depth.ALL and kept.running(clock.today()).exists():
        raise ValidationError("A registration still runs: cancel it first, or its fees go on.")
    for step in _down_to(depth):
        _ERASE[step](kept, at, by)
        for name in settings.ERASERS:
            import_string(name)(kept.ids, step)
    _forget_in_airtable(kept.ids)
    rows = list(Registration.objects.filter(pk__in=kept.ids).select_related("season"))
    if depth == Depth.ALL:
        sync.forget(kept.ids)
    else:
        sync.touch_all(rows)
    for row in rows:
        words = f"Erased on request, {Depth(depth).value}: {reason}"
        note(row, TimelineEntry.Kind.STAFF, words, at=at, by=by)
        audit.record(AuditEntry.Verb.ERASED, row, Depth(depth).value, by=by or None)
    audit.record(AuditEntry.Verb.ERASED, family, Depth(depth).value, by=by or None)


def _down_to(depth: str) -> list[Depth]:
    return DEPTHS[: DEPTHS.index(Depth(depth)) + 1]


def _forget_in_airtable(ids: Sequence[int]) -> None:
    """What we keep of the rows there: both values of conflicts, and cells of a deleted record."""
    rows = AirtableRow.objects.filter(kind="registration", object_id__in=ids)
    AirtableConflict.objects.filter(row__in=rows).delete()
    rows.update(sync_error="")
    rows.filter(tombstone_at__isnull=False).update(base={}, seen="")


class _Kept:
    """What is kept of a family, by kind."""

    def __init__(self, family_id: int) -> None:
        self.guardians = Guardian.objects.filter(family=family_id)
        self.players = Player.objects.filter(family=family_id)
        rows = Registration.objects.filter(player__family=family_id)
        self.ids: Sequence[int] = list(rows.order_by("pk").values_list("pk", flat=True))
        self.rows = Registration.objects.filter(pk__in=self.ids)
        self.drafts = Draft.objects.filter(registration__in=self.ids)
        self.sms = Sms.objects.filter(registration__in=self.ids)
        self.emails = Email.objects.filter(registration__in=self.ids)
        self.photos = Photo.objects.filter(registration__in=self.ids)
        self.timeline = TimelineEntry.objects.filter(registration__in=self.ids)
        self.suspensions = Suspension.objects.filter(registration__in=self.ids)
        self.proposals = Proposal.objects.filter(registration__in=self.ids)
        self.invitations = Invitation.objects.filter(family=family_id)
        self.codes = ContactCode.objects.filter(registration__in=self.ids)

    def reachable(self) -> QuerySet[Guardian]:
        return self.guardians.exclude(phone="", email="", dob=None, **_NO_ADDRESS)

    def noted(self) -> QuerySet[Registration]:
        lengths = self.rows.annotate(a=Length("medical_notes"), b=Length("not_to_collect"))
        return lengths.filter(Q(a__gt=0) | Q(b__gt=0) | Q(has_medical_issues=True))

    def running(self, today: date) -> QuerySet[Registration]:
        return self.rows.filter(cancelled_at=None, season__closes_on__gte=today)


Part = tuple[str, QuerySet[Any]]


def _contact_parts(kept: _Kept) -> list[Part]:
    return [
        ("adults with a phone, e-mail or address", kept.reachable()),
        ("children with one", kept.players.exclude(phone="", email="", **_NO_ADDRESS)),
        ("second emergency contacts", kept.rows.exclude(emergency_name="", emergency_phone="")),
        ("conversations with what was typed", kept.drafts),
        ("texts", kept.sms.exclude(body=GONE)),
        ("e-mails", kept.emails.exclude(body=GONE)),
    ]


def _medical_parts(kept: _Kept) -> list[Part]:
    return [("registrations with notes", kept.noted()), ("photos", kept.photos)]


def _all_parts(kept: _Kept) -> list[Part]:
    names = ("names and birthdays of children", kept.players.exclude(first_name=GONE))
    adults = ("names of adults", kept.guardians.exclude(first_name=GONE))
    return [names, adults, ("lines of timelines", kept.timeline)]


def _erase_contact(kept: _Kept, at: datetime, by: str) -> None:
    nothing = {"phone": "", "email": "", **_NO_ADDRESS}
    proven = {"phone_proven_at": None, "email_proven_at": None}
    kept.guardians.update(dob=None, **proven, **nothing)
    kept.players.update(**nothing)
    kept.rows.update(emergency_name="", emergency_phone="")
    for pk in kept.ids:
        Registration.objects.filter(pk=pk).update(contact_key=f"{ERASED}{pk}")
    # What was said and typed, and links that resume it, go with the drafts.
    sessions = list(kept.drafts.values_list("session", flat=True))
    kept.drafts.delete()
    ChatSession.objects.filter(pk__in=sessions, drafts=None).delete()
    kept.codes.delete()
    kept.invitations.delete()
    quiet = {"due_at": None, "needs_person_at": None, "body": GONE, "to": ""}
    kept.sms.update(**quiet)
    kept.emails.update(subject=GONE, **quiet)


def _erase_medical(kept: _Kept, at: datetime, by: str) -> None:
    # Unknown from now on, which is not "none": whoever has to know asks.
    kept.rows.update(has_medical_issues=None, medical_notes="", not_to_collect="")
    if not kept.photos.exists():
        return
    report = RetentionRun.objects.create(
        dry_run=False, asked_by=by or "erasure", started_at=at, finished_at=at
    )
    for photo in kept.photos.select_for_update(of=("self",)).select_related("registration__season"):
        moving = not photo.storage_key
        RetentionItem.objects.create(
            run=report,
            kind=RetentionItem.Kind.PHOTO,
            about=str(photo),
            season=photo.registration.season,
            kept_until=clock.today(),
            removed_at=at,
            storage_key=photo.storage_key or photo.key,
            # One on its way may arrive after this: whoever carries it is done by then.
            due_at=at + LEASE if moving else at,
        )
        photo.delete()
    queue.ring("registrations.remove_pictures")


def _erase_all(kept: _Kept, at: datetime, by: str) -> None:
    kept.guardians.update(first_name=GONE, last_name="")
    for child in kept.players:
        kept.players.filter(pk=child.pk).update(
            first_name=GONE,
            last_name=str(child.pk),
            dob=child.dob.replace(month=1, day=1),
            gender=Player.Gender.NOT_DISCLOSED,
            fan="",
            identity_seen_by="",
            identity_seen_on=None,
        )
    blank = {"relationship_detail": "", "previous_team": "", "staff_notes": "", "flags": []}
    kept.rows.update(flagged_at=None, cancelled_reason="", second_guardian=None, **blank)
    for pk in kept.ids:
        Registration.objects.filter(pk=pk).update(child_key=f"{ERASED}{pk}")
    kept.timeline.delete()
    kept.suspensions.update(reason=GONE, lifted_reason="")
    kept.proposals.update(reason=GONE)
    kept.proposals.exclude(decision_reason="").update(decision_reason=GONE)


_PARTS: dict[Depth, Callable[[_Kept], list[Part]]] = {
    Depth.CONTACT: _contact_parts,
    Depth.MEDICAL: _medical_parts,
    Depth.ALL: _all_parts,
}
_ERASE: dict[Depth, Callable[[_Kept, datetime, str], None]] = {
    Depth.CONTACT: _erase_contact,
    Depth.MEDICAL: _erase_medical,
    Depth.ALL: _erase_all,
}
