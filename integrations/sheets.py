"""Tables for spreadsheets: CSV and XLSX that open without mangling or running anything; pure.

A cell is text, a date, a whole number or an amount (Decimal pounds). Text that a spreadsheet would
take for a formula is kept as text (OWASP, CSV injection); phones are written with a space, so
that their leading zero stays.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Sequence
from datetime import date
from decimal import Decimal

from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.styles import Font
from openpyxl.utils import get_column_letter

Cell = str | date | int | Decimal
_DANGEROUS = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")
# XML has no place for these, and no spreadsheet shows them.
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")
_WIDEST = 40


def pounds(pence: int | Decimal) -> Decimal:
    """27.50 for 2750."""
    return Decimal(pence) / 100


def as_csv(header: Sequence[str], rows: Iterable[Sequence[Cell]]) -> bytes:
    """UTF-8 with the mark that Excel needs; dates as 2026-09-15, amounts as 27.50."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(header)
    writer.writerows([_plain(cell) for cell in row] for row in rows)
    return text.getvalue().encode("utf-8-sig")


def as_xlsx(title: str, header: Sequence[str], rows: Iterable[Sequence[Cell]]) -> bytes:
    """One sheet: text as text, amounts as numbers with two places, dates as dates."""
    book = Workbook(write_only=True)
    sheet = book.create_sheet(title[:31])
    sheet.freeze_panes = "A2"
    rows = [list(row) for row in rows]
    for place, name in enumerate(header):
        widest = max([len(str(row[place])) for row in rows] + [len(name)])
        sheet.column_dimensions[get_column_letter(place + 1)].width = min(widest, _WIDEST) + 2
    bold = [_cell(sheet, name) for name in header]
    for cell in bold:
        cell.font = Font(bold=True)
    sheet.append(bold)
    for row in rows:
        sheet.append([_cell(sheet, value) for value in row])
    saved = io.BytesIO()
    book.save(saved)
    return saved.getvalue()


def _plain(cell: Cell) -> str:
    if isinstance(cell, str):
        text = _CONTROL.sub("", cell)
        return f"'{text}" if text.lstrip(" ").startswith(_DANGEROUS) else text
    return f"{cell:.2f}" if isinstance(cell, Decimal) else str(cell)


def _cell(sheet: object, value: Cell) -> WriteOnlyCell:
    if isinstance(value, str):
        cell = WriteOnlyCell(sheet, value=_CONTROL.sub("", value))
        cell.data_type = "s"  # whatever it begins with, it is no formula
        cell.number_format = "@"
        return cell
    cell = WriteOnlyCell(sheet, value=value)
    if isinstance(value, Decimal):
        cell.number_format = "0.00"
    elif isinstance(value, date):
        cell.number_format = "yyyy-mm-dd"
    return cell
