"""Saving the filters of a list under a name, and letting one go; by POST only."""

from __future__ import annotations

from typing import cast

from django import forms
from django.apps import apps
from django.contrib import admin, messages
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse

from integrations.office.pages import office
from integrations.saved import SavedFilter, filters_of

MOST = 30  # of one person and list


class Saving(forms.Form):
    """A name for what the list shows, or which saved one goes."""

    list = forms.CharField(max_length=100)
    query = forms.CharField(max_length=1000, required=False)
    name = forms.CharField(max_length=60, required=False)
    forget = forms.IntegerField(required=False)


@office().page("saved-filters/", "saved_filter")
def saved_filter(request: HttpRequest) -> HttpResponse:
    """Save or forget one, and go back to the list."""
    form = Saving(request.POST if request.method == "POST" else None)
    if not form.is_valid():
        messages.error(request, "That could not be saved: it is too long, or the page was old.")
        return redirect("admin:index")
    given, user = form.cleaned_data, cast(User, request.user)
    address = _address(request, given["list"])
    mine = SavedFilter.objects.filter(user=user, list=given["list"])
    query = filters_of(given["query"])
    if given["forget"]:
        mine.filter(pk=given["forget"]).delete()
    elif not given["name"] or not query:
        messages.error(request, "Nothing was saved: filter or search first, and give it a name.")
    elif mine.exclude(name=given["name"]).count() >= MOST:
        messages.error(request, f"Nothing was saved: {MOST} are the most for one list.")
    else:
        mine.update_or_create(
            user=user, list=given["list"], name=given["name"], defaults={"query": query}
        )
        messages.success(request, f"Saved as “{given['name']}”.")
    return redirect(f"{address}?{query}" if query else address)


def _address(request: HttpRequest, label: str) -> str:
    try:
        owner = admin.site._registry[apps.get_model(label)]
    except (LookupError, ValueError) as error:
        raise Http404 from error
    if not owner.has_view_permission(request):
        raise PermissionDenied
    return reverse(f"admin:{owner.opts.app_label}_{owner.opts.model_name}_changelist")
