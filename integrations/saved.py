"""Filters of a list that somebody keeps under a name, for themselves."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.db import models
from django.http import HttpRequest, QueryDict

# What is no filter: the page that was looked at, and what Django adds for itself.
NO_FILTER = ("p", "all", "e", "_popup", "_to_field", "_changelist_filters")


class SavedFilter(models.Model):
    """What one person asks of one list, again and again."""

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="saved_filters"
    )
    list = models.CharField(max_length=100, help_text="app.model of the list")
    name = models.CharField(max_length=60)
    query = models.CharField(max_length=1000, help_text="as in the list's address")

    class Meta:
        ordering = ["name"]
        constraints = [
            models.UniqueConstraint(
                fields=["user", "list", "name"], name="one_saved_filter_per_name"
            )
        ]

    def __str__(self) -> str:
        return f"Saved filter {self.pk}"


def filters_of(query: str) -> str:
    """The filters, search and order of a list's address, without what is about the moment."""
    asked = QueryDict(query, mutable=True)
    for name in NO_FILTER:
        asked.pop(name, None)
    return asked.urlencode()


def of_list(request: HttpRequest, label: str) -> dict[str, Any]:
    """What a list's page shows: the filters saved for it, and those that could be saved now."""
    rows = SavedFilter.objects.filter(user=request.user.pk, list=label)
    now = filters_of(request.GET.urlencode())
    return {"saved_filters": list(rows), "saved_list": label, "saved_query": now}
