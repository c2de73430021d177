"""Where a request comes from: the client's address, and its device in words."""

from django.conf import settings
from django.http import HttpRequest

# The first that fits; browsers name others in their own line, so order matters.
_BROWSERS = {"Edg": "Edge", "Firefox": "Firefox", "Chrome": "Chrome", "Safari": "Safari"}
_SYSTEMS = {
    "iPhone": "iPhone",
    "iPad": "iPad",
    "Android": "Android",
    "Windows": "Windows",
    "Mac OS": "Mac",
    "Linux": "Linux",
}


def address(request: HttpRequest) -> str:
    """The client's address: what the outermost proxy that we trust saw."""
    hops = [hop.strip() for hop in request.headers.get("X-Forwarded-For", "").split(",") if hop]
    if settings.TRUSTED_PROXIES and len(hops) >= settings.TRUSTED_PROXIES:
        return hops[-settings.TRUSTED_PROXIES][:45]
    return request.META.get("REMOTE_ADDR", "")[:45]


def device(request: HttpRequest) -> str:
    """Such as "Firefox on Windows"; what the browser says of itself, so nothing to rely on."""
    says = request.META.get("HTTP_USER_AGENT", "")
    browser = next((name for mark, name in _BROWSERS.items() if mark in says), "")
    system = next((name for mark, name in _SYSTEMS.items() if mark in says), "")
    return " on ".join(part for part in (browser, system) if part) or says[:60]
