"""Sign-ins as they happened."""

from __future__ import annotations

from django.conf import settings
from django.db import models


class SignIn(models.Model):
    """One sign-in, or a try that failed, of a login that exists; kept for a year."""

    class Outcome(models.TextChoices):
        OK = "ok", "signed in"
        PASSWORD = "password", "wrong password"
        CODE = "code", "wrong code"

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="sign_ins"
    )
    at = models.DateTimeField()
    outcome = models.CharField(max_length=10, choices=Outcome)
    address = models.CharField("from", max_length=45, blank=True)
    device = models.CharField(max_length=60, blank=True)

    class Meta:
        ordering = ["-at", "-pk"]
        indexes = [models.Index(fields=["user", "-at"], name="sign_in_of_user")]

    def __str__(self) -> str:
        return f"Sign-in {self.pk}"
