"""The same report for Prometheus, for whoever holds the monitor's token; calls nobody."""

from __future__ import annotations

import hmac

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.views.decorators.cache import never_cache
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Gauge, generate_latest

from integrations.health.report import report

LEVELS = {"healthy": 1.0, "degraded": 0.5, "down": 0.0}


def has_token(request: HttpRequest) -> bool:
    """Whether the request brings `Authorization: Bearer METRICS_TOKEN`; never, without a token."""
    given = request.headers.get("Authorization", "").removeprefix("Bearer ").strip()
    wanted = settings.METRICS_TOKEN
    return bool(wanted) and hmac.compare_digest(given.encode(), wanted.encode())


@never_cache
def metrics(request: HttpRequest) -> HttpResponse:
    """Gauges by service, as text; 401 without the token."""
    if not has_token(request):
        answer = HttpResponse("The monitor's token, please.\n", status=401)
        answer["WWW-Authenticate"] = "Bearer"
        return answer
    return HttpResponse(_gauges(), content_type=CONTENT_TYPE_LATEST)


def _gauges() -> bytes:
    registry = CollectorRegistry()

    def gauge(name: str, words: str) -> Gauge:
        return Gauge(f"club_service_{name}", words, ["service"], registry=registry)

    level = gauge("level", "1 works, 0.5 unsure, 0 does not")
    closed = gauge("breaker_closed", "1 while calls go out")
    waiting = gauge("waiting", "rows that wait for the service")
    person = gauge("needs_person", "rows that wait for a person because of it")
    calls = gauge("calls_24h", "calls in 24 hours")
    failed = gauge("failures_24h", "failed calls in 24 hours")
    for name, entry in report()["services"].items():
        level.labels(name).set(LEVELS[entry["level"]])
        closed.labels(name).set(entry["breaker"] == "closed")
        waiting.labels(name).set(entry["waiting"])
        person.labels(name).set(entry["needs_person"])
        calls.labels(name).set(entry["calls_24h"])
        failed.labels(name).set(entry["failures_24h"])
    return generate_latest(registry)
