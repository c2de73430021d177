"""The doors of the existing frontend and of Twilio (domain 3): they translate and make one call."""

import json
import re
from typing import Any

from django.conf import settings
from django.core.exceptions import RequestDataTooBig
from django.db import OperationalError
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.http.multipartparser import MultiPartParserError
from django.utils.decorators import method_decorator
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema, inline_serializer
from rest_framework import serializers
from rest_framework.exceptions import APIException
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.views import APIView

from integrations import clock, sms
from registrations import limits, photos
from registrations.actions import drafts, messages, sending
from registrations.chat import engine, screen, uploads
from registrations.chat.replies import Reply

SESSION_ID = re.compile(r"[A-Za-z0-9_-]{1,100}")
LONGEST_MESSAGE = 4000  # characters
LONGEST_UPLOAD = photos.MAX_BYTES + 1024 * 1024  # the photo and the form around it
STOP = {"STOP", "STOPALL", "UNSUBSCRIBE", "CANCEL", "END", "QUIT", "REVOKE", "OPTOUT"}
START = {"START", "UNSTOP", "YES"}

AWAY = "We cannot save your answer just now. Please wait a moment and send it again."
BUSY = "That was a lot at once. Please wait a moment and try again."
NO_SESSION = "This chat has lost its number. Please press Clear, or open the page again."
NO_TEXT = "There was no message in that. Please type it again."
TOO_LONG = "That message is too long. Please send a shorter one."
NO_JSON = "That could not be read. Please open the page again."
NO_FILE = "There was no photo in that. Please choose one again."
TOO_BIG = "That photo is larger than 10 MB. Please send a smaller one."

_REPLY = inline_serializer(
    "Reply",
    {
        "response": serializers.CharField(help_text="markdown, never empty"),
        "last_agent": serializers.CharField(required=False),
        "routine_number": serializers.IntegerField(required=False),
    },
)
_PROGRESS = inline_serializer(
    "UploadProgress",
    {
        "complete": serializers.BooleanField(),
        "error": serializers.BooleanField(required=False),
        "message": serializers.CharField(required=False),
        "progress": serializers.CharField(required=False),
        "response": serializers.CharField(required=False),
        "last_agent": serializers.CharField(required=False),
        "routine_number": serializers.IntegerField(required=False),
        "updated_at": serializers.DateTimeField(),
    },
)
_CLEARED = inline_serializer("Cleared", {"message": serializers.CharField()})
_SESSION_ID = {"type": "string", "pattern": f"^{SESSION_ID.pattern}$"}
_REFUSALS = {
    (status, "text/plain"): OpenApiTypes.STR
    for status in (400, 413, 429, 503)  # what `Door.handle_exception` and `Refusal` answer
}
_UPLOAD = {
    "multipart/form-data": {
        "type": "object",
        "required": ["file", "session_id"],
        "properties": {
            "file": {"type": "string", "format": "binary"},
            "session_id": {"type": "string"},
            "last_agent": {"type": "string"},
            "routine_number": {"type": "string"},
        },
    }
}


class Refusal(Exception):
    """An answer in plain text with its status (domain 3.3)."""

    def __init__(self, status: int, text: str, wait: int = 0) -> None:
        super().__init__(text)
        self.status, self.text, self.wait = status, text, wait


@method_decorator(never_cache, name="dispatch")
class Door(APIView):
    """A door without login, cookie or token; what goes wrong is said in plain text."""

    authentication_classes: list = []
    permission_classes = [AllowAny]

    def handle_exception(self, exc: Exception) -> HttpResponse:  # type: ignore[override]
        """Short plain text instead of JSON, since the frontend shows the body as it is."""
        if isinstance(exc, RequestDataTooBig):
            exc = Refusal(413, TOO_LONG)
        if isinstance(exc, MultiPartParserError):
            exc = Refusal(400, NO_JSON)
        if isinstance(exc, OperationalError):
            exc = Refusal(503, AWAY, wait=5)
        if isinstance(exc, APIException):
            exc = Refusal(exc.status_code, str(exc.detail))
        if not isinstance(exc, Refusal):
            raise exc
        return _plain(exc)


