"""What the airtable_* commands share: which tables, which base, how outcomes become exit codes."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from integrations.airtable import base
from integrations.airtable.mapping import AirtableTableMapping, mappings
from integrations.errors import OutsideError

# 1: something needs a person; 2: Airtable could not be reached or refused us.
NEEDS_A_PERSON, NOT_DONE = 1, 2


class AirtableCommand(BaseCommand):
    """A command about the club's base; --table limits it to one table."""

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--table", default="", help="one table's name; all by default")
        parser.add_argument(
            "--new-base",
            action="store_true",
            help="the settings name another base from now on; every row is looked for there",
        )

    def chosen(self, options: dict[str, Any]) -> list[tuple[AirtableTableMapping, str]]:
        """(mapping, table name) of every table that the command is about."""
        every = [(one, name) for one in mappings() for name in one.tables()]
        wanted = options["table"]
        found = [pair for pair in every if not wanted or pair[1] == wanted]
        if not found:
            names = ", ".join(name for _, name in every) or "none"
            raise CommandError(f"There is no table {wanted}; known ones: {names}", returncode=1)
        return found

    @contextmanager
    def talking(self, options: dict[str, Any]) -> Iterator[None]:
        """Turn the outcomes of calls into sentences and exit code 2."""
        try:
            if options["new_base"]:
                base.change()
            base.known()
            yield
        except OutsideError as error:
            raise CommandError(str(error), returncode=NOT_DONE) from error
