"""Somebody leaves, or is locked out: access, sessions, factors and tokens end together."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.contrib.auth.models import User
from django.contrib.sessions.models import Session
from django.db import transaction
from django.utils.module_loading import import_string

from integrations import audit
from integrations.accounts import factors, resets
from integrations.models import AuditEntry, Task


@transaction.atomic
def end_access(user_id: int) -> list[str]:
    """End all that a login opens; safe to call twice. Returns in words what was ended.

    The login itself stays, without a password: what its owner did keeps its name. What apps give
    to staff besides, such as agents' tokens, they end themselves (settings.WHEN_STAFF_LEAVE:
    functions that take the user and say in words what they ended, or nothing).
    """
    user = User.objects.select_for_update().get(pk=user_id)
    user.is_active = False
    user.set_unusable_password()
    user.save(update_fields=["is_active", "password"])
    user.groups.clear()
    Task.objects.filter(owner=user, done_at=None).update(owner=None)
    ended = [
        f"{end_sessions(user)} sessions",
        f"{factors.remove(user)} second factors",
        *filter(None, (import_string(name)(user) for name in settings.WHEN_STAFF_LEAVE)),
    ]
    audit.record(AuditEntry.Verb.ACCESS, user, f"ended, with {', '.join(ended)}")
    return ended


def end_sessions(user: Any) -> int:
    """Sign somebody out everywhere; returns how many sessions there were."""
    mine = [
        session.pk
        for session in Session.objects.all()
        if session.get_decoded().get("_auth_user_id") == str(user.pk)
    ]
    return Session.objects.filter(pk__in=mine).delete()[0]


@transaction.atomic
def recover(username: str) -> str:
    """Let a locked-out administrator in again; returns a link, good once, for a new password.

    Second factors and sessions end; the login is an administrator's afterwards. Raises
    User.DoesNotExist.
    """
    user = User.objects.select_for_update().get(username=username)
    user.is_active = user.is_staff = user.is_superuser = True
    user.set_unusable_password()
    user.save(update_fields=["is_active", "is_staff", "is_superuser", "password"])
    factors.remove(user)
    end_sessions(user)
    words = "recovered at the server's command line: factors and sessions ended"
    audit.record(AuditEntry.Verb.ACCESS, user, words, by="command line")
    return resets.link(user)
