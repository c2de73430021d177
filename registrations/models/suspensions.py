"""Times in which a child may not play."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q

from registrations.models.registrations import Registration


class Suspension(models.Model):
    """A time in which a child may not play, with who decided and why (domain 5.8)."""

    registration = models.ForeignKey(
        Registration, on_delete=models.CASCADE, related_name="suspensions"
    )
    reason = models.CharField(max_length=200)
    suspended_at = models.DateTimeField()
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    lifted_at = models.DateTimeField(null=True, blank=True)
    lifted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    lifted_reason = models.CharField(max_length=200, blank=True)

    class Meta:
        ordering = ["-suspended_at"]
        constraints = [
            models.UniqueConstraint(
                fields=["registration"],
                condition=Q(lifted_at__isnull=True),
                name="one_open_suspension_per_registration",
            )
        ]

    def __str__(self) -> str:
        return f"Suspension {self.pk}"
