"""A registration: dated facts, and the state that follows from them."""

from __future__ import annotations

import secrets
import uuid
from datetime import datetime

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import F, Q

from integrations.fields import EncryptedTextField
from registrations.models.people import Guardian, MobileField, Player
from registrations.models.seasons import Season, Team

ERASED = "erased "  # begins the child_key of one of whom only the money is kept


def new_token() -> str:
    """The unguessable part of a parent's payment link."""
    return secrets.token_urlsafe(16)


class RegistrationQuerySet(models.QuerySet):
    """Reads of registrations."""

    def live(self) -> RegistrationQuerySet:
        """Neither cancelled nor a double that staff have yet to look at."""
        return self.exclude(status=Registration.Status.CANCELLED).filter(duplicate_of=None)

    def in_airtable(self) -> RegistrationQuerySet:
        """Those that belong in the base: no doubles, nobody who was erased."""
        return self.filter(duplicate_of=None).exclude(child_key__startswith=ERASED)

    def waiting_for_place(self) -> RegistrationQuerySet:
        return self.filter(status=Registration.Status.WAITING)

    def in_turn(self) -> RegistrationQuerySet:
        """Those who wait for a place, in staff's order, then in the order of coming."""
        waiting = self.filter(waiting_since__isnull=False, cancelled_at=None, duplicate_of=None)
        return waiting.order_by(F("turn").asc(nulls_last=True), "waiting_since", "pk")

    def trial_is_over(self, moment: datetime) -> RegistrationQuerySet:
        """On trial, and the last day of it has passed: join, go on, or leave?"""
        return self.filter(status=Registration.Status.TRIAL, trial_ends_at__lte=moment)

    def needs_person(self) -> RegistrationQuerySet:
        """Flagged for staff and not yet looked at."""
        return self.filter(flagged_at__isnull=False)

    def stopped_before_paying(self, before: datetime) -> RegistrationQuerySet:
        """Sent in through the chat by `before`, and no payment day since: no link has gone out."""
        quiet = self.filter(draft__isnull=False, payment_day=None, submitted_at__lte=before)
        return quiet.filter(
            status=Registration.Status.PENDING_PAYMENT, duplicate_of=None, sms__isnull=True
        )

    def paid_without_debit(self, before: datetime) -> RegistrationQuerySet:
        """The fee was settled by `before`, but nothing collects the months, and no flag says so.

        No month is owed before there was a way to collect it (domain 5.6): none would be late.
        """
        fee_only = self.filter(status=Registration.Status.INCOMPLETE, flagged_at=None)
        return fee_only.filter(fee_settled_at__lte=before)

    def with_open_suspension(self) -> RegistrationQuerySet:
        return self.filter(suspensions__isnull=False, suspensions__lifted_at=None).distinct()


