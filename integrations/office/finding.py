"""Search across everything, from every page: the pages of the menu, then rows of every kind.

An admin class takes part by `found_by_search`; its own queryset and search decide what its user
may find, so nobody finds here what their lists would not show.
"""

from __future__ import annotations

from typing import Any

from django.contrib.admin import AdminSite
from django.http import HttpRequest
from django.urls import reverse
from django.utils.text import capfirst

from integrations.office.theme import SearchResult

EACH = 8  # rows of one kind: whoever wants more opens the list


def find(site: AdminSite, request: HttpRequest, text: str) -> list[SearchResult]:
    """Menu entries whose name holds `text`, then the rows that fit, club's own kinds first."""
    return [*_pages(site, request, text), *_rows(site, request, text)]


def _pages(site: Any, request: HttpRequest, text: str) -> list[SearchResult]:
    wanted = text.lower()
    return [
        SearchResult(item["title"], "page", str(item["link"]), item.get("icon") or "article")
        for group in site.get_sidebar_list(request)
        for item in group["items"]
        if item.get("has_permission", True) and wanted in item["title"].lower()
    ]


def _rows(site: AdminSite, request: HttpRequest, text: str) -> list[SearchResult]:
    registered: list[Any] = list(site._registry.values())
    owners = [owner for owner in registered if getattr(owner, "found_by_search", 0)]
    found = []
    for owner in sorted(owners, key=lambda owner: owner.found_by_search):
        if owner.has_view_permission(request):
            found += [_result(owner, row) for row in _matches(owner, request, text)]
    return found


def _matches(owner: Any, request: HttpRequest, text: str) -> list[Any]:
    rows, _ = owner.get_search_results(request, owner.get_queryset(request), text)
    related = owner.get_list_select_related(request)
    if related and related is not True:
        rows = rows.select_related(*related)
    return list(rows[:EACH])


def _result(owner: Any, row: Any) -> SearchResult:
    name = f"admin:{owner.opts.app_label}_{owner.opts.model_name}_change"
    kind = capfirst(str(owner.opts.verbose_name))
    return SearchResult(owner.summary(row), kind, reverse(name, args=[row.pk]), owner.icon)
