"""Which senders and recipients Twilio takes, its magic test numbers, and UK landlines."""

import re

import phonenumbers

from integrations.sandbox.twilio.errors import Refusal

_SENDER_NAME = re.compile(r"(?=.*[A-Za-z])[A-Za-z0-9 +\-_&]{1,11}")
_SERVICE = re.compile(r"MG[0-9a-f]{32}")
_MAGIC_FROM = {
    "+15005550001": (21212, "The 'From' number {} is not a valid phone number."),
    "+15005550007": (21606, "The 'From' phone number {} cannot send SMS to this 'To' number."),
    "+15005550008": (21611, "This 'From' number {} has exceeded its queue of messages."),
}
_MAGIC_TO = {
    "+15005550001": (21211, "The 'To' number {} is not a valid phone number."),
    "+15005550002": (21612, "The message to {} cannot be routed from this 'From' number."),
    "+15005550003": (21408, "Permission to send an SMS to the region of {} is not enabled."),
    "+15005550004": (21610, "The recipient {} is unsubscribed."),
    "+15005550009": (21614, "The 'To' number {} is not a mobile number."),
}
# Undeliverable on purpose, so that the e-mail instead of an SMS can be seen.
_DEAD = "+447700900009"


def check_sender(sender: str, service: str) -> None:
    """Refuse a bad sender; a messaging service stands in for one."""
    if service:
        if not _SERVICE.fullmatch(service):
            raise Refusal(21701, f"The Messaging Service {service} does not exist.")
        return
    if not sender:
        raise Refusal(21603, "A 'From' phone number is required.")
    _check_magic(_MAGIC_FROM, sender)
    if not _is_number(sender) and not _SENDER_NAME.fullmatch(sender):
        raise Refusal(21212, f"The 'From' number {sender} is not a valid phone number.")


def check_recipient(recipient: str) -> None:
    """Refuse what cannot be a phone number; landlines pass, as they do there."""
    if not recipient:
        raise Refusal(21604, "A 'To' phone number is required.")
    _check_magic(_MAGIC_TO, recipient)
    if not _is_number(recipient):
        raise Refusal(21211, f"The 'To' number {recipient} is not a valid phone number.")


def can_reply_to(sender: str) -> bool:
    """Whether the sender is a number: a name is one-way."""
    return _is_number(sender)


def failure(recipient: str) -> tuple[int, str] | None:
    """The code and words with which a message to this number ends undelivered, or None."""
    if recipient == _DEAD:
        return 30003, "Unreachable destination handset"
    kind = phonenumbers.number_type(phonenumbers.parse(recipient, None))
    if kind == phonenumbers.PhoneNumberType.FIXED_LINE:
        return 30006, "Landline or unreachable carrier"
    return None


def _check_magic(magic: dict[str, tuple[int, str]], number: str) -> None:
    if number in magic:
        code, message = magic[number]
        raise Refusal(code, message.format(number))


def _is_number(text: str) -> bool:
    if not re.fullmatch(r"\+[1-9]\d{6,14}", text):
        return False
    try:
        return phonenumbers.is_possible_number(phonenumbers.parse(text, None))
    except phonenumbers.NumberParseException:
        return False
