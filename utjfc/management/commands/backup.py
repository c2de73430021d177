"""`manage.py backup FILE`: the whole club in one file, photos included (docs/backups.md)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from utjfc import backups


class Command(BaseCommand):
    """Writes and checks the file; an error of storage makes it end with 1, with the file kept."""

    help = "write the whole club into one file"

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path)

    def handle(self, *args: Any, **options: Any) -> None:
        manifest = backups.backup(options["file"])
        rows = sum(one["rows"] for one in manifest["tables"].values())
        photos, missing = len(manifest["photos"]), len(manifest["missing"])
        self.stdout.write(f"{rows} rows and {photos} photos are in {options['file']}, checked.")
        self.stdout.write("Keep FIELD_KEYS apart from it: without them medical notes stay shut.")
        if missing:
            raise CommandError(f"{missing} photos could not be read from storage: try once more.")
