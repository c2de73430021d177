"""`manage.py recover_admin NAME`: let an administrator in who lost password or second factor."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.models import User
from django.core.management.base import BaseCommand, CommandError, CommandParser

from integrations.accounts import leaving


class Command(BaseCommand):
    """Makes a link for a new password; factors and sessions end. It is in the audit trail."""

    help = "let a locked-out administrator in again"

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("username")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            link = leaving.recover(options["username"])
        except User.DoesNotExist as error:
            raise CommandError("There is no such login: createsuperuser makes one.") from error
        self.stdout.write(f"Open this within the hour; it works once:\n{link}")
