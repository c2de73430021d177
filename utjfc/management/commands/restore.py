"""`manage.py restore FILE`: the club of a backup in place of what is here (docs/backups.md)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from integrations.errors import OutsideError
from utjfc import backups


class Command(BaseCommand):
    """Checks the file first; refuses, with all as it was, where there is a club already."""

    help = "put the club of a backup in place of what is here"

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path)
        parser.add_argument("--replace", action="store_true", help="even over a club")
        parser.add_argument("--check", action="store_true", help="only look whether it is whole")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            if options["check"]:
                manifest = backups.check(options["file"])
            else:
                manifest = backups.restore(options["file"], replace=options["replace"])
        except (backups.Refused, OutsideError) as error:
            raise CommandError(f"Nothing was changed: {error}") from error
        rows = sum(one["rows"] for one in manifest["tables"].values())
        deed = "is whole" if options["check"] else "is the club now"
        photos = len(manifest["photos"])
        made = manifest["made_at"]
        self.stdout.write(f"The backup of {made} {deed}: {rows} rows, {photos} photos.")
