"""Seasons and their teams; everything that changes from year to year hangs on the season."""

from __future__ import annotations

from datetime import date
from typing import cast

from django.core.validators import MaxValueValidator, MinValueValidator, RegexValidator
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Length, Lower

KIT_SIZES = ["5/6", "7/8", "9/10", "11/12", "13/14", "S", "M", "L", "XL", "2XL", "3XL"]
AGE_GROUPS = [(f"u{n}", f"U{n}") for n in range(6, 19)]

# Teams as people list them: U7 before U10, then by name.
IN_AGE_ORDER = (Length("age_group"), "age_group", "name")


def default_kit_sizes() -> list[str]:
    """The sizes of domain 2.5, in order."""
    return list(KIT_SIZES)


def default_sibling_percents() -> list[int]:
    """A tenth off from the second child on (domain 5.7)."""
    return [10]


class SeasonQuerySet(models.QuerySet):
    """Reads of seasons."""

    def containing(self, day: date) -> SeasonQuerySet:
        """The season that takes registrations on `day` (Europe/London)."""
        return self.filter(opens_on__lte=day, closes_on__gte=day, closed_at=None)

    def current(self, day: date) -> Season | None:
        """The one that takes registrations on `day`, else the newest."""
        return cast("Season | None", self.containing(day).first() or self.first())


class Season(models.Model):
    """One season: prices in pence, dates in Europe/London."""

    code = models.CharField(
        max_length=4, unique=True, validators=[RegexValidator(r"^\d{4}$")], help_text="such as 2627"
    )
    opens_on = models.DateField("registration opens")
    closes_on = models.DateField("registration closes")
    first_month = models.DateField(help_text="the first day of the first month that is collected")
    last_month = models.DateField(help_text="the first day of the last month that is collected")
    signing_on_fee_pence = models.PositiveIntegerField(default=4500)
    monthly_fee_pence = models.PositiveIntegerField(default=2750)
    sibling_percents = models.JSONField(
        "sibling discount",
        default=default_sibling_percents,
        blank=True,
        help_text="percent off the monthly fee of the second child, the third, …; the last number "
        "counts for all after it: [10] or [10, 20]; [] for none",
    )
    policy_on = models.DateField(
        help_text="whoever joins before this day pays from the first month on (domain 5.5)"
    )
    earliest_birthday = models.DateField(help_text="nobody born before this day plays")
    kit_sizes = models.JSONField(default=default_kit_sizes)
    payment_days = models.PositiveSmallIntegerField(
        default=7, help_text="days that a parent has to pay"
    )
    # The ladder of what is late: days after the due day, and the hours of texts about it.
    first_reminder_days = models.PositiveSmallIntegerField(
        default=3, help_text="days late before the first reminder"
    )
    second_reminder_days = models.PositiveSmallIntegerField(
        default=10, help_text="days late before the second reminder"
    )
    arrears_staff_days = models.PositiveSmallIntegerField(
        "days until staff", default=17, help_text="days late before staff are asked to ring"
    )
    suspension_days = models.PositiveSmallIntegerField(
        default=24, help_text="days late before a suspension is proposed to a person"
    )
    reminders_from_hour = models.PositiveSmallIntegerField(
        default=9, validators=[MaxValueValidator(23)], help_text="no reminder goes out before"
    )
    reminders_until_hour = models.PositiveSmallIntegerField(
        default=20, validators=[MaxValueValidator(24)], help_text="nor from this hour on"
    )
    # Places that fall free: who asks the next child on the list, and how long the family has.
    automatic_offers = models.BooleanField(
        "places offer themselves",
        default=False,
        help_text="a place that falls free is offered to the next child on the team's waiting "
        "list; otherwise staff offer it. A team may say otherwise",
    )
    offer_hours = models.PositiveSmallIntegerField(
        default=48,
        validators=[MinValueValidator(1), MaxValueValidator(336)],
        help_text="hours that a family has to take an offered place",
    )
    # How long the season's conversations, photos and notes are kept (actions/retention.py).
    keep_drafts_days = models.PositiveSmallIntegerField(
        "drafts kept, days",
        default=90,
        help_text="after the last answer, where nothing was sent in",
    )
    keep_transcripts_days = models.PositiveSmallIntegerField(
        "transcripts kept, days", default=180, help_text="after registration closes"
    )
    keep_photos_days = models.PositiveSmallIntegerField(
        "photos kept, days", default=365, help_text="after registration closes"
    )
    keep_medical_days = models.PositiveSmallIntegerField(
        "medical notes kept, days", default=365, help_text="after registration closes"
    )
    airtable_table = models.CharField(max_length=80, help_text="such as registrations_2627")
    closed_at = models.DateTimeField(
        "closed for good", null=True, blank=True, editable=False, help_text="read, no longer edited"
    )

    objects = SeasonQuerySet.as_manager()

    class Meta:
        ordering = ["-code"]
        constraints = [
            models.CheckConstraint(
                condition=Q(opens_on__lt=F("closes_on")), name="season_opens_before_it_closes"
            ),
            models.CheckConstraint(
                condition=Q(first_month__lte=F("last_month")), name="season_months_in_order"
            ),
            models.CheckConstraint(
                condition=Q(
                    first_reminder_days__lt=F("second_reminder_days"),
                    second_reminder_days__lt=F("arrears_staff_days"),
                    arrears_staff_days__lt=F("suspension_days"),
                ),
                name="season_arrears_ladder_rises",
            ),
            models.CheckConstraint(
                condition=Q(reminders_from_hour__lt=F("reminders_until_hour")),
                name="season_reminder_hours_in_order",
            ),
        ]

    def __str__(self) -> str:
        return self.label

    @property
    def label(self) -> str:
        """As people write it: 2026-27."""
        return f"20{self.code[:2]}-{self.code[2:]}"

    @property
    def months(self) -> int:
        """How many months are collected in a full season."""
        first, last = self.first_month, self.last_month
        return (last.year - first.year) * 12 + last.month - first.month + 1

    @property
    def birthday_line(self) -> date:
        """31 August of the first year: the day on which ages count (domain 2.6)."""
        return date(2000 + int(self.code[:2]), 8, 31)

    def is_open(self, day: date) -> bool:
        """Whether somebody may register on `day`."""
        return self.closed_at is None and self.opens_on <= day <= self.closes_on


