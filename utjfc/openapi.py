"""What the OpenAPI document tells of."""

from typing import Any

Endpoint = tuple[str, str, str, Any]  # path, regex, method, view


def one_layout(endpoints: list[Endpoint]) -> list[Endpoint]:
    """The doors once: the same ones answer at the root and under /api (domain 3.1)."""
    return [endpoint for endpoint in endpoints if not endpoint[0].startswith("/api/")]
