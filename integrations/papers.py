"""Papers: PDF pages of text, tables and pictures in any script, never a crash over a name.

DejaVu Sans is shipped (integrations/fonts); Chinese comes from the reader's own fonts. A letter
that neither has is written as its name says it sounds ("ka" for the Devanagari letter).
"""

from __future__ import annotations

import io
import unicodedata
from collections.abc import Sequence
from functools import lru_cache
from itertools import groupby
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

from reportlab.lib import colors
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.cidfonts import UnicodeCIDFont
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import (
    Flowable,
    Image,
    KeepTogether,
    Paragraph,
    SimpleDocTemplate,
    Spacer,
    Table,
    TableStyle,
)

FOLDER = Path(__file__).parent / "fonts"
PLAIN, BOLD, HAN = "DejaVuSans", "DejaVuSans-Bold", "STSong-Light"
WIDTH = A4[0] - 30 * mm
LINE = colors.HexColor("#c2cddd")
SOFT = colors.HexColor("#eef2f8")
CARD = (86 * mm, 54 * mm)
Cell = Any  # text, or something drawn


@lru_cache(maxsize=1)
def _fonts() -> frozenset[int]:
    """Register the fonts once a process; the code points that DejaVu Sans has."""
    plain = TTFont(PLAIN, FOLDER / f"{PLAIN}.ttf")
    pdfmetrics.registerFont(plain)
    pdfmetrics.registerFont(TTFont(BOLD, FOLDER / f"{BOLD}.ttf"))
    pdfmetrics.registerFontFamily(PLAIN, normal=PLAIN, bold=BOLD, italic=PLAIN, boldItalic=BOLD)
    pdfmetrics.registerFont(UnicodeCIDFont(HAN))
    return frozenset(plain.face.charToGlyph)


def text(words: str, *, size: float = 9, bold: bool = False, color: str = "#121a29") -> Paragraph:
    """A paragraph of plain words; nothing in them is markup."""
    _fonts()
    style = ParagraphStyle(
        "words",
        fontName=BOLD if bold else PLAIN,
        fontSize=size,
        leading=size * 1.3,
        textColor=colors.HexColor(color),
    )
    return Paragraph(_markup(words), style)


def table(header: Sequence[str], rows: Sequence[Sequence[Cell]], widths: Sequence[float]) -> Table:
    """A table over the page's width; `widths` are shares; its header stands on every page."""
    share = WIDTH / sum(widths)
    lines = [[text(name, bold=True) for name in header]]
    lines += [[cell if isinstance(cell, Flowable) else text(cell) for cell in row] for row in rows]
    made = Table(lines, colWidths=[width * share for width in widths], repeatRows=1)
    made.setStyle(
        TableStyle(
            [
                ("BACKGROUND", (0, 0), (-1, 0), SOFT),
                ("LINEBELOW", (0, 0), (-1, -1), 0.5, LINE),
                ("VALIGN", (0, 0), (-1, -1), "TOP"),
            ]
        )
    )
    return made


def together(*parts: Flowable) -> Flowable:
    """Parts that stay on one page, where they fit."""
    return KeepTogether([*parts, Spacer(1, 3 * mm)])


def picture(jpeg: bytes, width: float, height: float) -> Flowable:
    """A picture within `width` by `height` millimetres; empty space where it cannot be read."""
    try:
        return Image(io.BytesIO(jpeg), width * mm, height * mm, kind="proportional")
    except Exception:  # a damaged file must not cost the whole paper
        return Spacer(width * mm, height * mm)


def document(title: str, parts: Sequence[Flowable], *, stamp: str) -> bytes:
    """A4 pages with a title, and `stamp` and the page's number at the foot of each."""
    _fonts()
    saved = io.BytesIO()

    def foot(canvas: Canvas, page: Any) -> None:
        note = text(stamp, size=7, color="#5a6880")
        _, height = note.wrap(WIDTH - 20 * mm, 20 * mm)
        note.drawOn(canvas, 15 * mm, 14 * mm - height)
        canvas.setFont(PLAIN, 7)
        canvas.drawRightString(A4[0] - 15 * mm, 11 * mm, f"page {page.page}")

    pages = SimpleDocTemplate(
        saved,
        pagesize=A4,
        leftMargin=15 * mm,
        rightMargin=15 * mm,
        topMargin=14 * mm,
        bottomMargin=20 * mm,
        title=title,
        author="",
    )
    head = [text(title, size=15, bold=True), Spacer(1, 4 * mm)]
    pages.build([*head, *parts], onFirstPage=foot, onLaterPages=foot)
    return saved.getvalue()


def cards(each: Sequence[tuple[bytes | None, Sequence[str]]]) -> list[Flowable]:
    """Cards of a bank card's size, two a row: a picture, and lines of which the first is bold."""
    made = [_card(jpeg, lines) for jpeg, lines in each]
    pairs = [made[place : place + 2] for place in range(0, len(made), 2)]
    found: list[Flowable] = []
    for pair in pairs:
        sheet = Table([pair + [""] * (2 - len(pair))], colWidths=[CARD[0] + 4 * mm] * 2)
        sheet.hAlign = "LEFT"
        found.append(sheet)
    return found


def _card(jpeg: bytes | None, lines: Sequence[str]) -> Table:
    face = picture(jpeg, 28, 36) if jpeg else text("no photo", color="#5a6880")
    first, *rest = lines or [""]
    words = [text(first, size=11, bold=True), *[text(line, size=8) for line in rest]]
    card = Table([[face, words]], colWidths=[32 * mm, CARD[0] - 32 * mm], rowHeights=[CARD[1]])
    card.setStyle(
        TableStyle([("BOX", (0, 0), (-1, -1), 0.7, LINE), ("VALIGN", (0, 0), (-1, -1), "MIDDLE")])
    )
    return card


def _markup(words: str) -> str:
    known = _fonts()
    lines = []
    for line in words.splitlines() or [""]:
        shown = _visual(unicodedata.normalize("NFC", line))
        runs = groupby(shown, key=lambda letter: _kind(letter, known))
        lines.append("".join(_run(kind, "".join(letters)) for kind, letters in runs))
    return "<br/>".join(lines)


def _kind(letter: str, known: frozenset[int]) -> str:
    if ord(letter) in known:
        return "plain"
    return "han" if unicodedata.name(letter, "").startswith("CJK ") else "spelt"


def _run(kind: str, letters: str) -> str:
    if kind == "han":
        return f'<font name="{HAN}">{escape(letters)}</font>'
    if kind == "spelt":
        letters = "".join(map(_spelt, letters))
    return escape(letters)


def _spelt(letter: str) -> str:
    """How a letter sounds, as far as its Unicode name says it; "?" for what is no letter."""
    name = unicodedata.name(letter, "")
    for word in (" LETTER ", " SYLLABLE ", " VOWEL SIGN ", " CHARACTER "):
        if word in name:
            return name.rpartition(word)[2].rpartition(" ")[2].lower()
    return "" if unicodedata.category(letter)[0] in "MCZ" else "?"


def _visual(line: str) -> str:
    """Right-to-left runs turned round: the page draws what it is given from the left."""
    turned = groupby(line, key=lambda letter: unicodedata.bidirectional(letter) in ("R", "AL"))
    return "".join(
        "".join(letters)[::-1] if backwards else "".join(letters) for backwards, letters in turned
    )
