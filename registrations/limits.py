"""How often a session and an address may ask (issue 2, section 4): counted, never guessed."""

from django.conf import settings
from django.core.cache import cache
from django.db.models import Case, F, Q, When
from django.http import HttpRequest

from integrations import clock
from registrations.models import ChatSession

A_MINUTE = 60  # messages, and as many polls, of one session
AN_ADDRESS = 10 * A_MINUTE


def seconds_to_wait(request: HttpRequest, key: str, what: str) -> int:
    """0 where the request may pass; else the seconds until the next minute.

    `what` is "messages" or "polls". Real minutes: a moved clock opens no door.
    """
    minute = int(clock.pace() // 60)
    left = 60 - int(clock.pace() % 60)
    if not _address_may(request, what, minute):
        return left
    return 0 if _session_may(key, what, minute) else left


def address(request: HttpRequest) -> str:
    """The client's address: what the outermost proxy that we trust saw."""
    hops = [hop.strip() for hop in request.headers.get("X-Forwarded-For", "").split(",") if hop]
    if settings.TRUSTED_PROXIES and len(hops) >= settings.TRUSTED_PROXIES:
        return hops[-settings.TRUSTED_PROXIES]
    return request.META.get("REMOTE_ADDR", "")


def _address_may(request: HttpRequest, what: str, minute: int) -> bool:
    key = f"limit:{what}:{address(request)}:{minute}"
    if cache.add(key, 1, timeout=90):
        return True
    try:
        return cache.incr(key) <= AN_ADDRESS
    except ValueError:
        return True  # the minute ended between the two


def _session_may(key: str, what: str, minute: int) -> bool:
    """One conditional UPDATE counts and decides; a key that has no session yet has no count."""
    counter, other = f"{what}_in_minute", "polls" if what == "messages" else "messages"
    now = Q(minute=minute)
    rows = ChatSession.objects.filter(key=key)
    counted = rows.filter(~now | Q(**{f"{counter}__lt": A_MINUTE})).update(
        **{
            counter: Case(When(now, then=F(counter) + 1), default=1),
            f"{other}_in_minute": Case(When(now, then=F(f"{other}_in_minute")), default=0),
        },
        minute=minute,
        last_seen_at=clock.now(),
    )
    return bool(counted) or not rows.exists()
