"""The services on the home page."""

from collections.abc import Iterator

from django.http import HttpRequest
from django.urls import reverse

from integrations import health
from integrations.office import Bar, Chart, Figure, office
from integrations.office.panels import Panel


@office().panel("integrations.view_servicestate")
def services(request: HttpRequest) -> Iterator[Panel]:
    """How many services work, and what waits because of each."""
    report = health.report()["services"]
    page = reverse("admin:service_health")
    poor = [entry["name"] for entry in report.values() if entry["level"] != "healthy"]
    works = f"{len(report) - len(poor)} of {len(report)}"
    trend, level = (f"not working: {', '.join(poor)}", "bad") if poor else ("all work", "good")
    yield Figure("Services", works, page, trend, level)
    bars = [
        Bar(entry["name"], entry["waiting"], page) for entry in report.values() if entry["waiting"]
    ]
    if bars:
        yield Chart("Waiting for a service", "Service", "waiting", bars, page)