class Chat(Door):
    """One turn of the conversation."""

    @extend_schema(
        request=inline_serializer(
            "Message",
            {
                "user_message": serializers.CharField(),
                "session_id": serializers.CharField(),
                "last_agent": serializers.CharField(required=False),
                "routine_number": serializers.IntegerField(required=False),
            },
        ),
        responses={200: _REPLY} | _REFUSALS,
    )
    def post(self, request: Request) -> HttpResponse:
        body = _json(request)
        key, text = _session_id(body.get("session_id")), _message(body.get("user_message"))
        _limit(request, key, "messages")
        if body.get("page") is not True:
            return JsonResponse(_body(engine.answer(key, text)))
        reply, stale = screen.answer(key, text, str(body.get("answering") or ""))
        return JsonResponse(_body(reply) | {"page": screen.page(key, reply, stale=stale)})


class Session(Door):
    """What our own page shows of a session that it comes back to; the key is in the body, so that
    no log of addresses holds it."""

    @extend_schema(
        request=inline_serializer("SessionKey", {"session_id": serializers.CharField()}),
        responses={200: OpenApiTypes.OBJECT} | _REFUSALS,
    )
    def post(self, request: Request) -> HttpResponse:
        key = _session_id(_json(request).get("session_id"))
        _limit(request, key, "polls")
        return JsonResponse(screen.again(key))


class UploadAsync(Door):
    """Take a photo; how it fared is asked of upload-status."""

    @extend_schema(request=_UPLOAD, responses={200: _REPLY} | _REFUSALS)
    def post(self, request: Request) -> HttpResponse:
        key, reply, processing = _take_upload(request)
        started = {"processing": True, "session_id": key} if processing else {}
        return JsonResponse(_body(reply) | started)


class Upload(Door):
    """The older, synchronous upload: answers once the photo has been looked at."""

    @extend_schema(request=_UPLOAD, responses={200: _REPLY} | _REFUSALS)
    def post(self, request: Request) -> HttpResponse:
        key, reply, processing = _take_upload(request)
        if processing:
            reply = uploads.finish(key) or reply
        return JsonResponse(_body(reply))


class UploadStatus(Door):
    """How the last upload of a session stands."""

    @extend_schema(
        request=None,
        parameters=[OpenApiParameter("session_id", _SESSION_ID, OpenApiParameter.PATH)],
        responses={200: _PROGRESS} | _REFUSALS,
    )
    def get(self, request: Request, session_id: str) -> HttpResponse:
        key = _session_id(session_id)
        _limit(request, key, "polls")
        seen = uploads.progress(key)
        updated = {"updated_at": seen.at.isoformat()}
        if seen.reply is None:
            stage = "ai_processing" if seen.looking else "received"
            waiting = {"complete": False, "message": "Processing the photo", "progress": stage}
            return JsonResponse(waiting | updated)
        ended = {"complete": True, "error": seen.error, **_body(seen.reply)}
        return JsonResponse(ended | updated)


class Clear(Door):
    """Forget which registration a session was in."""

    @extend_schema(
        request=inline_serializer("Session", {"session_id": serializers.CharField()}),
        responses={200: _CLEARED} | _REFUSALS,
    )
    def post(self, request: Request) -> HttpResponse:
        key = _session_id(_json(request).get("session_id"))
        _limit(request, key, "messages")
        drafts.forget(key)
        return JsonResponse({"message": "This chat has been cleared."})


class Health(Door):
    """Whether the site answers."""

    @extend_schema(
        request=None,
        responses=inline_serializer(
            "Health", {"status": serializers.CharField(), "message": serializers.CharField()}
        ),
    )
    def get(self, request: Request) -> HttpResponse:
        return JsonResponse({"status": "healthy", "message": f"{settings.CLUB_NAME} registrations"})


