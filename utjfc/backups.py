"""The whole club in one file, and back: every table, every photo, checked before it is trusted.

The file is a zip: `manifest.json`, one `tables/*.jsonl` for each table, and `photos/`. It belongs
to no kind of database, so a club moves from one machine (SQLite) to PostgreSQL with it. What is
encrypted in the database stays encrypted in the file: FIELD_KEYS are kept apart.
"""

from __future__ import annotations

import base64
import hashlib
import json
import zipfile
from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import UUID

from django.apps import apps
from django.contrib.auth.models import User
from django.core.management.color import no_style
from django.db import connection, models, transaction
from django.db.migrations.recorder import MigrationRecorder
from django.db.models.functions import Cast
from phonenumber_field.modelfields import PhoneNumberField

from integrations import clock, storage
from integrations.errors import OutsideError
from integrations.fields import EncryptedTextField, Sealed
from registrations.models import Photo, Registration, Season

FORMAT = 1
BATCH = 500
# Who is signed in at this moment is not part of the club.
LEFT_OUT = {"sessions.Session"}
# Read as the text that the database holds, not as what it stands for.
_AS_TEXT = (EncryptedTextField, PhoneNumberField)


class Refused(Exception):
    """The file or the club is not what it must be; nothing has been changed."""


def backup(file: Path) -> dict[str, Any]:
    """Write the club into `file`, as it is at one moment; returns the manifest.

    Photos that storage does not give are named in the manifest under `missing`. The file appears
    when it is whole, readable by its owner only.
    """
    draft = file.with_name(f"{file.name}.part")
    draft.touch(mode=0o600)
    with zipfile.ZipFile(draft, "w", zipfile.ZIP_DEFLATED) as packed:
        manifest: dict[str, Any] = {
            "format": FORMAT,
            "made_at": clock.now().isoformat(),
            "migrations": _migrations(),
            "tables": {},
            "photos": {},
            "missing": [],
        }
        with transaction.atomic():
            _at_one_moment()
            for model in _models():
                manifest["tables"][model._meta.label] = _dump(packed, model)
            keys = set(Photo.objects.exclude(storage_key="").values_list("storage_key", flat=True))
        for key in sorted(keys):
            _pack_photo(packed, key, manifest)
        packed.writestr("manifest.json", json.dumps(manifest, indent=1))
    check(draft)
    draft.replace(file)
    return manifest


def check(file: Path) -> dict[str, Any]:
    """The manifest of a whole file; raises Refused where a part is missing or differs."""
    try:
        with zipfile.ZipFile(file) as packed:
            manifest = json.loads(packed.read("manifest.json"))
            parts = {f"tables/{name}.jsonl": one for name, one in manifest["tables"].items()}
            parts |= {f"photos/{name}": one for name, one in manifest["photos"].items()}
            for name, said in parts.items():
                if _digest(packed, name) != said["sha256"]:
                    raise Refused(f"{name} is not what it was when the backup was made")
    except (OSError, KeyError, ValueError, zipfile.BadZipFile) as error:
        raise Refused(f"this is no whole backup ({type(error).__name__}: {error})") from error
    if manifest["format"] != FORMAT:
        raise Refused(f"the backup has format {manifest['format']}, this release reads {FORMAT}")
    return manifest


def restore(file: Path, *, replace: bool = False) -> dict[str, Any]:
    """Put the club of `file` in place of what is here; returns the manifest.

    Refuses, with everything as it was, where the file is not whole, where it was made by another
    release, or where there is a club already and `replace` was not said. Photos are stored first:
    a database without its photos never shows.
    """
    manifest = check(file)
    if manifest["migrations"] != _migrations():
        raise Refused("the backup was made by another release: install that one, then migrate")
    if not replace and not empty():
        raise Refused("there is a club here already: say --replace to put the backup in its place")
    with zipfile.ZipFile(file) as packed:
        for key in manifest["photos"]:
            storage.put(key, packed.read(f"photos/{key}"))
        with transaction.atomic():
            everything = _models()
            tables = [model._meta.db_table for model in everything]
            wipe = connection.ops.sql_flush(
                no_style(), tables, reset_sequences=True, allow_cascade=True
            )
            connection.check_constraints()  # what is still to be checked forbids emptying
            with connection.cursor() as cursor:
                for statement in wipe:
                    cursor.execute(statement)
            for model in everything:
                _load(packed, model, manifest["tables"].get(model._meta.label))
            _renumber(everything)
            connection.check_constraints()
    return manifest


