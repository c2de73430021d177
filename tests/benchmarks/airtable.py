"""B1: requests for pulls and pushes against wire/airtable 3.3; B2: an unchanged second pull."""

import math
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime, timedelta
from functools import partial
from typing import Any
from unittest import mock

from django.conf import settings
from django.db import connection
from django.test.utils import CaptureQueriesContext, override_settings
from pyairtable import Api

from integrations import clock, guard, outbox
from integrations.airtable import hooks, pull, push
from integrations.airtable.mapping import AirtableTableMapping, Column
from integrations.airtable.merge import Owner
from integrations.airtable.rows import RowFields
from integrations.airtable.schema import bound
from integrations.models import AirtableBase, AirtableRow, AirtableTable
from integrations.sandbox.airtable import bodies, records, tables
from integrations.sandbox.airtable.formula_values import iso
from integrations.sandbox.app import SandboxServer
from integrations.sandbox.store import Store
from tests.benchmarks.measure import SOAK, Line, at_most, count, in_turns, seconds
from tests.conftest import SANDBOX

SIZES = (250, 2500, 10000) if SOAK else (250,)
LARGEST = SIZES[-1] if SOAK else 2000
PACE = guard.SPACING["airtable"]
TABLE = "bench"
TABLE_ID = "tblBench000000000"
NAMES = [f"field_{number}" for number in range(40)]
HERE: dict[int, dict[str, str]] = {}


class Mapped(AirtableTableMapping):
    """A table of forty text fields, half of them machine facts."""

    kind = "bench"
    columns = (
        Column("sync_id", owner=Owner.OURS),
        *(
            Column(name, owner=Owner.OURS if n % 2 else Owner.THEIRS)
            for n, name in enumerate(NAMES)
        ),
    )

    def tables(self) -> list[str]:
        return [TABLE]

    def row(self, object_id: int) -> RowFields | None:
        return row(object_id)

    def lock(self, object_id: int) -> bool:
        return object_id in HERE

    def adopt(self, object_id: int, values: Mapping[str, Any]) -> dict[str, str]:
        HERE[object_id] |= {name: str(value or "") for name, value in values.items()}
        return {}


def row(object_id: int) -> RowFields | None:
    """One object, as it is sent."""
    key = uuid.UUID(int=object_id)
    return RowFields(TABLE, key, {"sync_id": str(key), **HERE[object_id]})


def run() -> list[Line]:
    """Six lines a size for B1, two for B2."""
    with _airtable() as store:
        lines = [line for size in SIZES for line in _requests(store, size)]
        return [*lines, *_unchanged(store)]


@contextmanager
def _airtable() -> Iterator[Store]:
    """A sandbox of our own that refuses nobody, and a pace that waits for nobody."""
    server = SandboxServer(Store(), SANDBOX).start()
    own = override_settings(
        AIRTABLE_URL=f"{server.url}/airtable",
        AIRTABLE_PAT=SANDBOX.airtable_pat,
        AIRTABLE_BASE_ID=SANDBOX.airtable_base_id,
        AIRTABLE_ROWS={"bench": f"{__name__}.row"},
        AIRTABLE_TABLES={"bench": f"{__name__}.Mapped"},
        PUBLIC_URL="https://127.0.0.1:9",
    )
    try:
        with own, mock.patch.dict(guard.SPACING, {"airtable": 0}):
            yield server.store
    finally:
        server.stop()


def _fill(store: Store, size: int) -> None:
    """As many records, each linked to an object that holds the same."""
    store.clear()
    HERE.clear()
    AirtableRow.objects.all().delete()
    AirtableTable.objects.all().delete()
    AirtableBase.objects.all().delete()  # it knows a hook that is gone with the store
    store.put("airtable.settings", "limits", {"per_second": 0})
    named = ["sync_id", *NAMES]
    fields = [
        {"id": f"fld{n:014d}", "name": name, "type": "singleLineText"}
        for n, name in enumerate(named)
    ]
    modified = {"id": f"fld{99:014d}", "name": "last_modified", "type": "lastModifiedTime"}
    table = {"id": TABLE_ID, "name": TABLE, "primaryFieldId": fields[0]["id"]}
    store.put("airtable.tables", TABLE_ID, table | {"fields": [*fields, modified]})
    newest = clock.now() - timedelta(hours=1)
    documents, rows = [], []
    for number in range(1, size + 1):
        HERE[number] = {name: f"{name} of {number}" for name in NAMES}
        cells = {"sync_id": str(uuid.UUID(int=number)), **HERE[number]}
        # Nobody edits a whole table within the two minutes by which pulls overlap.
        at = iso(newest - timedelta(minutes=number))
        record = {"id": f"rec{number:014d}", "createdTime": at, "fields": cells}
        documents.append((f"airtable.records.{TABLE_ID}", record["id"], record))
        rows.append(
            AirtableRow(
                kind="bench",
                object_id=number,
                sync_id=uuid.UUID(int=number),
                table=TABLE,
                record_id=record["id"],
                base=cells,
            )
        )
    store.put_many(documents)
    AirtableRow.objects.bulk_create(rows, batch_size=500)


