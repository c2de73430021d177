"""Who among staff looks after which team, and what of the club's rows they may therefore see."""

from __future__ import annotations

from typing import TypeVar

from django.conf import settings
from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.auth.models import AnonymousUser
from django.db import models
from django.db.models import QuerySet

from registrations.models.seasons import Team

EVERY_TEAM = "registrations.see_all_teams"
Row = TypeVar("Row", bound=models.Model)


class TeamStaff(models.Model):
    """One person's place beside one team: the fact from which access to its rows follows."""

    class Role(models.TextChoices):
        MANAGER = "manager", "manager"
        COACH = "coach", "coach"
        ASSISTANT = "assistant", "assistant"

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="teams"
    )
    team = models.ForeignKey(Team, on_delete=models.CASCADE, related_name="staff")
    role = models.CharField(max_length=10, choices=Role, default=Role.MANAGER)

    class Meta:
        ordering = ["team", "user"]
        verbose_name = verbose_name_plural = "team staff"
        permissions = [
            ("see_all_teams", "Can see the rows of every team, not only of their own"),
            ("see_money", "Can see payment links, days and the payments of a registration"),
            ("see_transcripts", "Can read what was said in conversations"),
            ("see_numbers", "Can see the club's numbers"),
        ]
        constraints = [
            models.UniqueConstraint(fields=["user", "team"], name="one_place_per_person_and_team")
        ]

    def __str__(self) -> str:
        return f"Staff {self.user_id} of team {self.team_id}"


def visible_to(user: AbstractBaseUser | AnonymousUser, rows: QuerySet[Row]) -> QuerySet[Row]:
    """Those of `rows` that `user` may know of; which verbs they may use is their permissions'.

    Whoever may see every team sees all. Anybody else sees what belongs to their own teams, by
    the path that settings.TEAM_OF names for the model, and nothing of a model that it leaves out.
    """
    if user.has_perm(EVERY_TEAM):  # type: ignore[union-attr]
        return rows
    label = rows.model._meta.label
    if label in settings.NOBODYS_TEAM:
        return rows
    path = settings.TEAM_OF.get(label)
    if path is None or not user.is_authenticated:
        return rows.none()
    own = TeamStaff.objects.filter(user_id=user.pk).values("team")
    # A subquery, not a join: a player with two registrations must not come twice.
    kept = rows.model._default_manager.filter(**{f"{path}__in": own})
    return rows.filter(pk__in=kept.order_by().values("pk"))
