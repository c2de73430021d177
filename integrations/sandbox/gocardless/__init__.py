"""GoCardless's stand-in: billing requests, mandates, payments, subscriptions, webhooks."""

from integrations.sandbox.gocardless.routes import blueprint

__all__ = ["blueprint"]
