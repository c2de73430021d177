"""The texts that the demo's parents had, here and at Twilio."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from email.utils import format_datetime, parsedate_to_datetime
from random import Random
from typing import Any

from django.conf import settings

from integrations.sandbox.twilio import messages as twilio
from registrations.actions.messages import preview
from registrations.models import Email, Registration, Sms
from utjfc.demo.stories import UNASKED, Story

# One text in forty never reached its phone.
LOST = 0.025
UNREACHABLE = "30003"


class Texts:
    """Writes the messages of each story."""

    def __init__(self, dice: Random) -> None:
        self.dice = dice
        self._sent: list[dict[str, Any]] = []
        self.sms: list[Sms] = []
        self.emails: list[Email] = []

    def write(self, story: Story) -> None:
        """The payment link, and the confirmation of whoever paid; call once it is all saved."""
        if story.fate in UNASKED:
            return
        self._text(story.registration, "payment_link", story.submitted_at + timedelta(seconds=4))
        if story.paid_at:
            at = story.paid_at + timedelta(seconds=20)
            subscribed = "subscription" in story.ids
            self._text(story.registration, "confirmation", at, subscribed=subscribed)

    def documents(self) -> Iterator[tuple[str, str, dict[str, Any]]]:
        """(kind, id, document) of all that the sandbox must know, oldest first."""
        for one in sorted(self._sent, key=lambda one: parsedate_to_datetime(one["date_sent"])):
            yield twilio.KIND, one["sid"], one

    def _text(self, row: Registration, kind: str, at: datetime, **words: Any) -> None:
        lost = self.dice.random() < LOST
        status = "undelivered" if lost else "delivered"
        body = preview(row, kind, **words)
        to = str(row.guardian.phone)
        message = twilio.build(
            settings.TWILIO_ACCOUNT_SID,
            to=to,
            sender=settings.TWILIO_FROM_NUMBER,
            body=body,
            status=status,
        )
        sent = format_datetime(at)
        message |= {"date_created": sent, "date_sent": sent, "date_updated": sent}
        message["error_code"] = int(UNREACHABLE) if lost else None
        self._sent.append(message)
        self.sms.append(
            Sms(
                registration=row,
                kind=kind,
                to=to,
                body=body,
                status=status,
                sid=message["sid"],
                error_code=UNREACHABLE if lost else "",
                error="The phone was off or out of reach." if lost else "",
                created_at=at,
                first_tried_at=at,
                sent_at=at,
                status_at=at + timedelta(seconds=3),
            )
        )
