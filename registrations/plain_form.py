"""The chat as a plain form, one answer per page load: for parents without JavaScript, and staff."""

from dataclasses import dataclass

from django.http import HttpRequest

from registrations import api, limits, photos
from registrations.chat import screen, uploads
from registrations.chat.screen import Screen

ANSWERED = "That was answered already. Here is where we are."
NOTHING = "Please type or choose an answer."


@dataclass(frozen=True)
class Shown:
    """What the page shows after a turn; `wait` is how many seconds a hasty visitor must wait."""

    screen: Screen
    notice: str = ""
    status: int = 200
    wait: int = 0


def is_too_big(request: HttpRequest) -> bool:
    """Whether the form is larger than any photo may be; asked before anything of it is read."""
    length = request.META.get("CONTENT_LENGTH") or ""
    return length.isdigit() and int(length) > api.LONGEST_UPLOAD


def turn(request: HttpRequest, key: str) -> Shown:
    """One answer of the form: a photo, a look at how things stand, or words."""
    wait = limits.seconds_to_wait(request, key, "messages")
    if wait:
        return Shown(screen.transcript(key), api.BUSY, 429, wait)
    if "look" in request.POST:
        return Shown(screen.transcript(key))
    if "upload" in request.POST:
        return _photo(request, key)
    text = _text(request)
    if not text:
        return Shown(screen.transcript(key), NOTHING)
    if len(text) > api.LONGEST_MESSAGE:
        return Shown(screen.transcript(key), api.TOO_LONG, 413)
    reply, stale = screen.answer(key, text, request.POST.get("answering", ""))
    if stale:
        return Shown(screen.transcript(key), ANSWERED)
    return Shown(screen.transcript(key, (text, reply)))


def _text(request: HttpRequest) -> str:
    """What the parent wrote, pressed, or put into day, month and year."""
    given = request.POST
    dated = "/".join(given.get(part, "").strip() for part in ("day", "month", "year")).strip("/")
    text = given.get("choice") or given.get("user_message") or dated
    return text.replace("\x00", "").encode("utf-8", "replace").decode().strip()


def _photo(request: HttpRequest, key: str) -> Shown:
    file = request.FILES.get("file")
    if file is None:
        return Shown(screen.transcript(key), api.NO_FILE)
    raw = file.read(photos.MAX_BYTES + 1)
    reply, processing = uploads.receive(key, (file.name or "").replace("\x00", ""), raw)
    said = None if processing else (f"Photo {file.name}", reply)
    return Shown(screen.transcript(key, said))