def _requests(store: Store, size: int) -> list[Line]:
    _fill(store, size)
    changed = size // 5
    pull.pull(Mapped(), TABLE, full=True)  # the schema's request is made here, once an hour
    lines = []

    def line(measure: str, work: Any, floor: int) -> None:
        before = _made(store)
        work()
        made = _made(store) - before
        lines.append(at_most("B1", measure, "requests", made, floor, 1.05))

    def read() -> None:
        pull.pull(Mapped(), TABLE)

    AirtableTable.objects.update(swept_at=None, cursor="")
    line(f"full pull of {size}", read, math.ceil(size / 100))
    _edit(store, changed)
    words = f"incremental pull, {changed} of {size} changed"
    line(words, read, math.ceil(changed / 100))
    hooks.keep()
    payloads = _type(store, changed)
    line(f"the same by webhook, {payloads} payloads", _drain, math.ceil(payloads / 50))
    read()  # a sync reads first
    pushed = _change(size, changed)
    line(f"push of {pushed}, creates and updates", partial(_push, store), math.ceil(pushed / 10))
    # Rows that nobody touched: what was written in the last two minutes is looked at again.
    gone = range(2 * changed + 1, 3 * changed + 1)
    outbox.mark_gone("bench", gone)
    AirtableRow.objects.filter(gone_at__isnull=False).update(due_at=clock.now())
    read()
    line(f"deletion of {changed} there", partial(_push, store), math.ceil(changed / 10))
    for number in range(1, 4):
        store.delete(f"airtable.records.{TABLE_ID}", f"rec{number:014d}")
    AirtableTable.objects.update(swept_at=None, cursor="")
    words = f"full pull that finds 3 of {size} gone"
    line(words, read, math.ceil((size - 3) / 100))
    return lines


def _drain() -> None:
    while hooks.drain().more:
        pass


class _Paced:
    """The clock as it goes at the pace of production, however fast or busy this machine is.

    How often a long push looks again hangs on the time that it takes.
    """

    def __init__(self, store: Store) -> None:
        self.store, self.begun, self.before = store, clock.now(), _made(store)

    def now(self) -> datetime:
        """A third of a second for each request."""
        return self.begun + timedelta(seconds=PACE * (_made(self.store) - self.before))


def _made(store: Store) -> int:
    return sum((store.get("requests", "airtable") or {}).values())


def _push(store: Store) -> None:
    AirtableTable.objects.update(pulled_at=clock.now())  # read just before, however long it took
    with mock.patch.object(push, "clock", _Paced(store)):
        while push.push_due():
            pass


def _type(store: Store, number: int) -> int:
    """Volunteers edit as many rows one by one; how many payloads wait."""
    moved = clock.offset()
    clock.set_offset(moved + timedelta(minutes=1))
    table = tables.find(store, TABLE)
    for one in range(1, number + 1):
        cells = {NAMES[2]: f"typed {one}"}
        wanted = bodies.Write([(f"rec{one:014d}", cells)], typecast=False, by_id=False)
        records.write(store, table, wanted, source="client")
    return number


def _edit(store: Store, number: int) -> None:
    """Volunteers edit as many rows."""
    at = iso(clock.now())
    for one in range(1, number + 1):
        kind, key = f"airtable.records.{TABLE_ID}", f"rec{one:014d}"
        record = store.get(kind, key) or {}
        cells = record["fields"] | {NAMES[0]: f"edited {one}"}
        store.put(kind, key, record | {"fields": cells, "modified": {NAMES[0]: at}})


def _change(size: int, number: int) -> int:
    """As many new objects, and as many more in which facts and people's fields change."""
    for new in range(size + 1, size + number + 1):
        HERE[new] = {name: "new" for name in NAMES}
    for old in range(size - number + 1, size + 1):
        HERE[old] |= {NAMES[1]: "another", NAMES[4]: "another town"}
    moment = clock.now() - timedelta(seconds=1)
    AirtableRow.objects.filter(object_id__gt=size - number).update(due_at=moment)
    AirtableRow.objects.bulk_create(
        AirtableRow(
            kind="bench",
            object_id=new,
            sync_id=uuid.UUID(int=new),
            table=TABLE,
            due_at=moment,
        )
        for new in range(size + 1, size + number + 1)
    )
    return 2 * number


def _unchanged(store: Store) -> list[Line]:
    _fill(store, LARGEST)
    pull.pull(Mapped(), TABLE, full=True)
    api = Api(settings.AIRTABLE_PAT, endpoint_url=settings.AIRTABLE_URL, retry_strategy=None)
    table = api.table(settings.AIRTABLE_BASE_ID, TABLE)
    asked = bound(Mapped(), TABLE).field_ids

    def ours() -> float:
        AirtableTable.objects.update(cursor="")
        return seconds(lambda: pull.pull(Mapped(), TABLE))

    def floor() -> float:
        return seconds(lambda: table.all(page_size=100, fields=asked, use_field_ids=True))

    words = f"unchanged second pull of {LARGEST} rows"
    timed = at_most("B2", words, "seconds", *in_turns(ours, floor), 1.5)
    AirtableTable.objects.update(cursor="")
    with CaptureQueriesContext(connection) as caught:
        pull.pull(Mapped(), TABLE)
    # What is written is the pace, the call log and how far we have read; never a row.
    rows = [q for q in caught if "airtablerow" in q["sql"] and not q["sql"].startswith("SELECT")]
    return [timed, count("B2", "rows written meanwhile", len(rows), 0)]
