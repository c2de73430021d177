"""The service health report: from call records and queues, without calling anybody."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.apps import apps
from django.conf import settings
from django.db.models import Count, Q, Value

from integrations import clock
from integrations.health import credentials, parts
from integrations.models import ServiceCall, ServiceState

NAMES = {
    "airtable": "Airtable",
    "gocardless": "GoCardless",
    "twilio": "Twilio (SMS)",
    "s3": "Photo storage",
    "places": "Google Places",
    "openai": "OpenAI (reading)",
    "mail": "E-mail",
    "mcp": "Agents' door, for models",
    "database": "Database",
    "broker": "Broker",
    "clock": "Clock",
    "worker": "Worker",
}
OWN = [*parts.LOOK, parts.WORKER]
BAD, POOR, GOOD = "down", "degraded", "healthy"
FAILED = ["unavailable", "uncertain", "blocked"]


def report() -> dict[str, Any]:
    """How everything is: `overall_status`, `services` by name, `last_updated` (ISO, UTC)."""
    states = {state.service: state for state in ServiceState.objects.all()}
    calls, waiting = _calls(), _waiting()
    services = {
        name: _service(name, states.get(name), calls.get(name, {}), waiting.get(name, {}))
        for name in NAMES
    }
    return {
        "overall_status": _overall(services),
        "services": services,
        "last_updated": clock.now().isoformat(),
    }


def _overall(services: dict[str, Any]) -> str:
    levels = {service["level"] for service in services.values()}
    if services["database"]["level"] == BAD or services["worker"]["level"] == BAD:
        return BAD
    return POOR if levels & {BAD, POOR} else GOOD


def _service(
    name: str, state: ServiceState | None, calls: dict[str, int], waiting: dict[str, Any]
) -> dict[str, Any]:
    state = state or ServiceState(service=name)
    level, words = _standing(name, state)
    return {
        "name": NAMES[name],
        "level": level,
        "status": words,
        "breaker": _breaker(state),
        "last_success_at": _iso(state.last_success_at),
        "last_error_at": _iso(state.last_error_at),
        "last_error": state.blocked_reason or state.last_error,
        "waiting": waiting.get("waiting", 0),
        "needs_person": waiting.get("needs_person", 0),
        "waits": waiting.get("kinds", {}),
        "calls_24h": calls.get("all", 0),
        "failures_24h": calls.get("failed", 0),
        "configured": credentials.configured(name),
        "credentials": credentials.shown(name),
    }


def _standing(name: str, state: ServiceState) -> tuple[str, str]:
    """Level and words of one service."""
    if name in OWN:
        part = parts.worker(state) if name == parts.WORKER else parts.LOOK[name]()
        return (GOOD, "working") if part.works else (BAD, part.problem)
    if not credentials.configured(name):
        return _unconfigured(name)
    return _called(state)


def _unconfigured(name: str) -> tuple[str, str]:
    if name == "s3":
        return GOOD, "not configured: photos are kept on this machine's disk"
    if name == "places":
        return GOOD, "not configured: parents type their address"
    if name == "openai":
        return GOOD, "not configured: answers are read by rule"
    if name == "mcp":
        return GOOD, "not configured: a model's tools run in this program"
    return BAD, "not configured"


def _called(state: ServiceState) -> tuple[str, str]:
    if state.blocked_at:
        return BAD, "held: it refuses our credentials, permission or quota"
    if state.open_until and state.open_until > clock.now():
        return BAD, "away: calls are held until it answers again"
    if state.open_until or state.failures:
        return POOR, "unsure: the last calls failed"
    if state.last_success_at is None:
        return GOOD, "configured, not used yet"
    return GOOD, "working"


def _breaker(state: ServiceState) -> str:
    """closed, open (nothing is called), half-open (one call tries), or blocked (staff must act)."""
    if state.blocked_at:
        return "blocked"
    if state.open_until is None:
        return "closed"
    return "open" if state.open_until > clock.now() else "half-open"


def _calls() -> dict[str, dict[str, int]]:
    """Calls of the last 24 hours by service; what was held back was not a call."""
    recent = ServiceCall.objects.filter(started_at__gt=clock.now() - timedelta(hours=24))
    rows = recent.exclude(outcome=ServiceCall.Outcome.HELD).values("service").order_by()
    counted = rows.annotate(total=Count("pk"), failed=Count("pk", filter=Q(outcome__in=FAILED)))
    return {row["service"]: {"all": row["total"], "failed": row["failed"]} for row in counted}


def _waiting() -> dict[str, dict[str, Any]]:
    """What waits because of each service, by kind of row (settings.DUE_SERVICES).

    A row that is merely looked at again later, with no error, does not wait.
    """
    found: dict[str, dict[str, Any]] = {}
    kinds = [(apps.get_model(label), name) for label, name in settings.DUE_SERVICES.items()]
    for nth, waiting, persons in _counted([model for model, _ in kinds]):
        model, service = kinds[nth]
        entry = found.setdefault(service, {"waiting": 0, "needs_person": 0, "kinds": {}})
        entry["waiting"] += waiting
        entry["needs_person"] += persons
        if waiting:
            entry["kinds"][str(model._meta.verbose_name_plural)] = waiting
    return found


def _counted(models: list[Any]) -> list[tuple[int, int, int]]:
    """(nth model, …): how many of its rows wait behind, and for a person; in one query."""
    behind = Q(needs_person_at=None, due_at__isnull=False)
    behind &= Q(due_at__lte=clock.now()) | ~Q(last_error="")
    counts = [
        model._default_manager.open()
        .order_by()
        .values(nth=Value(nth))
        .annotate(
            waiting=Count("pk", filter=behind),
            persons=Count("pk", filter=Q(needs_person_at__isnull=False)),
        )
        .values_list("nth", "waiting", "persons")
        for nth, model in enumerate(models)
    ]
    return sorted(counts[0].union(*counts[1:], all=True))


def _iso(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment else None
