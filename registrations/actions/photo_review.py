"""A person looks at a photo: it will do, or the family is asked for another one, and why."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from django.db import transaction
from django.db.models import QuerySet

from registrations.actions import drafts, messages, resuming, states
from registrations.models import Draft, Photo, PhotoBytes, TimelineEntry, note

# Why a photo will not do: what is kept, and how the text to the parent goes on after "because".
REASONS = {
    "no_face": "the face cannot be seen clearly",
    "dark": "it is too dark or blurred",
    "several": "more than one person is in it",
    "covered": "a hat or sunglasses cover the face",
    "other_child": "it seems to show somebody else",
    "no_person": "it does not show a person",
}


def to_review() -> QuerySet[Photo]:
    """Photos that were taken in and that nobody has looked at, the oldest first."""
    rows = Photo.objects.filter(state=Photo.State.ACCEPTED, reviewed_at=None)
    return rows.filter(registration__cancelled_at=None).order_by("uploaded_at", "pk")


@transaction.atomic
def approve(ids: Iterable[int], *, by: str, at: datetime) -> int:
    """They will do; how many were still to be looked at."""
    rows = to_review().select_for_update(of=("self",)).select_related("registration")
    done = list(rows.filter(pk__in=list(ids)))
    Photo.objects.filter(pk__in=[photo.pk for photo in done]).update(reviewed_at=at, reviewed_by=by)
    for photo in done:
        note(photo.registration, TimelineEntry.Kind.PHOTO, "Photo approved", at=at, by=by)
    return len(done)


@transaction.atomic
def ask_again(photo_id: int, reason: str, *, by: str, at: datetime) -> bool:
    """Refuse a photo and owe the family a text that says why; False where that was done before."""
    rows = Photo.objects.filter(pk=photo_id, state=Photo.State.ACCEPTED)
    photo = rows.first()
    if photo is None:
        return False
    registration = states.locked(photo.registration_id)
    refused = {"state": Photo.State.REFUSED, "refusal": reason, "due_at": None}
    if not rows.update(reviewed_at=at, reviewed_by=by, **refused):
        return False
    PhotoBytes.objects.filter(photo=photo).delete()
    words = f"Photo refused: {REASONS[reason]}"
    note(registration, TimelineEntry.Kind.PHOTO, words, at=at, by=by)
    _ask_in_the_chat(registration.pk, at)
    link = resuming.link_of(registration, at=at)
    messages.queue_photo_again(registration, why=REASONS[reason], link=link, at=at, by=by)
    states.save(registration)
    return True


def _ask_in_the_chat(registration_id: int, at: datetime) -> None:
    """The step of the photo is open again for whoever follows the link."""
    draft = Draft.objects.filter(registration=registration_id).first()
    if draft is None:
        return
    draft = drafts.locked(draft.pk)
    draft.answers = {name: value for name, value in draft.answers.items() if name != "photo"}
    drafts.save(draft, at=at)
