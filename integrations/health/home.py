"""The services on the home page."""

from collections.abc import Iterator

from django.core.cache import cache
from django.http import HttpRequest
from django.urls import reverse

from integrations import health
from integrations.office import Bar, Chart, Figure, office
from integrations.office.panels import Panel

KEPT = 20  # seconds: home is opened more often than anything here changes
_KEY = "services-on-home"


@office().panel("integrations.view_servicestate")
def services(request: HttpRequest) -> Iterator[Panel]:
    """How many services work, and what waits because of each."""
    report = cache.get(_KEY) or _read()
    page = reverse("admin:service_health")
    poor = [name for name, level, _ in report if level != "healthy"]
    works = f"{len(report) - len(poor)} of {len(report)}"
    trend, level = (f"not working: {', '.join(poor)}", "bad") if poor else ("all work", "good")
    yield Figure("Services", works, page, trend, level)
    bars = [Bar(name, waiting, page) for name, _, waiting in report if waiting]
    if bars:
        yield Chart("Waiting for a service", "Service", "waiting", bars, page)


def _read() -> list[tuple[str, str, int]]:
    """Each service: its name, its level, how much waits because of it; kept for a moment."""
    services = health.report()["services"].values()
    found = [(entry["name"], entry["level"], entry["waiting"]) for entry in services]
    cache.set(_KEY, found, KEPT)
    return found
