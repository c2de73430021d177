"""The admin site: Django's own, with the club's name and pages beside the lists."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

from django.conf import settings
from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import URLPattern, URLResolver, path

from integrations.office.worklists import count_waiting

ORDER = {"registrations": 0, "payments": 1, "integrations": 2}
View = Callable[..., HttpResponse]


class Office(admin.AdminSite):
    """The admin site; apps add pages with `admin.site.page(route, name)`."""

    site_url = "/"
    index_title = "Office"
    enable_nav_sidebar = False  # the width is the lists'; the header leads to what matters

    def __init__(self, name: str = "admin") -> None:
        super().__init__(name)
        self.site_header = settings.CLUB_NAME
        self.site_title = f"{settings.CLUB_SHORT_NAME} office"
        self._pages: list[tuple[str, str, View]] = []

    def page(self, route: str, name: str) -> Callable[[View], View]:
        """Put a view for staff at admin/`route`; it is never cached, and safe from CSRF."""

        def add(view: View) -> View:
            self._pages.append((route, name, view))
            return view

        return add

    def get_app_list(self, request: HttpRequest, app_label: str | None = None) -> list[Any]:
        """The club's own lists before the machinery's."""
        apps = super().get_app_list(request, app_label)
        return sorted(apps, key=lambda app: ORDER.get(app["app_label"], len(ORDER)))

    def get_urls(self) -> list[URLPattern | URLResolver]:
        """The added pages first, then Django's own."""
        own = [path(route, self.admin_view(view), name=name) for route, name, view in self._pages]
        return [*own, *super().get_urls()]

    def index(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> TemplateResponse:
        """The home page, with how much waits for a person."""
        waiting = {"waiting_for_person": count_waiting(request)}
        return super().index(request, waiting | (extra_context or {}))


def office() -> Office:
    """The admin site under its own type; settings install it in place of Django's."""
    return cast(Office, admin.site)
