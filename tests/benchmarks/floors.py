"""The floors' views: the unavoidable work and nothing else, with no middleware around them."""

import hashlib
import hmac
import json

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.urls import path
from django.views.decorators.csrf import csrf_exempt
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from integrations import clock
from integrations.models import WebhookEvent
from registrations.models import ChatMessage, ChatSession

MIDDLEWARE: list[str] = []


@csrf_exempt
def webhook(request: HttpRequest) -> HttpResponse:
    """Check the HMAC, insert the rows in one statement."""
    secret = settings.GOCARDLESS_WEBHOOK_SECRET.encode()
    right = hmac.new(secret, request.body, hashlib.sha256).hexdigest()
    if not hmac.compare_digest(right, request.headers["Webhook-Signature"]):
        return HttpResponse(status=498)
    now = clock.now()
    rows = [
        WebhookEvent(source="floor", event_id=event["id"], body=event, received_at=now)
        for event in json.loads(request.body)["events"]
    ]
    WebhookEvent.objects.bulk_create(rows, ignore_conflicts=True)
    return HttpResponse(status=204)


class Turn(APIView):
    """Read one row, write one."""

    authentication_classes: list = []
    permission_classes: list = []

    def post(self, request: Request) -> Response:
        """The bare turn."""
        session = ChatSession.objects.get(key=request.data["session_id"])
        ChatMessage.objects.create(
            session=session, role="parent", text=request.data["user_message"], at=clock.now()
        )
        return Response({"response": "Thank you!", "routine_number": 1})


urlpatterns = [path("webhook", webhook), path("turn", Turn.as_view())]
