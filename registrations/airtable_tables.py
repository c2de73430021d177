"""The club's tables, read as well as written: one class a table (domain 4.1, 4.2)."""

from collections.abc import Iterable, Mapping
from typing import Any
from uuid import UUID

from django.conf import settings
from django.utils.dateparse import parse_datetime
from django.utils.module_loading import import_string

from integrations import clock
from integrations.airtable.mapping import AirtableTableMapping, Column, Refused
from integrations.airtable.merge import Owner
from integrations.airtable.rows import RowFields
from registrations.actions import edits, entering, orders, states, teams
from registrations.airtable import registration_row, registrations_table
from registrations.airtable_ids import (
    SUSPENSION_TABLE,
    TEAM_TABLE,
    suspension_sync_id,
    team_sync_id,
)
from registrations.models import Registration, Season, Suspension, Team
from registrations.models.seasons import KIT_SIZES

OURS, COMMAND = Owner.OURS, Owner.COMMAND
TEXT, LONG, EMAIL, SELECT = "singleLineText", "multilineText", "email", "singleSelect"
MOMENT = {
    "dateFormat": {"name": "iso"},
    "timeFormat": {"name": "24hour"},
    "timeZone": "Europe/London",
}
STATUSES = ("pending_payment", "incomplete", "active", "suspended", "cancelled")
YN = ("Y", "N")


def texts(*names: str, type: str = TEXT, owner: Owner = Owner.THEIRS) -> tuple[Column, ...]:
    """Columns that differ in their names only."""
    return tuple(Column(name, type, owner) for name in names)


def yes_no(*names: str, owner: Owner = Owner.THEIRS) -> tuple[Column, ...]:
    """Selects of the letters Y and N."""
    return tuple(Column(name, SELECT, owner, YN) for name in names)


class RegistrationTable(AirtableTableMapping):
    """registrations_<season>: people's fields are Airtable's by default, machine facts are ours."""

    kind = "registration"
    columns = (
        *texts("sync_id", owner=OURS),
        Column("sync_error", LONG, OURS),
        *texts(*(name for name in edits.PLAYER if name != "player_email")),
        *texts("player_email", "parent_email", type=EMAIL),
        *texts(*(name for name in edits.GUARDIAN if name != "parent_email")),
        *texts("parent_telephone", "parent_relationship_to_player", "registree_role"),
        *texts("age_group", "team", "player_has_any_medical_issues"),
        Column("description_of_player_medical_issues", LONG, secret=True),
        *yes_no("communication_consent", "played_elsewhere_last_season", "new_kit_required"),
        *texts("played_for_urmston_town_last_season", "previous_team_name"),
        Column("kit_size", SELECT, choices=tuple(KIT_SIZES)),
        Column("shirt_number", SELECT, choices=tuple(str(n) for n in range(1, 26))),
        Column("registration_status", SELECT, COMMAND, STATUSES),
        *texts("season", "registration_code", owner=OURS),
        Column("registration_type", SELECT, OURS, ("100", "200")),
        Column("preferred_payment_day", "number", OURS, options={"precision": 0}),
        *(
            Column(name, "currency", OURS, options={"precision": 2, "symbol": "£"})
            for name in ("signing_on_fee_amount", "monthly_subscription_amount")
        ),
        *yes_no("signing_on_fee_paid", "mandate_authorised", owner=OURS),
        Column("kit_type_required", SELECT, OURS, ("Goalkeeper", "Outfield")),
        Column("id_image_link", "url", OURS),
        *yes_no("id_photo_required", owner=OURS),
        Column("initial_db_write_timestamp", "dateTime", OURS, options=MOMENT),
        Column("sms_sent_at", "dateTime", OURS, options=MOMENT),
        Column(
            "sms_delivery_status",
            SELECT,
            OURS,
            ("pending", "sent", "delivered", "failed", "undelivered"),
        ),
        Column("sms_delivery_error", LONG, OURS),
        Column("payment_follow_up_count", "number", OURS, options={"precision": 0}),
        Column("conversation_history", LONG, OURS, secret=True, switch="AIRTABLE_CONVERSATIONS"),
        *(
            column
            for path in settings.AIRTABLE_PARTS["registration"]
            for column in import_string(path.rpartition(".")[0] + ".COLUMNS")
        ),
    )

    def tables(self) -> list[str]:
        names = [registrations_table(season) for season in Season.objects.all()]
        return list(dict.fromkeys(names))

    def row(self, object_id: int) -> RowFields | None:
        return registration_row(object_id)

    def lock(self, object_id: int) -> bool:
        rows = Registration.objects.select_for_update(no_key=True).filter(pk=object_id)
        return rows.values_list("pk", flat=True).first() is not None

    def adopt(self, object_id: int, values: Mapping[str, Any]) -> dict[str, str]:
        return edits.change(object_id, values, at=clock.now())

    def order(self, object_id: int, name: str, value: Any) -> None:
        try:
            orders.set_status(object_id, str(value or ""), at=clock.now())
        except orders.Forbidden as error:
            raise Refused(str(error)) from error

    def create(self, table: str, values: Mapping[str, Any]) -> tuple[int, UUID]:
        seasons = [one for one in Season.objects.all() if registrations_table(one) == table]
        season = next((one for one in seasons if one.code == values.get("season")), seasons[0])
        try:
            made = entering.enter(season, values, at=clock.now())
        except entering.NotEntered as error:
            raise Refused(str(error)) from error
        return made.pk, made.sync_id

    def by_sync_id(self, sync_id: str) -> int | None:
        found = Registration.objects.filter(sync_id=sync_id, duplicate_of=None).first()
        if found and found.erased:
            raise Refused("This child was erased on request: delete this row")
        return found.pk if found else None

    def find(self, table: str, values: Mapping[str, Any]) -> list[tuple[int, UUID]]:
        """By the child's name and birthday, in the table's season."""
        found = entering.same_child(values)
        mine = [one for one in found if registrations_table(one.season) == table]
        return [(one.pk, one.sync_id) for one in mine]

    def every(self, table: str) -> Iterable[tuple[int, UUID]]:
        for season in Season.objects.all():
            if registrations_table(season) == table:
                rows = Registration.objects.in_airtable().filter(season=season)
                yield from rows.values_list("pk", "sync_id")

    def label(self, object_id: int) -> str:
        rows = Registration.objects.filter(pk=object_id)
        names = rows.values_list("player__first_name", "player__last_name").first()
        return " ".join(names or ())

    def vanished(self, object_id: int) -> None:
        states.flag(object_id, "its row was deleted in Airtable", at=clock.now())