def empty() -> bool:
    """Whether nobody would miss what is here."""
    return not any(model._default_manager.exists() for model in (User, Season, Registration))


def _models() -> list[type[models.Model]]:
    found = apps.get_models(include_auto_created=True)
    return [
        model
        for model in found
        if model._meta.managed and not model._meta.proxy and model._meta.label not in LEFT_OUT
    ]


def _migrations() -> list[str]:
    applied = MigrationRecorder(connection).applied_migrations()
    return sorted(f"{app}.{name}" for app, name in applied)


def _at_one_moment() -> None:
    """Every table as it was when the first was read. SQLite's own transactions are so already."""
    if connection.vendor == "postgresql" and not connection.savepoint_ids:
        with connection.cursor() as cursor:
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")


def _fields(model: type[models.Model]) -> list[models.Field]:
    return list(model._meta.local_concrete_fields)


def _rows(model: type[models.Model]) -> Iterator[tuple[Any, ...]]:
    """Values as the database keeps them: what is encrypted is not opened."""
    sealed = {
        f"sealed_{field.attname}": Cast(field.attname, models.TextField())
        for field in _fields(model)
        if isinstance(field, _AS_TEXT)
    }
    names = [
        f"sealed_{field.attname}" if isinstance(field, _AS_TEXT) else field.attname
        for field in _fields(model)
    ]
    rows = model._base_manager.order_by("pk").annotate(**sealed)
    return rows.values_list(*names).iterator(BATCH)


def _dump(packed: zipfile.ZipFile, model: type[models.Model]) -> dict[str, Any]:
    digest, number = hashlib.sha256(), 0
    with packed.open(f"tables/{model._meta.label}.jsonl", "w") as part:
        for row in _rows(model):
            line = json.dumps([_plain(value) for value in row]).encode() + b"\n"
            digest.update(line)
            part.write(line)
            number += 1
    names = [field.attname for field in _fields(model)]
    return {"rows": number, "sha256": digest.hexdigest(), "fields": names}


def _plain(value: Any) -> Any:
    if isinstance(value, bytes | memoryview):
        return base64.b64encode(bytes(value)).decode()
    if isinstance(value, datetime | date | time):
        return value.isoformat()
    if isinstance(value, timedelta):
        return value.total_seconds()
    return str(value) if isinstance(value, Decimal | UUID) else value


def _load(packed: zipfile.ZipFile, model: type[models.Model], said: dict[str, Any] | None) -> None:
    if said is None:
        return
    fields = {field.attname: field for field in _fields(model)}
    batch: list[models.Model] = []
    with packed.open(f"tables/{model._meta.label}.jsonl") as part:
        for line in part:
            pairs = zip(said["fields"], json.loads(line), strict=True)
            batch.append(model(**{name: _value(fields[name], value) for name, value in pairs}))
            if len(batch) == BATCH:
                model._base_manager.bulk_create(batch)
                batch = []
    model._base_manager.bulk_create(batch)
    if model._base_manager.count() != said["rows"]:
        raise Refused(f"{model._meta.label}: not every row arrived")


def _value(field: models.Field, value: Any) -> Any:
    if value is None or isinstance(field, models.JSONField):
        return value
    if isinstance(field, models.BinaryField):
        return base64.b64decode(value)
    if isinstance(field, EncryptedTextField):
        return Sealed(value)
    if isinstance(field, models.DurationField):
        return timedelta(seconds=value)
    return field.to_python(value)


def _renumber(everything: list[type[models.Model]]) -> None:
    with connection.cursor() as cursor:
        for statement in connection.ops.sequence_reset_sql(no_style(), everything):
            cursor.execute(statement)


def _pack_photo(packed: zipfile.ZipFile, key: str, manifest: dict[str, Any]) -> None:
    try:
        with storage.open(key) as picture:
            jpeg = picture.read()
    except OutsideError:
        manifest["missing"].append(key)
        return
    manifest["photos"][key] = {"sha256": hashlib.sha256(jpeg).hexdigest()}
    packed.writestr(f"photos/{key}", jpeg, zipfile.ZIP_STORED)


def _digest(packed: zipfile.ZipFile, name: str) -> str:
    digest = hashlib.sha256()
    with packed.open(name) as part:
        while block := part.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()
