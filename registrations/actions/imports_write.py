"""Make what a checked import says, in the caller's transaction and in few statements."""

from __future__ import annotations

from datetime import UTC, datetime, time
from typing import Any

from integrations import outbox
from registrations import ages, keys
from registrations.actions import sync
from registrations.airtable_ids import TEAM_TABLE, team_sync_id
from registrations.importing.rows import Row
from registrations.models import (
    Consent,
    Family,
    Guardian,
    Import,
    Player,
    Registration,
    Team,
    TimelineEntry,
)

WORDING = "import"  # a consent that the club had on paper or in its old list
OWN = (
    "relationship",
    "has_medical_issues",
    "medical_notes",
    "emergency_name",
    "emergency_phone",
    "kit_size",
    "shirt_number",
)
AT_ONCE = 500
ADDRESS = ("house_number", "address_line_1", "town", "postcode")


def write(one: Import, rows: list[Row], *, by: str, at: datetime) -> None:
    """Make the teams, or the children with their families and registrations."""
    if one.kind == Import.Kind.TEAMS:
        _teams(one, rows)
        return
    people = _People(rows, at)
    for row in rows:
        people.add(row)
    people.save()
    made = [_registration(one, row, people, at) for row in rows]
    Registration.objects.bulk_create(made, batch_size=AT_ONCE)
    _consents(rows, made, at)
    words = f"Imported from {one.file_name}, line"
    TimelineEntry.objects.bulk_create(
        [
            TimelineEntry(
                registration=registration,
                kind=TimelineEntry.Kind.STAFF,
                text=f"{words} {row.line}"[:300],
                by=by,
                at=at,
            )
            for row, registration in zip(rows, made, strict=True)
        ],
        batch_size=AT_ONCE,
    )
    if one.kind == Import.Kind.PLAYERS:
        sync.touch_all(made)


def _teams(one: Import, rows: list[Row]) -> None:
    teams = [
        Team(
            season=one.season,
            age_group=row.own["age_group"],
            name=row.own["name"],
            squad_limit=row.own.get("squad_limit"),
            kit_due=bool(row.own.get("kit_due")),
        )
        for row in rows
    ]
    Team.objects.bulk_create(teams)
    ids = {team.pk: team_sync_id(team) for team in teams}
    if ids:
        outbox.mark_behind("team", ids, table=TEAM_TABLE)


class _People:
    """The parents and children of the rows: on file, in an earlier line, or new.

    A parent is the one on file who has the same number and name; staff vouch for their own list.
    A child is the one on file of that parent's family with the same name and birthday.
    """

    def __init__(self, rows: list[Row], at: datetime) -> None:
        self.at = at
        self.parents: dict[tuple[str, ...], Guardian] = {}
        self.children: dict[tuple[int, str], Player] = {}
        phones = {row.parent["phone"] for row in rows if row.parent.get("phone")}
        known = Guardian.objects.filter(phone__in=phones).select_related("family").order_by("pk")
        for parent in known:
            named = str(parent.phone), parent.full_name.casefold(), ""
            self.parents.setdefault(named, parent)
        families = {parent.family_id for parent in known}
        for child in Player.objects.filter(family__in=families).order_by("pk"):
            key = keys.child_key(child.first_name, child.last_name, child.dob)
            self.children.setdefault((child.family_id, key), child)
        self.fresh: list[tuple[Row, Guardian]] = []
        self.of_line: dict[int, tuple[Guardian, Player]] = {}

    def add(self, row: Row) -> None:
        given = row.parent
        parent = Guardian(**{name: given.get(name) or "" for name in ("first_name", "last_name",
            "phone", "email", *ADDRESS)})  # fmt: skip
        phone = str(given.get("phone") or "")
        alone = "" if phone else f"{given.get('email') or f'line {row.line}'}"
        named = phone, parent.full_name.casefold(), alone
        self.fresh.append((row, self.parents.setdefault(named, parent)))

    def save(self) -> None:
        new = list({id(parent): parent for _, parent in self.fresh if parent.pk is None}.values())
        families = [Family(created_at=self.at) for _ in new]
        Family.objects.bulk_create(families, batch_size=AT_ONCE)
        for parent, family in zip(new, families, strict=True):
            parent.family = family
        Guardian.objects.bulk_create(new, batch_size=AT_ONCE)
        born: list[Player] = []
        for row, parent in self.fresh:
            child = self._child(row, parent)
            if child.pk is None:
                born.append(child)
            self.of_line[row.line] = parent, child
        Player.objects.bulk_create(born, batch_size=AT_ONCE)

    def _child(self, row: Row, parent: Guardian) -> Player:
        given = row.player
        key = keys.child_key(given["first_name"], given["last_name"], given["dob"])
        child = Player(
            family=parent.family,
            first_name=given["first_name"],
            last_name=given["last_name"],
            dob=given["dob"],
            gender=given.get("gender") or Player.Gender.NOT_DISCLOSED,
            fan=given.get("fan") or "",
            **{name: getattr(parent, name) for name in ADDRESS},
        )
        return self.children.setdefault((parent.family_id, key), child)


def _registration(one: Import, row: Row, people: _People, at: datetime) -> Registration:
    parent, child = people.of_line[row.line]
    team, season = row.own["team"], one.season
    own: dict[str, Any] = {name: row.own[name] for name in OWN if row.own.get(name) is not None}
    own["has_medical_issues"] = bool(own.get("has_medical_issues") or own.get("medical_notes"))
    past = one.kind == Import.Kind.PAST
    return Registration(
        season=season,
        team=team,
        player=child,
        guardian=parent,
        kind=Registration.Kind.RETURNING if past else Registration.Kind.NEW,
        code=team.code_for_new_players,
        registree_role="Other",
        age_mismatch=ages.mismatch(team, child.dob),
        child_key=keys.child_key(child.first_name, child.last_name, child.dob),
        contact_key=keys.contact_key(str(parent.phone)) or f"import {child.pk}",
        **{"relationship": Registration.Relationship.OTHER} | own,
        **(_over(one) if past else _to_come(one, at)),
    )


def _to_come(one: Import, at: datetime) -> dict[str, Any]:
    return {
        "signing_on_fee_pence": one.season.signing_on_fee_pence,
        "monthly_fee_pence": one.season.monthly_fee_pence,
        "submitted_at": at,
        "status": Registration.Status.PENDING_PAYMENT,
    }


def _over(one: Import) -> dict[str, Any]:
    """A season that this platform did not collect for: nothing is expected, nothing is owed."""
    then = datetime.combine(one.season.opens_on, time(12), UTC)
    return {
        "signing_on_fee_pence": 0,
        "monthly_fee_pence": 0,
        "submitted_at": then,
        "fee_settled_at": then,
        "fee_settled_by": Registration.FeeSource.BY_HAND,
        "collection_arranged_at": then,
        "collection_arranged_by": Registration.CollectionSource.EXEMPT,
        "status": Registration.Status.ACTIVE,
    }


def _consents(rows: list[Row], made: list[Registration], at: datetime) -> None:
    Consent.objects.bulk_create(
        [
            Consent(
                registration=registration,
                kind=Consent.Kind.CLUB_MESSAGES,
                wording=WORDING,
                given=row.own["club_messages"],
                decided_at=at,
            )
            for row, registration in zip(rows, made, strict=True)
            if "club_messages" in row.own
        ],
        batch_size=AT_ONCE,
    )