class TeamTable(AirtableTableMapping):
    """team_info: the club keeps its teams there; each row is a team of a season."""

    kind = "team"
    columns = (
        *texts("short_team_name", "age_group", "current_season", "need_new_kit_current_season"),
        Column("sync_error", LONG, OURS),
    )
    merge_on = teams.KEY

    def tables(self) -> list[str]:
        return [TEAM_TABLE]

    def row(self, object_id: int) -> RowFields | None:
        return team_row(object_id)

    def lock(self, object_id: int) -> bool:
        rows = Team.objects.select_for_update(no_key=True).filter(pk=object_id)
        return rows.values_list("pk", flat=True).first() is not None

    def adopt(self, object_id: int, values: Mapping[str, Any]) -> dict[str, str]:
        return teams.change(object_id, values)

    def create(self, table: str, values: Mapping[str, Any]) -> tuple[int, UUID]:
        try:
            team = teams.enter(values)
        except teams.NotTaken as error:
            raise Refused(str(error)) from error
        return team.pk, team_sync_id(team)

    def find(self, table: str, values: Mapping[str, Any]) -> list[tuple[int, UUID]]:
        return [(team.pk, team_sync_id(team)) for team in teams.named(values)]

    def every(self, table: str) -> Iterable[tuple[int, UUID]]:
        return [(team.pk, team_sync_id(team)) for team in Team.objects.all()]


class SuspensionTable(AirtableTableMapping):
    """suspended_registrations: kept by the platform; a row's lifted_at is an order to reinstate."""

    kind = "suspension"
    columns = (
        *texts(
            "sync_id", "registration", "player_full_name", "team", "age_group", "season",
            "decided_by", owner=OURS,
        ),
        Column("reason", LONG),
        Column("suspended_at", "dateTime", OURS, options=MOMENT),
        Column("lifted_at", "dateTime", COMMAND, options=MOMENT),
        Column("lifted_reason", LONG),
        Column("sync_error", LONG, OURS),
    )  # fmt: skip

    def tables(self) -> list[str]:
        return [SUSPENSION_TABLE]

    def row(self, object_id: int) -> RowFields | None:
        return suspension_row(object_id)

    def lock(self, object_id: int) -> bool:
        row = Suspension.objects.filter(pk=object_id).first()
        if row is None:
            return False
        states.locked(row.registration_id)
        return True

    def adopt(self, object_id: int, values: Mapping[str, Any]) -> dict[str, str]:
        return orders.reword(object_id, values)

    def order(self, object_id: int, name: str, value: Any) -> None:
        try:
            orders.lift(object_id, parse_datetime(str(value or "")), at=clock.now())
        except orders.Forbidden as error:
            raise Refused(str(error)) from error

    def create(self, table: str, values: Mapping[str, Any]) -> tuple[int, UUID]:
        try:
            made = orders.suspend(values, at=clock.now())
        except orders.Forbidden as error:
            raise Refused(str(error)) from error
        return made.pk, suspension_sync_id(made)

    def every(self, table: str) -> Iterable[tuple[int, UUID]]:
        known = Registration.objects.in_airtable()
        rows = Suspension.objects.filter(registration__in=known).select_related("registration")
        return [(one.pk, suspension_sync_id(one)) for one in rows]


def team_row(object_id: int) -> RowFields | None:
    """A team as team_info shows it."""
    team = Team.objects.select_related("season").filter(pk=object_id).first()
    if team is None:
        return None
    cells = {
        "short_team_name": team.name,
        "age_group": f"{team.age_group}s",
        "current_season": team.season.code,
        "need_new_kit_current_season": "Y" if team.kit_due else "N",
    }
    return RowFields(TEAM_TABLE, team_sync_id(team), cells)


def suspension_row(object_id: int) -> RowFields | None:
    """A suspension as suspended_registrations shows it."""
    related = "registration__player", "registration__team", "registration__season", "decided_by"
    one = Suspension.objects.select_related(*related).filter(pk=object_id).first()
    if one is None or one.registration.erased:
        return None
    registration = one.registration
    cells = {
        "sync_id": str(suspension_sync_id(one)),
        "registration": str(registration.sync_id),
        "player_full_name": registration.player.full_name,
        "team": registration.team.name,
        "age_group": registration.team.age_group,
        "season": registration.season.code,
        "reason": one.reason,
        "suspended_at": one.suspended_at.isoformat(),
        "decided_by": one.decided_by.get_username() if one.decided_by else "",
        "lifted_at": one.lifted_at.isoformat() if one.lifted_at else "",
        "lifted_reason": one.lifted_reason,
    }
    return RowFields(SUSPENSION_TABLE, suspension_sync_id(one), cells)
