"""Twilio's stand-in: messages with signed callbacks, and the parents' phones."""

from integrations.sandbox.twilio.phone import pages_blueprint
from integrations.sandbox.twilio.routes import blueprint

__all__ = ["blueprint", "pages_blueprint"]
