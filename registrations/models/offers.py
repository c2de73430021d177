"""Places that fall free, offered to the next child on a team's waiting list."""

from __future__ import annotations

import secrets
from datetime import datetime

from django.db import models
from django.db.models import Q

from registrations.models.registrations import Registration
from registrations.models.seasons import Team


def new_token() -> str:
    """The unguessable part of an offer's link."""
    return secrets.token_urlsafe(24)


class PlaceOfferQuerySet(models.QuerySet):
    """Reads of offers."""

    def open(self) -> PlaceOfferQuerySet:
        """Not answered, not lapsed, not taken back: each holds one place of its team."""
        return self.filter(outcome="")

    def over(self, moment: datetime) -> PlaceOfferQuerySet:
        """Open, but the family's time has run out."""
        return self.open().filter(expires_at__lte=moment)


class PlaceOffer(models.Model):
    """One place, offered to one waiting child for some hours; it is kept free meanwhile."""

    class Outcome(models.TextChoices):
        ACCEPTED = "accepted", "accepted"
        DECLINED = "declined", "declined"
        LAPSED = "lapsed", "lapsed without an answer"
        WITHDRAWN = "withdrawn", "taken back"

    registration = models.ForeignKey(Registration, on_delete=models.CASCADE, related_name="offers")
    team = models.ForeignKey(Team, on_delete=models.CASCADE, related_name="offers")
    token = models.CharField(max_length=64, default=new_token, unique=True, editable=False)
    offered_at = models.DateTimeField()
    offered_by = models.CharField(max_length=150, blank=True, help_text="empty: by itself")
    expires_at = models.DateTimeField()
    outcome = models.CharField(max_length=10, choices=Outcome, blank=True)
    ended_at = models.DateTimeField("answered or over", null=True, blank=True)

    objects = PlaceOfferQuerySet.as_manager()

    class Meta:
        ordering = ["-offered_at", "-pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["registration"], condition=Q(outcome=""), name="one_open_offer_per_child"
            )
        ]
        indexes = [models.Index(fields=["expires_at"], name="open_offer", condition=Q(outcome=""))]

    def __str__(self) -> str:
        return f"Offer {self.pk}"
