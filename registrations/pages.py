"""The parent's own page: the chat, with or without JavaScript, and what belongs to it."""

import secrets

from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.templatetags.static import static
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_safe

from registrations import api, limits, photos
from registrations.chat import screen, uploads
from registrations.chat.screen import Screen

ANSWERED = "That was answered already. Here is where we are."
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
        return _show(request, screen.transcript(f"page-{secrets.token_urlsafe(16)}"))
    length = request.META.get("CONTENT_LENGTH") or ""
    if length.isdigit() and int(length) > api.LONGEST_UPLOAD:
        return _sorry(request, api.TOO_BIG, 413)
    key = request.POST.get("session_id", "")
    if not api.SESSION_ID.fullmatch(key):
        return _sorry(request, "This page has lost its number. Please open it again.", 400)
    wait = limits.seconds_to_wait(request, key, "messages")
    if wait:
        response = _show(request, screen.transcript(key), api.BUSY, 429)
        response["Retry-After"] = str(wait)
        return response
    return _turn(request, key)


def _turn(request: HttpRequest, key: str) -> HttpResponse:
    """One answer of the plain form: a photo, a look at how it fares, or words."""
    if "look" in request.POST:
        return _show(request, screen.transcript(key))
    if "upload" in request.POST:
        return _photo(request, key)
    text = _text(request)
    if not text:
        return _show(request, screen.transcript(key), "Please type or choose an answer.")
    if len(text) > api.LONGEST_MESSAGE:
        return _show(request, screen.transcript(key), api.TOO_LONG, 413)
    reply, stale = screen.answer(key, text, request.POST.get("answering", ""))
    if stale:
        return _show(request, screen.transcript(key), ANSWERED)
    return _show(request, screen.transcript(key, (text, reply)))


def _text(request: HttpRequest) -> str:
    """What the parent wrote, pressed, or put into day, month and year."""
    given = request.POST
    dated = "/".join(given.get(part, "").strip() for part in ("day", "month", "year")).strip("/")
    text = given.get("choice") or given.get("user_message") or dated
    return text.replace("\x00", "").encode("utf-8", "replace").decode().strip()


def _photo(request: HttpRequest, key: str) -> HttpResponse:
    file = request.FILES.get("file")
    if file is None:
        return _show(request, screen.transcript(key), api.NO_FILE)
    raw = file.read(photos.MAX_BYTES + 1)
    reply, processing = uploads.receive(key, (file.name or "").replace("\x00", ""), raw)
    said = None if processing else (f"Photo {file.name}", reply)
    return _show(request, screen.transcript(key, said))


def _show(request: HttpRequest, shown: Screen, notice: str = "", status: int = 200) -> HttpResponse:
    return render(request, "chat/page.html", {"screen": shown, "notice": notice}, status=status)


def _sorry(request: HttpRequest, notice: str, status: int) -> HttpResponse:
    return _show(request, screen.transcript(f"page-{secrets.token_urlsafe(16)}"), notice, status)


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
