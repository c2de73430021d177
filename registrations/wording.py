"""Texts from templates, and how money, months and names are written in them."""

import re
from collections.abc import Sequence
from datetime import date
from typing import Any

from django.conf import settings
from django.template import Context, Engine
from django.utils.safestring import SafeString

# What would start emphasis, code, a link, a tag or a table in markdown; a "_" inside a word is
# left alone, since markdown leaves it alone there too.
_MARKDOWN = re.compile(r"([\\`*\[\]<>|~#&]|(?<!\w)_|_(?!\w))")


def pounds(pence: int) -> str:
    """£27.50 for 2750."""
    return f"£{pence // 100}.{pence % 100:02d}"


def months(first: date, last: date) -> str:
    """Sep-May for the first and last month of a season; plain ASCII, fit for SMS."""
    return f"{first:%b}" if first == last else f"{first:%b}-{last:%b}"


def listed(names: Sequence[str]) -> str:
    """Ann, Ben and Cy."""
    *most, last = names
    return f"{', '.join(most)} and {last}" if most else last


def ordinal_day(day: int) -> str:
    """ "the 3rd of the month", or the last day for -1."""
    if day == -1:
        return "the last day of the month"
    ending = "th" if 11 <= day <= 13 else {1: "st", 2: "nd", 3: "rd"}.get(day % 10, "th")
    return f"the {day}{ending} of the month"


def neutral(text: str) -> str:
    """One line in which markdown has nothing to act on."""
    return _MARKDOWN.sub(r"\\\1", " ".join(text.split()))


def markdown(template: str, **values: Any) -> str:
    """A chat reply from templates/chat; every plain string in `values` is neutralised.

    A function among them is called where the text names it.
    """
    return _render(f"chat/{template}.md", {name: _neutral(value) for name, value in values.items()})


def plain(template: str, **values: Any) -> str:
    """A text from templates/sms or templates/email, nothing escaped."""
    return _render(template, values)


def _neutral(value: Any) -> Any:
    if isinstance(value, SafeString):
        return value
    if isinstance(value, str):
        return neutral(value)
    if isinstance(value, list | tuple):
        return [_neutral(item) for item in value]
    return (lambda: _neutral(value())) if callable(value) else value


def _render(name: str, values: dict[str, Any]) -> str:
    club = {
        "club_name": settings.CLUB_NAME,
        "club_short_name": settings.CLUB_SHORT_NAME,
        "club_email": settings.CLUB_EMAIL,
        "privacy_notice_url": settings.PRIVACY_NOTICE_URL,
    }
    context = Context({**club, **values}, autoescape=False)
    # The engine's own template: the wrapper would escape names as for HTML.
    text = Engine.get_default().get_template(name).render(context)
    return re.sub(r"\n{3,}", "\n\n", text).strip()
