"""The treasurer's view: the books of a season, every figure a link to its lines, and exports."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.core.paginator import Page, Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import reverse

from integrations import clock, sheets
from integrations.office import Bar, Chart, office
from payments import ledger
from payments.ledger import Arrears, Entry, Group
from registrations.models import Season
from registrations.models.people import national

PER_PAGE = 100
TABS = {"month": "By month", "team": "By team", "child": "By child"}
HEADINGS = {
    "expected": "Expected",
    "asked": "Asked for",
    "collected": "Collected",
    "failed": "Failed",
    "paid_out": "Paid out",
    "fees": "Fees",
    "outstanding": "Outstanding",
}
LINE_HEADER = (
    "Child",
    "Team",
    "For",
    "Due",
    *HEADINGS.values(),
    "How it stands",
    "Parent",
    "Mobile",
    "E-mail",
)
ARREARS_HEADER = ("Up to 30 days", "31 to 60", "61 to 90", "Over 90")
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


@dataclass(frozen=True)
class Amount:
    """One figure of a table, with the way to its lines."""

    pence: int | Decimal
    url: str

    def __str__(self) -> str:
        return f"£{self.pence / 100:,.2f}"


@office().page("books/", "books")
def books(request: HttpRequest) -> HttpResponse:
    """A season added up by month, team or child."""
    season = _season(request)
    by = request.GET.get("by", "month")
    if by not in TABS:
        raise Http404
    lines = ledger.entries(season, today=clock.today())
    groups = ledger.grouped(lines, by)
    sums = ledger.total(groups)
    if wanted := request.GET.get("format"):
        header = (TABS[by].removeprefix("By ").capitalize(), *HEADINGS.values())
        rows = [(group.label, *_pounds(group.sums)) for group in groups]
        rows.append(("All", *_pounds(sums)))
        return _download(wanted, f"books-{season.code}-by-{by}", header, rows)
    page = Paginator(groups, PER_PAGE).get_page(request.GET.get("page"))
    extra = {
        "title": f"Books of {season.label}",
        "tabs": [
            (label, _url("books", season, by=name), name == by) for name, label in TABS.items()
        ],
        "first": TABS[by].removeprefix("By ").capitalize(),
        "headings": HEADINGS.values(),
        "chart": _chart(season, by, groups),
        "rows": [(group.label, _amounts(season, by, group)) for group in page],
        "sums": [Amount(sums[name], _rows_url(season, by, "", name)) for name in HEADINGS],
    }
    return _page(request, "admin/payments/books.html", season, page, extra)


@office().page("books/rows/", "books_rows")
def rows(request: HttpRequest) -> HttpResponse:
    """The lines behind one figure."""
    season, by = _season(request), request.GET.get("by", "month")
    key, figure = request.GET.get("key", ""), request.GET.get("figure", "expected")
    if by not in TABS or figure not in HEADINGS:
        raise Http404
    lines = ledger.entries(season, today=clock.today())
    found = [line for line in lines if not key or ledger.KEYS[by](line)[0] == key]
    found = [line for line in found if getattr(line, figure)]
    if wanted := request.GET.get("format"):
        name = "-".join(part for part in ("books", season.code, key, figure) if part)
        return _download(wanted, name, LINE_HEADER, [_cells(line) for line in found])
    page = Paginator(found, PER_PAGE).get_page(request.GET.get("page"))
    about = ledger.KEYS[by](found[0])[1] if key and found else season.label
    extra = {
        "title": f"{HEADINGS[figure]}: {about}",
        "sum": Amount(sum(getattr(line, figure) for line in found), ""),
        "lines": [(line, _links(line), Amount(getattr(line, figure), "")) for line in page],
    }
    return _page(request, "admin/payments/books_rows.html", season, page, extra)


@office().page("books/arrears/", "books_arrears")
def arrears(request: HttpRequest) -> HttpResponse:
    """Who owes what, for how long."""
    season, today = _season(request), clock.today()
    owed = ledger.arrears(ledger.entries(season, today=today), today=today)
    if wanted := request.GET.get("format"):
        header = ("Child", "Team", *ARREARS_HEADER, "All", "Oldest", "Parent", "Mobile", "E-mail")
        return _download(wanted, f"arrears-{season.code}", header, [_owed(row) for row in owed])
    page = Paginator(owed, PER_PAGE).get_page(request.GET.get("page"))
    sums = [sum(row.pence[place] for row in owed) for place in range(len(ARREARS_HEADER))]
    extra = {
        "title": f"Arrears of {season.label}",
        "headings": ARREARS_HEADER,
        "rows": [_arrears_row(season, row) for row in page],
        "sums": [Amount(pence, "") for pence in (*sums, sum(sums))],
    }
    return _page(request, "admin/payments/books_arrears.html", season, page, extra)


def _chart(season: Season, by: str, groups: Sequence[Group]) -> Chart:
    """What has come in of what is expected, in whole pounds; a child by itself needs no picture."""
    bars = [
        Bar(
            group.label,
            group.sums["collected"] // 100,
            _rows_url(season, by, group.key, "collected"),
            limit=group.sums["expected"] // 100,
        )
        for group in ([] if by == "child" else groups)
    ]
    heading = TABS[by].removeprefix("By ").capitalize()
    return Chart("Collected of what is expected", heading, "£", bars)


def _season(request: HttpRequest) -> Season:
    """The season that is asked for, else the newest; only for who may see the books."""
    if not request.user.has_perm("payments.see_books"):
        raise PermissionDenied
    code = request.GET.get("season", "")
    if "\x00" in code:  # PostgreSQL takes no NUL
        raise Http404
    seasons = Season.objects.filter(code=code) if code else Season.objects.all()
    season = seasons.first()
    if season is None:
        raise Http404
    return season


def _page(
    request: HttpRequest, template: str, season: Season, page: Page, extra: dict[str, Any]
) -> HttpResponse:
    query = request.GET.copy()
    query.pop("page", None)
    downloads = [(name.upper(), f"?{_with(query, format=name)}") for name in ("csv", "xlsx")]
    kept = {key: value for key, value in query.items() if key == "by"}
    context = admin.site.each_context(request) | {
        "season": season,
        "seasons": [
            (each.label, "?" + urlencode(kept | {"season": each.code}), each == season)
            for each in Season.objects.all()
        ],
        "downloads": downloads,
        "arrears_url": _url("books_arrears", season),
        "books_url": _url("books", season),
        "failures_url": _rows_url(season, "month", "", "failed"),
        "page": page,
        "query": query.urlencode(),
        **extra,
    }
    return TemplateResponse(request, template, context)


def _with(query: Any, **more: str) -> str:
    changed = query.copy()
    for name, value in more.items():
        changed[name] = value
    return changed.urlencode()


def _amounts(season: Season, by: str, group: Group) -> list[Amount]:
    return [Amount(group.sums[name], _rows_url(season, by, group.key, name)) for name in HEADINGS]


def _rows_url(season: Season, by: str, key: str, figure: str) -> str:
    return _url("books_rows", season, by=by, key=key, figure=figure)


def _url(name: str, season: Season, **given: str) -> str:
    return f"{reverse(f'admin:{name}')}?{urlencode({'season': season.code} | given)}"


def _links(line: Entry) -> dict[str, str]:
    """Where a line leads: the registration, and the payment where there is one."""
    registration = "admin:registrations_registration_change"
    found = {"registration": reverse(registration, args=[line.owner.registration])}
    if line.payment:
        found["payment"] = reverse("admin:payments_payment_change", args=[line.payment])
    return found


def _arrears_row(season: Season, owed: Arrears) -> dict[str, Any]:
    key = str(owed.owner.registration)
    return {
        "owed": owed,
        "amounts": [Amount(pence, "") for pence in owed.pence],
        "total": Amount(owed.total, _rows_url(season, "child", key, "outstanding")),
        "url": reverse("admin:registrations_registration_change", args=[key]),
    }


def _cells(line: Entry) -> list[sheets.Cell]:
    owner = line.owner
    sums = [sheets.pounds(getattr(line, name)) for name in HEADINGS]
    who = (owner.parent, _spaced(owner.phone), owner.email)
    return [owner.child, owner.team, line.what, line.due_on, *sums, line.standing, *who]


def _owed(row: Arrears) -> list[sheets.Cell]:
    owner = row.owner
    sums = [sheets.pounds(pence) for pence in (*row.pence, row.total)]
    who = (owner.parent, _spaced(owner.phone), owner.email)
    return [owner.child, owner.team, *sums, row.oldest, *who]


def _spaced(phone: str) -> str:
    """07700 900123: text to every spreadsheet, and to people."""
    number = national(phone)
    return f"{number[:5]} {number[5:]}" if number else ""


def _pounds(sums: dict[str, Any]) -> list[sheets.Cell]:
    return [sheets.pounds(sums[name]) for name in HEADINGS]


def _download(
    wanted: str, name: str, header: Sequence[str], rows: Sequence[Sequence[sheets.Cell]]
) -> HttpResponse:
    if wanted == "csv":
        answer = HttpResponse(sheets.as_csv(header, rows), content_type="text/csv; charset=utf-8")
    elif wanted == "xlsx":
        answer = HttpResponse(sheets.as_xlsx("Books", header, rows), content_type=XLSX)
    else:
        raise Http404
    answer["Content-Disposition"] = f'attachment; filename="{name}.{wanted}"'
    return answer
