"""Tables that somebody hands in: CSV or XLSX, read as text, whatever is inside.

Bounded in bytes, unpacked bytes, rows, columns and length of a cell; nothing is calculated, and a
file that declares entities of its own is refused. Pure.
"""

from __future__ import annotations

import csv
import io
import zipfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from openpyxl import load_workbook

MOST_BYTES = 5 * 1024 * 1024
MOST_UNPACKED = 40 * 1024 * 1024
MOST_ROWS = 6_000
MOST_COLUMNS = 100
LONGEST = 2_000  # characters of one cell
_ZIP = b"PK\x03\x04"
_OLD_EXCEL = b"\xd0\xcf\x11\xe0"


class Unreadable(ValueError):
    """The file is no table that can be taken; the text says why, for volunteers."""


@dataclass(frozen=True)
class Table:
    """The first line, and the lines below it, each as long as the first, with its line number."""

    header: list[str]
    rows: list[tuple[int, list[str]]]


def read(raw: bytes) -> Table:
    """The table in a file, by its content; raises Unreadable."""
    if not raw.strip():
        raise Unreadable("The file is empty.")
    if len(raw) > MOST_BYTES:
        raise Unreadable(f"The file is larger than {MOST_BYTES // 1024 // 1024} MB.")
    if raw.startswith(_OLD_EXCEL):
        raise Unreadable("This is Excel's old format: save it as .xlsx or .csv, please.")
    lines = _from_xlsx(raw) if raw.startswith(_ZIP) else _from_csv(raw)
    return _table(lines)


def _table(lines: Iterable[list[str]]) -> Table:
    header: list[str] = []
    rows: list[tuple[int, list[str]]] = []
    for number, cells in enumerate(lines, start=1):
        if not any(cells):
            continue
        if not header:
            header = _header(cells)
            continue
        if len(rows) == MOST_ROWS:
            raise Unreadable(f"More than {MOST_ROWS:,} rows: split the file, please.")
        kept = cells[: len(header)]
        rows.append((number, kept + [""] * (len(header) - len(kept))))
    if not rows:
        raise Unreadable("There must be a line of headings and at least one row below it.")
    return Table(header, rows)


def _header(cells: list[str]) -> list[str]:
    while cells and not cells[-1]:
        cells = cells[:-1]
    if len(cells) > MOST_COLUMNS:
        raise Unreadable(f"More than {MOST_COLUMNS} columns.")
    return [cell[:100] for cell in cells]


def _from_csv(raw: bytes) -> Iterator[list[str]]:
    text = _decoded(raw)
    first = text.lstrip().split("\n", 1)[0]
    delimiter = max(",;\t|", key=first.count)
    lines = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    try:
        for line in lines:
            yield [_clean(cell) for cell in line[: MOST_COLUMNS + 1]]
    except csv.Error as error:
        raise Unreadable(f"Line {lines.line_num} cannot be read: {error}.") from None


def _decoded(raw: bytes) -> str:
    """Text with its mark as that says; else UTF-8; else what Excel writes on Windows."""
    if raw.startswith((b"\xff\xfe", b"\xfe\xff")):
        encodings = ["utf-16"]
    else:
        encodings = ["utf-8-sig", "cp1252"]
    for encoding in encodings:
        try:
            text = raw.decode(encoding)
        except UnicodeDecodeError:
            continue
        if "\x00" not in text:
            return text
    raise Unreadable("This is neither CSV nor XLSX.")


def _from_xlsx(raw: bytes) -> Iterator[list[str]]:
    _refuse_bombs(raw)
    try:
        book = load_workbook(io.BytesIO(raw), read_only=True, data_only=True)
        sheet = book.worksheets[0]
        # What the file says of its own size may be wrong, and may be meant to be.
        sheet.reset_dimensions()
        blank = 0
        for cells in sheet.iter_rows(max_col=MOST_COLUMNS + 1, values_only=True):
            line = [_clean(_written(cell)) for cell in cells]
            blank = 0 if any(line) else blank + 1
            if blank > MOST_ROWS:
                break  # nothing but formatting from here on
            yield line
    except Unreadable:
        raise
    except Exception as error:  # a reader of zipped XML fails in many ways
        raise Unreadable("This XLSX is damaged: save it again, or as CSV, please.") from error


def _refuse_bombs(raw: bytes) -> None:
    try:
        with zipfile.ZipFile(io.BytesIO(raw)) as parts:
            unpacked = sum(part.file_size for part in parts.infolist())
            declares = any(_declares(parts, part) for part in parts.infolist())
    except zipfile.BadZipFile as error:
        raise Unreadable("This XLSX is damaged: save it again, or as CSV, please.") from error
    if declares or unpacked > MOST_UNPACKED:
        raise Unreadable("This XLSX unpacks to far more than a table of people holds.")


def _declares(parts: zipfile.ZipFile, part: zipfile.ZipInfo) -> bool:
    """Whether a part begins with declarations, by which a few bytes become billions."""
    with parts.open(part) as file:
        return b"<!DOCTYPE" in file.read(1024)


def _written(cell: Any) -> str:
    if cell is None:
        return ""
    if isinstance(cell, bool):
        return "yes" if cell else "no"
    if isinstance(cell, datetime):
        cell = cell.date()
    if isinstance(cell, date):
        return f"{cell:%d-%m-%Y}"
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    return str(cell)


def _clean(cell: str) -> str:
    """One cell without control characters; an apostrophe that guards a formula goes too."""
    text = "".join(" " if letter in "\t\r\n" else letter for letter in cell[:LONGEST])
    text = "".join(letter for letter in text if letter.isprintable() or letter == " ").strip()
    guarded = len(text) > 1 and text[0] == "'" and text[1] in "=+-@"
    return text[1:] if guarded else text
