"""Which e-mails a member of staff gets: each chooses for themselves."""

from __future__ import annotations

from typing import cast

from django import forms
from django.contrib import admin, messages
from django.contrib.auth.models import User
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse

from integrations import telling
from integrations.models import StaffMail
from integrations.office.pages import office


class Wishes(forms.Form):
    """The kinds of e-mails that are wanted."""

    kinds = forms.MultipleChoiceField(
        label="Send me",
        choices=StaffMail.Kind,
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )


@office().page("my-mail/", "my_mail")
def my_mail(request: HttpRequest) -> HttpResponse:
    """Show and keep the wishes of whoever is signed in."""
    user = cast(User, request.user)
    if request.method == "POST":
        form = Wishes(request.POST)
        if form.is_valid():
            telling.choose(user, form.cleaned_data["kinds"])
            messages.success(request, "Kept.")
        return redirect("admin:my_mail")
    wanted = [kind for kind, wants in telling.wants(user).items() if wants]
    context = admin.site.each_context(request) | {
        "title": "E-mails to me",
        "form": Wishes(initial={"kinds": wanted}),
        "address": user.email,
    }
    return TemplateResponse(request, "admin/office/my_mail.html", context)
