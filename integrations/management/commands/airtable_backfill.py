"""Link what stands in Airtable already to what is here; lists what is ambiguous."""

import sys
from typing import Any

from django.core.management.base import CommandParser

from integrations.airtable import backfill, schema
from integrations.airtable.commands import NEEDS_A_PERSON, AirtableCommand
from integrations.airtable.lease import writing


class Command(AirtableCommand):
    """Says first what would happen; --write does it."""

    help = "Match existing rows by record id, sync id, then child and birthday; nothing is guessed."

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("--write", action="store_true", help="link what is certain")

    def handle(self, *args: Any, **options: Any) -> None:
        ambiguous = 0
        with self.talking(options):
            for mapping, name in self.chosen(options):
                bound = schema.bound(mapping, name, fresh=True)
                with writing() as renew:
                    found = backfill.backfill(bound, dry=not options["write"], renew=renew)
                self.stdout.write(
                    f"{name}: {found.linked} linked already, {found.matched} matched, "
                    f"{found.only_there} only there, {found.only_here} only here, "
                    f"{len(found.ambiguous)} ambiguous"
                )
                for sentence in found.ambiguous:
                    self.stdout.write(f"  {sentence}")
                ambiguous += len(found.ambiguous)
        if ambiguous:
            sys.exit(NEEDS_A_PERSON)
