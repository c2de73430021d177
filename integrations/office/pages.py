"""The admin site: the theme's own, with the club's name, pages and search beside the lists."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

from csp.constants import UNSAFE_EVAL
from csp.decorators import csp_update
from django.contrib import admin
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import URLPattern, URLResolver, path

from integrations.office.finding import find
from integrations.office.lines import oldest
from integrations.office.panels import Chart, Figure, Panel, Provider
from integrations.office.theme import UnfoldAdminSite
from integrations.office.worklists import census

ORDER = {"registrations": 0, "payments": 1, "integrations": 2}
OLDEST = 8  # of the work queue on the home page
View = Callable[..., HttpResponse]
# The theme's scripts are compiled in the browser; no other page of the site allows that.
with_theme = csp_update({"script-src": [UNSAFE_EVAL]})


class Office(UnfoldAdminSite):
    """The admin site; apps add pages with `admin.site.page(route, name)`."""

    index_title = "Office"

    def __init__(self, name: str = "admin") -> None:
        super().__init__(name)
        self._pages: list[tuple[str, str, View]] = []
        self._panels: list[tuple[tuple[str, ...], Provider]] = []

    def page(self, route: str, name: str) -> Callable[[View], View]:
        """Put a view for staff at admin/`route`; it is never cached, and safe from CSRF."""

        def add(view: View) -> View:
            self._pages.append((route, name, view))
            return view

        return add

    def panel(self, *permissions: str) -> Callable[[Provider], Provider]:
        """Put figures and charts on the home page of whoever holds one of `permissions`."""

        def add(provider: Provider) -> Provider:
            self._panels.append((permissions, provider))
            return provider

        return add

    def panels(self, request: HttpRequest) -> list[Panel]:
        """What this member of staff sees on the home page, in the order of the apps."""
        may = request.user.has_perm
        mine = [each for needed, each in self._panels if any(may(name) for name in needed)]
        return [panel for provider in mine for panel in provider(request)]

    def get_app_list(self, request: HttpRequest, app_label: str | None = None) -> list[Any]:
        """The club's own lists before the machinery's; built once a request, which asks twice."""
        key = f"_apps_{app_label}"
        if key not in request.__dict__:
            apps = super().get_app_list(request, app_label)
            order = sorted(apps, key=lambda app: ORDER.get(app["app_label"], len(ORDER)))
            request.__dict__[key] = order
        return cast(list[Any], request.__dict__[key])

    def get_urls(self) -> list[URLPattern | URLResolver]:
        """The added pages first, then the theme's and Django's own."""
        own = [path(route, self.admin_view(view), name=name) for route, name, view in self._pages]
        return [*own, *super().get_urls()]

    def admin_view(self, view: View, cacheable: bool = False) -> View:
        """Every page for staff lets the theme's scripts run."""
        return cast(View, with_theme(super().admin_view(view, cacheable)))

    def _get_colors(self, key: str, *args: Any) -> dict[str, dict[str, str]]:
        """None here: they would be a style inside the page; static/admin-club.css has them."""
        return {}

    def index(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> TemplateResponse:
        """The home page: the numbers of whoever looks, and what waits for a person."""
        panels, waiting = self.panels(request), census(request)
        found = {
            "waiting_for_person": sum(each.number for each in waiting),
            "figures": [panel for panel in panels if isinstance(panel, Figure)],
            "lines": oldest(waiting, request, OLDEST),
            "charts": [panel for panel in panels if isinstance(panel, Chart)],
        }
        return super().index(request, found | (extra_context or {}))

    def search(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> TemplateResponse:
        """What the search box finds (Ctrl+K on every page).

        In place of the theme's, which remembers for five minutes what a user might see, and reads
        each row whole.
        """
        text = request.GET.get("s", "").strip()
        results = find(self, request, text) if text else []
        page = Paginator(results, 100)
        context = {"page_obj": page, "results": page.page(1), "page_counter": 0}
        template = "admin/office/found.html"
        return TemplateResponse(request, template, context, headers={"HX-Trigger": "search"})


def office() -> Office:
    """The admin site under its own type; settings install it in place of Django's."""
    return cast(Office, admin.site)