@csrf_exempt
@require_POST
def sms_status(request: HttpRequest, sms_id: int) -> HttpResponse:
    """Twilio's word about one of our texts; 403 where the signature is not Twilio's."""
    if not _from_twilio(request):
        return HttpResponse("bad signature", status=403, content_type="text/plain")
    said = request.POST
    sending.record_status(
        sms_id,
        sid=said.get("MessageSid", ""),
        word=said.get("MessageStatus", ""),
        code=said.get("ErrorCode", ""),
    )
    return HttpResponse(status=204)


@csrf_exempt
@require_POST
def sms_inbound(request: HttpRequest) -> HttpResponse:
    """A text to the club's number: STOP and START are remembered, Twilio answers them itself."""
    if not _from_twilio(request):
        return HttpResponse("bad signature", status=403, content_type="text/plain")
    word = (request.POST.get("OptOutType") or request.POST.get("Body", "")).strip().upper()
    number = request.POST.get("From", "")
    if re.fullmatch(r"\+\d{6,15}", number):
        if word in STOP:
            messages.opt_out(number, at=clock.now(), source="reply")
        elif word in START:
            messages.opt_in(number)
    return HttpResponse("<Response/>", content_type="text/xml")


def _from_twilio(request: HttpRequest) -> bool:
    """Signed over the public address as configured, whatever a proxy made of it (wire 7.5)."""
    url = f"{settings.PUBLIC_URL}{request.get_full_path()}"
    return sms.verify(url, request.POST, request.headers.get("X-Twilio-Signature", ""))


def _take_upload(request: Request) -> tuple[str, Reply, bool]:
    try:
        length = int(request.META.get("CONTENT_LENGTH") or 0)
    except ValueError:
        length = 0
    if length > LONGEST_UPLOAD:
        raise Refusal(413, TOO_BIG)
    form = request._request  # the plain form: DRF's parsers add nothing here
    key = _session_id(form.POST.get("session_id"))
    _limit(request, key, "messages")
    file = form.FILES.get("file")
    if file is None:
        raise Refusal(400, NO_FILE)
    raw = file.read(photos.MAX_BYTES + 1)
    reply, processing = uploads.receive(key, _clean(file.name or ""), raw)
    return key, reply, processing


def _json(request: Request) -> dict[str, Any]:
    try:
        body = json.loads(request._request.body)
    except (ValueError, RecursionError):
        raise Refusal(400, NO_JSON) from None
    if not isinstance(body, dict):
        raise Refusal(400, NO_JSON)
    return body


def _session_id(value: object) -> str:
    if not isinstance(value, str) or not SESSION_ID.fullmatch(value):
        raise Refusal(400, NO_SESSION)
    return value


def _message(value: object) -> str:
    if not isinstance(value, str):
        raise Refusal(400, NO_TEXT)
    if len(value) > LONGEST_MESSAGE:
        raise Refusal(413, TOO_LONG)
    text = _clean(value).strip()
    if not text:
        raise Refusal(400, NO_TEXT)
    return text


def _clean(text: str) -> str:
    """Without what no database stores: NUL and lone surrogates."""
    return text.replace("\x00", "").encode("utf-8", "replace").decode()


def _limit(request: Request, key: str, what: str) -> None:
    wait = limits.seconds_to_wait(request._request, key, what)
    if wait:
        raise Refusal(429, BUSY, wait)


def _body(reply: Reply) -> dict[str, Any]:
    """The true step in every reply; nothing where there is none (domain 3.3)."""
    body: dict[str, Any] = {"response": reply.text}
    if reply.last_agent:
        body["last_agent"] = reply.last_agent
    if reply.routine_number:
        body["routine_number"] = reply.routine_number
    return body


def _plain(refusal: Refusal) -> HttpResponse:
    response = HttpResponse(refusal.text, status=refusal.status, content_type="text/plain")
    if refusal.wait:
        response["Retry-After"] = str(refusal.wait)
    return response
