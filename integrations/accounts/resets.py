"""Forgotten passwords: a row first, a link by e-mail from a job, used once within the hour."""

from __future__ import annotations

from typing import Any

from allauth.account.forms import default_token_generator
from allauth.account.utils import user_pk_to_url_str
from django.conf import settings
from django.db import transaction
from django.template.loader import render_to_string
from django.urls import reverse

from integrations import audit, clock, mail, queue
from integrations.models import AuditEntry, PasswordReset

BATCH = 20


def owe(user_id: int) -> None:
    """Somebody asked for a new password: one mail, however often they press."""
    moment = clock.now()
    if not PasswordReset.objects.waiting().filter(user_id=user_id).exists():
        PasswordReset.objects.create(user_id=user_id, asked_at=moment, due_at=moment)
    queue.ring("integrations.mail_resets")


def link(user: Any) -> str:
    """A link that sets a new password, once, within settings.PASSWORD_RESET_TIMEOUT."""
    key = f"{user_pk_to_url_str(user)}-{default_token_generator.make_token(user)}"
    whole = {"uidb36": "UID", "key": "KEY"}
    path = reverse("account_reset_password_from_key", kwargs=whole).replace("UID-KEY", key)
    return f"{settings.PUBLIC_URL}{path}"


def send_due() -> int:
    """Send the mails that wait; how many were taken up."""
    taken = 0
    for pk in PasswordReset.objects.due().values_list("pk", flat=True)[:BATCH]:
        row = PasswordReset.objects.claim(pk)
        if row is not None:
            taken += 1
            with row.reporting():
                _send(row)
    return taken


def _send(row: PasswordReset) -> None:
    user = row.user
    if user.is_active and user.email:
        given = {"link": link(user), "username": user.get_username(), "club": settings.CLUB_NAME}
        text = render_to_string("email/password_reset.txt", given)
        subject, _, body = text.partition("\n")
        mail.send(user.email, subject.strip(), body.strip() + "\n")
    with transaction.atomic():
        if row.settle():
            PasswordReset.objects.filter(pk=row.pk).update(sent_at=clock.now())
            audit.record(AuditEntry.Verb.ACCESS, user, "a link for a new password was sent", by="")
