"""Random edits, rows, deletions, renames and faults on both sides end in the same data.

Each run draws its own history from its seed. In the end both sides hold the same, no edit is lost
(it is in the data, was replaced by somebody who had seen it, or is in a conflict), nothing is
there twice, and a quiet system writes nothing.
"""

import json
import os
import random
from dataclasses import dataclass, field
from datetime import timedelta

import pytest
from django.db import connection, transaction

from integrations import clock
from integrations.airtable import hooks
from integrations.errors import OutsideError
from integrations.models import AirtableConflict, AirtableRow, AirtableTable, ServiceState
from integrations.sandbox import faults
from integrations.sandbox.airtable import field_edits
from registrations.actions import sync
from registrations.models import Guardian, Registration
from tests import factories
from tests.integrations.airtable.conftest import TABLE

pytestmark = pytest.mark.django_db
# The two passes of `make test`, on SQLite and on PostgreSQL, draw different histories.
FIRST = 100_000 if connection.vendor == "postgresql" else 0
RUNS = int(os.environ.get("SOAK_HISTORIES", "2000")) if os.environ.get("SOAK") else 20
STEPS = 12
# Field of the base, and where it stands here.
FIELDS = {"parent_town": "town", "parent_city": "city", "parent_house_number": "house_number"}
FAULTS = (
    "drop_before",
    "drop_after",
    "error_after",
    "error_500",
    "error_503",
    "rate_limited",
    "rate_limited_errors",
    "quota",
    "half_json",
    "truncated",
    "wrong_body",
    "iterator_expired",
)


class Killed(BaseException):
    """The process ended here."""


@dataclass
class History:
    """One run: what each side edited, less what somebody who saw it has replaced."""

    club: object
    dice: random.Random
    made: int = 0
    last: dict = field(default_factory=dict)  # (side, pk, name) -> value not yet replaced there
    removed: set = field(default_factory=set)
    entered: int = 0
    erased: dict = field(default_factory=dict)  # pk -> record id, where it has one

    def step(self) -> None:
        """Something happens on one side, or a sync is tried."""
        deeds = [self.edit_here] * 3 + [self.edit_there] * 3 + [self.sync] * 3
        deeds += [self.register, self.enter, self.remove, self.rename, self.fault, self.die]
        deeds += [self.ping, self.ping, self.erase]
        self.dice.choice(deeds)()

    def value(self) -> str:
        """A value that no other edit has."""
        self.made += 1
        return f"V{self.made}"

    def pick(self) -> Registration | None:
        """Any registration whose row stands in Airtable and was not deleted there."""
        rows = AirtableRow.objects.filter(kind="registration", tombstone_at=None)
        pks = list(rows.exclude(record_id="").values_list("object_id", flat=True))
        alive = set(Registration.objects.values_list("pk", flat=True)) - self.removed
        known = [pk for pk in sorted(pks) if pk in alive and self._record(pk)]
        return Registration.objects.get(pk=self.dice.choice(known)) if known else None

    def edit_here(self) -> None:
        if (one := self.pick()) is None:
            return
        name, value = self.dice.choice(sorted(FIELDS)), self.value()
        self._seen("there", one, name, getattr(one.guardian, FIELDS[name]))
        with transaction.atomic():
            Guardian.objects.filter(pk=one.guardian_id).update(**{FIELDS[name]: value})
            sync.touch(one)
        self.last["here", one.pk, name] = value

    def edit_there(self) -> None:
        if (one := self.pick()) is None:
            return
        name, value = self.dice.choice(sorted(FIELDS)), self.value()
        at = self._name(name)
        record = self._record(one.pk)
        self._seen("here", one, name, record["fields"].get(at))
        self.club.type(record, **{at: value})
        self.last["there", one.pk, name] = value

    def register(self) -> None:
        with transaction.atomic():
            sync.touch(factories.registration())

    def enter(self) -> None:
        self.entered += 1
        self.club.enter(
            **{
                self._name("player_first_name"): f"Child{self.entered}",
                "player_last_name": "Entered",
                "player_dob": "05-03-2017",
                "player_gender": "Female",
                "age_group": "u10",
                "team": "Lions",
                "parent_first_name": "Nadia",
                "parent_last_name": "Shah",
                "parent_telephone": "07700900155",
                "parent_relationship_to_player": "Mother",
            }
        )

    def remove(self) -> None:
        if len(self.removed) < 2 and (one := self.pick()) is not None:
            self.club.remove(one)
            self.removed.add(one.pk)

    def erase(self) -> None:
        """A registration is deleted here; sometimes somebody edits its row afterwards."""
        if len(self.erased) >= 2 or (one := self.pick()) is None:
            return
        record = self._record(one.pk)
        self.erased[one.pk] = record["id"]
        self.entered -= one.player.last_name == "Entered"
        with transaction.atomic():
            sync.forget([one.pk])
            one.delete()
        if self.dice.random() < 0.4:
            self.club.type(record, **{self._name("parent_town"): self.value()})

    def ping(self) -> None:
        """Airtable says that something changed, and perhaps says it again."""
        ServiceState.objects.update(next_slot=0)
        for _ in range(self.dice.randint(1, 2)):
            hooks.drain()

    def rename(self) -> None:
        name = self.dice.choice(sorted(FIELDS))
        store = self.club.sandbox.store
        field_edits.rename(
            store, self.club.named(TABLE), self._name(name), f"{name} {self.value()}"
        )

    def fault(self) -> None:
        mode, count = self.dice.choice(FAULTS), self.dice.randint(1, 2)
        faults.set_mode(self.club.sandbox.store, "airtable", mode, count=count)

    def die(self) -> None:
        """kill -9 at the n-th statement of a sync."""
        left = self.dice.randint(3, 90)

        def count(execute, sql, params, many, context):
            nonlocal left
            left -= 1
            # Nothing that a dead process would have tidied up happens; open transactions end.
            if left <= 0 and "SAVEPOINT" not in sql:
                raise Killed
            return execute(sql, params, many, context)

        try:
            with connection.execute_wrapper(count):
                self.dice.choice([self.sync, self.sync, self.ping])()
        except Killed:
            # A deletion outside any transaction of ours marks pytest's own as broken.
            transaction.set_rollback(False)
            # A lease that nobody gives back runs out.
            self.club.move_clock(timedelta(minutes=10))

    def sync(self) -> None:
        full = self.dice.random() < 0.3
        ServiceState.objects.update(next_slot=0)
        try:
            self.club.pull(full=full)
        except OutsideError:
            pass
        self.club.push()
        self.club.move_clock(timedelta(seconds=self.dice.choice([1, 15, 70])))

    def settle(self, rounds: int = 3) -> None:
        """Everything works again, and enough time passes."""
        for _ in range(rounds):
            self.club.calm()
            hooks.keep()
            hooks.drain()
            self.club.pull(full=True)
            self.club.push()

    def _record(self, pk: int) -> dict | None:
        row = AirtableRow.objects.get(kind="registration", object_id=pk)
        return self.club.sandbox.store.get(self.club.table.records, row.record_id)

    def _name(self, name: str) -> str:
        """What the column is called in the base now."""
        bound = AirtableTable.objects.filter(name=TABLE).first()
        known = (bound.fields if bound else {}).get(name, {}).get("id")
        table = self.club.named(TABLE)
        return next((f["name"] for f in table.fields if f["id"] == known), name)

    def _seen(self, side: str, one: Registration, name: str, value: str | None) -> None:
        """Whoever edits has seen this value: replacing it loses nothing."""
        if value is not None and self.last.get((side, one.pk, name)) == value:
            del self.last[side, one.pk, name]


