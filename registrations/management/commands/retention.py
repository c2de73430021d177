"""Remove what has been kept long enough, as the nightly job does, or only list it."""

from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from registrations.actions import retention
from registrations.models import RetentionItem


class Command(BaseCommand):
    """`manage.py retention --dry-run` lists; without it everything listed is removed."""

    help = "Remove drafts, transcripts, photos and medical notes past their season's time."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--dry-run", action="store_true", help="list only, remove nothing")

    def handle(self, *args: Any, **options: Any) -> None:
        """Print one line a thing (ids only, nothing personal), then the totals."""
        report = retention.run(dry_run=options["dry_run"], by="retention")
        for item in report.items.select_related("season"):
            season = f", {item.season.label}" if item.season else ""
            self.stdout.write(f"{item}{season}, kept until {item.kept_until:%-d %B %Y}")
        done = "would be removed" if report.dry_run else "removed"
        for kind, words in RetentionItem.Kind.choices:
            self.stdout.write(f"{report.counts.get(kind, 0):>6} {words}: {done}")
