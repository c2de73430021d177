"""What an agent proposes and a person decides."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q

from registrations.models.registrations import Registration
from registrations.models.seasons import Team


class ProposalQuerySet(models.QuerySet):
    """Reads of proposals."""

    def to_decide(self) -> ProposalQuerySet:
        return self.filter(decision="")


class Proposal(models.Model):
    """Something that no agent may do: it waits until a person approves or rejects it."""

    class Kind(models.TextChoices):
        SUSPENSION = "suspension", "suspend the child"
        REFUND = "refund", "give money back"
        LINKS = "links", "send the payment link to a team"
        ERASURE = "erasure", "erase the family"

    class Decision(models.TextChoices):
        APPROVED = "approved", "approved"
        REJECTED = "rejected", "rejected"

    # Whoever decides must be allowed to do it in the office.
    RIGHTS: ClassVar[dict[str, str]] = {
        Kind.SUSPENSION: "registrations.change_registration",
        Kind.REFUND: "payments.give_back",
        Kind.LINKS: "registrations.change_registration",
        Kind.ERASURE: "registrations.erase_family",
    }

    kind = models.CharField(max_length=12, choices=Kind)
    registration = models.ForeignKey(
        Registration, on_delete=models.CASCADE, null=True, blank=True, related_name="proposals"
    )
    team = models.ForeignKey(Team, on_delete=models.CASCADE, related_name="+")
    pence = models.PositiveIntegerField(null=True, blank=True)
    depth = models.CharField(max_length=8, blank=True, help_text="how deep: actions.erasing.Depth")
    reason = models.CharField(max_length=200)
    proposed_at = models.DateTimeField()
    proposed_by = models.CharField(max_length=150)
    decision = models.CharField(max_length=8, choices=Decision, blank=True)
    decided_at = models.DateTimeField(null=True, blank=True)
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    decision_reason = models.CharField(max_length=200, blank=True)

    objects = ProposalQuerySet.as_manager()

    class Meta:
        ordering = ["-proposed_at", "-pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["kind", "registration"],
                condition=Q(decision="", registration__isnull=False),
                name="one_open_proposal_per_kind_and_registration",
            ),
            models.UniqueConstraint(
                fields=["kind", "team"],
                condition=Q(decision="", registration__isnull=True),
                name="one_open_proposal_per_kind_and_team",
            ),
            models.CheckConstraint(
                condition=Q(kind="links", registration__isnull=True)
                | (~Q(kind="links") & Q(registration__isnull=False)),
                name="a_proposal_is_about_a_child_or_a_team",
            ),
        ]

    def __str__(self) -> str:
        return f"Proposal {self.pk}: {self.kind}"
