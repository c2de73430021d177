"""Invite last season's families to the new one, remind them, and show how it goes."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from integrations import clock
from registrations.actions import inviting
from registrations.actions.rollover_plan import NotPossible
from registrations.models import Rollover


class Command(BaseCommand):
    """`manage.py invite_families 2728`; the worker sends, this command only says what and how."""

    help = "Invite the families of a committed rollover, one message each, or remind them."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("season", help="the new season, such as 2728")
        parser.add_argument("--a-minute", type=int, default=60, help="messages a minute")
        parser.add_argument("--remind", action="store_true", help="who has not answered")
        parser.add_argument("--status", action="store_true", help="only show how it stands")

    def handle(self, *args: Any, **options: Any) -> None:
        rows = Rollover.objects.filter(to_code=options["season"], committed_at__isnull=False)
        rollover = rows.filter(undone_at=None).first()
        if rollover is None:
            raise CommandError(f"No rollover to {options['season']} has been committed.")
        try:
            self._do(rollover, options)
        except NotPossible as error:
            raise CommandError(str(error)) from None
        done = inviting.progress(rollover)
        self.stdout.write(
            f"{done.families} families: {done.told} told, {done.to_send} still to tell,"
            f" {done.opened} opened the link, {done.answered} answered."
        )
        for one, reason in done.untold:
            self.stdout.write(f"  NOT TOLD {one}: {reason}")

    def _do(self, rollover: Rollover, options: dict[str, Any]) -> None:
        if options["status"]:
            return
        if options["remind"]:
            count = inviting.remind(rollover.pk, at=clock.now())
            self.stdout.write(f"{count} reminders are on their way.")
            return
        count = inviting.invite(rollover.pk, a_minute=options["a_minute"], at=clock.now())
        self.stdout.write(f"{count} invitations, {options['a_minute']} a minute.")
