"""Money that is late: how far the club has gone about it, and what holds it back."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q

from integrations.fields import EncryptedTextField
from registrations.models import Registration


class ArrearsCase(models.Model):
    """One time in which a child's account is behind, from the first day until it is cured."""

    class Rung(models.IntegerChoices):
        NOTICED = 0, "noticed"
        REMINDED = 1, "reminded"
        REMINDED_AGAIN = 2, "reminded again"
        WITH_STAFF = 3, "with staff"
        SUSPENSION_PROPOSED = 4, "suspension proposed"

    class Decision(models.TextChoices):
        SUSPENDED = "suspended", "suspended"
        DISMISSED = "dismissed", "not suspended"

    registration = models.ForeignKey(
        Registration, on_delete=models.CASCADE, related_name="arrears_cases"
    )
    since = models.DateField("oldest amount due on")
    pence = models.PositiveIntegerField("owed now, in pence")
    rung = models.PositiveSmallIntegerField("how far", choices=Rung, default=Rung.NOTICED)
    rung_at = models.DateTimeField()
    opened_at = models.DateTimeField()
    closed_at = models.DateTimeField(null=True, blank=True)
    closed_because = models.CharField(max_length=100, blank=True)
    decision = models.CharField(max_length=10, choices=Decision, blank=True)
    decided_at = models.DateTimeField(null=True, blank=True)
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    decision_reason = models.CharField(max_length=200, blank=True)

    class Meta:
        ordering = ["-rung", "since"]
        constraints = [
            models.UniqueConstraint(
                fields=["registration"],
                condition=Q(closed_at__isnull=True),
                name="one_open_arrears_case_per_registration",
            )
        ]

    def __str__(self) -> str:
        return f"Arrears case {self.pk}"


class ArrearsPlan(models.Model):
    """What was agreed with a family that pays in its own time: no reminders until then."""

    registration = models.ForeignKey(
        Registration, on_delete=models.CASCADE, related_name="arrears_plans"
    )
    agreed_on = models.DateField()
    until = models.DateField(help_text="the last day on which it holds")
    words = models.CharField("what was agreed", max_length=300)
    agreed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-agreed_on", "-pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["registration"],
                condition=Q(ended_at__isnull=True),
                name="one_open_arrears_plan_per_registration",
            )
        ]

    def __str__(self) -> str:
        return f"Arrears plan {self.pk}"


class Hardship(models.Model):
    """A family that is not to be chased, and why: for few to see, and only they."""

    registration = models.ForeignKey(
        Registration, on_delete=models.CASCADE, related_name="hardships"
    )
    since = models.DateTimeField()
    words = EncryptedTextField("why", blank=True)
    noted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name_plural = "hardships"
        ordering = ["-since"]
        permissions = [("see_hardship", "Can see and note hardship")]
        constraints = [
            models.UniqueConstraint(
                fields=["registration"],
                condition=Q(ended_at__isnull=True),
                name="one_open_hardship_per_registration",
            )
        ]

    def __str__(self) -> str:
        return f"Hardship {self.pk}"
