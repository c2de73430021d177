"""The work queue: everything that waits for a person, with its age, owner, put off and done."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, cast

from django import forms
from django.contrib import admin, messages
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.utils.http import url_has_allowed_host_and_scheme

from integrations import clock, work
from integrations.office.lines import lines, route
from integrations.office.pages import Office
from integrations.office.worklists import Waiting, Worklist, census, worklists

SHOWN = 100  # rows of one list; the rest is in the list itself
DAYS = {"1": "tomorrow", "7": "in a week", "30": "in a month"}
WHOSE = {"": "Everything", "mine": "Mine", "nobody": "Nobody's yet", "later": "Put off"}


class Decision(forms.Form):
    """What somebody decided about one row of the queue."""

    kind = forms.CharField(max_length=120)
    pk = forms.CharField(max_length=40)
    deed = forms.ChoiceField(
        choices=[(name, name) for name in ("take", "leave", "hand", "later", "back", "done")]
    )
    days = forms.ChoiceField(choices=list(DAYS.items()), required=False)
    to = forms.ModelChoiceField(User.objects.filter(is_staff=True, is_active=True), required=False)


def register(site: Office) -> None:
    """Add the pages to the admin site."""
    site.page("needs-a-person/", "needs_a_person")(needs_a_person)
    site.page("needs-a-person/decide/", "needs_a_person_decide")(decide)


def needs_a_person(request: HttpRequest) -> HttpResponse:
    """Everything that waits for staff, oldest first in each list."""
    whose = request.GET.get("whose", "")
    if whose not in WHOSE:
        raise Http404
    user = cast(User, request.user)
    found = census(request, lambda worklist: _rows(worklist, whose, user))
    context = admin.site.each_context(request) | {
        "title": "Needs a person",
        "lists": [_shown(request, each) for each in found],
        "whose": whose,
        "choices": WHOSE.items(),
        "days": DAYS.items(),
        "staff": User.objects.filter(is_staff=True, is_active=True).order_by("username"),
    }
    return TemplateResponse(request, "admin/office/needs_a_person.html", context)


def decide(request: HttpRequest) -> HttpResponse:
    """Take, hand over, put off or finish one row; by POST only."""
    back = redirect(_back(request))
    if request.method != "POST":
        return back
    form = Decision(request.POST)
    if not form.is_valid():
        messages.error(request, "That could not be read: please press the button once more.")
        return back
    owner, worklist = _list(request, form.cleaned_data["kind"])
    try:
        row = worklist.rows.filter(pk=form.cleaned_data["pk"]).first()
    except ValueError as error:
        raise Http404 from error
    if row is None:
        messages.warning(request, "That waits no longer: somebody was quicker.")
        return back
    said = _DEEDS[form.cleaned_data["deed"]](request, owner, worklist, row, form.cleaned_data)
    owner.log_change(request, row, f"{worklist.title}: {said}")
    messages.success(request, f"{owner.summary(row)}: {said}.")
    return back


def _take(request: HttpRequest, owner: Any, of: Worklist, row: Any, given: dict) -> str:
    work.change(of.kind, row.pk, owner=cast(User, request.user))
    return "yours now"


def _leave(request: HttpRequest, owner: Any, of: Worklist, row: Any, given: dict) -> str:
    work.change(of.kind, row.pk, owner=None)
    return "nobody's now"


def _hand(request: HttpRequest, owner: Any, of: Worklist, row: Any, given: dict) -> str:
    work.change(of.kind, row.pk, owner=given["to"])
    return f"{given['to'].get_username()}'s now" if given["to"] else "nobody's now"


def _later(request: HttpRequest, owner: Any, of: Worklist, row: Any, given: dict) -> str:
    days = given["days"] or "1"
    moment = clock.now() + timedelta(days=int(days))
    work.change(of.kind, row.pk, snoozed_until=moment)
    return f"back {DAYS[days]}"


def _again(request: HttpRequest, owner: Any, of: Worklist, row: Any, given: dict) -> str:
    work.change(of.kind, row.pk, snoozed_until=None, done_at=None)
    return "on the list again"


def _done(request: HttpRequest, owner: Any, of: Worklist, row: Any, given: dict) -> str:
    if not owner.has_press_permission(request):
        raise PermissionDenied
    by = cast(User, request.user)
    work.change(of.kind, row.pk, done_at=clock.now(), done_by=by.get_username())
    if of.finish:
        of.finish(row, by)
    return "done"


_DEEDS = {
    "take": _take,
    "leave": _leave,
    "hand": _hand,
    "later": _later,
    "back": _again,
    "done": _done,
}


def _list(request: HttpRequest, kind: str) -> tuple[Any, Worklist]:
    for owner, worklist in worklists(request):
        if worklist.kind == kind:
            return owner, worklist
    raise Http404


def _rows(of: Worklist, whose: str, user: User) -> QuerySet:
    """The rows of a list that the page shows."""
    if whose == "later":
        return of.put_off()
    if whose == "mine":
        return work.owned(of.open(), of.kind, user)
    return work.nobodys(of.open(), of.kind) if whose == "nobody" else of.open()


def _shown(request: HttpRequest, waiting: Waiting) -> dict[str, Any]:
    return {
        "title": waiting.list.title,
        "kind": waiting.list.kind,
        "count": waiting.number,
        "more": route(waiting.owner, "changelist"),
        "lines": lines(request, waiting, SHOWN),
    }


def _back(request: HttpRequest) -> str:
    given = request.POST.get("back", "")
    if url_has_allowed_host_and_scheme(given, allowed_hosts=None):
        return given
    return "admin:needs_a_person"
