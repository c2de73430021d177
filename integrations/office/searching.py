"""Search in a list, so that the database's indexes serve it: each table is asked by itself.

Django joins all tables and asks whether any column holds the word, for which every row is read.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

from django.core.exceptions import FieldDoesNotExist
from django.db.models import Model, Q, QuerySet
from django.utils.text import smart_split, unescape_string_literal

LOOKUPS = {"^": "istartswith", "=": "iexact"}


def search(rows: QuerySet, fields: Sequence[str], text: str) -> QuerySet:
    """The rows that hold every word of `text` in one of `fields`, named as in `search_fields`."""
    for word in map(_unquoted, smart_split(text)):
        found: dict[str, Q] = defaultdict(Q)
        for field in fields:
            path, lookup = _parted(rows.model, field)
            found[path] |= Q(**{lookup: word})
        rows = holding(rows, found)
    return rows


def holding(rows: QuerySet, found: Mapping[str, Q]) -> QuerySet:
    """The rows for which one condition holds: on the row itself (""), or along a path of relations.

    Each condition is about the table at the end of its path: {"guardian": Q(phone="…")}.
    """
    parts = [_keys(rows.model, path, condition) for path, condition in found.items()]
    return rows.filter(pk__in=parts[0].union(*parts[1:])) if parts else rows.none()


def _keys(model: type[Model], path: str, condition: Q) -> QuerySet:
    keys = model._default_manager.order_by().values("pk")
    if not path:
        return keys.filter(condition)
    end: Any = model
    for name in path.split("__"):
        end = end._meta.get_field(name).related_model
    return keys.filter(**{f"{path}__in": end._default_manager.filter(condition).order_by()})


def _parted(model: type[Model], field: str) -> tuple[str, str]:
    """(path of relations, lookup in the table at its end) of an entry of `search_fields`."""
    name = field.lstrip("^=")
    end: Any = model
    path, parts = [], name.split("__")
    while len(parts) > 1:
        try:
            relation = end._meta.get_field(parts[0])
        except FieldDoesNotExist:
            break
        if not relation.is_relation:
            break
        path.append(parts.pop(0))
        end = relation.related_model
    lookup = LOOKUPS.get(field[0], "icontains")
    own = "__".join(parts)
    return "__".join(path), own if len(parts) > 1 else f"{own}__{lookup}"


def _unquoted(word: str) -> str:
    quoted = len(word) > 1 and word[0] == word[-1] and word[0] in "\"'"
    return unescape_string_literal(word) if quoted else word
