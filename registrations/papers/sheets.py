"""The papers of one team, as PDF or CSV."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable

from django.utils.text import slugify
from PIL import Image
from reportlab.platypus import Flowable

from integrations import papers, sheets
from registrations.models import Consent, Photo, Registration, Team
from registrations.models.people import national
from registrations.papers import squad

FACE = (360, 460)  # pixels: enough for a face on a card
Jpeg = Callable[[Photo], bytes | None]


def emergency(team: Team, rows: list[Registration], *, stamp: str) -> bytes:
    """Whom to ring, who may not collect, and medical notes, child by child."""
    parts = [papers.text("Confidential: children's medical notes. For the match day only; destroy "
                         "it afterwards.", bold=True, color="#b3261e")]  # fmt: skip
    parts += [papers.together(*_child(row)) for row in rows]
    return papers.document(_title("Emergency sheet", team), parts, stamp=stamp)


def _child(row: Registration) -> list[Flowable]:
    second = row.second_guardian
    ring = [_adult(row.guardian.full_name, row.relationship, row.guardian.phone)]
    if second:
        ring.append(_adult(second.full_name, "second parent", second.phone))
    if row.emergency_name or row.emergency_phone:
        ring.append(_adult(row.emergency_name, "second contact", row.emergency_phone))
    away = "" if row.status != Registration.Status.SUSPENDED else " — SUSPENDED, may not play"
    notes = row.medical_notes or _NO_NOTES[row.has_medical_issues]
    head = papers.text(
        f"{row.player.full_name}, born {row.player.dob:%-d %B %Y}{away}", size=11, bold=True
    )
    body = papers.table(
        ("Ring", "Medical", "May not collect"),
        [("\n".join(ring), notes, row.not_to_collect or "nobody named")],
        (5, 5, 3),
    )
    return [head, body]


_NO_NOTES = {
    True: "yes, but no notes were given: ask",
    False: "none known",
    None: "kept no longer: ask",
}


def _adult(name: str, who: str, phone: object) -> str:
    return f"{name or 'no name'} ({who.lower()}): {_spaced(phone) or 'no number'}"


def team_sheet(team: Team, rows: list[Registration], *, stamp: str) -> bytes:
    """Names, shirts and whether each may play; nothing else about a child."""
    lines = [
        (str(row.shirt_number or ""), row.player.full_name, row.kit_type, _may_play(row), "")
        for row in sorted(rows, key=lambda row: row.shirt_number or 99)
    ]
    header = ("Shirt", "Player", "Kit", "May play", "Today")
    made = papers.table(header, lines, (1, 5, 2, 3, 2))
    return papers.document(_title("Team sheet", team), [made], stamp=stamp)


def id_cards(team: Team, rows: list[Registration], *, jpeg: Jpeg, stamp: str) -> bytes:
    """A card for each child: photo, name, birthday, FAN."""
    each = [(_face(row, jpeg), _on_card(row)) for row in rows]
    parts = papers.cards(each) or [papers.text("There are no players yet.")]
    return papers.document(_title("ID cards", team), parts, stamp=stamp)


def squad_sheet(team: Team, rows: list[Registration], *, jpeg: Jpeg, stamp: str) -> bytes:
    """The squad's faces and shirts; no photo of a child whose parent did not agree to that."""
    agreed = Consent.Kind.PHOTO_SQUAD
    each = [
        (
            _face(row, jpeg) if squad.consent(row, agreed) else None,
            [row.player.full_name, f"Shirt {row.shirt_number}" if row.shirt_number else ""],
        )
        for row in rows
    ]
    parts = papers.cards(each) or [papers.text("There are no players yet.")]
    return papers.document(_title("Squad", team), parts, stamp=stamp)


def _on_card(row: Registration) -> list[str]:
    return [
        row.player.full_name,
        f"{row.team}, season {row.season.label}",
        f"Born {row.player.dob:%-d %B %Y}",
        f"FAN {row.player.fan}" if row.player.fan else "FAN not known yet",
    ]


def _face(row: Registration, jpeg: Jpeg) -> bytes | None:
    photos = row.accepted  # type: ignore[attr-defined]
    whole = jpeg(photos[0]) if photos else None
    return smaller(whole, FACE) if whole else None


def smaller(whole: bytes, size: tuple[int, int]) -> bytes | None:
    """A photo of ours at a smaller size; None where it cannot be read."""
    try:
        image = Image.open(io.BytesIO(whole), formats=["JPEG"])
        image.draft("RGB", size)
        image.thumbnail(size)
        saved = io.BytesIO()
        image.convert("RGB").save(saved, "JPEG", quality=85)
    except (OSError, ValueError):
        return None
    return saved.getvalue()


def checklist(team: Team, rows: list[Registration], *, stamp: str) -> bytes:
    """What the league asks for, child by child, and what is lacking."""
    found = [squad.ready(row) for row in rows]
    lines = [
        (each.registration.player.full_name, *[words or "MISSING" for words in each.found])
        for each in found
    ]
    ready = sum(not each.lacking for each in found)
    parts = [
        papers.text(f"{ready} of {len(found)} players are ready.", bold=True),
        papers.table(("Player", *squad.CHECKS), lines, (4, 2, 3, 2, 3, 4, 2)),
    ]
    return papers.document(_title("League checklist", team), parts, stamp=stamp)


def checklist_csv(rows: list[Registration]) -> bytes:
    """The checklist as a table, with what is lacking in a column of its own."""
    found = [squad.ready(row) for row in rows]
    header = ("Player", "Date of birth", "Gender", "Shirt", *squad.CHECKS, "Lacking")
    lines: list[tuple[sheets.Cell, ...]] = [
        (
            each.registration.player.full_name,
            each.registration.player.dob,
            each.registration.player.gender,
            str(each.registration.shirt_number or ""),
            *each.found,
            ", ".join(each.lacking),
        )
        for each in found
    ]
    return sheets.as_csv(header, lines)


def pack(team: Team, rows: list[Registration], *, jpeg: Jpeg | None, stamp: str) -> bytes:
    """The league's pack: checklist, team sheet and, where photos may be seen, ID cards."""
    parts = {
        "checklist.pdf": checklist(team, rows, stamp=stamp),
        "checklist.csv": checklist_csv(rows),
        "team-sheet.pdf": team_sheet(team, rows, stamp=stamp),
    }
    if jpeg is not None:
        parts["id-cards.pdf"] = id_cards(team, rows, jpeg=jpeg, stamp=stamp)
    saved = io.BytesIO()
    with zipfile.ZipFile(saved, "w", zipfile.ZIP_DEFLATED) as files:
        for name, body in parts.items():
            files.writestr(f"{name_of(team)}/{name}", body)
    return saved.getvalue()


def name_of(team: Team) -> str:
    """u10-lions-2627, for names of files."""
    return slugify(f"{team} {team.season.code}")


def _title(what: str, team: Team) -> str:
    return f"{what}: {team}, {team.season.label}"


def _may_play(row: Registration) -> str:
    return "yes" if row.status == Registration.Status.ACTIVE else f"NO: {row.get_status_display()}"


def _spaced(phone: object) -> str:
    number = national(phone)
    return f"{number[:5]} {number[5:]}" if number else ""
