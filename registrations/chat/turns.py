"""What one message meets."""

from dataclasses import dataclass
from datetime import datetime

from registrations.chat.addresses import Found
from registrations.chat.model import Heard
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
    heard: Heard
    found: Found
    at: datetime
    gone: bool = False  # the draft was taken back in this turn: nothing is written down

    @property
    def commands(self) -> list[Command]:
        """What the message asks for."""
        return self.heard.commands

    @property
    def thanks(self) -> str:
        """A few friendly words, "" where there are none."""
        return self.heard.thanks
