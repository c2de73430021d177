"""All that is kept about a family, in one file: for reading, for a machine, and its photos.

Nothing is listed by hand: whatever belongs to the family's rows, now or in a later release, is
found by following the tables, so that nothing is forgotten.
"""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Callable, Iterator
from typing import Any

from django.contrib.auth.models import User
from django.core.serializers.json import DjangoJSONEncoder
from django.db import models, transaction
from django.db.models import QuerySet
from django.template.loader import render_to_string
from django.utils.text import capfirst

from integrations import audit, clock
from integrations.models import AuditEntry
from registrations.models import Family, Photo, PhotoBytes, Registration, TimelineEntry, note

APPS = {"registrations", "payments"}
# How the platform does its work, not what it knows of anybody; and credentials.
_TECHNICAL = {
    "token",
    "digest",
    "storage_key",
    "sha256",
    "child_key",
    "contact_key",
    "leased_until",
    "attempts",
    "due_at",
    "uncertain_since",
    "needs_person_at",
    "last_error",
    "last_error_at",
    "asked",
}


def archive(family_id: int, *, by: str, jpeg: Callable[[Photo], bytes | None]) -> bytes:
    """A zip with everything.html, everything.json and photos/; written into the audit trail.

    `jpeg` reads a photo's picture, or None where it cannot be had now.
    """
    family = Family.objects.get(pk=family_id)
    moment = clock.now()
    rows = Registration.objects.filter(player__family=family)
    with transaction.atomic():
        for row in rows.defer("medical_notes", "not_to_collect"):
            words = "A file with all data of the family was made"
            note(row, TimelineEntry.Kind.STAFF, words, at=moment, by=by)
        audit.record(AuditEntry.Verb.EXPORTED, family, "all that is kept about the family", by=by)
    whole = _told(family, set())
    pictures = {f"photos/{one.uuid}.jpg": jpeg(one) for one in _photos(family)}
    missing = [name for name, picture in pictures.items() if picture is None]
    given = {"whole": whole, "at": moment, "missing": missing, "photos": sorted(pictures)}
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr("everything.html", render_to_string("admin/registrations/all.html", given))
        text = json.dumps(whole, cls=DjangoJSONEncoder, ensure_ascii=False, indent=2)
        packed.writestr("everything.json", text)
        for name, picture in pictures.items():
            if picture is not None:
                packed.writestr(name, picture)
    return file.getvalue()


def _photos(family: Family) -> QuerySet[Photo]:
    return Photo.objects.filter(registration__player__family=family, state=Photo.State.ACCEPTED)


def _told(row: models.Model, seen: set[tuple[str, Any]]) -> dict[str, Any]:
    """A row: what it is, what its fields say, and the rows that belong to it."""
    seen.add((row._meta.label, row.pk))
    says = {}
    for field in row._meta.concrete_fields:
        if not field.primary_key and field.name not in _TECHNICAL:
            value = _value(row, field)
            if value not in ("", None, [], {}):
                says[str(field.verbose_name)] = value
    parts = [_told(part, seen) for part in _parts(row) if (part._meta.label, part.pk) not in seen]
    return {"kind": capfirst(str(row._meta.verbose_name)), "says": says, "parts": parts}


def _value(row: models.Model, field: Any) -> Any:
    if field.is_relation:
        other = getattr(row, field.name)
        return "staff" if isinstance(other, User) else str(other) if other is not None else None
    if isinstance(field, models.BinaryField):
        return None
    if field.choices:
        return str(getattr(row, f"get_{field.name}_display")())
    value = getattr(row, field.attname)
    return value if isinstance(value, int | bool | list | dict) or value is None else _plain(value)


def _plain(value: Any) -> Any:
    return value if hasattr(value, "isoformat") else str(value)


def _parts(row: models.Model) -> Iterator[models.Model]:
    for relation in row._meta.related_objects:
        model = relation.related_model
        if model._meta.app_label not in APPS or model is PhotoBytes or relation.hidden:
            continue
        if relation.on_delete is models.SET_NULL:
            continue  # it mentions this row, and belongs to another
        yield from model._default_manager.filter(**{relation.field.name: row.pk}).order_by("pk")
