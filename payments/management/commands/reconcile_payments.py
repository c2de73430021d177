"""Compare our books with GoCardless's, as the nightly job does, and say what differs."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from integrations.errors import OutsideError
from payments.actions import reconciling
from payments.models import ReconciliationDifference
from registrations.wording import pounds


class Command(BaseCommand):
    """`manage.py reconcile_payments`: exit code 1 where something differs or could not be read."""

    help = "Take in missed GoCardless events and list every difference from our books."

    def handle(self, *args: Any, **options: Any) -> None:
        """Print the outcome, one line a difference (ids only, nothing personal)."""
        try:
            done = reconciling.reconcile()
        except OutsideError as error:
            raise CommandError(f"GoCardless could not be asked: {error}") from error
        self.stdout.write(f"{done.events} missed events taken in, {done.mended} mended.")
        rows = ReconciliationDifference.objects.filter(gone_at=None)
        for row in rows.order_by("resource", "gocardless_id", "what"):
            sign = "-" if row.pence < 0 else ""
            amount = f"{sign}{pounds(abs(row.pence))}"
            self.stdout.write(
                f"{row}: ours {row.ours or '-'}, theirs {row.theirs or '-'}, {amount}"
            )
        if done.not_asked:
            raise CommandError(f"Could not be read: {done.not_asked}")
        if done.open:
            raise CommandError(f"{done.open} differences are left.")
        self.stdout.write("Nothing differs.")
