"""`manage.py sandbox`: the vendors' stand-ins on one loopback port, until stopped."""

import signal
import threading
from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from integrations.sandbox.app import SandboxServer
from integrations.sandbox.config import SandboxConfig
from integrations.sandbox.store import Store


class Command(BaseCommand):
    """Serves until SIGTERM or Ctrl-C; refuses to start in production."""

    help = "Run the sandbox that stands in for the outside services."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        """The port and the file, by default those of the settings."""
        parser.add_argument("--port", type=int, default=settings.SANDBOX_PORT)
        parser.add_argument("--file", default=settings.SANDBOX_FILE)

    def handle(self, *args: Any, **options: Any) -> None:
        """Start, say where, wait for the signal, stop."""
        if settings.ENVIRONMENT == "production":
            raise CommandError("The sandbox does not start when ENVIRONMENT is production.")
        store = Store(options["file"])
        server = _server(store, options["port"])
        stopped = threading.Event()
        for name in (signal.SIGTERM, signal.SIGINT):
            signal.signal(name, lambda *_: stopped.set())
        server.start()
        self.stdout.write(f"Sandbox ready at {server.url}")
        self.stdout.flush()
        stopped.wait()
        server.stop()
        store.close()


def _server(store: Store, port: int) -> SandboxServer:
    try:
        return SandboxServer(store, _config(), port=port)
    except OSError as error:
        store.close()
        raise CommandError(
            f"The sandbox cannot listen on port {port}: {error.strerror}. "
            "Stop what uses the port, or set SANDBOX_PORT to another one."
        ) from error


def _config() -> SandboxConfig:
    return SandboxConfig(
        web_url=settings.PUBLIC_URL,
        gocardless_token=settings.GOCARDLESS_TOKEN,
        gocardless_webhook_secret=settings.GOCARDLESS_WEBHOOK_SECRET,
        airtable_pat=settings.AIRTABLE_PAT,
        airtable_base_id=settings.AIRTABLE_BASE_ID,
        twilio_account_sid=settings.TWILIO_ACCOUNT_SID,
        twilio_auth_token=settings.TWILIO_AUTH_TOKEN,
        places_api_key=settings.GOOGLE_PLACES_API_KEY,
        openai_api_key=settings.OPENAI_API_KEY,
    )
