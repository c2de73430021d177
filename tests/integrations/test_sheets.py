"""Tables for spreadsheets: nothing is mangled, nothing runs."""

import csv
import io
from datetime import date
from decimal import Decimal

import pytest
from openpyxl import load_workbook

from integrations import sheets

HEADER = ("Child", "Mobile", "Due", "Amount", "Count")
ROW = ("O'Neil, Zoë", "07700 900123", date(2026, 9, 15), Decimal("27.50"), 3)
DANGEROUS = [
    "=1+1",
    "+447700900123",
    "-2+3",
    "@SUM(A1)",
    "\t=1",
    " =1",
    "\uff1d1",
    '=HYPERLINK("http://example.org")',
]


def read_csv(raw: bytes) -> list[list[str]]:
    return list(csv.reader(io.StringIO(raw.decode("utf-8-sig"), newline="")))


def test_a_csv_keeps_names_phones_dates_and_pence():
    raw = sheets.as_csv(HEADER, [ROW])
    assert raw.startswith(b"\xef\xbb\xbf")
    assert read_csv(raw) == [
        list(HEADER),
        ["O'Neil, Zoë", "07700 900123", "2026-09-15", "27.50", "3"],
    ]


@pytest.mark.parametrize("text", DANGEROUS)
def test_text_that_looks_like_a_formula_stays_text(text):
    [[cell]] = read_csv(sheets.as_csv(["Child"], [[text]]))[1:]
    assert cell == f"'{text}"
    sheet = load_workbook(io.BytesIO(sheets.as_xlsx("Books", ["Child"], [[text]]))).active
    assert (sheet["A2"].value, sheet["A2"].data_type) == (text, "s")


def test_an_xlsx_has_text_numbers_and_dates():
    sheet = load_workbook(io.BytesIO(sheets.as_xlsx("Books", HEADER, [ROW]))).active
    assert [cell.value for cell in sheet[1]] == list(HEADER)
    name, phone, due, amount, count = sheet[2]
    assert (name.value, phone.value, phone.number_format) == (ROW[0], ROW[1], "@")
    assert due.value.date() == ROW[2]
    assert (amount.value, amount.data_type, amount.number_format) == (27.5, "n", "0.00")
    assert count.value == 3


def test_letters_that_no_sheet_can_hold_are_left_out():
    assert read_csv(sheets.as_csv(["A"], [["a\x00b\x0bc"]]))[1] == ["abc"]
    sheet = load_workbook(io.BytesIO(sheets.as_xlsx("B", ["A"], [["a\x00b\x0bc"]]))).active
    assert sheet["A2"].value == "abc"


def test_an_empty_table_has_its_header():
    assert read_csv(sheets.as_csv(HEADER, [])) == [list(HEADER)]
    sheet = load_workbook(io.BytesIO(sheets.as_xlsx("Books", HEADER, []))).active
    assert sheet.max_row == 1
