"""What a member of staff may know of: rows by the club's one rule, fields by permission."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.module_loading import import_string


def visible(request: HttpRequest, rows: QuerySet) -> QuerySet:
    """Those of `rows` that the request's user may know of (settings.VISIBLE_TO decides)."""
    return import_string(settings.VISIBLE_TO)(request.user, rows)


def may_see_field(owner: Any, request: HttpRequest, name: Any) -> bool:
    """Whether this admin class shows the field or column `name` to the request's user."""
    names = name if isinstance(name, (list, tuple)) else [name]
    needed = {owner.needs[each] for each in names if each in owner.needs}
    return all(request.user.has_perm(permission) for permission in needed)
