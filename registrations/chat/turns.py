"""What one message meets."""

from dataclasses import dataclass
from datetime import datetime

from registrations.chat.addresses import Found
from registrations.chat.steps import Step
from registrations.chat.words import Command
from registrations.models import ChatSession, Draft


@dataclass
class Turn:
    """What one message meets: the locked draft, its step, what was read and what was looked up."""

    session: ChatSession
    draft: Draft
    step: Step
    text: str
    commands: list[Command]
    found: Found
    at: datetime
    gone: bool = False  # the draft was taken back in this turn: nothing is written down
