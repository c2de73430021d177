"""How the office looks: what the admin's theme is told (docs/decisions)."""

from typing import Any

from django.http import HttpRequest
from django.templatetags.static import static


def unfold(club: str) -> dict[str, Any]:
    """Settings of the theme for the club of this short name; its colours are in our own CSS."""
    return {
        "SITE_TITLE": f"{club} office",
        "SITE_HEADER": club,
        "SITE_SUBHEADER": "Office",
        "SITE_SYMBOL": "sports_soccer",
        "SITE_URL": "/",
        "SHOW_VIEW_ON_SITE": False,
        "SITE_FAVICONS": [{"rel": "icon", "href": _icon, "type": "image/svg+xml"}],
        "STYLES": [_colours],
        "SCRIPTS": [_script],
        "ACCOUNT": {"navigation": "utjfc.navigation.account"},
        "SIDEBAR": {
            "show_search": True,
            "command_search": True,
            "navigation": "utjfc.navigation.groups",
        },
    }


def _icon(request: HttpRequest) -> str:
    return static("icons/badge.svg")


def _colours(request: HttpRequest) -> str:
    return static("admin-club.css")


def _script(request: HttpRequest) -> str:
    return static("js/office.js")
