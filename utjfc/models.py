"""What the site as a whole remembers."""

from __future__ import annotations

from django.db import models


class RoleGrant(models.Model):
    """A permission that a role has been given by `migrate` once, and never will be again."""

    role = models.CharField(max_length=50)
    permission = models.CharField(max_length=150)

    class Meta:
        ordering = ["role", "permission"]
        constraints = [
            models.UniqueConstraint(fields=["role", "permission"], name="each_right_is_given_once")
        ]

    def __str__(self) -> str:
        return f"{self.role}: {self.permission}"
