"""Google Places' stand-in: text search, new and legacy, over a few invented streets."""

from integrations.sandbox.places.routes import blueprint

__all__ = ["blueprint"]
