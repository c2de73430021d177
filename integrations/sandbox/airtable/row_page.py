"""One row as a form: a volunteer's edits, new rows and deletions, without JavaScript.

Only what was changed on the page is written, so a form that was open for long undoes nobody's
work; the webhooks see it as one action of the source `client`.
"""

from collections.abc import Mapping
from typing import Any

from flask import Blueprint, Response, abort, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as Answer

from integrations.sandbox.airtable import bodies, computed, errors, formula_values, records, tables
from integrations.sandbox.airtable.tables import Table
from integrations.sandbox.store import Store

_NUMBERS = frozenset("number currency percent duration rating".split())
_LISTS = frozenset("multipleSelects multipleRecordLinks".split())
_EDITABLE = (
    _NUMBERS
    | _LISTS
    | frozenset(
        "singleLineText multilineText richText email url phoneNumber checkbox date dateTime "
        "singleSelect".split()
    )
)
NEW = "new"
Page = str | tuple[str, int]


def add(bp: Blueprint, store: Store) -> None:
    """Add `/rows/<table id>/<record id or new>` to the pages."""

    @bp.get("/rows/<table_id>/<record_id>")
    def row(table_id: str, record_id: str) -> Page:
        table = _table(store, table_id)
        return _page(store, table, record_id, _shown(store, table, record_id))

    @bp.post("/rows/<table_id>/<record_id>")
    def save_row(table_id: str, record_id: str) -> Page | Answer:
        return _save(store, _table(store, table_id), record_id)


def _table(store: Store, table_id: str) -> Table:
    try:
        return tables.find(store, table_id)
    except errors.Refusal:
        abort(404)


def _shown(store: Store, table: Table, record_id: str) -> dict[str, str]:
    """Every cell as the form shows it, by field id; 404 for a row that is not there."""
    if record_id == NEW:
        return {one["id"]: "" for one in table.fields}
    record = store.get(table.records, record_id)
    if record is None:
        abort(404)
    row = computed.RecordRow(store, table, record)
    return {one["id"]: _text(row.cell(one)) for one in table.fields}


def _text(cell: Any) -> str:
    if isinstance(cell, dict):
        return str(cell.get("error", cell))
    return formula_values.text(cell)


def _page(
    store: Store,
    table: Table,
    record_id: str,
    was: Mapping[str, str],
    typed: Mapping[str, str] | None = None,
    problem: str = "",
) -> Page:
    fields = [one for one in table.fields if one["type"] in _EDITABLE]
    text = render_template(
        "airtable/row.html",
        table=table,
        record_id=record_id,
        new=record_id == NEW,
        fields=fields,
        worked_out=[one for one in table.fields if one["type"] not in _EDITABLE],
        choices={one["id"]: tables.choices(one) for one in fields},
        was=was,
        typed=typed or was,
        problem=problem,
    )
    return (text, 422) if problem else text


def _save(store: Store, table: Table, record_id: str) -> Page | Answer:
    form = {name: text.replace("\r\n", "\n") for name, text in request.form.items()}
    was = {name[4:]: text for name, text in form.items() if name.startswith("was_")}
    typed = was | {id: form.get(id, "") for id in was}
    try:
        _write(store, table, record_id, was, typed, form.get("choice", "save"))
    except errors.Refusal as refusal:
        error = refusal.body["error"]
        problem = error["message"] if isinstance(error, dict) else str(error)
        if refusal.status == 404 or "does not exist" in problem:
            return Response("The row is gone.", 404, mimetype="text/plain")
        return _page(store, table, record_id, was, typed, problem)
    return redirect(url_for("airtable_pages.one_table", name=table.name), 303)


def _write(
    store: Store,
    table: Table,
    record_id: str,
    was: Mapping[str, str],
    typed: Mapping[str, str],
    choice: str,
) -> None:
    if choice == "delete":
        records.delete(store, table, [record_id], batch=False, source="client")
        return
    by_id = {one["id"]: one for one in table.fields}
    values = {
        id: _value(by_id[id], text)
        for id, text in typed.items()
        if id in by_id and by_id[id]["type"] in _EDITABLE and text != was[id]
    }
    if values or record_id == NEW:
        row = (None if record_id == NEW else record_id, values)
        wanted = bodies.Write([row], typecast=False, by_id=False)
        records.write(store, table, wanted, source="client")


def _value(field: dict[str, Any], text: str) -> Any:
    """What was typed, as the cell takes it; text that is no number is left to be refused."""
    if field["type"] == "checkbox":
        return bool(text)
    if not text.strip():
        return None
    if field["type"] in _LISTS:
        return [part.strip() for part in text.split(",") if part.strip()]
    if field["type"] in _NUMBERS:
        try:
            return float(text)
        except ValueError:
            return text
    return text
