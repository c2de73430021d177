"""Check token, base, tables, fields, types and choices; --create makes what is missing."""

import sys
from typing import Any

from django.core.management.base import CommandParser

from integrations.airtable import check
from integrations.airtable.commands import NEEDS_A_PERSON, AirtableCommand


class Command(AirtableCommand):
    """Exit code 0: all is as it should be; 1: something is missing; 2: no answer."""

    help = "Check the base against what the platform needs; nothing is ever deleted."

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("--create", action="store_true", help="make missing tables and fields")

    def handle(self, *args: Any, **options: Any) -> None:
        with self.talking(options):
            token = check.token(create=options["create"])
            self.stdout.write(f"token of {token.user}; scopes: {', '.join(token.scopes)}")
            for scope in token.missing:
                self.stdout.write(f"  MISSING scope {scope}")
            for scope in token.advised:
                self.stdout.write(f"  no scope {scope}: changes are found by polling only")
            self.stdout.write(check.base_line())
            lines = check.lines(self.chosen(options), create=options["create"])
        width = max([len(line.field) for line in lines] or [0])
        for line in lines:
            self.stdout.write(f"{line.table}  {line.field:<{width}}  {line.words}")
        bad = [line for line in lines if not line.good]
        self.stdout.write(f"{len(lines) - len(bad)} right, {len(bad)} wrong")
        if bad or token.missing:
            sys.exit(NEEDS_A_PERSON)
