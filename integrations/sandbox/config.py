"""What the sandbox is told at the start: credentials, addresses and its own pace."""

from dataclasses import dataclass

from integrations.sandbox.store import Store


@dataclass(frozen=True)
class SandboxConfig:
    """One set of credentials per vendor; times are real seconds."""

    web_url: str
    gocardless_token: str
    gocardless_webhook_secret: str
    airtable_pat: str
    airtable_base_id: str
    twilio_account_sid: str
    twilio_auth_token: str
    places_api_key: str
    openai_api_key: str
    public_url: str = ""
    # How long a paid billing request stays `fulfilling` before its records exist.
    fulfil_seconds: float = 1.0
    # The bank's answer to the Faster Payment, counted from the same moment.
    confirm_seconds: float = 1.5
    # The vendor's penalty after too many requests; tests make it short.
    airtable_penalty_seconds: float = 30.0
    # The gaps between the attempts at one webhook.
    webhook_gaps: tuple[float, ...] = (1, 2, 5, 10, 20, 40, 60)


def web_url(store: Store, config: SandboxConfig) -> str:
    """Where webhooks go: the configured site, unless a test has named another in the store."""
    setting = store.get("sandbox.settings", "web")
    return (setting["url"] if setting else config.web_url).rstrip("/")
