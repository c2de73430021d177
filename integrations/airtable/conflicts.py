"""Conflicts: both values are kept, and staff decide: ours, theirs, or a third value."""

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import F

from integrations import clock, queue
from integrations.airtable.mapping import AirtableTableMapping, Refused, mapping
from integrations.airtable.merge import Clash, Owner
from integrations.airtable.schema import Bound
from integrations.models import AirtableConflict, AirtableRow

Why = AirtableConflict.Why


def keep_conflict(
    bound: Bound,
    row: AirtableRow,
    record: Mapping[str, Any],
    clash: Clash,
    ours: Mapping[str, Any],
    theirs: Mapping[str, Any],
    refused: str = "",
) -> None:
    """Keep both values of a field; those that need no decision are kept as settled."""
    owner = bound.owners.get(clash.name, Owner.THEIRS)
    why = Why.REFUSED if refused else Why.OURS if owner is Owner.OURS else Why.BOTH
    secret = clash.name in bound.mapping.secret
    AirtableConflict.objects.create(
        row=row,
        field=clash.name,
        why=why,
        base="" if secret else json.dumps(clash.base),
        ours=json.dumps(ours.get(clash.name)),
        theirs=json.dumps(theirs.get(clash.name)),
        secret=secret,
        winner="ours" if refused else clash.winner,
        reason=refused[:300],
        noted_at=clock.now(),
        who=bound.editor(record)[:150],
        edited_at=_edited_at(bound, record),
        settled_at=None if why is Why.BOTH else clock.now(),
        choice="" if why is Why.BOTH else "ours",
    )


def _edited_at(bound: Bound, record: Mapping[str, Any]) -> datetime:
    text = str(record.get("at") or bound.modified(record))
    try:
        return datetime.fromisoformat(text.replace("Z", "+00:00"))
    except ValueError:
        return clock.now()


@transaction.atomic
def settle(conflict_id: int, choice: str, *, by: str, value: str = "") -> None:
    """Make "ours", "theirs" or the "other" `value` what both sides hold.

    Raises ValidationError where it was settled already or the value cannot be taken.
    """
    conflict = AirtableConflict.objects.select_for_update().get(pk=conflict_id)
    if conflict.settled_at is not None:
        raise ValidationError("This conflict was settled already.")
    if not conflict.field and choice != "ours":
        raise ValidationError("The row was made anew: to be rid of it, delete it there once more.")
    row = conflict.row
    wanted = {"ours": conflict.ours, "theirs": conflict.theirs, "other": json.dumps(value)}[choice]
    declared = mapping(row.kind)
    if conflict.field and declared is not None:
        _apply(declared, row.object_id, conflict.field, json.loads(wanted or "null"))
        AirtableRow.objects.filter(pk=row.pk).update(
            due_at=clock.now(), changes=F("changes") + 1, needs_person_at=None
        )
        queue.ring("integrations.push_airtable")
    AirtableConflict.objects.filter(pk=conflict.pk).update(
        settled_at=clock.now(), settled_by=by, choice=choice
    )


def shown(conflict: AirtableConflict, stored: str) -> str:
    """A kept value as staff read it; medical ones are read with the registration only."""
    if conflict.secret:
        return "medical: not shown here"
    value = json.loads(stored or "null")
    return "(empty)" if value is None else str(value)


def _apply(declared: AirtableTableMapping, object_id: int, name: str, value: Any) -> None:
    owner = declared.owners.get(name)
    if owner is Owner.OURS:
        return
    try:
        if owner is Owner.COMMAND:
            declared.order(object_id, name, value)
            return
        refused = declared.adopt(object_id, {name: value})
    except Refused as error:
        raise ValidationError(str(error)) from error
    if refused:
        raise ValidationError(list(refused.values()))