class Team(models.Model):
    """A squad of one season; the code that a coach gives out names it."""

    class State(models.TextChoices):
        OPEN = "open", "open"
        FULL = "full", "full"
        CLOSED = "closed", "closed"

    season = models.ForeignKey(Season, on_delete=models.PROTECT, related_name="teams")
    age_group = models.CharField(max_length=3, choices=AGE_GROUPS)
    name = models.CharField(max_length=20)
    state = models.CharField(max_length=10, choices=State, default=State.OPEN)
    kit_due = models.BooleanField("new kit this season", default=False)
    squad_limit = models.PositiveSmallIntegerField(null=True, blank=True)
    automatic_offers = models.BooleanField(
        "places offer themselves", null=True, blank=True, help_text="unknown: as the season says"
    )

    class Meta:
        ordering = ["season", "age_group", "name"]
        constraints = [
            models.UniqueConstraint(
                "season", "age_group", Lower("name"), name="one_team_per_season_age_group_name"
            )
        ]

    def __str__(self) -> str:
        return f"{self.age_group.upper()} {self.name}"

    @property
    def age_number(self) -> int:
        """10 for u10."""
        return int(self.age_group[1:])

    @property
    def offers_by_itself(self) -> bool:
        """Whether a free place is offered without a person: its own word, else the season's."""
        own = self.automatic_offers
        return self.season.automatic_offers if own is None else own

    @property
    def code_for_new_players(self) -> str:
        """The 200-code that a coach hands out."""
        word = self.name.lower().replace(" ", "_")
        return f"200-{word}-{self.age_group}-{self.season.code}"
