"""A photo's way: received, decoded, accepted, moved to storage (domain 7, 3.4)."""

import hashlib
from datetime import datetime

from django.db import transaction

from integrations import clock, queue, storage
from integrations.errors import Rejected, Unavailable
from registrations import photos
from registrations.actions import drafts, photo_advice, states
from registrations.models import (
    ChatSession,
    Draft,
    Photo,
    PhotoBytes,
    Registration,
    TimelineEntry,
    note,
)

BATCH = 20
TRIES = 3  # a photo that took the worker down this often is not tried again


@transaction.atomic
def receive(draft: Draft, *, name: str, raw: bytes, at: datetime) -> Photo:
    """Keep an upload; a session's last upload wins over one that is still being looked at."""
    session = ChatSession.objects.select_for_update().get(pk=draft.session_id)
    waiting = Photo.objects.filter(chat_session=session, state=Photo.State.RECEIVED)
    PhotoBytes.objects.filter(photo__in=waiting).delete()
    waiting.update(state=Photo.State.REFUSED, refusal="replaced", due_at=None)
    photo = Photo.objects.create(
        registration=drafts.sent_in(draft),
        chat_session=session,
        file_name=name[:255],
        size_bytes=len(raw),
        uploaded_at=at,
        due_at=at,
    )
    PhotoBytes.objects.create(photo=photo, raw=raw)
    queue.ring("registrations.process_photos")
    return photo


def process_due() -> int:
    """Decode what came in, then move what was accepted to storage; how many were taken up."""
    taken = 0
    # New ones first: a parent is waiting for them.
    due = Photo.objects.due().order_by("-state", "due_at", "pk")
    for pk in due.values_list("pk", flat=True)[:BATCH]:
        photo = Photo.objects.claim(pk)
        if photo is not None:
            taken += 1
            work = _decode if photo.state == Photo.State.RECEIVED else _move
            work(photo)
    return taken


def _decode(photo: Photo) -> None:
    raw = PhotoBytes.objects.filter(photo=photo).values_list("raw", flat=True).first()
    try:
        if photo.attempts > TRIES or raw is None:
            raise photos.Unreadable("damaged")
        picture = photos.clean(bytes(raw))
    except photos.Unreadable as refusal:
        _refuse(photo, refusal.reason)
    else:
        _accept(photo, picture)


@transaction.atomic
def _refuse(photo: Photo, reason: str) -> None:
    row = _mine(photo)
    if row is None:
        return
    row.state, row.refusal, row.due_at, row.leased_until = Photo.State.REFUSED, reason, None, None
    row.save()
    PhotoBytes.objects.filter(photo=row).delete()
    note(row.registration, TimelineEntry.Kind.PHOTO, f"Photo refused: {reason}", at=clock.now())


@transaction.atomic
def _accept(photo: Photo, picture: photos.Picture) -> None:
    """Keep the clean picture; the parent's step is settled; storage is the next try of the row."""
    row, moment = _mine(photo), clock.now()
    if row is None:
        return
    row.state, row.accepted_at = Photo.State.ACCEPTED, moment
    row.width, row.height, row.size_bytes = picture.width, picture.height, len(picture.jpeg)
    row.sha256 = hashlib.sha256(picture.jpeg).hexdigest()
    row.due_at, row.leased_until, row.attempts = moment, None, 0
    row.save()
    PhotoBytes.objects.filter(photo=row).update(jpeg=picture.jpeg, raw=None)
    _settle_step(row.registration_id, moment)
    registration = states.locked(row.registration_id)
    registration.completed_at = registration.completed_at or moment
    states.save(registration)
    note(registration, TimelineEntry.Kind.PHOTO, "Photo accepted", at=moment)
    photo_advice.want(row, at=moment)
    queue.ring("registrations.process_photos")


def _settle_step(registration_id: int, at: datetime) -> None:
    draft = Draft.objects.filter(registration=registration_id).first()
    if draft is not None:
        draft = drafts.locked(draft.pk)
        draft.answers = {**draft.answers, "photo": "accepted"}
        drafts.save(draft, at=at)


def _move(photo: Photo) -> None:
    """Put an accepted photo into storage, then let go of our own copy."""
    jpeg = PhotoBytes.objects.filter(photo=photo).values_list("jpeg", flat=True).first()
    if jpeg is None:
        photo.settle()
        return
    photo.registration = Registration.objects.select_related("season").get(pk=photo.registration_id)
    with photo.reporting():
        _put(photo.key, bytes(jpeg), photo)
        _stored(photo)


def _put(key: str, jpeg: bytes, photo: Photo) -> None:
    """Store, where an attempt whose end was never recorded may have stored it already."""
    try:
        storage.put(key, jpeg)
    except Rejected as error:
        if error.code != "name_taken":
            raise
        if storage.stored(key) != (photo.size_bytes, photo.sha256):
            storage.delete(key)
            raise Unavailable("s3", "a torn copy was removed", code="torn") from error


@transaction.atomic
def _stored(photo: Photo) -> None:
    if photo.settle():
        moment = clock.now()
        Photo.objects.filter(pk=photo.pk).update(storage_key=photo.key, stored_at=moment)
        PhotoBytes.objects.filter(photo=photo).delete()
        words = "Photo safe in storage"
        note(photo.registration, TimelineEntry.Kind.PHOTO, words, at=moment)


def _mine(photo: Photo) -> Photo | None:
    """The row, locked, unless another upload or another worker has taken over."""
    rows = Photo.objects.select_for_update(of=("self",)).select_related("registration")
    return rows.filter(pk=photo.pk, attempts=photo.attempts, state=Photo.State.RECEIVED).first()
