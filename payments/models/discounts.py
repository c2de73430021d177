"""Sibling discounts: who belongs together, what each pays a month, and why."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from integrations.models import Due
from registrations.models import Registration


class SiblingCaseQuerySet(models.QuerySet):
    """Reads of sibling cases."""

    def of(self, ids: set[int]) -> SiblingCaseQuerySet:
        """Those that touch one of these registrations."""
        return self.filter(Q(one__in=ids) | Q(other__in=ids))

    def linked(self) -> SiblingCaseQuerySet:
        """Those whose children count as siblings."""
        return self.filter(standing__in=SiblingCase.LINKED)

    def to_decide(self) -> SiblingCaseQuerySet:
        """Those that wait for a person."""
        return self.filter(standing=SiblingCase.Standing.DOUBTFUL)


class SiblingCase(models.Model):
    """Two registrations whose children are siblings, or may be; the lower id is `one`."""

    class Standing(models.TextChoices):
        DOUBTFUL = "doubtful", "to be decided"
        CERTAIN = "certain", "certain by the rule"
        APPROVED = "approved", "approved by staff"
        REJECTED = "rejected", "no discount, by staff"

    LINKED = (Standing.CERTAIN, Standing.APPROVED)
    DECIDED = (Standing.APPROVED, Standing.REJECTED)

    one = models.ForeignKey(Registration, on_delete=models.CASCADE, related_name="+")
    other = models.ForeignKey(Registration, on_delete=models.CASCADE, related_name="+")
    standing = models.CharField(max_length=10, choices=Standing, default=Standing.DOUBTFUL)
    evidence = models.JSONField(default=list, blank=True, help_text="in words, for staff only")
    opened_at = models.DateTimeField()
    decided_at = models.DateTimeField(null=True, blank=True)
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    reason = models.CharField(max_length=200, blank=True)

    objects = SiblingCaseQuerySet.as_manager()

    class Meta:
        ordering = ["-opened_at", "-pk"]
        constraints = [
            models.UniqueConstraint(fields=["one", "other"], name="one_sibling_case_per_pair"),
            models.CheckConstraint(condition=Q(one__lt=F("other")), name="sibling_case_in_order"),
        ]

    def __str__(self) -> str:
        return f"Sibling case {self.pk}"


class MonthlyPrice(Due):
    """What one registration pays a month, as a queue: to be looked at again, then amended.

    `wishes` grows with every wish to look again, so that none is lost while a worker looks.
    """

    registration = models.OneToOneField(
        Registration, on_delete=models.CASCADE, related_name="monthly_price"
    )
    list_pence = models.PositiveIntegerField(help_text="what was agreed, before any discount")
    wishes = models.PositiveIntegerField(default=0, editable=False)
    amended = models.CharField("amended subscription", max_length=255, blank=True)
    amendments = models.PositiveSmallIntegerField(
        default=0, help_text="changes of that subscription; GoCardless allows ten"
    )
    successor_from = models.DateField(
        null=True,
        blank=True,
        editable=False,
        help_text="the amended subscription is being ended; the next one collects from this month",
    )

    class Meta:
        ordering = ["-pk"]
        permissions = [("see_books", "Can see the books")]
        indexes = [
            models.Index(
                fields=["due_at"], name="monthly_price_due", condition=Q(due_at__isnull=False)
            )
        ]

    def __str__(self) -> str:
        return f"Monthly price of registration {self.registration_id}"


class PriceReason(models.Model):
    """Why a monthly fee became what it is; the newest one counts, none is ever changed."""

    registration = models.ForeignKey(
        Registration, on_delete=models.CASCADE, related_name="price_reasons"
    )
    pence = models.PositiveIntegerField()
    list_pence = models.PositiveIntegerField()
    percent = models.PositiveSmallIntegerField(default=0)
    sibling = models.ForeignKey(
        Registration, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    words = models.CharField(max_length=300)
    agreed_by = models.CharField(
        max_length=150, blank=True, help_text="whoever changed the list price; empty: the rule"
    )
    at = models.DateTimeField()

    class Meta:
        ordering = ["-at", "-pk"]

    def __str__(self) -> str:
        return f"Price of registration {self.registration_id}: {self.pence}"


class LinkOpening(models.Model):
    """A payment link was opened: from which text or e-mail, or "" where that is not known."""

    registration = models.ForeignKey(
        Registration, on_delete=models.CASCADE, related_name="link_openings"
    )
    sent_to = models.CharField(max_length=254, blank=True)
    first_at = models.DateTimeField()

    class Meta:
        ordering = ["first_at"]
        constraints = [
            models.UniqueConstraint(
                fields=["registration", "sent_to"], name="one_opening_per_registration_and_place"
            )
        ]

    def __str__(self) -> str:
        return f"Opening of the link of registration {self.registration_id}"
