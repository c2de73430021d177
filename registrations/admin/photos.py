"""Admin of photos, and the staff-only address through which they are seen."""

from __future__ import annotations

from uuid import UUID

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from integrations import audit, clock, storage
from integrations.errors import OutsideError
from integrations.models import AuditEntry
from integrations.office import office
from integrations.office.admins import QueueAdmin, QueueFilter
from registrations.actions.photo_review import REASONS
from registrations.models import Photo, PhotoAdvice, PhotoBytes, TimelineEntry, note, visible_to
from registrations.papers import sheets

SMALL = (360, 460)
SECRET = ["registration__medical_notes", "registration__not_to_collect"]


@office().page("registrations/photo/<uuid:uuid>", "registration_photo")
def show_photo(request: HttpRequest, uuid: UUID) -> HttpResponse:
    """The photo itself, for staff who may see photos; each viewing is on the timeline."""
    if not request.user.has_perm("registrations.view_photo"):
        raise PermissionDenied
    photos = visible_to(request.user, Photo.objects.select_related("registration").defer(*SECRET))
    photo = get_object_or_404(photos, uuid=uuid)
    jpeg = jpeg_of(photo)
    if jpeg is None:
        raise Http404("the photo is not ready")
    by = request.user.get_username()
    with transaction.atomic():
        note(photo.registration, TimelineEntry.Kind.PHOTO, "Photo viewed", at=clock.now(), by=by)
        audit.record(AuditEntry.Verb.VIEWED, photo, "the photo")
    if "small" in request.GET:
        jpeg = sheets.smaller(jpeg, SMALL) or jpeg
    response = HttpResponse(jpeg, content_type="image/jpeg")
    response["Cache-Control"] = "private, no-store"
    response["Content-Disposition"] = "inline"
    response["X-Content-Type-Options"] = "nosniff"
    return response


def jpeg_of(photo: Photo) -> bytes | None:
    """Our own copy while there is one, else what storage has; None where neither has it."""
    kept = PhotoBytes.objects.filter(photo=photo).values_list("jpeg", flat=True).first()
    if kept:
        return bytes(kept)
    if not photo.storage_key:
        return None
    try:
        with storage.open(photo.storage_key) as file:
            return file.read()
    except OutsideError:
        return None


@admin.register(Photo)
class PhotoAdmin(QueueAdmin):
    """Photos for proof of identity."""

    list_display = ["child", "uploaded_at", "state", "refusal", "size_bytes", "stored_at", "queue"]
    list_filter = [QueueFilter, "state", "registration__season"]
    search_fields = ["registration__player__first_name", "registration__player__last_name"]
    date_hierarchy = "uploaded_at"
    fields = [
        "child",
        "shown",
        "state",
        "refusal",
        "uploaded_at",
        "accepted_at",
        "model_says",
        "reviewed_at",
        "reviewed_by",
        "stored_at",
        "width",
        "height",
        "size_bytes",
        "sha256",
        "file_name",
        "storage_key",
        "due_at",
        "needs_person_at",
        "last_error",
    ]

    def get_queryset(self, request: HttpRequest) -> QuerySet:
        related = "registration__player", "registration__team"
        return super().get_queryset(request).select_related(*related).defer(*SECRET)

    @admin.display(ordering="registration__player__last_name")
    def child(self, row: Photo) -> str:
        return row.registration.player.full_name

    @admin.display(description="photo")
    def shown(self, row: Photo) -> SafeString:
        address = reverse("admin:registration_photo", args=[row.uuid])
        # Not shown here unasked: each look is written down (design 3.7).
        return format_html(
            '<a href="{}" target="_blank" rel="noopener">Look at the photo</a>', address
        )

    @admin.display(description="a computer's advice")
    def model_says(self, row: Photo) -> str:
        advice = PhotoAdvice.objects.filter(photo=row).exclude(verdict="").first()
        return _advice(advice) if advice else "none"

    def summary(self, row: Photo) -> str:
        return f"Photo of {row.registration.player.full_name}"


def _advice(advice: PhotoAdvice) -> str:
    """ "looks wrong: the face cannot be seen clearly"."""
    why = REASONS.get(advice.reason, "")
    return ": ".join(filter(None, (advice.get_verdict_display(), why)))


@admin.register(PhotoAdvice)
class PhotoAdviceAdmin(QueueAdmin):
    """What a language model makes of photos; a person decides."""

    list_display = ["child", "says", "given_at", "queue", "last_error"]
    list_filter = [QueueFilter, "verdict"]
    fields = ["child", "says", "given_at", "due_at", "needs_person_at", "last_error"]

    def get_queryset(self, request: HttpRequest) -> QuerySet:
        rows = super().get_queryset(request).select_related("photo__registration__player")
        return rows.defer(*(f"photo__{name}" for name in SECRET))

    @admin.display
    def child(self, row: PhotoAdvice) -> str:
        return row.photo.registration.player.full_name

    @admin.display
    def says(self, row: PhotoAdvice) -> str:
        return _advice(row) if row.verdict else "nothing yet"

    def summary(self, row: PhotoAdvice) -> str:
        return f"Advice about the photo of {row.photo.registration.player.full_name}"
