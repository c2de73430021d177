"""From one season to the next: the stored plan, its teams, and every child's place in it."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower

from integrations.models import Due
from registrations.models.people import Family, Player
from registrations.models.registrations import Registration
from registrations.models.seasons import AGE_GROUPS, Season, Team


class Rollover(Due):
    """A plan for the next season and how far it has been carried out.

    As an entry in a queue it waits for Airtable: the new table is to be made and checked. An undo
    takes the new teams' records away there; the empty table stays, since no call can delete one.
    """

    class Waiting(models.TextChoices):
        CARRY = "carry", "keep their turn in the new team"
        LET_GO = "let_go", "let go"

    class Arrears(models.TextChoices):
        INVITE = "invite", "invite all the same"
        HOLD = "hold", "hold their invitation back"

    from_season = models.ForeignKey(Season, on_delete=models.PROTECT, related_name="rollovers")
    to_code = models.CharField("new season", max_length=4)
    to_season = models.ForeignKey(
        Season, on_delete=models.SET_NULL, null=True, blank=True, related_name="made_by"
    )
    values = models.JSONField("of the new season", default=dict)
    waiting = models.CharField("children who wait", max_length=10, choices=Waiting)
    arrears = models.CharField("families in arrears", max_length=10, choices=Arrears)
    totals = models.JSONField(default=dict)
    problems = models.JSONField(default=list)
    fingerprint = models.CharField(max_length=64, editable=False)
    planned_at = models.DateTimeField()
    planned_by = models.CharField(max_length=150, blank=True)
    started_at = models.DateTimeField("commit begun", null=True, blank=True)
    committed_at = models.DateTimeField(null=True, blank=True)
    committed_by = models.CharField(max_length=150, blank=True)
    undone_at = models.DateTimeField(null=True, blank=True)
    undone_by = models.CharField(max_length=150, blank=True)
    table_checked_at = models.DateTimeField("Airtable's table checked", null=True, blank=True)
    invitations_a_minute = models.PositiveSmallIntegerField(default=60)

    class Meta:
        ordering = ["-planned_at", "-pk"]
        permissions = [("run_rollover", "Can plan, commit and undo a new season")]
        constraints = [
            models.UniqueConstraint(
                fields=["from_season"],
                condition=Q(started_at__isnull=False, undone_at__isnull=True),
                name="one_rollover_under_way_per_season",
            ),
            models.UniqueConstraint(
                fields=["from_season"],
                condition=Q(started_at__isnull=True),
                name="one_open_plan_per_season",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.from_season.label} to {self.to_label}"

    @property
    def to_label(self) -> str:
        """The new season as people write it."""
        return f"20{self.to_code[:2]}-{self.to_code[2:]}"

    @property
    def state(self) -> str:
        """Where it stands, in one word."""
        if self.undone_at:
            return "undone"
        if self.committed_at:
            return "committed"
        return "under way" if self.started_at else "planned"


class PlannedTeam(models.Model):
    """A team that the plan makes; several old teams may meet in it, or one be split into more."""

    rollover = models.ForeignKey(Rollover, on_delete=models.CASCADE, related_name="teams")
    age_group = models.CharField(max_length=3, choices=AGE_GROUPS)
    name = models.CharField(max_length=20)
    comes_from = models.CharField("last season", max_length=200, blank=True)
    squad_limit = models.PositiveSmallIntegerField(null=True, blank=True)
    kit_due = models.BooleanField("new kit", default=False)
    automatic_offers = models.BooleanField("places offer themselves", null=True, blank=True)
    team = models.OneToOneField(
        Team, on_delete=models.SET_NULL, null=True, blank=True, related_name="planned"
    )

    class Meta:
        ordering = ["rollover", "pk"]
        constraints = [
            models.UniqueConstraint(
                "rollover", "age_group", Lower("name"), name="one_planned_team_per_name"
            )
        ]

    def __str__(self) -> str:
        return f"{self.age_group.upper()} {self.name}"

    @property
    def old_names(self) -> list[str]:
        """The teams of last season that meet in it: U10 Lions."""
        return self.comes_from.split(", ")


class ReturningPlace(models.Model):
    """A child's place in the next season, kept until the family has answered.

    A place without a planned team is a child who could not be placed; `reason` says why. The shirt
    is kept for the child: nobody else can choose it meanwhile.
    """

    rollover = models.ForeignKey(Rollover, on_delete=models.CASCADE, related_name="places")
    before = models.ForeignKey(
        Registration, on_delete=models.CASCADE, related_name="+", verbose_name="last registration"
    )
    player = models.ForeignKey(Player, on_delete=models.CASCADE, related_name="places")
    family = models.ForeignKey(Family, on_delete=models.CASCADE, related_name="places")
    planned_team = models.ForeignKey(
        PlannedTeam, on_delete=models.CASCADE, null=True, blank=True, related_name="places"
    )
    team = models.ForeignKey(
        Team, on_delete=models.PROTECT, null=True, blank=True, related_name="places"
    )
    shirt_number = models.PositiveSmallIntegerField(null=True, blank=True)
    waiting_since = models.DateTimeField(
        "waited last season since", null=True, blank=True, help_text="they keep their turn"
    )
    let_go = models.BooleanField(default=False)
    reason = models.CharField("why there is no place", max_length=200, blank=True)
    in_arrears = models.BooleanField(default=False)
    registration = models.OneToOneField(
        Registration, on_delete=models.SET_NULL, null=True, blank=True, related_name="place"
    )
    answered_at = models.DateTimeField(null=True, blank=True)
    declined_at = models.DateTimeField("does not come back", null=True, blank=True)

    class Meta:
        ordering = ["rollover", "pk"]
        constraints = [
            models.UniqueConstraint(fields=["rollover", "player"], name="one_place_per_player"),
            models.UniqueConstraint(
                fields=["team", "shirt_number"],
                condition=Q(shirt_number__isnull=False, answered_at__isnull=True),
                name="one_place_per_shirt",
            ),
        ]
        indexes = [
            models.Index(
                fields=["rollover", "family"], name="place_by_family", include=["answered_at"]
            )
        ]

    def __str__(self) -> str:
        return f"Place {self.pk}"
