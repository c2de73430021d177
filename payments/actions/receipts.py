"""Receipts by e-mail: what was received for one child, line by line; amounts in pence."""

from django.core.exceptions import ValidationError
from django.db import transaction

from integrations import clock
from payments import lines
from registrations.actions import messages, states
from registrations.wording import pounds


@transaction.atomic
def send(registration_id: int) -> None:
    """Owe a receipt of everything received this season; ValidationError where there is nothing."""
    registration = states.locked(registration_id)
    found = lines.entries(registration.season, today=clock.today(), registration=registration.pk)
    received = [line for line in found if line.collected]
    if not received:
        raise ValidationError("Nothing has been received yet.")
    text = [f"{line.what}: {_amount(line.collected)} ({line.standing})" for line in received]
    text.append(f"Together: {_amount(sum(line.collected for line in received))}")
    if messages.queue_receipt(registration, text="\n".join(text), at=clock.now()) is None:
        raise ValidationError("There is no e-mail address to send it to.")


def _amount(pence: int) -> str:
    return pounds(pence) if pence >= 0 else f"-{pounds(-pence)}"
