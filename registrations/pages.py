"""The parent's own page: the chat, with or without JavaScript, and what belongs to it."""

import secrets

from django.conf import settings
from django.db import transaction
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.templatetags.static import static
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from integrations import clock
from registrations import api, errors, limits, plain_form
from registrations.actions import inviting, resuming
from registrations.chat import coming_back, screen
from registrations.plain_form import Shown

LOST = "This page has lost its number. Please open it again."
BLUE = "#123c8c"


# No cookie is involved: the form carries the session's key, as the script does.
@csrf_exempt
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def home(request: HttpRequest) -> HttpResponse:
    """The chat; a plain form takes one answer per page load. Probes get JSON where they ask."""
    if request.headers.get("Accept", "").startswith("application/json"):
        return JsonResponse({"message": f"{settings.CLUB_NAME} registrations"})
    if request.method != "POST":
        return _show(request, Shown(screen.transcript(_new_key())))
    if plain_form.is_too_big(request):
        return _sorry(request, api.TOO_BIG, 413)
    if "return" in request.POST:
        return _returned(request, request.POST["return"])
    if "resume" in request.POST:
        return _resumed(request, request.POST["resume"])
    key = request.POST.get("session_id", "")
    if not api.SESSION_ID.fullmatch(key):
        return _sorry(request, LOST, 400)
    return _show(request, plain_form.turn(request, key))


@csrf_exempt
@never_cache
@require_POST
def resume_link(request: HttpRequest) -> HttpResponse:
    """A link to carry on on another device: shown once, or e-mailed to the address given."""
    key = request.POST.get("session_id", "")
    if not api.SESSION_ID.fullmatch(key):
        return _sorry(request, LOST, 400)
    wait = limits.seconds_to_wait(request, key, "messages")
    if wait:
        return errors.too_many(request, wait)
    by_mail = "mail" in request.POST
    if by_mail:
        link, mailed = "", resuming.mail_link(key, at=clock.now())
    else:
        link, mailed = resuming.make_link(key, at=clock.now()), False
    given = {"link": link, "mailed": mailed, "key": key, "days": resuming.LASTS.days}
    return _private(render(request, "chat/elsewhere.html", given))


@never_cache
@require_safe
def resume(request: HttpRequest, token: str) -> HttpResponse:
    """Where such a link leads: a button, since a mail scanner's look must not use it up."""
    wait = limits.seconds_to_wait(request, "", "messages")
    if wait:
        return errors.too_many(request, wait)
    door = resuming.look(token, at=clock.now())
    return _private(_door(request, door, token))


def _resumed(request: HttpRequest, token: str) -> HttpResponse:
    """The button was pressed: the conversation goes on here, under a key of its own."""
    wait = limits.seconds_to_wait(request, "", "messages")
    if wait:
        return errors.too_many(request, wait)
    key = resuming.follow(token, at=clock.now())
    if not key:
        return _private(_door(request, resuming.look(token, at=clock.now()), token))
    return _show(request, Shown(screen.transcript(key)), resumed=True)


@never_cache
@require_safe
def come_back(request: HttpRequest, token: str) -> HttpResponse:
    """Where an invitation's link leads: a button, since scanners look at links too."""
    wait = limits.seconds_to_wait(request, "", "messages")
    if wait:
        return errors.too_many(request, wait)
    door = inviting.look(token, clock.now())
    status = {"unknown": 404, "closed": 410, "answered": 410}.get(door, 200)
    given = {"door": door, "token": token}
    return _private(render(request, "chat/return.html", given, status=status))


def _returned(request: HttpRequest, token: str) -> HttpResponse:
    """The button was pressed: the family's places are open, without another proof."""
    wait = limits.seconds_to_wait(request, "", "messages")
    if wait:
        return errors.too_many(request, wait)
    at = clock.now()
    with transaction.atomic():
        opened = inviting.follow(token, at=at)
        if opened is not None:
            session, visit = opened
            coming_back.opened(session, visit, at)
    if opened is None:
        given = {"door": inviting.look(token, at), "token": token}
        return _private(render(request, "chat/return.html", given, status=410))
    return _show(request, Shown(screen.transcript(session.key)), resumed=True)


def _door(request: HttpRequest, door: resuming.Door, token: str) -> HttpResponse:
    status = {resuming.Door.OPEN: 200, resuming.Door.UNKNOWN: 404}.get(door, 410)
    given = {"door": door.value, "token": token}
    return render(request, "chat/resume.html", given, status=status)


def _private(response: HttpResponse) -> HttpResponse:
    response["Referrer-Policy"] = "no-referrer"
    response["X-Robots-Tag"] = "noindex, nofollow"
    return response


def _show(request: HttpRequest, shown: Shown, *, resumed: bool = False) -> HttpResponse:
    given = {"screen": shown.screen, "notice": shown.notice, "resumed": resumed}
    response = render(request, "chat/page.html", given, status=shown.status)
    if shown.wait:
        response["Retry-After"] = str(shown.wait)
    return response


def _sorry(request: HttpRequest, notice: str, status: int) -> HttpResponse:
    return _show(request, Shown(screen.transcript(_new_key()), notice, status))


def _new_key() -> str:
    return f"page-{secrets.token_urlsafe(16)}"


@require_safe
def privacy(request: HttpRequest) -> HttpResponse:
    """The privacy notice."""
    return render(request, "privacy.html")


@require_safe
def manifest(request: HttpRequest) -> HttpResponse:
    """What a phone needs to keep the page among its apps."""
    sizes = [(192, "any"), (512, "any"), (512, "maskable")]
    icons = [
        {
            "src": static(f"icons/icon-{size}.png"),
            "sizes": f"{size}x{size}",
            "type": "image/png",
            "purpose": purpose,
        }
        for size, purpose in sizes
    ]
    said = {
        "name": f"{settings.CLUB_NAME} registrations",
        "short_name": settings.CLUB_SHORT_NAME,
        "lang": "en-GB",
        "start_url": "/",
        "display": "standalone",
        "background_color": BLUE,
        "theme_color": BLUE,
        "icons": icons,
    }
    return JsonResponse(said, content_type="application/manifest+json")