class Registration(models.Model):
    """One child's registration for one season and team (domain 4.2)."""

    class Status(models.TextChoices):
        WAITING = "waiting", "waiting for a place"
        TRIAL = "trial", "on trial"
        PENDING_PAYMENT = "pending_payment", "pending payment"
        INCOMPLETE = "incomplete", "fee paid, no Direct Debit"
        ACTIVE = "active", "active"
        SUSPENDED = "suspended", "suspended"
        CANCELLED = "cancelled", "cancelled"

    class Kind(models.TextChoices):
        RETURNING = "100", "returning player"
        NEW = "200", "new player"

    class Relationship(models.TextChoices):
        MOTHER = "Mother", "Mother"
        FATHER = "Father", "Father"
        GUARDIAN = "Guardian", "Guardian"
        OTHER = "Other", "Other"

    class Kit(models.TextChoices):
        GOALKEEPER = "Goalkeeper", "Goalkeeper"
        OUTFIELD = "Outfield", "Outfield"

    class FeeSource(models.TextChoices):
        PAID = "paid", "paid through GoCardless"
        BY_HAND = "by_hand", "recorded by hand"
        WAIVED = "waived", "waived"

    class CollectionSource(models.TextChoices):
        MANDATE = "mandate", "Direct Debit mandate"
        BY_HAND = "by_hand", "collected by hand"
        EXEMPT = "exempt", "exempt"

    sync_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    token = models.CharField(max_length=64, default=new_token, unique=True, editable=False)
    season = models.ForeignKey(Season, on_delete=models.PROTECT, related_name="registrations")
    team = models.ForeignKey(Team, on_delete=models.PROTECT, related_name="registrations")
    player = models.ForeignKey(Player, on_delete=models.PROTECT, related_name="registrations")
    guardian = models.ForeignKey(Guardian, on_delete=models.PROTECT, related_name="registrations")
    second_guardian = models.ForeignKey(
        Guardian, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    kind = models.CharField("registration type", max_length=3, choices=Kind, default=Kind.NEW)
    code = models.CharField("registration code", max_length=120)
    registree_role = models.CharField(max_length=10, default="Parent")
    relationship = models.CharField(max_length=10, choices=Relationship)
    relationship_detail = models.CharField(max_length=100, blank=True)
    has_medical_issues = models.BooleanField(
        default=False, null=True, help_text="unknown: kept no longer, so ask"
    )
    medical_notes = EncryptedTextField(blank=True)
    emergency_name = models.CharField("second emergency contact", max_length=101, blank=True)
    emergency_phone = MobileField(blank=True)
    not_to_collect = EncryptedTextField("may not collect the child", blank=True)
    played_last_season = models.BooleanField("played for the club last season", default=False)
    played_elsewhere = models.BooleanField("played elsewhere last season", default=False)
    previous_team = models.CharField(max_length=100, blank=True)
    age_mismatch = models.BooleanField(
        "age does not fit the age group", default=False, editable=False
    )

    # Money: what was agreed with the parent, in pence.
    signing_on_fee_pence = models.PositiveIntegerField()
    monthly_fee_pence = models.PositiveIntegerField()
    payment_day = models.SmallIntegerField(
        null=True, blank=True, help_text="1 to 28, or -1 for the last day of the month"
    )

    # Kit
    new_kit_required = models.BooleanField(null=True, blank=True)
    kit_size = models.CharField(max_length=10, blank=True)
    shirt_number = models.PositiveSmallIntegerField(
        null=True, blank=True, validators=[MinValueValidator(1), MaxValueValidator(25)]
    )

    # Facts: a moment beats a flag; each names its source.
    submitted_at = models.DateTimeField()
    waiting_since = models.DateTimeField("waiting for a place since", null=True, blank=True)
    turn = models.PositiveSmallIntegerField(
        "turn on the waiting list", null=True, blank=True, editable=False
    )
    trial_ends_at = models.DateTimeField("on trial until", null=True, blank=True)
    fee_settled_at = models.DateTimeField(null=True, blank=True)
    fee_settled_by = models.CharField(max_length=10, choices=FeeSource, blank=True)
    collection_arranged_at = models.DateTimeField(null=True, blank=True)
    collection_arranged_by = models.CharField(max_length=10, choices=CollectionSource, blank=True)
    cancelled_at = models.DateTimeField(null=True, blank=True)
    cancelled_reason = models.CharField(max_length=200, blank=True)
    sms_received_at = models.DateTimeField("parent said the SMS came", null=True, blank=True)
    completed_at = models.DateTimeField("parent finished the questions", null=True, blank=True)

    # Derived from the facts by actions.states and stored for searching.
    status = models.CharField(
        max_length=20, choices=Status, default=Status.PENDING_PAYMENT, editable=False
    )

    # For staff.
    duplicate_of = models.ForeignKey(
        "self", on_delete=models.SET_NULL, null=True, blank=True, related_name="doubles"
    )
    flagged_at = models.DateTimeField("needs a person since", null=True, blank=True)
    flags = models.JSONField(default=list, blank=True, help_text="why, in words")
    staff_notes = models.TextField(blank=True)
    child_key = models.CharField(max_length=130, editable=False)
    contact_key = models.CharField(max_length=260, editable=False)

    objects = RegistrationQuerySet.as_manager()

    class Meta:
        ordering = ["-submitted_at", "-pk"]
        permissions = [("view_medical", "Can see medical notes")]
        constraints = [
            models.CheckConstraint(
                condition=~Q(status="active")
                | Q(fee_settled_at__isnull=False, collection_arranged_at__isnull=False),
                name="active_means_fee_and_collection_settled",
            ),
            models.CheckConstraint(
                condition=Q(fee_settled_at__isnull=True, fee_settled_by="")
                | (Q(fee_settled_at__isnull=False) & ~Q(fee_settled_by="")),
                name="settled_fee_names_its_source",
            ),
            models.CheckConstraint(
                condition=Q(collection_arranged_at__isnull=True, collection_arranged_by="")
                | (Q(collection_arranged_at__isnull=False) & ~Q(collection_arranged_by="")),
                name="arranged_collection_names_its_source",
            ),
            models.CheckConstraint(
                condition=Q(payment_day__isnull=True)
                | Q(payment_day=-1)
                | Q(payment_day__range=(1, 28)),
                name="payment_day_is_collectable",
            ),
            models.CheckConstraint(
                condition=Q(shirt_number__isnull=True) | Q(shirt_number__range=(1, 25)),
                name="shirt_number_is_1_to_25",
            ),
            models.UniqueConstraint(
                fields=["team", "shirt_number"],
                condition=Q(shirt_number__isnull=False) & ~Q(status="cancelled"),
                name="one_player_per_shirt",
            ),
            models.UniqueConstraint(
                fields=["season", "player"],
                condition=~Q(status="cancelled"),
                name="one_live_registration_per_player_and_season",
            ),
            models.UniqueConstraint(
                fields=["season", "child_key", "contact_key"],
                condition=~Q(status="cancelled") & Q(duplicate_of__isnull=True),
                name="one_live_registration_per_child_contact_and_season",
            ),
        ]
        indexes = [
            models.Index(fields=["status", "-submitted_at"], name="registration_by_status"),
            models.Index(fields=["season", "child_key"], name="registration_by_child"),
            models.Index(fields=["-submitted_at", "-id"], name="registration_newest"),
            models.Index(
                fields=["flagged_at"],
                name="registration_flagged",
                condition=Q(flagged_at__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return f"Registration {str(self.sync_id)[:8]}"

    @property
    def kit_type(self) -> str:
        """Shirts 1 and 12 are goalkeepers' (domain 2.5); "" without a number."""
        if self.shirt_number is None:
            return ""
        return self.Kit.GOALKEEPER if self.shirt_number in (1, 12) else self.Kit.OUTFIELD

    @property
    def erased(self) -> bool:
        """Whether all but what is owed and paid was erased: it belongs in Airtable no more."""
        return self.child_key.startswith(ERASED)

    @property
    def in_squad(self) -> bool:
        """Neither waiting for a place nor on trial: kit, photo and money are asked for."""
        return self.waiting_since is None and self.trial_ends_at is None

    @property
    def asks_for_payment(self) -> bool:
        """Whether this registration may be charged: in the squad, live, not a double."""
        return self.in_squad and not (self.cancelled_at or self.duplicate_of_id)
