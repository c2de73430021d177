"""Links rows that stand in Airtable already to our objects: certain ones only (wire 3.2)."""

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from django.db import transaction

from integrations import clock
from integrations.airtable import client
from integrations.airtable.rows import SYNC_ID
from integrations.airtable.schema import Bound
from integrations.airtable.taking import link
from integrations.models import AirtableRow

Match = tuple[int, UUID]


@dataclass
class Backfill:
    """What was found: who is linked, who now is, who would be new on either side."""

    linked: int = 0
    matched: int = 0
    only_there: int = 0
    only_here: int = 0
    # Sentences for staff: nothing is guessed.
    ambiguous: list[str] = field(default_factory=list)


def backfill(bound: Bound, *, dry: bool, renew: Callable[[], None]) -> Backfill:
    """Match by record id, then sync id, then natural key; what is ambiguous is listed.

    The caller is the writer; `renew` keeps its lease from page to page.
    """
    found, candidates = Backfill(), defaultdict(list)
    every = dict(bound.mapping.every(bound.row.name))
    rows = _rows(bound)
    free = {object_id: sync_id for object_id, sync_id in every.items() if object_id not in rows}
    by_sync = {str(sync_id): object_id for object_id, sync_id in every.items()}
    taken = set(rows.values())
    for record in _records(bound, renew):
        if record["id"] in taken:
            found.linked += 1
            continue
        matches = _matches(bound, record, by_sync, every)
        if not matches:
            found.only_there += 1
        for match in matches:
            candidates[match].append((record, len(matches)))
    for match, pairs in candidates.items():
        _decide(bound, match, pairs, free, found, dry)
    new = {pk: sync_id for pk, sync_id in free.items() if (pk, sync_id) not in candidates}
    found.only_here = len(new)
    if not dry:
        _send_new(bound, new)
    return found


def _rows(bound: Bound) -> dict[int, str]:
    rows = AirtableRow.objects.filter(kind=bound.mapping.kind, table=bound.row.name)
    return dict(rows.exclude(record_id="").values_list("object_id", "record_id"))


def _records(bound: Bound, renew: Callable[[], None]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    offset = ""
    while True:
        records, offset = client.page(bound.id, fields=bound.field_ids, offset=offset)
        found += records
        if not offset:
            return found
        renew()


def _matches(
    bound: Bound, record: dict[str, Any], by_sync: dict[str, int], every: dict[int, UUID]
) -> list[Match]:
    cells = bound.cells(record)
    object_id = by_sync.get(str(cells.get(SYNC_ID) or ""))
    if object_id is not None:
        return [(object_id, every[object_id])]
    return [one for one in bound.mapping.find(bound.row.name, cells) if one[0] in every]


def _decide(
    bound: Bound,
    match: Match,
    pairs: list[tuple[dict[str, Any], int]],
    free: dict[int, UUID],
    found: Backfill,
    dry: bool,
) -> None:
    object_id, sync_id = match
    ids = ", ".join(record["id"] for record, _ in pairs)
    what = f"{bound.mapping.kind} {object_id}"
    if object_id not in free:
        found.ambiguous.append(f"{what} is linked already, and {ids} looks the same")
    elif len(pairs) > 1 or pairs[0][1] > 1:
        found.ambiguous.append(f"{what} may be {ids}: decide, then type its sync_id {sync_id}")
    else:
        found.matched += 1
        if not dry:
            with transaction.atomic():
                link(bound, object_id, sync_id, pairs[0][0])


def _send_new(bound: Bound, new: dict[int, UUID]) -> None:
    """What has no record yet is sent."""
    kind, table = bound.mapping.kind, bound.row.name
    for object_id, sync_id in new.items():
        values = {"sync_id": sync_id, "table": table, "due_at": clock.now(), "changes": 1}
        AirtableRow.objects.get_or_create(kind=kind, object_id=object_id, defaults=values)
