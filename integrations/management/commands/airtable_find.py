"""Find records in Airtable by the values of fields."""

from typing import Any

from django.core.management.base import CommandError, CommandParser
from pyairtable import formulas

from integrations.airtable import client, schema
from integrations.airtable.canonical import NUMBERS
from integrations.airtable.commands import AirtableCommand
from integrations.airtable.schema import Bound


class Command(AirtableCommand):
    """Prints ids and the fields asked for; values are quoted, so none can be a formula."""

    help = "Find records by FIELD=VALUE, all of which must match exactly."

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("wanted", nargs="+", metavar="FIELD=VALUE")

    def handle(self, *args: Any, **options: Any) -> None:
        wanted = dict(_pair(text) for text in options["wanted"])
        found = known = 0
        with self.talking(options):
            for mapping, name in self.chosen(options):
                bound = schema.bound(mapping, name)
                if not set(wanted) <= set(bound.row.fields):
                    continue
                known += 1
                formula = str(formulas.match(bound.wire(_typed(bound, wanted))))
                offset = ""
                while True:
                    records, offset = client.page(
                        bound.id, fields=bound.field_ids, formula=formula, offset=offset
                    )
                    for record in records:
                        cells = bound.cells(record)
                        shown = ", ".join(f"{key}={cells.get(key, '')}" for key in wanted)
                        self.stdout.write(f"{name} {record['id']} {shown}")
                    found += len(records)
                    if not offset:
                        break
        if not known:
            raise CommandError(f"No table has the fields {', '.join(wanted)}", returncode=1)
        self.stdout.write(f"{found} found")


def _typed(bound: Bound, wanted: dict[str, str]) -> dict[str, Any]:
    """Numbers for fields that hold numbers; a formula compares 45 with no "45"."""
    values: dict[str, Any] = dict(wanted)
    for name, text in wanted.items():
        if bound.row.fields[name]["type"] in NUMBERS:
            try:
                values[name] = float(text)
            except ValueError:
                raise CommandError(f"{name} holds a number", returncode=1) from None
    return values


def _pair(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not (name and equals):
        raise CommandError(f"{text}: write FIELD=VALUE", returncode=1)
    return name, value
