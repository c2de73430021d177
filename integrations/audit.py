"""Who did what, when, from where, to which row and which of its fields; never a value.

Entries are only ever added: no form, no method and, on PostgreSQL, no statement changes or removes
one. Rows are named by kind and number, never by a person's name, so that erasing somebody leaves
the trail whole (docs/decisions).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextvars import ContextVar
from typing import Any, NoReturn

from django.conf import settings
from django.core.exceptions import FieldDoesNotExist
from django.db import models
from django.db.models import Q
from django.http import HttpRequest, HttpResponse

from integrations import clock
from integrations.origin import address


class AppendOnly(Exception):
    """The audit trail is read and added to, nothing else."""


class AuditQuerySet(models.QuerySet):
    """Reads of the trail."""

    def update(self, **kwargs: Any) -> NoReturn:
        raise AppendOnly

    def delete(self) -> NoReturn:
        raise AppendOnly

    def about(self, row: models.Model) -> AuditQuerySet:
        """The story of a row: what was done to it, and to what belongs to it."""
        kind, key = row._meta.label_lower, str(row.pk)
        return self.filter(Q(kind=kind, object_id=key) | Q(story=f"{kind}:{key}"))


class AuditEntry(models.Model):
    """One thing that was done; `by` is a login's name, or "" for the platform itself."""

    class Verb(models.TextChoices):
        VIEWED = "viewed", "viewed"
        ADDED = "added", "added"
        CHANGED = "changed", "changed"
        DELETED = "deleted", "deleted"
        DID = "did", "did"
        EXPORTED = "exported", "exported"
        SENT = "sent", "sent"
        ERASED = "erased", "erased"
        ACCESS = "access", "access"

    at = models.DateTimeField(db_index=True)
    by = models.CharField("who", max_length=150, blank=True, db_index=True)
    address = models.CharField("from where", max_length=45, blank=True)
    verb = models.CharField("what", max_length=10, choices=Verb)
    kind = models.CharField("kind of row", max_length=60, blank=True)
    object_id = models.CharField("number", max_length=40, blank=True)
    # The row whose story this belongs to, as kind:number: a photo's registration, say.
    story = models.CharField(max_length=110, blank=True, editable=False)
    words = models.CharField("in words", max_length=300, blank=True)
    fields = models.JSONField(default=list, blank=True)

    objects = AuditQuerySet.as_manager()

    class Meta:
        ordering = ["-at", "-pk"]
        verbose_name = "audit entry"
        verbose_name_plural = "audit trail"
        default_permissions = ["view"]
        indexes = [
            models.Index(fields=["kind", "object_id"], name="audit_by_row"),
            models.Index(fields=["story"], name="audit_by_story"),
        ]

    def __str__(self) -> str:
        return f"Audit entry {self.pk}"

    def save(self, *args: Any, **kwargs: Any) -> None:
        if not self._state.adding:
            raise AppendOnly
        super().save(*args, **kwargs)

    def delete(self, *args: Any, **kwargs: Any) -> NoReturn:
        raise AppendOnly

    @property
    def sentence(self) -> str:
        """What happened, as one reads it in a story."""
        parts = [self.get_verb_display(), ", ".join(self.fields), self.words]
        said = [part for part in parts if part]
        return ": ".join([said[0].capitalize(), *said[1:]])


class Trail:
    """What is known of the request that is being answered; the middleware keeps one for each."""

    def __init__(self, request: HttpRequest | None = None) -> None:
        self.request = request
        self.written = 0

    @property
    def by(self) -> str:
        user = getattr(self.request, "user", None)
        return user.get_username() if user is not None and user.is_authenticated else ""

    @property
    def address(self) -> str:
        return address(self.request) if self.request is not None else ""


_trail: ContextVar[Trail | None] = ContextVar("audit_trail", default=None)


def record(
    verb: str,
    about: models.Model | type[models.Model] | None = None,
    words: str = "",
    *,
    fields: Iterable[str] = (),
    by: str | None = None,
) -> AuditEntry:
    """Add an entry, inside the caller's transaction; who and from where are the request's.

    `about` is a row, or a model for something done to many; `words` and `fields` hold no value
    of a person's.
    """
    trail = _trail.get() or Trail()
    trail.written += 1
    return AuditEntry.objects.create(
        at=clock.now(),
        by=(trail.by if by is None else by)[:150],
        address=trail.address,
        verb=verb,
        kind=about._meta.label_lower if about is not None else "",
        object_id=str(about.pk) if isinstance(about, models.Model) else "",
        story=_story(about) if isinstance(about, models.Model) else "",
        words=words[:300],
        fields=list(fields),
    )


def _story(row: models.Model) -> str:
    """Whose story a row's entry belongs to: settings.AUDIT_STORY names the relation."""
    try:
        relation: Any = row._meta.get_field(settings.AUDIT_STORY)
    except FieldDoesNotExist:
        return f"{row._meta.label_lower}:{row.pk}"
    return f"{relation.related_model._meta.label_lower}:{getattr(row, relation.attname)}"


class AuditMiddleware:
    """Lends each entry its who and where; what staff sent in without leaving one is noted here.

    So that no change escapes: whatever a signed-in person posts and is not refused has an entry,
    if need be only with the name of the page.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        trail = Trail(request)
        token = _trail.set(trail)
        try:
            # A look at the user is a look at the session: not for parents, who have none.
            known = settings.SESSION_COOKIE_NAME in request.COOKIES and request.method == "POST"
            staff = known and request.user.is_authenticated
            response = self.get_response(request)
            if staff and not trail.written and 300 <= response.status_code < 400:
                match = request.resolver_match
                record(AuditEntry.Verb.DID, None, f"sent in {match.view_name if match else '?'}")
            return response
        finally:
            _trail.reset(token)