@pytest.fixture
def history(club, settings):
    """Three registrations, both sides in step once, and a webhook."""
    settings.PUBLIC_URL = "https://127.0.0.1:9"
    for _ in range(3):
        factories.registration()
    club.fill()
    club.pull(full=True)
    hooks.keep()
    return History(club, random.Random())  # noqa: S311


@pytest.mark.parametrize("seed", range(FIRST, FIRST + RUNS))
def test_both_sides_converge(history, seed):
    history.dice.seed(seed)
    for _ in range(STEPS):
        history.step()
        history.club.move_clock(timedelta(seconds=2))
    history.settle()
    assert_same_data(history)
    assert_no_edit_lost(history)
    assert_quiet(history)


def assert_same_data(history: History) -> None:
    """Every row is there once, and its cells are what we hold."""
    records = {r["id"]: r["fields"] for r in history.club.records()}
    rows = AirtableRow.objects.filter(kind="registration", tombstone_at=None)
    assert sorted(rows.values_list("record_id", flat=True)) == sorted(records)
    # What was deleted here is gone there, or was edited since and waits for somebody.
    left = rows.filter(gone_at__isnull=False)
    assert set(left.values_list("object_id", flat=True)) <= set(history.erased)
    assert all("edited in Airtable since" in row.last_error for row in left)
    assert not Registration.objects.filter(pk__in=history.erased).exists()
    # One that was entered there and deleted here at once never got a sync id.
    waiting = set(rows.filter(gone_at__isnull=False).values_list("record_id", flat=True))
    ids = [cells["sync_id"] for id, cells in records.items() if id not in waiting]
    assert len(ids) == len(set(ids))
    assert Registration.objects.filter(player__last_name="Entered").count() == history.entered
    for row in rows.filter(gone_at=None):
        guardian = Registration.objects.get(pk=row.object_id).guardian
        for name, attribute in FIELDS.items():
            there = records[row.record_id].get(history._name(name), "")
            assert there == getattr(guardian, attribute), (name, row.object_id)
    assert not AirtableRow.objects.needs_person().filter(gone_at=None).exists()


def assert_no_edit_lost(history: History) -> None:
    """The last edit of each side is in the data, or kept in a conflict."""
    kept = {
        (c.row.object_id, c.field, json.loads(value or "null"))
        for c in AirtableConflict.objects.select_related("row")
        for value in (c.ours, c.theirs)
    }
    for (side, pk, name), value in history.last.items():
        if pk in history.erased:
            continue
        now = getattr(Registration.objects.get(pk=pk).guardian, FIELDS[name])
        assert now == value or (pk, name, value) in kept or pk in history.removed, (side, name)


def assert_quiet(history: History) -> None:
    """Nothing is sent or changed any more."""
    before = history.club.requests().get("write", 0), AirtableConflict.objects.count()
    moved = clock.now()
    history.settle(rounds=1)
    after = history.club.requests().get("write", 0), AirtableConflict.objects.count()
    assert before == after
    assert not AirtableRow.objects.filter(pushed_at__gt=moved).exists()
