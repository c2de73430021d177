"""A team's children as its papers show them, and whether each is ready for the league."""

from __future__ import annotations

from dataclasses import dataclass

from django.db.models import Prefetch, QuerySet

from registrations.models import Consent, Photo, Registration, Team

RELATED = "player", "guardian", "second_guardian", "season", "team"
# What the league asks of a player, in the order of its form.
CHECKS = ("FAN", "Birthday proved", "Photo", "Photo consent", "Parent's e-mail", "Fee and months")


@dataclass(frozen=True)
class Ready:
    """One child's line of the checklist: what is there, in words, or "" where it lacks."""

    registration: Registration
    found: tuple[str, ...]

    @property
    def lacking(self) -> list[str]:
        """What is still to be got."""
        return [name for name, words in zip(CHECKS, self.found, strict=True) if not words]


def of(team: Team, *, notes: bool = False) -> list[Registration]:
    """The children of a team by name; medical notes and collection only for `notes`."""
    rows: QuerySet[Registration] = Registration.objects.live().filter(team=team, waiting_since=None)
    if not notes:
        rows = rows.defer("medical_notes", "not_to_collect")
    accepted = Photo.objects.filter(state=Photo.State.ACCEPTED).order_by("-uploaded_at")
    rows = rows.select_related(*RELATED).prefetch_related(
        Prefetch("photos", accepted, to_attr="accepted"),
        Prefetch("consents", Consent.objects.order_by("decided_at", "pk"), to_attr="agreed"),
    )
    return list(rows.order_by("player__last_name", "player__first_name"))


def consent(row: Registration, kind: str) -> bool | None:
    """What was said last about `kind`; None where nothing was."""
    said = [each.given for each in row.agreed if each.kind == kind]  # type: ignore[attr-defined]
    return said[-1] if said else None


def ready(row: Registration) -> Ready:
    """What the league would ask for, as far as it is on file."""
    child = row.player
    photos = row.accepted  # type: ignore[attr-defined]
    proved = (
        child.identity_seen_on and f"{child.identity_seen_by} {child.identity_seen_on:%d-%m-%Y}"
    )
    agreed = consent(row, Consent.Kind.PHOTO_SQUAD)
    standing = row.get_status_display() if row.status == Registration.Status.ACTIVE else ""
    return Ready(
        row,
        (
            child.fan,
            (proved or "").strip(),
            f"{photos[0].accepted_at:%d-%m-%Y}" if photos and photos[0].accepted_at else "",
            "" if agreed is None else "given" if agreed else "refused: identity only",
            row.guardian.email,
            standing,
        ),
    )
