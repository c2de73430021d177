"""Bring both sides together: read, merge, write; says what was done and what it cost."""

import sys
import time
from collections.abc import Callable
from typing import Any

from django.core.management.base import CommandParser
from django.db.models import Q

from integrations import clock
from integrations.airtable import client, pull, push, schema
from integrations.airtable.commands import NEEDS_A_PERSON, AirtableCommand
from integrations.airtable.lease import LEASE_WAIT
from integrations.airtable.push import Written
from integrations.airtable.taking import Counts
from integrations.errors import Unavailable
from integrations.models import AirtableRow

EVERY = 1000  # rows, between two words of progress


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
        troubled, tables = False, self.chosen(options)
        with self.talking(options):
            before = pull.requests_so_far()
            if self.reads:
                troubled = self._read(tables, options)
            if self.writes:
                troubled |= self._write(options["table"], dry=options["dry_run"])
            used = pull.requests_so_far() - before
        self.stdout.write(f"{used} requests used, {pull.requests_so_far()} this month.")
        rows = AirtableRow.objects.needs_person()
        person = rows.filter(table__in=[name for _, name in tables]).count()
        if person:
            self.stdout.write(f"{person} rows need a person: see the admin.")
        if troubled or person:
            sys.exit(NEEDS_A_PERSON)

    def _read(self, tables: list, options: dict[str, Any]) -> bool:
        """Whether anything needs a person."""
        full, dry, troubled = options["full"], options["dry_run"], False
        if full:
            schema.bind_every()
        for mapping, name in tables:
            counts = pull.pull(
                mapping,
                name,
                full=full,
                fresh=False,
                dry=dry,
                asked=_name(self),
                progress=self._progress(name),
            )
            self._say(name, counts, dry)
            troubled |= bool(counts.errors or counts.conflicts)
        return troubled

    def _write(self, table: str, *, dry: bool) -> bool:
        """Whether anything needs a person; raises Unavailable where rows still wait."""
        due = AirtableRow.objects.due()
        due = due.filter(table=table) if table else due
        behind = due.count()
        if dry:
            words = f"{behind} rows would be written." if behind else "Nothing is to be written."
            self.stdout.write(words)
            return False
        written = self._write_all(table, behind)
        self.stdout.write(
            f"{behind} rows were behind: {written.created} created, {written.updated} updated, "
            f"{written.deleted} deleted there, {written.errors} errors"
        )
        # What could not be written is put off, and says why.
        waiting = AirtableRow.objects.waiting().filter(
            Q(due_at__lte=clock.now()) | ~Q(last_error="")
        )
        if left := (waiting.filter(table=table) if table else waiting).count():
            raise Unavailable(client.SERVICE, f"{left} rows still wait to be written")
        return bool(written.errors)

    def _write_all(self, table: str, behind: int) -> Written:
        """Sweep until a sweep does nothing more, while nobody else writes."""
        written, until = Written(), time.monotonic() + LEASE_WAIT
        while True:
            before = (written.rows, written.errors)
            push.push_due(table=table, written=written)
            if written.busy and time.monotonic() < until:
                time.sleep(0.5)
            elif (written.rows, written.errors) == before:
                return written
            elif behind > push.SWEEP:
                self.stdout.write(f"  {written.rows} of {behind} written")

    def _progress(self, name: str) -> Callable[[int], None]:
        told = 0

        def say(rows: int) -> None:
            nonlocal told
            if rows - told >= EVERY:
                told = rows
                self.stdout.write(f"  {name}: {rows} rows read")

        return say

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
