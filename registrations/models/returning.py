"""Families who are asked back: the invitation, and visits in which they prove who they are."""

from __future__ import annotations

import secrets

from django.db import models
from django.db.models import Q

from integrations.models import Due
from registrations.models.chat import ChatSession
from registrations.models.people import Family, Guardian
from registrations.models.registrations import Registration
from registrations.models.rollovers import Rollover
from registrations.models.seasons import Team


def new_token() -> str:
    """The unguessable part of an invitation's link."""
    return secrets.token_urlsafe(24)


class Invitation(models.Model):
    """One family's invitation to the new season: one message names all its children.

    `registration` is last season's, whose texts and e-mails carry the message.
    """

    rollover = models.ForeignKey(Rollover, on_delete=models.CASCADE, related_name="invitations")
    family = models.ForeignKey(Family, on_delete=models.CASCADE, related_name="invitations")
    guardian = models.ForeignKey(Guardian, on_delete=models.CASCADE, related_name="invitations")
    registration = models.ForeignKey(
        Registration, on_delete=models.CASCADE, related_name="invitations"
    )
    token = models.CharField(max_length=64, default=new_token, unique=True, editable=False)
    due_at = models.DateTimeField("next message", null=True, blank=True)
    sent_at = models.DateTimeField("handed to the messengers", null=True, blank=True)
    reminders = models.PositiveSmallIntegerField(default=0)
    problem = models.CharField("why nobody was told", max_length=200, blank=True)
    opened_at = models.DateTimeField("link first opened", null=True, blank=True)
    answered_at = models.DateTimeField("all children answered for", null=True, blank=True)

    class Meta:
        ordering = ["rollover", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["rollover", "family"], name="one_invitation_per_family_and_season"
            )
        ]
        indexes = [
            models.Index(
                fields=["due_at"], name="invitation_due", condition=Q(due_at__isnull=False)
            )
        ]

    def __str__(self) -> str:
        return f"Invitation {self.pk}"


class ReturningVisit(Due):
    """Somebody who says that a child comes back, and whether they have proved to be its parent.

    What was typed is stored the same for everybody; whether there is such a child is found out by
    a job, so that no answer, and no answer's time, tells (design 3.8). The job texts six digits.
    """

    session = models.ForeignKey(ChatSession, on_delete=models.CASCADE, related_name="visits")
    team = models.ForeignKey(Team, on_delete=models.CASCADE, related_name="+")
    code = models.CharField(max_length=120)
    # Who is asked for, in the code's own words: locks count by it, on file or not.
    asked_for = models.CharField(max_length=120, db_index=True)
    dob = models.DateField("date of birth typed", null=True, blank=True)
    by_email = models.BooleanField(default=False)
    family = models.ForeignKey(
        Family, on_delete=models.CASCADE, null=True, blank=True, related_name="visits"
    )
    digest = models.CharField(max_length=64, blank=True, editable=False)
    digits_sent_at = models.DateTimeField(null=True, blank=True)
    digits_expire_at = models.DateTimeField(null=True, blank=True)
    sends = models.PositiveSmallIntegerField("codes asked for", default=0)
    wrong = models.PositiveSmallIntegerField("wrong codes", default=0)
    started_at = models.DateTimeField(db_index=True)
    proven_at = models.DateTimeField(null=True, blank=True)
    invitation = models.ForeignKey(
        Invitation, on_delete=models.SET_NULL, null=True, blank=True, related_name="visits"
    )

    class Meta:
        ordering = ["-started_at", "-pk"]
        indexes = [
            models.Index(
                fields=["due_at"], name="returning_visit_due", condition=Q(due_at__isnull=False)
            )
        ]

    def __str__(self) -> str:
        return f"Visit {self.pk}"
