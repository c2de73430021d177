"""Bring both sides together: read, merge, write; says what was done and what it cost."""

import sys
from typing import Any

from django.core.management.base import CommandParser

from integrations.airtable import pull, push
from integrations.airtable.commands import NEEDS_A_PERSON, AirtableCommand
from integrations.airtable.taking import Counts
from integrations.models import AirtableRow


class Command(AirtableCommand):
    """Exit code 0: both sides agree; 1: something needs a person; 2: not done."""

    help = "Read what changed in Airtable, merge it, and write what is behind there."
    reads = True
    writes = True

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("--full", action="store_true", help="read whole tables, find deletions")
        parser.add_argument(
            "--dry-run", action="store_true", help="say what would happen; do it not"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        dry, troubled = options["dry_run"], False
        with self.talking():
            if self.reads:
                for mapping, name in self.chosen(options):
                    counts = pull.pull(
                        mapping, name, full=options["full"], dry=dry, asked=_name(self)
                    )
                    self._say(name, counts, dry)
                    troubled |= bool(counts.errors or counts.conflicts)
            if self.writes:
                self._write(dry)
        person = AirtableRow.objects.needs_person().count()
        if person:
            self.stdout.write(f"{person} rows need a person: see the admin.")
        if troubled or person:
            sys.exit(NEEDS_A_PERSON)

    def _write(self, dry: bool) -> None:
        behind = AirtableRow.objects.due().count()
        if dry:
            words = f"{behind} rows would be written." if behind else "Nothing is to be written."
        else:
            words = f"{push.push_due()} of {behind} rows that were behind were written."
        self.stdout.write(words)

    def _say(self, name: str, counts: Counts, dry: bool) -> None:
        if dry and counts.quiet:
            self.stdout.write(f"{name}: nothing to do ({counts.unchanged} rows agree)")
            return
        self.stdout.write(
            f"{name}: {counts.created} created, {counts.updated} updated, "
            f"{counts.unchanged} unchanged, {counts.deleted} deleted, "
            f"{counts.conflicts} conflicts, {counts.errors} errors, {counts.requests} requests"
        )


def _name(command: AirtableCommand) -> str:
    return type(command).__module__.rpartition(".")[2]
