"""Staff register a child for a parent: on the phone, or at an open evening.

The same questions, engine and page as the parent's own, as a plain form; who typed it is kept on
the session, the draft and the registration's timeline.
"""

import secrets

from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.auth.models import AnonymousUser
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils.crypto import constant_time_compare, salted_hmac
from django.views.decorators.csrf import csrf_exempt

from integrations import clock
from integrations.office import OfficeAdmin
from registrations import api, plain_form
from registrations.actions import drafts
from registrations.chat import screen
from registrations.models import ChatSession
from registrations.plain_form import Shown

NOT_MINE = "This page was open for too long, or is somebody else's. Please start again."
User = AbstractBaseUser | AnonymousUser


class OnBehalf(OfficeAdmin):
    """Mixed into RegistrationAdmin."""

    change_list_template = "admin/registrations/list.html"

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(csrf_exempt(self.register_view))
        return [path("register/", view, name="registrations_register"), *super().get_urls()]

    # The chat's forms carry no CSRF token: the session's key, which is signed for this user and
    # known to no other site, does the same.
    def register_view(self, request: HttpRequest) -> HttpResponse:
        """One turn of the conversation, for whoever may add registrations."""
        if not request.user.has_perm("registrations.add_registration"):
            raise PermissionDenied
        if request.method != "POST":
            return self._show(request, Shown(screen.transcript(_new_key(request.user))))
        if plain_form.is_too_big(request):
            return self._sorry(request, api.TOO_BIG, 413)
        key = request.POST.get("session_id", "")
        if not _is_key_of(key, request.user):
            return self._sorry(request, NOT_MINE, 400)
        drafts.begin_for_parent(key, request.user.get_username(), at=clock.now())
        return self._show(request, plain_form.turn(request, key))

    def _sorry(self, request: HttpRequest, notice: str, status: int) -> HttpResponse:
        fresh = screen.transcript(_new_key(request.user))
        return self._show(request, Shown(fresh, notice, status))

    def _show(self, request: HttpRequest, shown: Shown) -> HttpResponse:
        context = {
            "screen": shown.screen,
            "notice": shown.notice,
            "by": request.user.get_username(),
            "unfinished": _unfinished(request) if request.method != "POST" else [],
        }
        template = "admin/registrations/register.html"
        response = TemplateResponse(request, template, context, status=shown.status)
        if shown.wait:
            response["Retry-After"] = str(shown.wait)
        return response


def _unfinished(request: HttpRequest) -> list[ChatSession]:
    """What this user has begun within a day and not sent in."""
    rows = ChatSession.objects.filter(
        entered_by=request.user.get_username(),
        draft__registration=None,
        draft__handed_over_at=None,
        draft__last_answer_at__gt=clock.now() - drafts.QUIET_AFTER,
    )
    found = rows.select_related("draft__team").defer("draft__sensitive")[:10]
    return [row for row in found if _is_key_of(row.key, request.user)]


def _new_key(user: User) -> str:
    part = secrets.token_hex(16)
    return f"staff-{part}-{_mark(part, user)}"


def _is_key_of(key: str, user: User) -> bool:
    kind, _, rest = key.partition("-")
    part, _, mark = rest.partition("-")
    return kind == "staff" and constant_time_compare(_mark(part, user), mark)


def _mark(part: str, user: User) -> str:
    return salted_hmac("registrations.behalf", f"{part} {user.pk}").hexdigest()[:32]
