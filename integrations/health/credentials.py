"""Which credentials each service needs, and how they may be shown."""

from __future__ import annotations

from django.conf import settings

CREDENTIALS = {
    "airtable": ["AIRTABLE_PAT", "AIRTABLE_BASE_ID"],
    "gocardless": ["GOCARDLESS_TOKEN", "GOCARDLESS_WEBHOOK_SECRET"],
    "twilio": ["TWILIO_ACCOUNT_SID", "TWILIO_AUTH_TOKEN", "TWILIO_FROM_NUMBER"],
    "s3": ["AWS_S3_BUCKET_NAME", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"],
    "places": ["GOOGLE_PLACES_API_KEY"],
    "openai": ["OPENAI_API_KEY"],
    "mcp": ["MCP_SERVER_URL", "MCP_AUTH_TOKEN"],
}
SHORT = 12  # first and last four of anything shorter would give most of it away


def masked(text: str) -> str:
    """The first and last four characters; of a short secret, nothing but that it is there."""
    if not text:
        return ""
    return f"{text[:4]}…{text[-4:]}" if len(text) >= SHORT else "…"


def shown(service: str) -> dict[str, str]:
    """A service's credentials by setting, masked; "" for one that is missing."""
    return {name: masked(_value(name)) for name in CREDENTIALS.get(service, [])}


def configured(service: str) -> bool:
    """Whether what the service cannot do without is set; photos fall back to our own disk."""
    names = CREDENTIALS.get(service, [])
    if service == "s3":
        names = names[:1]  # the keys may come from the machine's own role
    return all(_value(name) for name in names)


def _value(name: str) -> str:
    return str(getattr(settings, name) or "")
