"""`manage.py mcp_server`: the agents' door (docs/agents.md), until stopped."""

from argparse import ArgumentParser
from typing import Any

import uvicorn
from django.conf import settings
from django.contrib import admin
from django.core.management.base import BaseCommand

from integrations.agents import server


class Command(BaseCommand):
    """Serves until SIGTERM or Ctrl-C; one process, since sessions live in its memory."""

    help = "Serve the agents' door (MCP): /mcp, /sse and /health."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Where to listen, by default as the settings say."""
        parser.add_argument("--host", default=settings.MCP_HOST)
        parser.add_argument("--port", type=int, default=settings.MCP_PORT)

    def handle(self, *args: Any, **options: Any) -> None:
        """Some tools read as the office does, so its pages are known before the first call."""
        admin.autodiscover()
        uvicorn.run(
            server.app(),
            host=options["host"],
            port=options["port"],
            log_level="warning",
            log_config=None,
            access_log=False,  # addresses hold session numbers
            server_header=False,
            proxy_headers=False,
            limit_concurrency=500,
            timeout_graceful_shutdown=3,  # an SSE stream would never end by itself
        )
