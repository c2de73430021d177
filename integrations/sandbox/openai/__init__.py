"""OpenAI's stand-in: the Responses and models endpoints, and a "model" that reads by rules."""

from integrations.sandbox.openai.routes import blueprint

__all__ = ["blueprint"]
