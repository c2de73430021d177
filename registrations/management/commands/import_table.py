"""Import a table of teams or players: the same code as the office's page."""

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from integrations import clock
from registrations.actions import imports
from registrations.models import Import, Season

BY = "import_table"


class Command(BaseCommand):
    """`manage.py import_table players 2627 list.xlsx`; changes nothing without --yes."""

    help = "Show what would come of a CSV or XLSX; with --yes import it, whole or not at all."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("kind", choices=Import.Kind.values)
        parser.add_argument("season", help="such as 2627")
        parser.add_argument("file", type=Path)
        parser.add_argument("--yes", action="store_true", help="import it, if nothing is wrong")

    def handle(self, *args: Any, **options: Any) -> None:
        season = Season.objects.filter(code=options["season"]).first()
        if season is None:
            raise CommandError(f"There is no season {options['season']}.")
        file: Path = options["file"]
        try:
            given = {"kind": options["kind"], "season": season, "by": BY, "at": clock.now()}
            one = imports.hand_in(file.read_bytes(), name=file.name, **given)
            looked = imports.look(one)
            self._show(looked)
            if options["yes"]:
                done = imports.carry_out(one.pk, by=BY, at=clock.now())
                self.stdout.write(f"{done.made} made, {done.skipped} were here already.")
        except (OSError, imports.NotImported) as error:
            raise CommandError(str(error)) from error

    def _show(self, looked: imports.Looked) -> None:
        for words in looked.problems:
            self.stdout.write(words)
        for row in looked.wrong:
            self.stdout.write(f"line {row.line}: {'; '.join(row.problems)}")
        self.stdout.write(
            f"{len(looked.new)} new, {len(looked.here)} here already,"
            f" {len(looked.wrong)} cannot be taken."
        )
