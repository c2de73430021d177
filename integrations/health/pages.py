"""Service health as a page for staff, and as JSON."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.utils.dateparse import parse_datetime
from django.views.decorators.cache import never_cache

from integrations import audit, clock, guard, health
from integrations.errors import OutsideError
from integrations.health import history, metrics
from integrations.health.history import Hour
from integrations.health.report import NAMES, OWN
from integrations.models import AuditEntry, ServiceState
from integrations.office.pages import Office


def register(site: Office) -> None:
    """Add the pages to the admin site."""
    site.page("service-health/", "service_health")(health_page)
    site.page("service-health/<slug:service>/<slug:deed>/", "service_health_do")(press)


def health_page(request: HttpRequest) -> HttpResponse:
    """Every service: how it is, what waits, what to press."""
    _may(request, "view")
    report = health.report()
    hours = history.hours()
    services = [
        _for_page(name, entry, hours.get(name, [])) for name, entry in report["services"].items()
    ]
    context = admin.site.each_context(request) | {
        "title": "Service health",
        "overall": report["overall_status"],
        "services": services,
        "updated": parse_datetime(report["last_updated"]),
        "may_press": request.user.has_perm("integrations.change_servicestate"),
    }
    return TemplateResponse(request, "admin/office/service_health.html", context)


def press(request: HttpRequest, service: str, deed: str) -> HttpResponse:
    """Test a service now, or let its calls through again; by POST only."""
    _may(request, "change")
    back = redirect("admin:service_health")
    if service not in NAMES or deed not in ("test", "release"):
        raise Http404
    if request.method != "POST":
        return back
    if deed == "release":
        _release(request, service)
    elif service in health.TESTS:
        _test(request, service)
    return back


def service_health(request: HttpRequest) -> HttpResponse:
    """The report as JSON for staff and monitors; 401 or 403 as JSON for anybody else."""
    if metrics.has_token(request):
        return JsonResponse(health.report())
    if not request.user.is_authenticated:
        return JsonResponse({"detail": "Sign in as staff first."}, status=401)
    if not (request.user.is_staff and request.user.has_perm("integrations.view_servicestate")):
        return JsonResponse({"detail": "This is for staff."}, status=403)
    return JsonResponse(health.report())


service_health_json = never_cache(service_health)


def _release(request: HttpRequest, service: str) -> None:
    guard.release(service)
    _log(service, "Let its calls through again")
    messages.success(request, f"{NAMES[service]}: calls go out again.")


def _test(request: HttpRequest, service: str) -> None:
    _log(service, "Tested")
    try:
        answer = health.test_now(service)
    except OutsideError as error:
        messages.error(request, f"{NAMES[service]} does not work. {error}")
    else:
        messages.success(request, f"{NAMES[service]} works: {answer}.")


def _log(service: str, words: str) -> None:
    audit.record(AuditEntry.Verb.DID, ServiceState(pk=service), words)


def _may(request: HttpRequest, deed: str) -> None:
    """Raise PermissionDenied unless the member of staff may `view` or `change` services."""
    names = [f"integrations.{verb}_servicestate" for verb in {deed, "change"}]
    if not any(request.user.has_perm(name) for name in names):
        raise PermissionDenied


def _for_page(name: str, entry: dict[str, Any], hours: list[Hour]) -> dict[str, Any]:
    moments = ("last_success_at", "last_error_at")
    parsed = {moment: parse_datetime(entry[moment] or "") for moment in moments}
    state = ServiceState.objects.filter(service=name).first()
    held = bool(state and (state.blocked_at or state.open_until or state.failures))
    calls = entry["calls_24h"]
    past = {
        "can_test": name in health.TESTS,
        "hours": _bars(hours),
        "rate": round((calls - entry["failures_24h"]) * 100 / calls, 1) if calls else None,
        "outages": history.outages(name) if entry["last_error_at"] else [],
    }
    return entry | parsed | past | {"key": name, "held": held, "own": name in OWN}


def _bars(hours: list[Hour]) -> list[tuple[Hour, int, int]]:
    """Each hour with its bar's place and height in a picture of 24 by 30."""
    slowest = max((hour.milliseconds for hour in hours), default=0) or 1
    now = clock.now()
    return [
        (
            hour,
            23 - min(int((now - hour.at).total_seconds() // 3600), 23),
            max(hour.milliseconds * 30 // slowest, 1),
        )
        for hour in hours
    ]
