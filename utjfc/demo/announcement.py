"""What a person and a script need to know of the running demo: printed, and in demo.json."""

import json
from pathlib import Path
from typing import Any

from django.conf import settings

from utjfc.demo.staff import LOGINS


def contents(codes: list[str], agents_token: str) -> dict[str, Any]:
    """The addresses, logins, codes, the agents' door and the sandbox's credentials."""
    web = f"http://127.0.0.1:{settings.PORT}"
    return {
        "urls": {"web": web, "admin": f"{web}/admin/", "sandbox": settings.SANDBOX_URL},
        "logins": [
            {"username": one.username, "password": one.password, "role": one.role} for one in LOGINS
        ],
        "codes": codes,
        "mcp": {"url": f"http://127.0.0.1:{settings.MCP_PORT}/mcp", "token": agents_token},
        "sandbox": {
            "airtable": {
                "endpoint_url": settings.AIRTABLE_URL,
                "pat": settings.AIRTABLE_PAT,
                "base_id": settings.AIRTABLE_BASE_ID,
            },
            "twilio": {
                "base_url": settings.TWILIO_URL,
                "account_sid": settings.TWILIO_ACCOUNT_SID,
                "auth_token": settings.TWILIO_AUTH_TOKEN,
            },
            "gocardless": {
                "base_url": settings.GOCARDLESS_URL,
                "token": settings.GOCARDLESS_TOKEN,
                "webhook_secret": settings.GOCARDLESS_WEBHOOK_SECRET,
            },
            "places": {
                "base_url": settings.GOOGLE_PLACES_URL,
                "api_key": settings.GOOGLE_PLACES_API_KEY,
            },
            "openai": {"base_url": settings.OPENAI_URL, "api_key": settings.OPENAI_API_KEY},
        },
    }


def write(file: Path, said: dict[str, Any]) -> None:
    """Write it whole: whoever sees the file sees all of it."""
    draft = file.with_name(f"{file.name}.draft")
    draft.write_text(json.dumps(said, indent=2) + "\n")
    draft.replace(file)


def words(said: dict[str, Any]) -> str:
    """The same for the terminal."""
    urls = said["urls"]
    lines = [
        "",
        f"  {settings.CLUB_NAME} is open. All of it is a demo: no real person, no real money.",
        "",
        f"  Registration   {urls['web']}/",
        f"  Admin          {urls['admin']}",
        f"  Sandbox        {urls['sandbox']}/   the parents' phones, the payment page, Airtable,",
        "                 a clock to move, a switch to turn each service off",
        "",
        f"  Agents (MCP)   {said['mcp']['url']}   (docs/agents.md; the token is in demo.json)",
        "",
        f"  A code to register with   {said['codes'][0]}",
        "",
        *(f"  {one['role']:<14} {one['username']:<10} {one['password']}" for one in said["logins"]),
        "",
        f"  Logs are in {settings.VAR_DIR / 'log'}. Ctrl-C stops everything.",
        "",
    ]
    return "\n".join(lines)
