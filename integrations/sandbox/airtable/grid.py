"""The base's tables as grids for a person; a row opens as a form."""

from typing import Any

from flask import Blueprint, abort, render_template, request

from integrations.sandbox.airtable import computed, errors, formula_values, row_page, tables
from integrations.sandbox.airtable.tables import Table
from integrations.sandbox.config import SandboxConfig
from integrations.sandbox.store import Store

_ROWS = 200


def pages_blueprint(store: Store, config: SandboxConfig) -> Blueprint:
    """`/tables` and `/tables/<name or id>`, with `?q=` to search and `?page=` to turn pages."""
    bp = Blueprint("airtable_pages", __name__)
    row_page.add(bp, store)

    @bp.get("/tables")
    def all_tables() -> str:
        listed = [(table.name, store.count(table.records)) for table in tables.every(store)]
        return render_template("airtable/tables.html", tables=listed)

    @bp.get("/tables/<path:name>")
    def one_table(name: str) -> str:
        try:
            table = tables.find(store, name)
        except errors.Refusal:
            abort(404)
        wanted = request.args.get("q", "").strip()
        page = max(request.args.get("page", 1, type=int), 1)
        rows = _rows(store, table, wanted)
        return render_template(
            "airtable/table.html",
            table=table,
            rows=rows[(page - 1) * _ROWS : page * _ROWS],
            found=len(rows),
            q=wanted,
            page=page,
            more=len(rows) > page * _ROWS,
        )

    return bp


def _rows(store: Store, table: Table, wanted: str) -> list[tuple[str, list[str]]]:
    """(record id, texts) newest first; every word of the search must occur somewhere in the row."""
    words = wanted.casefold().split()
    rows = []
    for record in reversed(store.all(table.records)):
        cells = computed.shown(store, table, record)["fields"]
        texts = [_shown(cells.get(field["name"])) for field in table.fields]
        hay = " ".join([record["id"], *texts]).casefold()
        if all(word in hay for word in words):
            rows.append((record["id"], texts))
    return rows


def _shown(cell: Any) -> str:
    if cell is True:
        return "✓"
    return (
        cell["error"] if isinstance(cell, dict) and "error" in cell else formula_values.text(cell)
    )
