"""Buttons of a detail page: by POST only, permission checked, the outcome told as it is."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from django import forms


class Sure(forms.Form):
    """Asks for nothing but a second press."""


class Day(forms.DateInput):
    """A date by the browser's own calendar, which shows none that is written in another form."""

    input_type = "date"

    def __init__(self, attrs: dict[str, Any] | None = None) -> None:
        super().__init__(attrs, format="%Y-%m-%d")


class Reason(forms.Form):
    """Asks for a reason that is kept with the change."""

    reason = forms.CharField(max_length=200, widget=forms.TextInput(attrs={"autofocus": True}))


@dataclass(frozen=True)
class Button:
    """One button: what it says, who may press it, when it is there, what it asks first.

    `permission` is a name after `has_…_permission` of the admin class, as for Django's actions;
    `menu` is the menu that holds it, "" where it stands by itself.
    """

    name: str
    label: str
    ask: type[forms.Form] | None
    shown: Callable[[Any], bool]
    permission: str
    preview: str
    danger: bool
    menu: str = ""


def _always(_row: Any) -> bool:
    return True


def button(
    label: str,
    *,
    ask: type[forms.Form] | None = None,
    shown: Callable[[Any], bool] = _always,
    permission: str = "press",
    preview: str = "",
    danger: bool = False,
    menu: str = "",
) -> Callable[[Callable], Callable]:
    """Make a method of an OfficeAdmin a button of its detail page.

    The method gets (request, row, **the form's cleaned values) and returns what to say, or a
    response of its own. ValidationError and OutsideError are shown as messages. `preview` names a
    method (request, row) -> dict with `lines` and `warning` for the page that asks first.
    """

    def mark(method: Callable) -> Callable:
        method.button = Button(  # type: ignore[attr-defined]
            method.__name__, label, ask, shown, permission, preview, danger, menu
        )
        return method

    return mark


def buttons_of(owner: type) -> dict[str, Button]:
    """The buttons of an admin class by name, in the order in which they were written."""
    found: dict[str, Button] = {}
    for base in reversed(owner.__mro__):
        for name, member in vars(base).items():
            if mark := getattr(member, "button", None):
                found[name] = mark
    return found


def menus(marks: Iterable[Button]) -> list[tuple[str, list[Button]]]:
    """The buttons by menu, those that stand by themselves first under ""."""
    found: dict[str, list[Button]] = {"": []}
    for mark in marks:
        found.setdefault(mark.menu, []).append(mark)
    return [(menu, some) for menu, some in found.items() if some]


def lend(deeds: type, owner: type) -> None:
    """Give an admin class of a lower app the buttons, and what they need, that `deeds` adds.

    The lower app knows nothing of them (style.md 4), so they are put on its class from above.
    """
    for name, member in vars(deeds).items():
        if not name.startswith("__") and name != "media":
            setattr(owner, name, member)
